/** Settings of a connection that change while messages flow: none is missed, and none is taken twice. */
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import type { Connection } from "../../src/model/connection.ts";
import { findFreePort } from "../tools/nats-server.ts";
import { numbers, useNatsBench } from "./nats-bench.ts";
import { isSubscribed, type Reading, texts } from "./read-stream.ts";

const monitorPort = await findFreePort();
const bench = useNatsBench({ jetstream: true, config: `http: "127.0.0.1:${monitorPort}"` });

/** Publishes without a pause, about two a millisecond, until it is told to stop; says how many they were. */
function flood(subject: string): () => Promise<number> {
  let isOver = false;
  const done = (async () => {
    let count = 0;
    while (!isOver) {
      for (let burst = 0; burst < 4; burst++) bench.nats.publish(subject, String(++count));
      await sleep(2);
    }
    await bench.nats.flush();
    return count;
  })();
  return () => {
    isOver = true;
    return done;
  };
}

const core = (subjects: readonly string[], more: Partial<Connection["core"]> = {}): Partial<Connection> => ({
  core: { url: bench.server.url, authorization: {}, subjects, ...more },
  jetstream: undefined as never,
});

/** Opens a connection that reads core subjects, and reads its journal. */
async function begin(parts: Partial<Connection>) {
  const connection: Connection = { name: "bus", connectTo: new Map(), ...parts };
  const opened = bench.openAll(parts);
  const [journal] = opened.streams;
  if (journal === undefined) throw new Error("no journal");
  const reading = bench.read(journal);
  await reading.until(isSubscribed);
  return { connection, opened, journal, reading };
}

async function expectAll(reading: Reading, subject: string, count: number): Promise<void> {
  const taken = () => reading.deliveries.filter((delivery) => delivery.subject === subject);
  await expect.poll(() => taken().length).toBeGreaterThanOrEqual(count);
  await sleep(200);
  expect(texts(taken())).toEqual(numbers(1, count));
}

/** Of the server, as its monitoring says. */
async function connections(): Promise<number> {
  const answer = await fetch(`http://127.0.0.1:${monitorPort}/connz`);
  return ((await answer.json()) as { num_connections: number }).num_connections;
}

it.each([
  ["a subject is added", ["user.*"], ["user.*", "team.*"]],
  ["a wider one is added", ["user.login"], ["user.>"]],
  ["a narrower one replaces it", ["user.*"], ["user.login"]],
  ["a wider one replaces it, and another goes", ["user.login", "team.*"], [">"]],
])("%s", async (_, before, after) => {
  const { connection, opened, journal, reading } = await begin(core(before));
  const stop = flood("user.login");
  await sleep(100);
  expect(opened.change({ ...connection, ...core(after) })).toEqual([]);
  expect(opened.streams).toEqual([journal]);
  await sleep(200);
  // And back, in the midst of it.
  opened.change({ ...connection, ...core(before) });
  await sleep(100);
  opened.change({ ...connection, ...core(after) });
  await sleep(100);
  await expectAll(reading, "user.login", await stop());
});

it("what was added comes, and what was taken out comes no more", async () => {
  const { connection, opened, reading } = await begin(core(["user.*"]));
  opened.change({ ...connection, ...core(["team.*"]) });
  await expect
    .poll(async () => {
      bench.nats.publish("team.a", "new");
      await bench.nats.flush();
      return reading.deliveries.length;
    })
    .toBeGreaterThan(0);
  bench.nats.publish("user.a", "old");
  await bench.nats.flush();
  await sleep(100);
  expect(new Set(texts(reading.deliveries))).toEqual(new Set(["new"]));
});

it("other credentials alone exchange nothing", async () => {
  const { connection, opened, journal, reading } = await begin(core(["user.*"]));
  const stop = flood("user.login");
  const before = reading.statuses.length;
  opened.change({ ...connection, ...core(["user.*"], { authorization: { token: "another" } }) });
  await sleep(300);
  expect(opened.streams).toEqual([journal]);
  expect(reading.statuses).toHaveLength(before);
  await expectAll(reading, "user.login", await stop());
  expect(await connections()).toBe(2);
});

it("another address: both are subscribed until the new one has answered, and what both bring is taken once", async () => {
  const { connection, opened, reading } = await begin(core(["user.*"]));
  const stop = flood("user.login");
  await sleep(100);
  const url = `nats://localhost:${bench.server.port}`;
  opened.change({ ...connection, ...core(["user.*", "team.*"], { url }) });
  await sleep(500);
  await expectAll(reading, "user.login", await stop());
  bench.nats.publish("team.a", "1");
  await bench.nats.flush();
  await expectAll(reading, "team.a", 1);
});

it("an address where nobody answers: the old one goes on, and it says so; then the right one takes over", async () => {
  const { connection, opened, reading } = await begin(core(["user.*"]));
  const stop = flood("user.login");
  opened.change({ ...connection, ...core(["user.*"], { url: "nats://127.0.0.1:1" }) });
  await reading.until(({ statuses }) => statuses.at(-1)?.state === "degraded");
  await sleep(200);
  const url = `nats://localhost:${bench.server.port}`;
  opened.change({ ...connection, ...core(["user.*"], { url }) });
  await reading.until(isSubscribed);
  await sleep(300);
  await expectAll(reading, "user.login", await stop());
});

it("the same message twice is two messages, before and after links were exchanged", async () => {
  const { connection, opened, reading } = await begin(core(["user.*"]));
  const publish = async () => {
    for (let count = 0; count < 20; count++) bench.nats.publish("user.same", "x");
    await bench.nats.flush();
  };
  await publish();
  await expect.poll(() => reading.deliveries.length).toBe(20);
  opened.change({ ...connection, ...core(["user.*"], { url: `nats://localhost:${bench.server.port}` }) });
  // The old link is gone once nobody but the new one and the test is connected.
  await expect.poll(async () => (await connections()) - 2, { timeout: 5_000 }).toBe(0);
  await publish();
  await expect.poll(() => reading.deliveries.length).toBe(40);
  await sleep(100);
  expect(reading.deliveries).toHaveLength(40);
});

it("streams that stay as they are remain the same; one whose subjects change is another", async () => {
  await bench.addStream();
  await bench.manager.streams.add({ name: "TEAMS", subjects: ["team.>"] });
  const url = bench.server.url;
  const streams = (subjects: readonly string[]) => ({
    jetstream: {
      url,
      authorization: {},
      streams: [
        { name: "USERS", subjects },
        { name: "TEAMS", subjects: ["team.>"] },
      ],
    },
  });
  const connection: Connection = { name: "bus", connectTo: new Map(), ...streams(["user.login"]) };
  const opened = bench.openAll(streams(["user.login"]));
  const [users, teams] = opened.streams;
  expect(opened.change({ ...connection, ...streams(["user.>"]) })).toEqual([users]);
  expect(opened.streams[1]).not.toBe(users);
  expect(opened.streams).toContain(teams);
});
