/**
 * The service: reads streams in order, renders, plans, commits and pushes; one batch after the other.
 *
 * Rendering goes on while the last batch is being pushed. A position is in the same commit as its effect, so wherever
 * this stops, the next start goes on behind what had its effect and repeats nothing else.
 */
import type { Catalog, ConfigFile } from "../../model/catalog.ts";
import type { Delivery, StreamName, StreamPosition } from "../../model/delivery.ts";
import { dispositionOf } from "../../model/disposition.ts";
import { type Checked, type Problem, SluiceError } from "../../model/problem.ts";
import type { PlanInput } from "../../plan/plan-change-set.ts";
import type { EventStream, StreamStatus } from "../../ports/event-stream.ts";
import type { ObjectId } from "../../ports/git.ts";
import type { Branches, Ports } from "../branches/branches.ts";
import { type ControlCommand, executeCommand } from "../execute-command.ts";
import { processDelivery } from "../process-delivery.ts";
import { readKeptCatalog } from "../read-folder.ts";
import type { ReviewPublisher } from "../review/review-publisher.ts";
import { idlePositionsMsMax, type KeeperOptions, type ProcessedEntry, StateKeeper } from "../state-keeper.ts";
import { untilAnswered } from "../until-answered.ts";
import { Inbox } from "./inbox.ts";

export interface ServiceOptions extends KeeperOptions {
  readonly intervalMsMin: number;
  /** How often to look whether people have changed the target, or documents outside it. */
  readonly lookMs: number;
}

/** Where the documents come from: the config folder of the target's tree, or one outside the repository. */
export interface ConfigSource {
  /** Changes whenever the documents may have; cheap. */
  version(target: ObjectId | undefined): Promise<string>;
  /** Throws a SluiceError (CONFIG_MISSING) where the folder is not there: that is not emptiness. */
  read(target: ObjectId | undefined): Promise<readonly ConfigFile[]>;
}

export interface ServiceParts extends Ports {
  readonly branches: Branches;
  readonly streams: readonly EventStream[];
  readonly config: ConfigSource;
  readonly loadCatalog: (files: readonly ConfigFile[], previous: Catalog | undefined) => Checked<Catalog>;
  /** Where the target is changed by review only. */
  readonly review?: ReviewPublisher;
  /** Called once when every stream is subscribed or has said what keeps it from that. */
  readonly onReady: () => void;
}

interface InboxEntry extends ProcessedEntry {
  readonly bytes: number;
}

const inboxBytesMax = 64 * 1024 * 1024;
/** A batch ends at so many bytes of events and manifests, however few its events are. */
const batchBytesMax = 16 * 1024 * 1024;
/** So much may be committed while a push is under way. */
const bytesBehindMax = 20 * 1024 * 1024;
/** How long the last push may take when the service stops. */
const stopMsMax = 30_000;

export class Service {
  readonly #options: ServiceOptions;
  readonly #parts: ServiceParts;
  readonly #inbox: Inbox<InboxEntry>;
  readonly #keeper: StateKeeper;
  readonly #settled: Map<StreamName, StreamPosition>;
  /** By EventSource. */
  readonly #nearMisses = new Map<string, number>();
  readonly #statuses = new Map<StreamName, StreamStatus>();
  /** Work that must not run while a push is under way; done between two pushes. */
  readonly #requests: Request[] = [];
  #hasEnded = false;
  /** Ends the loop's waiting. */
  #wake: () => void = () => undefined;
  /** Ends the waiting for the next look. */
  #hastenLook: () => void = () => undefined;
  #configVersion: string | undefined;
  #pushedAt = Number.NEGATIVE_INFINITY;

  private constructor(
    options: ServiceOptions,
    parts: ServiceParts,
    keeper: StateKeeper,
    configVersion: string | undefined,
  ) {
    this.#options = options;
    this.#parts = parts;
    this.#keeper = keeper;
    this.#configVersion = configVersion;
    this.#settled = new Map(keeper.committed);
    this.#inbox = new Inbox({ entriesMax: 2 * options.eventsMax, bytesMax: inboxBytesMax });
  }

  /** Opens the branches, puts the catalog in force and brings the target to the state. */
  static async start(options: ServiceOptions, parts: ServiceParts, signal: AbortSignal): Promise<Service> {
    const checkpoint = await untilAnswered(parts, signal, "start", () => parts.branches.open());
    const { branches, config, log } = parts;
    const kept = await readKeptCatalog(parts.git, branches.stateTree);
    const previous = kept.length === 0 ? undefined : parts.loadCatalog(kept, undefined).value;
    const version = await config.version(branches.targetTree);
    const { value: catalog, problems } = await readCatalog(parts, previous);
    for (const problem of problems) log.problem(problem);

    const keeper = new StateKeeper(options, branches, parts, catalog, checkpoint);
    await keeper.reshard();
    await keeper.putInForce(catalog);
    const service = new Service(options, parts, keeper, version);
    await service.#push(signal);
    return service;
  }

  /** Runs until the signal aborts; what was taken by then is committed and pushed first. */
  async run(signal: AbortSignal): Promise<void> {
    const reading = new AbortController();
    const stop = () => {
      reading.abort();
      this.#wake();
    };
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop, { once: true });
    const failures: unknown[] = [];
    const fail = (error: unknown) => {
      failures.push(error);
      stop();
    };
    const tasks = [
      ...this.#startReading(reading.signal, fail),
      this.#look(reading.signal).catch(fail),
      this.#review(reading.signal).catch(fail),
    ];
    try {
      await this.#loop(reading.signal);
      if (failures.length > 0) throw failures[0];
    } finally {
      signal.removeEventListener("abort", stop);
      reading.abort();
      // Nobody carries them out any more, and somebody may wait for them.
      this.#hasEnded = true;
      for (const { reject } of this.#requests.splice(0)) reject(stoppedError());
      await Promise.allSettled(tasks);
    }
  }

  /** Carries out a command between two pushes; resolves, when its effect is pushed, to what there is to tell. */
  execute(command: ControlCommand): Promise<string> {
    return this.#request(async (signal) => {
      const { git, branches } = this.#parts;
      const told = await executeCommand(command, { git, branches, keeper: this.#keeper });
      if (!(await this.#push(signal))) throw stoppedError();
      return told;
    });
  }

  /** Somebody says that something has changed on the forge: looks at once. */
  hint(): void {
    this.#hastenLook();
    this.#parts.review?.hint(true);
  }

  statuses(): ReadonlyMap<StreamName, StreamStatus> {
    return this.#statuses;
  }

  #request<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.#hasEnded) reject(stoppedError());
      else this.#requests.push({ run: (signal) => work(signal).then(resolve, reject), reject });
      this.#wake();
    });
  }

  async #loop(stopped: AbortSignal): Promise<void> {
    let push: Push | undefined;
    while (!stopped.aborted) {
      if (push === undefined) await this.#untilWork(stopped);
      else await this.#untilDoneOrFull(push);
      if (push?.isDone) {
        await push.done;
        push = undefined;
      }
      if (push === undefined) {
        for (const request of this.#requests.splice(0)) await request.run(stopped);
        await this.#untilInterval(stopped);
      }
      if (stopped.aborted) break;

      if (!this.#keeper.checkpoint.paused && (push === undefined || push.bytesBehind < bytesBehindMax)) {
        const entries = this.#inbox.take(this.#options.eventsMax, batchBytesMax);
        if (push !== undefined) for (const { bytes } of entries) push.bytesBehind += bytes;
        await this.#keeper.commitBatch(entries, false, stopped);
      }
      if (push === undefined && this.#parts.branches.hasUnpushed) push = this.#startPush(stopped);
    }
    await push?.done;
    const deadline = new AbortController();
    void this.#parts.clock.sleep(stopMsMax, deadline.signal).then(() => deadline.abort());
    try {
      for (const request of this.#requests.splice(0)) await request.run(deadline.signal);
      // At the end everything that was taken is given its effect, positions without one included.
      const entries = this.#keeper.checkpoint.paused
        ? []
        : this.#inbox.take(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY);
      await this.#keeper.commitBatch(entries, true, deadline.signal);
      await this.#push(deadline.signal);
    } finally {
      deadline.abort();
    }
  }

  #startPush(stopped: AbortSignal): Push {
    const done = this.#push(stopped);
    const push: Push = { done, isDone: false, bytesBehind: 0 };
    const end = () => {
      push.isDone = true;
    };
    // Its failure is thrown where it is awaited; until then it must not count as unhandled.
    done.then(end, end);
    return push;
  }

  /**
   * While a push is under way only a full batch is worth being planned already; what is committed behind it goes with
   * the next push, so that a server that takes long for a push gets the more with each.
   */
  async #untilDoneOrFull({ done, bytesBehind }: Push): Promise<void> {
    if (bytesBehind >= bytesBehindMax || this.#keeper.checkpoint.paused) {
      await done;
      return;
    }
    const enough = new AbortController();
    await Promise.race([done, this.#inbox.untilAtLeast(this.#options.eventsMax, batchBytesMax, enough.signal)]);
    enough.abort();
  }

  /** Until there is something to do: deliveries, records to render again, requests, or positions that have waited. */
  async #untilWork(stopped: AbortSignal): Promise<void> {
    const { paused } = this.#keeper.checkpoint;
    // What is unpushed was committed behind the last push.
    const isWork = this.#requests.length > 0 || this.#parts.branches.hasUnpushed;
    if (isWork || stopped.aborted || (this.#keeper.hasPending && !paused)) return;
    const waiting = new AbortController();
    const woken = new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    const { clock } = this.#parts;
    const { heldSince } = this.#keeper;
    const due =
      heldSince === undefined || paused
        ? []
        : [clock.sleep(Math.max(0, heldSince + idlePositionsMsMax - clock.monotonic()), waiting.signal)];
    const any = paused ? [] : [this.#inbox.untilAny(waiting.signal)];
    await Promise.race([woken, ...any, ...due]);
    waiting.abort();
  }

  async #untilInterval(stopped: AbortSignal): Promise<void> {
    const early = this.#pushedAt + this.#options.intervalMsMin - this.#parts.clock.monotonic();
    if (early > 0) await this.#parts.clock.sleep(early, stopped);
  }

  /** Pushes what is committed and settles it; false when stopped before that. */
  async #push(signal: AbortSignal): Promise<boolean> {
    const { branches, clock, log, streams } = this.#parts;
    const before = this.#keeper.committed;
    this.#pushedAt = clock.monotonic();
    const isPushed = await branches.push(signal, (problem) => log.problem(problem));
    if (!isPushed) return false;
    this.#parts.review?.hint(false);
    // A push that had to be tried again took along what was committed meanwhile.
    const positions = branches.hasUnpushed ? before : this.#keeper.committed;
    for (const stream of streams) {
      const position = positions.get(stream.name);
      if (position === undefined || position === this.#settled.get(stream.name)) continue;
      this.#settled.set(stream.name, position);
      await stream.settle(position);
    }
    return true;
  }

  /** Looks from time to time what people have changed, and follows. */
  async #look(stopped: AbortSignal): Promise<void> {
    const { branches, clock, log } = this.#parts;
    for (;;) {
      const waiting = new AbortController();
      this.#hastenLook = () => waiting.abort();
      await clock.sleep(this.#options.lookMs, AbortSignal.any([waiting.signal, stopped]));
      if (stopped.aborted) return;
      await this.#request(async () => {
        try {
          const hasMoved = await branches.refreshTarget();
          await this.#followConfig();
          this.#parts.review?.hint(false);
          // What people did to files that are Sluice's is undone; by the next push, where there is one to come.
          if (hasMoved && !branches.hasUnpushed) await this.#push(stopped);
        } catch (error) {
          if (!(error instanceof SluiceError) || dispositionOf(error, "run") !== "wait") throw error;
          log.problem(error.problem);
        }
      });
    }
  }

  /** Keeps requests in line with the state, beside everything else: a forge takes its time. */
  async #review(stopped: AbortSignal): Promise<void> {
    const { branches, review } = this.#parts;
    const pushAll = async (signal: AbortSignal) => {
      if (branches.hasUnpushed && !(await this.#push(signal))) throw stoppedError();
    };
    await review?.run(
      {
        readState: () =>
          this.#request(async (signal) => {
            await pushAll(signal);
            return branches.stateTree;
          }),
        commit: (inputs) =>
          this.#request(async (signal) => {
            await this.#keeper.commit(inputs, {});
            await pushAll(signal);
          }),
      },
      stopped,
    );
  }

  /** Puts the documents in force that are there now. A catalog that can't be read leaves the last one as it is. */
  async #followConfig(): Promise<void> {
    const { branches, config, log } = this.#parts;
    const version = await config.version(branches.targetTree);
    if (version === this.#configVersion) return;
    let files: readonly ConfigFile[];
    try {
      files = await config.read(branches.targetTree);
    } catch (error) {
      // Told once, not at every look.
      if (isConfigMissing(error)) this.#configVersion = version;
      throw error;
    }
    const { value: catalog, problems } = this.#parts.loadCatalog(files, this.#keeper.catalog);
    for (const problem of problems) log.problem(problem);
    await this.#keeper.putInForce(catalog);
    this.#configVersion = version;
    log.info("configuration in force", { revision: catalog.revision, ...countProblems(problems) });
  }

  #startReading(stopped: AbortSignal, fail: (error: unknown) => void): readonly Promise<void>[] {
    const { streams, log, onReady } = this.#parts;
    const unsettled = new Set(streams.map(({ name }) => name));
    if (unsettled.size === 0) onReady();
    const onStatus = (stream: StreamName, status: StreamStatus) => {
      this.#statuses.set(stream, status);
      if (status.state === "degraded") log.problem(status.problem, { stream });
      else log.info(status.state, { stream });
      if (status.state !== "connecting" && unsettled.delete(stream) && unsettled.size === 0) onReady();
    };
    return streams.map(async (stream) => {
      try {
        const from = this.#keeper.checkpoint.positions.get(stream.name);
        const onChange = (status: StreamStatus) => onStatus(stream.name, status);
        for await (const delivery of stream.read(from, stopped, onChange)) {
          if (this.#inbox.isFull) await this.#inbox.untilRoom(stopped);
          if (stopped.aborted) break;
          this.#receive(delivery);
        }
      } catch (error) {
        fail(error);
      }
    });
  }

  #receive(delivery: Delivery): void {
    const { catalog } = this.#keeper;
    const { inputs, problems, nearMisses } = processDelivery(catalog, delivery, this.#options.render);
    const { stream, position } = delivery;
    for (const eventSource of nearMisses) this.#countNearMiss(eventSource, delivery);
    for (const problem of problems) this.#parts.log.problem(problem, { stream, sequence: position.sequence });
    const bytes = entryBytes + delivery.payload.length + sizeOf(inputs);
    this.#inbox.add({ delivery, catalog, inputs, bytes });
  }

  /** Told when it happens first, and then at each power of ten. */
  #countNearMiss(eventSource: string, { subject, stream, position }: Delivery): void {
    const count = (this.#nearMisses.get(eventSource) ?? 0) + 1;
    this.#nearMisses.set(eventSource, count);
    if (!Number.isInteger(Math.log10(count))) return;
    const message = "an EventSource's patterns would match only unanchored, as in Sveltos (compatibility: sveltos)";
    this.#parts.log.warn(message, { eventSource, count, subject, stream, sequence: position.sequence });
  }
}

/** What an entry takes besides its payload and manifests, roughly. */
const entryBytes = 1024;

function sizeOf(inputs: readonly PlanInput[]): number {
  let bytes = 0;
  for (const input of inputs) {
    if (input.kind !== "entity") continue;
    for (const rendering of input.renderings) {
      if (rendering.action !== "Create") continue;
      for (const { text } of rendering.manifests) bytes += text.length;
    }
  }
  return bytes;
}

/** A push under way. */
interface Push {
  readonly done: Promise<boolean>;
  isDone: boolean;
  /** Of the events and manifests that were committed since it began. */
  bytesBehind: number;
}

interface Request {
  /** Never rejects: whoever made the request learns how it went. */
  run(signal: AbortSignal): Promise<void>;
  reject(reason: unknown): void;
}

function stoppedError(): SluiceError {
  return new SluiceError({
    code: "USAGE",
    message: "the service stopped before that was pushed",
    hint: "Look at what is in force when it is up again, and repeat the command if need be.",
  });
}

function countProblems(problems: readonly Problem[]): { readonly errors: number; readonly warnings: number } {
  const errors = problems.filter(({ severity }) => severity === "error").length;
  return { errors, warnings: problems.length - errors };
}

/** The catalog that is wanted; where its folder is not there, the one that was in force stays. */
async function readCatalog(
  { branches, config, loadCatalog }: ServiceParts,
  previous: Catalog | undefined,
): Promise<Checked<Catalog>> {
  try {
    return loadCatalog(await config.read(branches.targetTree), previous);
  } catch (error) {
    if (!isConfigMissing(error)) throw error;
    return { value: previous ?? loadCatalog([], undefined).value, problems: [error.problem] };
  }
}

function isConfigMissing(error: unknown): error is SluiceError {
  return error instanceof SluiceError && error.problem.code === "CONFIG_MISSING";
}
