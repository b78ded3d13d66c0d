/** Reading an event stream in a test: until enough has come, or in the background. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Delivery, StreamPosition } from "../../src/model/delivery.ts";
import type { EventStream, StreamStatus } from "../../src/ports/event-stream.ts";

export interface Reading {
  readonly deliveries: Delivery[];
  readonly statuses: StreamStatus[];
  /** Resolves when the condition holds; rejects after ten seconds. */
  until(condition: (reading: Reading) => boolean): Promise<void>;
  /** Aborts the reading; resolves when it has ended. */
  stop(): Promise<void>;
}

const waitMsMax = 20_000;

export function startReading(
  stream: EventStream,
  from?: StreamPosition,
  resumed?: { readonly pushed: StreamPosition | undefined },
): Reading {
  const abort = new AbortController();
  const deliveries: Delivery[] = [];
  const statuses: StreamStatus[] = [];
  const ended = (async () => {
    for await (const delivery of stream.read(from, abort.signal, (status) => statuses.push(status), resumed)) {
      deliveries.push(delivery);
    }
  })();
  const reading: Reading = {
    deliveries,
    statuses,
    async until(condition) {
      const deadline = Date.now() + waitMsMax;
      while (!condition(reading)) {
        if (Date.now() > deadline) {
          const seen = deliveries.map(({ payload }) => Buffer.from(payload).toString()).slice(-20);
          throw new Error(
            `nothing more came; got ${deliveries.length}: ${seen}; ${JSON.stringify(statuses.slice(-4))}`,
          );
        }
        await sleep(5);
      }
    },
    async stop() {
      abort.abort();
      await ended;
    },
  };
  return reading;
}

/** The next `count` deliveries behind a position. */
export async function readSome(
  stream: EventStream,
  count: number,
  from?: StreamPosition,
): Promise<readonly Delivery[]> {
  const reading = startReading(stream, from);
  await reading.until(() => reading.deliveries.length >= count);
  await reading.stop();
  return reading.deliveries.slice(0, count);
}

export function isSubscribed({ statuses }: Reading): boolean {
  return statuses.at(-1)?.state === "subscribed";
}

export function texts(deliveries: readonly Delivery[]): string[] {
  return deliveries.map(({ payload }) => Buffer.from(payload).toString());
}
