/**
 * The service: reads streams in order, renders, plans, commits and pushes; one batch after the other.
 *
 * Rendering goes on while the last batch is being pushed. A position is in the same commit as its effect, so wherever
 * this stops, the next start goes on behind what had its effect and repeats nothing else.
 */
import type { Catalog, ConfigFile } from "../model/catalog.ts";
import type { ChangeSet, Checkpoint } from "../model/change-set.ts";
import type { Delivery, StreamName, StreamPosition } from "../model/delivery.ts";
import type { Checked } from "../model/problem.ts";
import { SluiceError } from "../model/problem.ts";
import { parseOwner } from "../plan/owner-file.ts";
import { catalogFolder, checkpointPath, encodePathPart, ownersFolder } from "../plan/paths.ts";
import { planCatalogChange } from "../plan/plan-catalog-change.ts";
import type { PlanInput, PlanRules } from "../plan/plan-change-set.ts";
import type { EventStream, StreamStatus } from "../ports/event-stream.ts";
import type { GitReader, ObjectId } from "../ports/git.ts";
import type { RenderSettings } from "../render/render-trigger.ts";
import type { Branches, Ports } from "./branches.ts";
import { Inbox } from "./inbox.ts";
import { readFolder } from "./read-folder.ts";
import { planBatch } from "./plan-batch.ts";
import { processDelivery } from "./process-delivery.ts";
import { renderPendingChunk } from "./render-pending.ts";

export interface ServiceOptions {
  readonly eventsMax: number;
  readonly intervalMsMin: number;
  readonly per: "batch" | "event";
  readonly shards: number;
  readonly records: "full" | "identity";
  readonly deadLettersMax: number;
  readonly render: RenderSettings;
}

export interface ServiceParts extends Ports {
  readonly branches: Branches;
  readonly streams: readonly EventStream[];
  /** The documents as they are now: in the config folder of the target's tree, or outside the repository. */
  readonly readConfig: (target: ObjectId | undefined) => Promise<readonly ConfigFile[]>;
  readonly loadCatalog: (files: readonly ConfigFile[], previous: Catalog | undefined) => Checked<Catalog>;
  /** Called once when every stream is subscribed or has said what keeps it from that. */
  readonly onReady: () => void;
}

interface InboxEntry {
  readonly delivery: Delivery;
  readonly catalog: Catalog;
  readonly inputs: readonly PlanInput[];
  readonly bytes: number;
}

/** Positions without effect are pushed with the next effect, or after this long. */
const idlePositionsMsMax = 60_000;
const inboxBytesMax = 64 * 1024 * 1024;
const pendingRecordsMax = 500;

export class Service {
  readonly #options: ServiceOptions;
  readonly #parts: ServiceParts;
  readonly #inbox: Inbox<InboxEntry>;
  readonly #rules: PlanRules;
  #catalog: Catalog;
  #checkpoint: Checkpoint;
  /** Up to where the state commits have each stream, and up to where that is settled. */
  #committed: ReadonlyMap<StreamName, StreamPosition>;
  #settled: Map<StreamName, StreamPosition>;
  #pushedAt = Number.NEGATIVE_INFINITY;
  /** When the oldest position was taken that no commit holds yet. */
  #heldSince: number | undefined;

  private constructor(options: ServiceOptions, parts: ServiceParts, catalog: Catalog, checkpoint: Checkpoint) {
    this.#options = options;
    this.#parts = parts;
    this.#catalog = catalog;
    this.#checkpoint = checkpoint;
    this.#committed = checkpoint.positions;
    this.#settled = new Map(checkpoint.positions);
    this.#inbox = new Inbox({ entriesMax: 2 * options.eventsMax, bytesMax: inboxBytesMax });
    const owners = [...catalog.eventTriggers.values()].map(({ name, tier }) => [encodePathPart(name), { trigger: name, tier }] as const);
    const { shards, records, deadLettersMax } = options;
    this.#rules = { shards, records, deadLettersMax, owners: new Map(owners) };
  }

  /** Opens the branches, puts the catalog in force and brings the target to the state. */
  static async start(options: ServiceOptions, parts: ServiceParts, signal: AbortSignal): Promise<Service> {
    const checkpoint = await openBranches(parts, signal);
    const { branches, log } = parts;
    const kept = await readCatalogFiles(parts.git, branches.stateTree);
    const previous = kept.length === 0 ? undefined : parts.loadCatalog(kept, undefined).value;
    const files = await parts.readConfig(branches.targetTree);
    const { value: catalog, problems } = parts.loadCatalog(files, previous);
    for (const problem of problems) log.problem(problem);

    const service = new Service(options, parts, catalog, checkpoint);
    await service.#putInForce(kept);
    await service.#push(signal);
    return service;
  }

  /** Runs until the signal aborts; what was taken by then is committed and pushed first. */
  async run(signal: AbortSignal): Promise<void> {
    const reading = new AbortController();
    const stop = () => reading.abort();
    signal.addEventListener("abort", stop, { once: true });
    const failures: unknown[] = [];
    const pumps = this.#startReading(reading, failures);
    try {
      await this.#loop(reading.signal);
      if (failures.length > 0) throw failures[0];
    } finally {
      signal.removeEventListener("abort", stop);
      reading.abort();
      await Promise.allSettled(pumps);
    }
  }

  async #loop(stopped: AbortSignal): Promise<void> {
    let pushing: Promise<boolean> | undefined;
    while (!stopped.aborted) {
      // While a push is under way only a full batch is worth being planned already.
      if (pushing !== undefined) {
        const enough = new AbortController();
        const full = this.#inbox.untilAtLeast(this.#options.eventsMax, enough.signal);
        await Promise.race([pushing, full]);
        enough.abort();
      } else await this.#untilWork(stopped);
      await this.#untilInterval(stopped);
      if (stopped.aborted) break;

      const didCommit = await this.#commitBatch(false);
      if (!didCommit && pushing === undefined) continue;
      await pushing;
      pushing = undefined;
      if (this.#parts.branches.hasUnpushed) {
        pushing = this.#push(stopped);
        // Its failure is thrown where it is awaited; until then it must not count as unhandled.
        pushing.catch(() => undefined);
      }
    }
    await pushing;
    // At the end everything that was taken is given its effect, positions without one included.
    await this.#commitBatch(true);
    const deadline = new AbortController();
    void this.#parts.clock.sleep(stopMsMax, deadline.signal).then(() => deadline.abort());
    await this.#push(deadline.signal);
    deadline.abort();
  }

  /** Until there is something to do: deliveries, records to render again, or positions that have waited long enough. */
  async #untilWork(stopped: AbortSignal): Promise<void> {
    const { pending } = this.#checkpoint;
    if (pending.triggers.length > 0 || pending.records.length > 0) return;
    const waiting = new AbortController();
    const abort = () => waiting.abort();
    stopped.addEventListener("abort", abort, { once: true });
    const { clock } = this.#parts;
    if (this.#heldSince !== undefined && this.#inbox.size === 0) {
      const left = this.#heldSince + idlePositionsMsMax - clock.now();
      void clock.sleep(Math.max(0, left), waiting.signal).then(abort);
    }
    await this.#inbox.untilAny(waiting.signal);
    stopped.removeEventListener("abort", abort);
    waiting.abort();
  }

  async #untilInterval(stopped: AbortSignal): Promise<void> {
    const early = this.#pushedAt + this.#options.intervalMsMin - this.#parts.clock.now();
    if (early > 0) await this.#parts.clock.sleep(early, stopped);
  }

  /** Takes a batch and commits it on the state chain; false where that changes nothing but positions that can wait. */
  async #commitBatch(isLast: boolean): Promise<boolean> {
    const { git, branches } = this.#parts;
    let inputs: readonly PlanInput[] = [];
    let { pending } = this.#checkpoint;
    const tree = branches.stateTree;
    if (tree !== undefined && (pending.triggers.length > 0 || pending.records.length > 0)) {
      const { render } = this.#options;
      ({ inputs, pending } = await renderPendingChunk(git, tree, pending, this.#catalog, render, pendingRecordsMax));
    }
    const entries = this.#inbox.take(this.#options.eventsMax);
    const batches = this.#options.per === "event" ? entries.map((entry) => [entry]) : [entries];
    if (batches.length === 0) batches.push([]);
    let didCommit = false;
    for (const batch of batches) {
      const positions = new Map(this.#checkpoint.positions);
      for (const { delivery } of batch) positions.set(delivery.stream, delivery.position);
      const rendered = batch.flatMap((entry) => this.#inputsOf(entry));
      const checkpoint = { ...this.#checkpoint, positions, pending };
      if (await this.#commit([...inputs, ...rendered], checkpoint, isLast)) didCommit = true;
      inputs = [];
    }
    return didCommit;
  }

  /** What was rendered while it waited, or rendered anew if the catalog has changed since. */
  #inputsOf({ delivery, catalog, inputs }: InboxEntry): readonly PlanInput[] {
    return catalog === this.#catalog ? inputs : processDelivery(this.#catalog, delivery, this.#options.render).inputs;
  }

  async #commit(inputs: readonly PlanInput[], checkpoint: Checkpoint, isLast: boolean): Promise<boolean> {
    const { git, branches, clock } = this.#parts;
    const tree = branches.stateTree;
    let changeSet = await planBatch(git, tree, inputs, checkpoint, this.#rules);
    if (changeSet.revived.length > 0) {
      const records = [...new Set([...checkpoint.pending.records, ...changeSet.revived])];
      checkpoint = { ...checkpoint, pending: { ...checkpoint.pending, records } };
      changeSet = await planBatch(git, tree, inputs, checkpoint, this.#rules);
    }
    this.#checkpoint = checkpoint;
    if (changeSet.changes.length === 0) return false;
    if (isOnlyCheckpoint(changeSet) && !isLast) {
      this.#heldSince ??= clock.now();
      if (clock.now() - this.#heldSince < idlePositionsMsMax) return false;
    }
    this.#heldSince = undefined;
    await branches.commitState(changeSet);
    this.#committed = checkpoint.positions;
    return true;
  }

  /** Pushes what is committed and settles it; false when stopped before that. */
  async #push(signal: AbortSignal): Promise<boolean> {
    const { branches, clock, log, streams } = this.#parts;
    const positions = this.#committed;
    this.#pushedAt = clock.now();
    const isPushed = await branches.push(signal, (problem) => log.problem(problem));
    if (!isPushed) return false;
    for (const stream of streams) {
      const position = positions.get(stream.name);
      if (position === undefined || position === this.#settled.get(stream.name)) continue;
      this.#settled.set(stream.name, position);
      await stream.settle(position);
    }
    return true;
  }

  #startReading(reading: AbortController, failures: unknown[]): readonly Promise<void>[] {
    const { streams, log, onReady } = this.#parts;
    const unsettled = new Set(streams.map(({ name }) => name));
    if (unsettled.size === 0) onReady();
    const onStatus = (stream: StreamName, status: StreamStatus) => {
      if (status.state === "degraded") log.problem(status.problem, { stream });
      else log.info(status.state, { stream });
      if (status.state !== "connecting" && unsettled.delete(stream) && unsettled.size === 0) onReady();
    };
    return streams.map(async (stream) => {
      try {
        const from = this.#checkpoint.positions.get(stream.name);
        const onChange = (status: StreamStatus) => onStatus(stream.name, status);
        for await (const delivery of stream.read(from, reading.signal, onChange)) {
          if (this.#inbox.isFull) await this.#inbox.untilRoom(reading.signal);
          if (reading.signal.aborted) break;
          this.#receive(delivery);
        }
      } catch (error) {
        failures.push(error);
        reading.abort();
      }
    });
  }

  #receive(delivery: Delivery): void {
    const { inputs, problems } = processDelivery(this.#catalog, delivery, this.#options.render);
    const { stream, position } = delivery;
    for (const problem of problems) this.#parts.log.problem(problem, { stream, sequence: position.sequence });
    this.#inbox.add({ delivery, catalog: this.#catalog, inputs, bytes: delivery.payload.length + 1024 });
  }

  /** Makes the catalog the one that everything is rendered with, unless it is that already. */
  async #putInForce(kept: readonly ConfigFile[]): Promise<void> {
    const { git, branches } = this.#parts;
    if (this.#checkpoint.catalog === this.#catalog.revision && branches.stateTree !== undefined) return;
    const owners = [];
    for await (const [path, text] of readFolder(git, branches.stateTree, ownersFolder)) owners.push(parseOwner(text, path));
    const keptPaths = kept.map(({ path }) => path);
    const { inputs, pending } = planCatalogChange(this.#catalog, keptPaths, owners, this.#checkpoint.pending);
    await this.#commit(inputs, { ...this.#checkpoint, catalog: this.#catalog.revision, pending }, true);
  }
}

/** How long the last push may take when the service stops. */
const stopMsMax = 30_000;

function isOnlyCheckpoint({ changes }: ChangeSet): boolean {
  return changes.every(({ path }) => path === checkpointPath);
}

/** At the start a repository that does not answer is waited for, like later on. */
async function openBranches({ branches, clock, log }: ServiceParts, signal: AbortSignal): Promise<Checkpoint> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await branches.open();
    } catch (error) {
      if (!(error instanceof SluiceError) || error.problem.code !== "GIT_UNAVAILABLE" || signal.aborted) throw error;
      log.problem(error.problem);
      await clock.sleep(Math.min(30_000, 500 * 2 ** attempt), signal);
    }
  }
}

/** The documents of the catalog in force. */
async function readCatalogFiles(git: GitReader, tree: ObjectId | undefined): Promise<readonly ConfigFile[]> {
  const files: ConfigFile[] = [];
  for await (const [path, text] of readFolder(git, tree, catalogFolder)) {
    files.push({ path, text });
  }
  return files;
}
