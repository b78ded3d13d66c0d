/**
 * Reading: each stream in its order, behind the checkpoint, into the inbox; what a delivery comes to is rendered at once.
 *
 * Streams come and go while the service runs. One that stays is read on without a pause; one that is exchanged for
 * another of its name is read on behind what the inbox was given already.
 */
import type { Delivery, StreamName, StreamPosition } from "../../model/delivery.ts";
import type { ErrorCode, Problem } from "../../model/problem.ts";
import type { PlanInput } from "../../plan/state-fold.ts";
import type { EventStream, StreamStatus } from "../../ports/event-stream.ts";
import type { Metrics } from "../../ports/metrics.ts";
import type { Clock, Log, LogFields } from "../../ports/system.ts";
import { processDelivery } from "../process-delivery.ts";
import type { ProcessedEntry } from "../state-keeper.ts";
import { FailureLog } from "./failure-log.ts";
import type { InForce } from "./in-force.ts";
import type { Inbox } from "./inbox.ts";
import { Recent, type WithoutEffect } from "./recent.ts";

export interface InboxEntry extends ProcessedEntry {
  readonly bytes: number;
}

export interface ReaderParts {
  readonly inbox: Inbox<InboxEntry>;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly inForce: () => InForce;
  /** Of each stream the last position that is pushed. */
  readonly settled: () => ReadonlyMap<StreamName, StreamPosition>;
  /** Once, when every stream is subscribed or has said what keeps it from that. */
  readonly onReady: () => void;
  /** A stream threw: a bug, adapters go on by themselves. */
  readonly onFailure: (error: unknown) => void;
}

interface Reading {
  readonly stream: EventStream;
  readonly stop: AbortController;
  readonly ended: Promise<void>;
}

export class Reader {
  readonly #parts: ReaderParts;
  #readings: Reading[] = [];
  readonly #statuses = new Map<StreamName, StreamStatus>();
  /** The last position of each stream that the inbox was given. */
  readonly #given = new Map<StreamName, StreamPosition>();
  /** By EventSource. */
  readonly #nearMisses = new Map<string, number>();
  readonly #failures = new Map<ErrorCode, number>();
  readonly #failureLog: FailureLog;
  readonly #withoutEffect = new Recent<WithoutEffect>();
  /** Streams that have said nothing yet. */
  #unsettled: Set<StreamName> | undefined;
  #isReady = false;

  constructor(parts: ReaderParts) {
    this.#parts = parts;
    this.#failureLog = new FailureLog(parts);
  }

  get isReading(): boolean {
    return this.#unsettled !== undefined;
  }

  get statuses(): ReadonlyMap<StreamName, StreamStatus> {
    return this.#statuses;
  }

  get given(): ReadonlyMap<StreamName, StreamPosition> {
    return this.#given;
  }

  get failures(): ReadonlyMap<ErrorCode, number> {
    return this.#failures;
  }

  /** The last ones, the oldest first. */
  get withoutEffect(): readonly WithoutEffect[] {
    return this.#withoutEffect.items;
  }

  /** Reads exactly these streams from now on: those that are read already go on, others end. */
  async read(streams: readonly EventStream[]): Promise<void> {
    const wanted = new Set(streams);
    const gone = this.#readings.filter(({ stream }) => !wanted.has(stream));
    this.#readings = this.#readings.filter(({ stream }) => wanted.has(stream));
    for (const { stop } of gone) stop.abort();
    await Promise.all(gone.map(({ ended }) => ended));
    const names = new Set(streams.map(({ name }) => name));
    for (const { stream } of gone) if (!names.has(stream.name)) this.#statuses.delete(stream.name);

    const known = new Set(this.#readings.map(({ stream }) => stream));
    const added = streams.filter((stream) => !known.has(stream));
    this.#unsettled = new Set([...(this.#unsettled ?? []), ...added.map(({ name }) => name)]);
    for (const name of this.#unsettled) if (!names.has(name)) this.#unsettled.delete(name);
    this.#readings.push(...added.map((stream) => this.#start(stream)));
    this.#settle();
  }

  /** Ends all reading; what was given stays in the inbox. */
  async stop(): Promise<void> {
    for (const { stop } of this.#readings) stop.abort();
    await Promise.all(this.#readings.map(({ ended }) => ended));
  }

  #start(stream: EventStream): Reading {
    const stop = new AbortController();
    return { stream, stop, ended: this.#readStream(stream, stop.signal) };
  }

  async #readStream(stream: EventStream, stopped: AbortSignal): Promise<void> {
    const { inbox, inForce, settled, onFailure } = this.#parts;
    try {
      const from = this.#given.get(stream.name) ?? inForce().keeper.checkpoint.positions.get(stream.name);
      const resumed = { pushed: settled().get(stream.name) };
      const onStatus = (status: StreamStatus) => this.#setStatus(stream.name, status);
      for await (const delivery of stream.read(from, stopped, onStatus, resumed)) {
        if (inbox.isFull) await inbox.untilRoom(stopped);
        if (stopped.aborted) break;
        this.#receive(delivery);
      }
    } catch (error) {
      onFailure(error);
    }
  }

  #setStatus(stream: StreamName, status: StreamStatus): void {
    const { log } = this.#parts;
    this.#statuses.set(stream, status);
    if (status.state === "degraded") log.problem(status.problem, { stream });
    else log.info(status.state, { stream, ...("pending" in status ? { pending: status.pending } : {}) });
    if (status.state !== "connecting") this.#unsettled?.delete(stream);
    this.#settle();
  }

  #settle(): void {
    if (this.#isReady || this.#unsettled === undefined || this.#unsettled.size > 0) return;
    this.#isReady = true;
    this.#parts.onReady();
  }

  #receive(delivery: Delivery): void {
    const { catalog, rendering, checkpoint } = this.#parts.inForce().keeper;
    const { inputs, problems, warnings, nearMisses, marker } = processDelivery(
      catalog,
      delivery,
      rendering,
      checkpoint.stateId,
    );
    const { stream, position, subject } = delivery;
    const { clock, log, metrics, inbox } = this.#parts;
    for (const eventSource of nearMisses) this.#countNearMiss(eventSource, delivery);
    const whose = new Map(inputs.flatMap(failuresOf));
    for (const problem of problems) {
      this.#failureLog.tell(problem, stream, { ...whose.get(problem), sequence: position.sequence });
      this.#failures.set(problem.code, (this.#failures.get(problem.code) ?? 0) + 1);
      metrics.count("sluice_failures_total", { code: problem.code });
    }
    for (const { code } of warnings) metrics.count("sluice_render_warnings_total", { code });
    metrics.count("sluice_deliveries_total", { connection: stream.split("/", 1)[0] ?? stream });
    const reason = marker === undefined ? whyWithoutEffect(inputs) : "marker";
    if (reason !== undefined) {
      metrics.count("sluice_events_without_effect_total", { result: reason });
      const problem = reason === "undecoded" ? problems[0] : undefined;
      const why = { reason, ...(problem === undefined ? {} : { problem }) };
      this.#withoutEffect.add({ at: clock.now(), stream, sequence: position.sequence, subject, ...why });
    }
    log.debug("read", { stream, sequence: position.sequence, subject, effects: inputs.length, reason });
    this.#given.set(stream, position);
    inbox.add({ delivery, catalog, inputs, bytes: entryBytes + delivery.payload.length + sizeOf(inputs) });
    metrics.set("sluice_inbox_deliveries", {}, inbox.size);
  }

  /** Told when it happens first, and then at each power of ten. */
  #countNearMiss(eventSource: string, { subject, stream, position }: Delivery): void {
    const { log, metrics } = this.#parts;
    const count = (this.#nearMisses.get(eventSource) ?? 0) + 1;
    this.#nearMisses.set(eventSource, count);
    metrics.count("sluice_near_misses_total", { event_source: eventSource });
    if (!Number.isInteger(Math.log10(count))) return;
    const message = "an EventSource's patterns would match only unanchored, as in Sveltos (compatibility: sveltos)";
    log.warn(message, { eventSource, count, subject, stream, sequence: position.sequence });
  }
}

/** Why a delivery asks for nothing; undefined: it asks for something. */
export function whyWithoutEffect(inputs: readonly PlanInput[]): WithoutEffect["reason"] | undefined {
  if (inputs.length === 0) return "unmatched";
  if (inputs.every(({ kind }) => kind === "dead-letter")) return "undecoded";
  const renderings = inputs.map((input) => (input.kind === "entity" ? input.renderings : undefined));
  if (renderings.every((of) => of?.length === 0)) return "no cluster";
  return renderings.every((of) => of?.every(({ action }) => action === "none")) ? "blank" : undefined;
}

/** Of each failure: whose trigger, which cluster, which entity, which event. */
function failuresOf(input: PlanInput): readonly (readonly [Problem, LogFields])[] {
  if (input.kind !== "entity") return [];
  const { owner, entity, last } = input;
  const { source, subject } = entity;
  return input.renderings.flatMap((rendering) => {
    if (rendering.action !== "fail") return [];
    const fields = { trigger: owner.name, cluster: rendering.cluster, source, subject, id: last?.event.id };
    return [[rendering.problem, fields] as const];
  });
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
