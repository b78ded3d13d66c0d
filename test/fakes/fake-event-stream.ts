/** An event stream in memory: what JetStream and the journal promise, under a test's control. */
import type { Delivery, StreamName, StreamPosition } from "../../src/model/delivery.ts";
import { type Problem, SluiceError } from "../../src/model/problem.ts";
import type { EventStream, StreamStatus } from "../../src/ports/event-stream.ts";

export interface FakeEventStream extends EventStream {
  /** Stores a message; readers get it. */
  publish(
    subject: string,
    payload: Uint8Array | string,
    headers?: ReadonlyMap<string, readonly string[]>,
  ): StreamPosition;
  /** Deletes the stream with all that it holds and creates another one of its name, with sequences from 1. */
  recreate(): void;
  /** Removes the oldest messages, up to this sequence. */
  removeUpTo(sequence: number): void;
  /** Trouble: readers get nothing until `recover`. */
  fail(problem: Problem): void;
  recover(): void;
  /** As a work-queue stream: what was read can't be read again. */
  keepNothing(): void;
  /** The last position that was settled. */
  settled(): StreamPosition | undefined;
}

/** Deliveries that are read again at a time. */
const stretchMax = 7;

export interface FakeEventStreamOptions {
  readonly connection?: string;
  readonly stream?: string;
  /** Milliseconds since 1970; default: a second more at every message, from 2026 on. */
  readonly now?: () => number;
}

export function createFakeEventStream(options: FakeEventStreamOptions = {}): FakeEventStream {
  const { connection = "bus", stream = "EVENTS" } = options;
  const name: StreamName = `${connection}/${stream}`;
  const closing = new AbortController();
  const waiting = new Set<() => void>();
  let ticks = Date.UTC(2026, 0, 1);
  const now = options.now ?? (() => (ticks += 1000));
  let incarnation = 1;
  let lastSequence = 0;
  let stored: Delivery[] = [];
  let keeps = true;
  let trouble: Problem | undefined;
  let settled: StreamPosition | undefined;
  let handed: StreamPosition | undefined;

  const epoch = () => `${stream}-${incarnation}`;

  function wakeReaders(): void {
    for (const wake of [...waiting]) wake();
  }

  function changed(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        waiting.delete(wake);
        signal.removeEventListener("abort", wake);
        resolve();
      };
      waiting.add(wake);
      signal.addEventListener("abort", wake);
    });
  }

  /** Behind the position within its epoch; another epoch is a stream that was created later, and read whole. */
  function next(after: StreamPosition | undefined): Delivery | undefined {
    return stored.find(({ position }) => position.epoch !== after?.epoch || position.sequence > after.sequence);
  }

  function countBehind(after: StreamPosition | undefined): number {
    const first = next(after);
    return first === undefined ? 0 : stored.length - stored.indexOf(first);
  }

  return {
    name,
    receive: () => undefined,
    async *read(from, readSignal, onStatus: (status: StreamStatus) => void) {
      const signal = AbortSignal.any([readSignal, closing.signal]);
      let last = from;
      let reported: Problem | "subscribed" | undefined;
      onStatus({ state: "connecting" });
      while (!signal.aborted) {
        const current = trouble ?? "subscribed";
        if (current !== reported) {
          reported = current;
          onStatus(
            current === "subscribed"
              ? { state: "subscribed", pending: countBehind(last) }
              : { state: "degraded", problem: current },
          );
        }
        const delivery = trouble === undefined ? next(last) : undefined;
        if (delivery === undefined) {
          await changed(signal);
        } else {
          last = delivery.position;
          handed = last;
          yield delivery;
        }
      }
    },
    settle(upTo) {
      settled = upTo;
    },
    past: {
      isKept: async () => keeps,
      async read({ after, since, upTo }) {
        if (trouble !== undefined) throw new SluiceError(trouble);
        if (upTo.epoch !== epoch() && stored.length === 0) return { deliveries: [], isEnd: true };
        if (upTo.epoch !== epoch()) throw new SluiceError({ code: "NATS_STREAM", message: "another stream" });
        const isBehind = ({ sequence, time }: StreamPosition) =>
          since === undefined ? sequence > after : Date.parse(time) >= Date.parse(since);
        const left = stored.filter(({ position }) => isBehind(position) && position.sequence <= upTo.sequence);
        return { deliveries: left.slice(0, stretchMax), isEnd: left.length <= stretchMax };
      },
    },
    pending: () => countBehind(handed),
    async close() {
      closing.abort();
    },
    publish(subject, payload, headers = new Map()) {
      lastSequence++;
      const position = { epoch: epoch(), sequence: lastSequence, time: new Date(now()).toISOString() };
      const bytes = typeof payload === "string" ? new TextEncoder().encode(payload) : payload;
      stored.push({ connection, stream: name, position, subject, headers, payload: bytes });
      wakeReaders();
      return position;
    },
    recreate() {
      incarnation++;
      lastSequence = 0;
      stored = [];
      wakeReaders();
    },
    removeUpTo(sequence) {
      stored = stored.filter(({ position }) => position.sequence > sequence);
    },
    fail(problem) {
      trouble = problem;
      wakeReaders();
    },
    recover() {
      trouble = undefined;
      wakeReaders();
    },
    keepNothing() {
      keeps = false;
    },
    settled: () => settled,
  };
}
