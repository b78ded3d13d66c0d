/** Streams that set their consumers limits, that hold what others hold, or that are reached in other ways. */
import { setTimeout as sleep } from "node:timers/promises";
import { jetstreamManager, RetentionPolicy } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import { describe, expect, it } from "vitest";
import { numbers, until, useNatsBench } from "./nats-bench.ts";
import { isSubscribed, type Reading, texts } from "./read-stream.ts";

const config = `
accounts {
  A: { jetstream: enabled, users: [ { user: a, password: a } ] }
  NONE: { users: [ { user: n, password: n } ] }
  ACKS: { jetstream: enabled, users: [ { user: noack, password: x, permissions: { publish: { deny: ["$JS.ACK.>"] } } }, { user: acks, password: x } ] }
  BOX: { jetstream: enabled, users: [ { user: box, password: x, permissions: { subscribe: ["_INBOX_box.>", "core"] } }, { user: boxadmin, password: x } ] }
}
no_auth_user: a
`;
const bench = useNatsBench({ jetstream: true, config });
const { Interest, Limits, Workqueue } = RetentionPolicy;
const isDegraded = ({ statuses }: Reading) => statuses.at(-1)?.state === "degraded";
const problemOf = ({ statuses }: Reading) => {
  const last = statuses.at(-1);
  return last?.state === "degraded" ? last.problem : undefined;
};

/** Reads, loses its consumer and its connection, and is begun again. */
async function readThroughRestarts(reading: Reading): Promise<void> {
  await reading.until(isSubscribed);
  await bench.publish(1, 3);
  await until(reading, 3);
  await bench.restart();
  await reading.until(({ statuses }) => statuses.some(({ state }) => state === "degraded"));
  await reading.until(isSubscribed);
  await bench.publish(4, 6);
  await until(reading, 6);
  expect(texts(reading.deliveries)).toEqual(numbers(1, 6));
}

it("a stream whose sequences can't be told apart is not read, and says so", async () => {
  await bench.addStream({ first_seq: 2 ** 53 });
  const reading = bench.read(bench.open());
  await reading.until(isDegraded);
  expect(problemOf(reading)).toMatchObject({ code: "NATS_STREAM" });
  await bench.publish(1, 3);
  expect(reading.deliveries).toEqual([]);
});

describe("a stream with limits for its consumers", () => {
  it.each([
    [Limits, 1],
    [Workqueue, 1],
    [Interest, 2],
  ])("%s with max_consumers %i is read through restarts of the server and of the reader", async (retention, max) => {
    await bench.addStream({ retention, max_consumers: max });
    const stream = bench.open();
    const reading = bench.read(stream);
    await readThroughRestarts(reading);
    const position = reading.deliveries[5]!.position;
    stream.settle(position);

    // A reader that died leaves its consumer: the next one does not wait until that goes by itself.
    const again = bench.read(bench.open({}, { term: () => 2 }), position);
    await again.until(isSubscribed);
    await bench.publish(7, 7);
    await until(again, 1);
    expect(texts(again.deliveries)).toEqual(["7"]);
  });

  it.each([Limits, Workqueue, Interest])("%s with consumer_limits", async (retention) => {
    await bench.addStream({ retention, consumer_limits: { max_ack_pending: 5, inactive_threshold: 30_000_000_000 } });
    const stream = bench.open();
    const reading = bench.read(stream);
    await reading.until(isSubscribed);
    await bench.publish(1, 12);
    // The server sends no more than it is told to before something is acknowledged.
    for (const count of [5, 10, 12]) {
      await until(reading, retention === Limits ? 12 : count);
      stream.settle(reading.deliveries.at(-1)!.position);
    }
    expect(texts(reading.deliveries)).toEqual(numbers(1, 12));
    await bench.restart();
    await reading.until(isDegraded);
    await reading.until(isSubscribed);
    await bench.publish(13, 14);
    await until(reading, 14);
    expect(bench.warnings().map((text) => text.includes("inactive_threshold"))).toEqual(
      retention === Interest ? [true] : [],
    );
  });

  it("interest with max_consumers 1 is refused, and says what to do", async () => {
    await bench.addStream({ retention: Interest, max_consumers: 1 });
    const reading = bench.read(bench.open());
    await reading.until(isDegraded);
    expect(problemOf(reading)).toMatchObject({
      code: "NATS_STREAM",
      hint: expect.stringContaining("Raise max_consumers to 2"),
    });
    expect(await bench.consumers()).toEqual([]);
  });

  it("names who takes a work-queue stream's messages", async () => {
    await bench.addStream({ retention: Workqueue });
    await bench.manager.consumers.add("USERS", { durable_name: "theirs", ack_policy: "explicit" });
    const reading = bench.read(bench.open());
    await reading.until(isDegraded);
    expect(problemOf(reading)).toMatchObject({ code: "NATS_STREAM", message: expect.stringContaining("theirs") });
  });
});

describe("a stream that is read whole", () => {
  const both = () => ({
    core: { url: bench.server.url, authorization: {}, subjects: ["user.login", "other"] },
    ...bench.reading(),
  });

  it("has what it holds not read over core NATS too", async () => {
    await bench.addStream();
    const [stored, core] = bench.openAll(both()).streams.map((stream) => bench.read(stream));
    await stored!.until(isSubscribed);
    await core!.until(isSubscribed);
    for (const subject of ["user.login", "other", "user.logout"]) bench.nats.publish(subject, subject);
    await until(stored!, 2);
    await until(core!, 1);
    await sleep(100);
    expect(texts(stored!.deliveries)).toEqual(["user.login", "user.logout"]);
    expect(texts(core!.deliveries)).toEqual(["other"]);
  });

  it("has messages wait as long as it is not known what it holds, and says so", async () => {
    const [stored, core] = bench.openAll(both()).streams.map((stream) => bench.read(stream));
    await core!.until(isSubscribed);
    for (const subject of ["user.login", "other"]) bench.nats.publish(subject, subject);
    await core!.until(isDegraded);
    expect(problemOf(core!)?.message).toContain("USERS");
    expect(core!.deliveries).toEqual([]);

    await bench.addStream();
    await stored!.until(isSubscribed);
    await until(core!, 1);
    expect(texts(core!.deliveries)).toEqual(["other"]);
  });

  it("is not read beside its mirror, nor a stream beside its source", async () => {
    await bench.addStream();
    await bench.manager.streams.add({ name: "COPY", mirror: { name: "USERS" } });
    await bench.manager.streams.add({ name: "ALL", subjects: ["all"], sources: [{ name: "USERS" }] });
    const streams = [
      { name: "USERS", subjects: ["user.login"] },
      { name: "COPY", subjects: [] },
      { name: "ALL", subjects: ["user.>"] },
    ];
    const url = bench.server.url;
    const readings = bench
      .openAll({ jetstream: { url, authorization: {}, streams } })
      .streams.map((stream) => bench.read(stream));
    const [origin, ...copies] = readings;
    await origin!.until(isSubscribed);
    for (const copy of copies) {
      await copy.until(isDegraded);
      expect(problemOf(copy)?.message).toContain("copies stream USERS");
    }
  });

  it("is read beside a copy where their subjects do not overlap", async () => {
    await bench.addStream();
    await bench.manager.streams.add({ name: "COPY", mirror: { name: "USERS" } });
    const streams = [
      { name: "USERS", subjects: ["user.login"] },
      { name: "COPY", subjects: ["user.logout"] },
    ];
    const url = bench.server.url;
    const [origin, copy] = bench
      .openAll({ jetstream: { url, authorization: {}, streams } })
      .streams.map((stream) => bench.read(stream));
    await bench.publish(1, 1, "user.login");
    await bench.publish(2, 2, "user.logout");
    await until(origin!, 1);
    await until(copy!, 1);
    expect([...texts(origin!.deliveries), ...texts(copy!.deliveries)]).toEqual(["1", "2"]);
  });
});

describe("what is said where JetStream is not as expected", () => {
  const as = (user: string, password: string) => ({
    jetstream: {
      url: bench.server.url,
      authorization: { user: { user, password } },
      streams: [{ name: "USERS", subjects: ["user.>"] }],
    },
  });

  it("an account without it", async () => {
    const reading = bench.read(bench.open(as("n", "n")));
    await reading.until(isDegraded);
    expect(problemOf(reading)).toMatchObject({
      code: "NATS_STREAM",
      message: expect.stringContaining("no JetStream for this account"),
    });
  });

  it("a domain that does not answer", async () => {
    await bench.addStream();
    const reading = bench.read(bench.open({ domain: "hub" }));
    await reading.until(isDegraded);
    expect(problemOf(reading)).toMatchObject({ code: "NATS_STREAM", message: expect.stringContaining("domain hub") });
  });

  it("acknowledgements that the user may not publish: reading goes on, and it names the subject", async () => {
    const admin = await connect({ servers: bench.server.url, user: "acks", pass: "x" });
    const manager = await jetstreamManager(admin);
    await manager.streams.add({ name: "USERS", subjects: ["user.>"], retention: Workqueue });
    const stream = bench.open(as("noack", "x"));
    const reading = bench.read(stream);
    await reading.until(isSubscribed);
    admin.publish("user.login", "1");
    await until(reading, 1);
    stream.settle(reading.deliveries[0]!.position);
    await reading.until(isDegraded);
    expect(problemOf(reading)).toMatchObject({
      code: "NATS_AUTH",
      message: expect.stringContaining("publishing to $JS.ACK.USERS.>"),
    });
    admin.publish("user.login", "2");
    await until(reading, 2);
    await admin.close();
  });

  it("an inbox that the user may not subscribe to: once, and not where its prefix is set", async () => {
    const admin = await connect({ servers: bench.server.url, user: "boxadmin", pass: "x" });
    const manager = await jetstreamManager(admin);
    await manager.streams.add({ name: "USERS", subjects: ["user.>"] });
    const reading = bench.read(bench.open(as("box", "x")));
    await reading.until(isDegraded);
    expect(problemOf(reading)).toMatchObject({
      code: "NATS_AUTH",
      message: expect.stringContaining("subscribing to _INBOX.>"),
    });
    await sleep(1_500);
    expect(reading.statuses.filter(({ state }) => state === "degraded")).toHaveLength(1);

    const allowed = bench.read(bench.open({ ...as("box", "x"), inboxPrefix: "_INBOX_box" }));
    await allowed.until(isSubscribed);
    admin.publish("user.login", "1");
    await until(allowed, 1);
    await admin.close();
  });
});

it("says how many messages wait, when it is subscribed and as they are read", async () => {
  await bench.addStream();
  await bench.publish(1, 50);
  const stream = bench.open();
  const reading = bench.read(stream);
  await reading.until(isSubscribed);
  expect(reading.statuses.at(-1)).toEqual({ state: "subscribed", pending: 50 });
  await until(reading, 50);
  expect(stream.pending()).toBe(0);

  // What was read last tells the stream, and waits no more.
  const later = bench.open();
  const again = bench.read(later, reading.deliveries.at(-1)!.position);
  await again.until(isSubscribed);
  expect([again.statuses.at(-1), later.pending()]).toEqual([{ state: "subscribed", pending: 0 }, 0]);
  const behind = bench.read(bench.open(), reading.deliveries[39]!.position);
  await behind.until(isSubscribed);
  expect(behind.statuses.at(-1)).toEqual({ state: "subscribed", pending: 10 });
});

it("says how many messages have come while nobody takes the next one", async () => {
  await bench.addStream();
  await bench.publish(1, 1);
  const stream = bench.open();
  const reading = stream.read(undefined, new AbortController().signal, () => undefined)[Symbol.asyncIterator]();
  await reading.next();
  expect(stream.pending()).toBe(0);
  await bench.publish(2, 41);
  await expect.poll(() => stream.pending()).toBe(40);
  await reading.next();
  expect(stream.pending()).toBeLessThan(40);
  await reading.return?.();
});
