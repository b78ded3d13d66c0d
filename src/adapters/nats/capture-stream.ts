/**
 * Core subjects as an EventStream that misses nothing while nobody listens: read from a stream of our own that the server
 * keeps. What the journal has from before is read to its end first.
 */
import { jetstreamManager } from "@nats-io/jetstream";
import type { CaptureSettings } from "../../model/connection.ts";
import type { Delivery, StreamPosition } from "../../model/delivery.ts";
import { captureStreamSuffix } from "../../model/delivery.ts";
import type { EventStream, StreamPast } from "../../ports/event-stream.ts";
import type { Log } from "../../ports/system.ts";
import { createBackoff } from "./backoff.ts";
import type { ConsumerOwner } from "./consumer-names.ts";
import { explainJetStreamError } from "./explain-stream-error.ts";
import { createJetStreamStream } from "./jetstream-stream.ts";
import { captureName, keepCapture } from "./keep-capture.ts";
import type { NatsLink } from "./nats-link.ts";
import type { PullBounds } from "./pull-batches.ts";
import { createStatusReport } from "./status-report.ts";
import { untilAborted } from "./until-aborted.ts";

export interface CaptureStreamOptions {
  /** The connection's name. */
  readonly connection: string;
  readonly subjects: readonly string[];
  readonly settings: CaptureSettings;
  readonly link: NatsLink;
  readonly owner: () => ConsumerOwner;
  readonly bounds: PullBounds;
  readonly log: Log;
  /** Receives no more into the journal, and resolves when all that it has is handed on; undefined: there is none. */
  readonly endJournal: ((signal: AbortSignal) => Promise<void>) | undefined;
}

/** How often the stream is looked after while it is read. */
const lookMs = 60_000;

export function createCaptureStream(options: CaptureStreamOptions): EventStream {
  const { connection, subjects, settings, link, log, endJournal } = options;
  const name = `${connection}${captureStreamSuffix}`;
  const closing = new AbortController();
  /** Known once the state has an id. */
  let stored: EventStream | undefined;

  function open(): EventStream {
    const { owner, bounds } = options;
    const stream = captureName(owner().stateId, connection, settings);
    stored ??= createJetStreamStream({
      ...{ connection, stream, filters: subjects, link: link.share(), owner, bounds, log },
      siblings: () => [],
    });
    return stored;
  }

  async function keep(signal: AbortSignal): Promise<boolean> {
    const target = await untilAborted(link.connect(), signal);
    const manager = await jetstreamManager(target.connection, { checkAPI: false, ...link.domain });
    const stream = captureName(options.owner().stateId, connection, settings);
    return untilAborted(keepCapture(manager, { stream, connection, subjects, settings }), signal);
  }

  /** The stream may be removed or changed by others while it is read. */
  async function lookAfter(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await sleep(lookMs, signal);
      if (signal.aborted) return;
      const created = await keep(signal).catch(() => false);
      if (created) log.warn("the stream that captures core subjects was gone and is created anew", { stream: name });
    }
  }

  return {
    name,
    // The server keeps what is to be read, as soon as it has the stream.
    receive: () => undefined,
    async *read(from, readSignal, onStatus, resumed) {
      const ended = new AbortController();
      const signal = AbortSignal.any([readSignal, closing.signal, ended.signal]);
      const status = createStatusReport(name, log, onStatus);
      const backoff = createBackoff();
      status.connecting();
      let isKept = false;
      while (!isKept && !signal.aborted) {
        try {
          const created = await keep(signal);
          isKept = true;
          if (created && endJournal !== undefined) {
            log.warn(
              "core subjects are captured from now on: what came while that began takes effect twice, in order",
              {
                stream: name,
              },
            );
          }
        } catch (error) {
          if (signal.aborted) return;
          const stream = captureName(options.owner().stateId, connection, settings);
          status.degraded(explainJetStreamError(error, { stream, subjects, ...link.domain }).problem);
          await backoff.wait(signal);
        }
      }
      await endJournal?.(signal);
      if (signal.aborted) return;
      const looking = lookAfter(signal);
      try {
        for await (const delivery of open().read(from, signal, onStatus, resumed)) yield renamed(delivery);
      } finally {
        ended.abort();
        await looking;
      }
    },
    settle: (upTo) => stored?.settle(upTo),
    past: {
      isKept: async () => true,
      read: async (stretch, signal) => {
        const read = await (open().past as StreamPast).read(stretch, signal);
        return { ...read, deliveries: read.deliveries.map(renamed) };
      },
    },
    pending: () => stored?.pending(),
    async close() {
      if (closing.signal.aborted) return;
      closing.abort();
      await stored?.close();
      await link.release();
    },
  };

  function renamed(delivery: Delivery): Delivery & { readonly position: StreamPosition } {
    return { ...delivery, stream: name };
  }
}

function sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, milliseconds);
    signal.addEventListener("abort", end, { once: true });
  });
}
