/** Permissions that are taken away while a stream is read, and given back: told once, and made good by itself. */
import { setTimeout as sleep } from "node:timers/promises";
import { type JetStreamManager, jetstreamManager, RetentionPolicy } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import { afterEach, describe, expect, it } from "vitest";
import { openConnection } from "../../src/adapters/nats/open-event-streams.ts";
import { createFakeLog } from "../fakes/fake-log.ts";
import { type NatsServer, startNatsServer } from "../tools/nats-server.ts";
import { numbers } from "./nats-bench.ts";
import { isSubscribed, type Reading, startReading, texts } from "./read-stream.ts";

const { Interest, Workqueue } = RetentionPolicy;
const ending: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end();
});

/** Users who may all but publish to this. */
const without = (denied: string) =>
  `authorization { users: [ { user: admin, password: a },
    { user: sluice, password: s, permissions: { publish: { deny: ["${denied}"] } } } ] }`;
const nothing = without("nothing");

let server: NatsServer;
let manager: JetStreamManager;

async function open(retention: RetentionPolicy, config: string) {
  server = await startNatsServer({ jetstream: true, config });
  ending.push(() => server.stop());
  const admin = await connect({ servers: server.url, user: "admin", pass: "a" });
  ending.push(() => admin.close());
  manager = await jetstreamManager(admin);
  await manager.streams.add({ name: "USERS", subjects: ["user.>"], retention });
  const { streams, close } = openConnection(
    {
      name: "bus",
      connectTo: new Map(),
      jetstream: {
        url: server.url,
        authorization: { user: { user: "sluice", password: "s" } },
        streams: [{ name: "USERS", subjects: ["user.>"] }],
      },
    },
    {
      log: createFakeLog(),
      openJournal: () => Promise.reject(new Error("no core subjects")),
      stateId: () => "s1",
      term: () => 1,
    },
  );
  ending.push(close);
  const reading = startReading(streams[0]!);
  ending.push(() => reading.stop());
  return { stream: streams[0]!, reading };
}

async function grant(config: string): Promise<void> {
  await server.configure(config);
  server.reload();
}

async function publish(first: number, last: number): Promise<void> {
  for (const text of numbers(first, last)) await manager.jetstream().publish("user.a", text);
}

const until = (reading: Reading, count: number) => reading.until(({ deliveries }) => deliveries.length >= count);
const degraded = ({ statuses }: Reading) => statuses.filter(({ state }) => state === "degraded");

describe.each([Workqueue, Interest])("acknowledging on a %s stream", (retention) => {
  it("what could not be acknowledged is, once it may be", async () => {
    const { stream, reading } = await open(retention, nothing);
    await reading.until(isSubscribed);
    await grant(without("$JS.ACK.>"));
    await publish(1, 3);
    await until(reading, 3);
    await expect
      .poll(() => {
        stream.settle(reading.deliveries[2]!.position);
        return degraded(reading).length;
      })
      .toBe(1);
    expect(degraded(reading)).toMatchObject([{ problem: { code: "NATS_AUTH" } }]);
    const left = (await manager.streams.info("USERS")).state.messages;
    expect(left).toBeGreaterThan(0);

    await grant(nothing);
    await expect
      .poll(async () => (await manager.streams.info("USERS")).state.messages, { timeout: 60_000, interval: 200 })
      .toBe(0);
    await publish(4, 4);
    await until(reading, 4);
    expect(texts(reading.deliveries)).toEqual(numbers(1, 4));
    expect(isSubscribed(reading)).toBe(true);
    expect(degraded(reading)).toHaveLength(1);
  });
});

it("asking for messages, which it may not: told once, however often it is tried", async () => {
  const { reading } = await open(Workqueue, without("$JS.API.CONSUMER.MSG.NEXT.>"));
  await reading.until((one) => degraded(one).length > 0);
  await sleep(2_000);
  expect(reading.statuses).toMatchObject([
    { state: "connecting" },
    { state: "degraded", problem: { code: "NATS_AUTH", message: expect.stringContaining("MSG.NEXT.USERS") } },
  ]);

  await grant(nothing);
  await publish(1, 2);
  await until(reading, 2);
  expect(reading.statuses).toHaveLength(3);
  expect(isSubscribed(reading)).toBe(true);
});
