/** Streams with three replicas, on three servers of which one after the other is killed: nothing twice, nothing lost. */
import { setTimeout as sleep } from "node:timers/promises";
import { type JetStreamManager, jetstreamManager, RetentionPolicy } from "@nats-io/jetstream";
import { connect, type NatsConnection } from "@nats-io/transport-node";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { openEventStreams } from "../../src/adapters/nats/open-event-streams.ts";
import type { EventStream } from "../../src/ports/event-stream.ts";
import { createFakeLog, type FakeLog } from "../fakes/fake-log.ts";
import { type NatsCluster, startNatsCluster } from "../tools/nats-cluster.ts";
import { numbers } from "./nats-bench.ts";
import { isSubscribed, type Reading, startReading, texts } from "./read-stream.ts";

let cluster: NatsCluster;
let nats: NatsConnection;
let manager: JetStreamManager;
let log: FakeLog;
const opened: EventStream[] = [];
const readings: Reading[] = [];
/** Electing a leader takes seconds, and on a busy machine many. */
const electionMsMax = 120_000;

beforeAll(async () => {
  cluster = await startNatsCluster();
  nats = await connect({
    servers: cluster.servers.map(({ url }) => url),
    maxReconnectAttempts: -1,
    reconnectTimeWait: 100,
  });
  manager = await jetstreamManager(nats, { checkAPI: false });
});
afterEach(async () => {
  for (const reading of readings.splice(0)) await reading.stop();
  for (const stream of opened.splice(0)) await stream.close();
});
afterAll(async () => {
  await nats.close();
  await cluster.stop();
});

/** Until it succeeds: a cluster that elects a leader answers nothing, or an error. */
async function insist<T>(work: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + electionMsMax;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await sleep(200);
    }
  }
}

async function addStream(retention: RetentionPolicy): Promise<string> {
  const name = `R3-${retention}`;
  const config = { name, subjects: [`${retention}.>`], retention, num_replicas: 3 };
  await insist(() => manager.streams.add(config));
  return name;
}

async function publish(subject: string, first: number, last: number): Promise<void> {
  for (const text of numbers(first, last)) {
    await insist(() => manager.jetstream().publish(subject, text, { msgID: `${subject}-${text}`, timeout: 2_000 }));
  }
}

function open(name: string, subject: string, term = 1): EventStream {
  log = createFakeLog();
  const [stream] = openEventStreams(
    {
      name: "bus",
      connectTo: new Map(),
      jetstream: { url: cluster.url, authorization: {}, streams: [{ name, subjects: [subject] }] },
    },
    {
      log,
      openJournal: () => Promise.reject(new Error("no core subjects")),
      stateId: () => "s1",
      term: () => term,
    },
  );
  if (stream === undefined) throw new Error("no stream");
  opened.push(stream);
  return stream;
}

function read(...reading: Parameters<typeof startReading>): Reading {
  const begun = startReading(...reading);
  readings.push(begun);
  return begun;
}

async function untilCount(reading: Reading, count: number): Promise<void> {
  await expect
    .poll(() => reading.deliveries.length, { timeout: electionMsMax, interval: 20 })
    .toBeGreaterThanOrEqual(count);
}

it.each([RetentionPolicy.Limits, RetentionPolicy.Workqueue, RetentionPolicy.Interest])(
  "a %s stream, its leader killed, restarted, and read on from the checkpoint",
  async (retention) => {
    const name = await addStream(retention);
    const subject = `${retention}.a`;
    const stream = open(name, `${retention}.>`);
    const reading = read(stream);
    await expect.poll(() => isSubscribed(reading), { timeout: electionMsMax }).toBe(true);
    await publish(subject, 1, 20);
    await untilCount(reading, 20);
    stream.settle(reading.deliveries[9]!.position);

    const leader = cluster.find((await insist(() => manager.streams.info(name))).cluster?.leader ?? "");
    await leader.kill();
    await publish(subject, 21, 40);
    await untilCount(reading, 40);
    await leader.restart();
    await publish(subject, 41, 50);
    await untilCount(reading, 50);
    expect(texts(reading.deliveries)).toEqual(numbers(1, 50));
    const { position } = reading.deliveries[29]!;
    stream.settle(position);
    await sleep(500);
    await reading.stop();
    await stream.close();

    const successor = open(name, `${retention}.>`, 2);
    const again = read(successor, position);
    await untilCount(again, 20);
    await publish(subject, 51, 52);
    await untilCount(again, 22);
    expect(texts(again.deliveries)).toEqual(numbers(31, 52));
    expect(log.problems).toEqual([]);
    successor.settle(again.deliveries.at(-1)!.position);
    if (retention === RetentionPolicy.Limits) return;
    // That nothing is left to acknowledge is Sluice's part; when the servers remove it is theirs.
    await expect
      .poll(async () => (await manager.consumers.list(name).next()).map(({ ack_floor }) => ack_floor.stream_seq), {
        timeout: electionMsMax,
      })
      .toEqual([52]);
    const [durable] = await manager.consumers.list(name).next();
    expect(durable?.num_ack_pending).toBe(0);
    expect(durable?.config.num_replicas).toBe(0);
    expect(durable?.cluster?.replicas).toHaveLength(2);
  },
);
