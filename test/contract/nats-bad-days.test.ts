/** What happens to streams and servers while Sluice reads, or while it is away: what a reader gets and is told. */
import { once } from "node:events";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { createServer, connect as dial, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type JetStreamManager, jetstreamManager, RetentionPolicy, type StreamConfig } from "@nats-io/jetstream";
import { connect, type NatsConnection } from "@nats-io/transport-node";
import { afterEach, beforeEach, expect, it } from "vitest";
import { openJournal } from "../../src/adapters/journal/open-journal.ts";
import { type EventStreamOptions, openEventStreams } from "../../src/adapters/nats/open-event-streams.ts";
import type { Connection } from "../../src/model/connection.ts";
import type { EventStream, StreamStatus } from "../../src/ports/event-stream.ts";
import { createFakeLog, type FakeLog } from "../fakes/fake-log.ts";
import { type NatsServer, type NatsServerOptions, startNatsServer } from "../tools/nats-server.ts";
import { isSubscribed, type Reading, startReading, texts } from "./read-stream.ts";

let server: NatsServer;
let nats: NatsConnection;
let manager: JetStreamManager;
let log: FakeLog;
let journals: string;
const servers: NatsServer[] = [];
const opened: EventStream[] = [];
const readings: Reading[] = [];

beforeEach(async () => {
  server = await startAnother({ jetstream: true });
  journals = await mkdtemp(join(tmpdir(), "sluice-journal-"));
  log = createFakeLog();
  await reconnect();
});
afterEach(async () => {
  for (const reading of readings.splice(0)) await reading.stop();
  for (const stream of opened.splice(0)) await stream.close();
  await nats.close();
  for (const started of servers.splice(0)) await started.stop();
  await rm(journals, { recursive: true, force: true });
});

/** A server that is stopped with the test, however it ends. */
async function startAnother(options?: NatsServerOptions): Promise<NatsServer> {
  const started = await startNatsServer(options);
  servers.push(started);
  return started;
}

async function reconnect(): Promise<void> {
  nats = await connect({ servers: server.url, reconnect: false });
  manager = await jetstreamManager(nats);
}

async function addStream(config: Partial<StreamConfig> = {}): Promise<void> {
  await manager.streams.add({ name: "USERS", subjects: ["user.>"], ...config });
}

async function publish(first: number, last: number, subject = "user.login"): Promise<void> {
  for (let number = first; number <= last; number++) await manager.jetstream().publish(subject, String(number));
}

function open(parts: Partial<Connection> = {}, options: Partial<EventStreamOptions> = {}): EventStream[] {
  const url = server.url;
  const streams = [{ name: "USERS", subjects: ["user.>"] }];
  const connection = { name: "bus", connectTo: new Map(), jetstream: { url, authorization: {}, streams }, ...parts };
  const result = openEventStreams(connection, {
    log,
    openJournal: (onTrouble) => openJournal(join(journals, "bus"), { onTrouble }),
    stateId: () => "s1",
    term: () => 1,
    ...options,
  });
  opened.push(...result);
  return [...result];
}

function openOne(parts?: Partial<Connection>, options?: Partial<EventStreamOptions>): EventStream {
  const [stream] = open(parts, options);
  if (stream === undefined) throw new Error("no stream");
  return stream;
}

function read(...parts: Parameters<typeof startReading>): Reading {
  const reading = startReading(...parts);
  readings.push(reading);
  return reading;
}

const until = (reading: Reading, count: number) => reading.until(({ deliveries }) => deliveries.length >= count);
const problemCodes = (statuses: readonly StreamStatus[]) =>
  statuses.flatMap((status) =>
    status.state === "degraded" ? [`${status.problem.severity} ${status.problem.code}`] : [],
  );
const epochs = ({ deliveries }: Reading) => new Set(deliveries.map(({ position }) => position.epoch)).size;

it("waits for a stream that does not exist, and says how to create it", async () => {
  const reading = read(openOne());
  await reading.until(({ statuses }) => statuses.at(-1)?.state === "degraded");
  const status = reading.statuses.at(-1);
  expect(status).toMatchObject({
    problem: { code: "NATS_STREAM", hint: expect.stringContaining("nats stream add USERS") },
  });

  await addStream();
  await publish(1, 2);
  await until(reading, 2);
  expect(texts(reading.deliveries)).toEqual(["1", "2"]);
});

it("says that a server has no JetStream", async () => {
  const plain = await startAnother();
  const streams = [{ name: "USERS", subjects: ["user.>"] }];
  const reading = read(openOne({ jetstream: { url: plain.url, authorization: {}, streams } }));
  await reading.until(({ statuses }) => statuses.at(-1)?.state === "degraded");
  expect(reading.statuses.at(-1)).toMatchObject({
    problem: { code: "NATS_STREAM", message: expect.stringContaining("no JetStream") },
  });
  await reading.stop();
});

it("says that a server can't be reached, and reads when it can", async () => {
  await addStream();
  await publish(1, 1);
  await nats.close();
  await server.kill();
  const reading = read(openOne());
  await reading.until(({ statuses }) => statuses.at(-1)?.state === "degraded");
  expect(problemCodes(reading.statuses)).toEqual(["error NATS_UNAVAILABLE"]);

  await server.restart();
  await until(reading, 1);
  await reconnect();
});

it("binds another consumer when its own is deleted, in the midst of reading", async () => {
  await addStream();
  const reading = read(openOne());
  await reading.until(isSubscribed);
  for (let round = 0; round < 5; round++) {
    await publish(round * 10 + 1, round * 10 + 10);
    for (const { name } of await manager.consumers.list("USERS").next()) await manager.consumers.delete("USERS", name);
  }
  await until(reading, 50);
  expect(texts(reading.deliveries)).toEqual(Array.from({ length: 50 }, (_, index) => String(index + 1)));
  expect(epochs(reading)).toBe(1);
});

it("leaves no consumer behind on a stream that keeps its messages", async () => {
  await addStream();
  const reading = read(openOne());
  await reading.until(isSubscribed);
  await reading.stop();
  await expect.poll(async () => (await manager.consumers.list("USERS").next()).length).toBe(0);
});

it("resumes behind messages that were removed meanwhile", async () => {
  await addStream();
  await publish(1, 9);
  const first = read(openOne());
  await until(first, 9);
  await manager.streams.deleteMessage("USERS", 5);
  await manager.streams.purge("USERS", { seq: 4 });
  const fourth = read(openOne(), first.deliveries[3]!.position);
  await until(fourth, 4);
  expect(texts(fourth.deliveries)).toEqual(["6", "7", "8", "9"]);

  await manager.streams.purge("USERS");
  const last = read(openOne(), first.deliveries[8]!.position);
  await last.until(isSubscribed);
  await publish(10, 10);
  await until(last, 1);
  expect(texts(last.deliveries)).toEqual(["10"]);
  expect(last.deliveries[0]?.position.epoch).toBe(first.deliveries[0]?.position.epoch);
  // What is behind a position and is not there any more was not read, as far as the position tells.
  expect(log.problems.map(({ message }) => message)).toEqual([expect.stringContaining("sequence 5")]);
});

it.each([
  { name: "while it runs", away: false },
  { name: "while it is away", away: true },
])("resumes by time in a stream that was restored from a backup $name, and says so", async ({ away }) => {
  await addStream();
  await publish(1, 3);
  await server.halt();
  const backup = join(journals, "backup");
  await cp(join(server.directory, "jetstream"), backup, { recursive: true });
  await server.restart();
  await reconnect();
  await publish(4, 6);
  const first = read(openOne());
  await until(first, 6);
  if (away) await first.stop();

  await server.halt();
  await rm(join(server.directory, "jetstream"), { recursive: true });
  await cp(backup, join(server.directory, "jetstream"), { recursive: true });
  await server.restart();
  await reconnect();
  if (away) await publish(7, 12);
  const second = away ? read(openOne(), first.deliveries[5]!.position) : first;
  await second.until(isSubscribed);
  if (!away) await sleep(1_500);
  if (!away) await publish(7, 12);
  await until(second, away ? 6 : 12);

  expect(texts(second.deliveries.slice(-6))).toEqual(["7", "8", "9", "10", "11", "12"]);
  const [position] = second.deliveries.slice(-6).map((delivery) => delivery.position);
  expect(position?.sequence).toBe(4);
  expect(position?.epoch).toBe(`${first.deliveries[0]?.position.epoch}+1`);
  expect(log.problems).toContainEqual(expect.objectContaining({ code: "NATS_STREAM", severity: "warning" }));

  // From then on it is the same epoch.
  const third = read(openOne(), position);
  await until(third, 5);
  expect(texts(third.deliveries)).toEqual(["8", "9", "10", "11", "12"]);
  expect(third.deliveries[0]?.position.epoch).toBe(position?.epoch);
});

it("reads only the subjects that the connection names, each message once", async () => {
  await addStream();
  const streams = [
    { name: "USERS", subjects: ["user.login", "user.*.eu", "user.login", "user.admin.>", "user.admin.x"] },
  ];
  const reading = read(openOne({ jetstream: { url: server.url, authorization: {}, streams } }));
  await reading.until(isSubscribed);
  for (const subject of [
    "user.login",
    "user.logout",
    "user.login.eu",
    "user.admin.x",
    "user.admin.eu",
    "user.end.eu",
  ]) {
    await manager.jetstream().publish(subject, subject);
  }
  await reading.until(({ deliveries }) => deliveries.at(-1)?.subject === "user.end.eu");
  expect(texts(reading.deliveries)).toEqual([
    "user.login",
    "user.login.eu",
    "user.admin.x",
    "user.admin.eu",
    "user.end.eu",
  ]);
});

it("warns of subjects that the stream does not hold, and reads the others", async () => {
  await addStream();
  const streams = [{ name: "USERS", subjects: ["user.login", "device.>"] }];
  const reading = read(openOne({ jetstream: { url: server.url, authorization: {}, streams } }));
  await reading.until(isSubscribed);
  await publish(1, 1);
  await until(reading, 1);
  expect(problemCodes(reading.statuses)).toEqual([]);
  expect(log.problems).toMatchObject([{ code: "NATS_STREAM", severity: "warning" }]);
  expect(log.problems[0]?.message).toContain("device.>");
});

it("reads a subject of both from JetStream only, and what several wildcards match once", async () => {
  await addStream();
  const streams = [{ name: "USERS", subjects: ["user.login"] }];
  const [stored, core] = open({
    core: { url: server.url, authorization: {}, subjects: ["user.login", "user.*", "*.logout", "user.>"] },
    jetstream: { url: server.url, authorization: {}, streams },
  }).map((stream) => read(stream));
  await stored!.until(isSubscribed);
  await core!.until(isSubscribed);
  for (const subject of ["user.login", "user.logout", "device.logout", "user.a.b"]) nats.publish(subject, subject);
  await until(core!, 3);
  await until(stored!, 1);
  await sleep(100);
  expect(texts(stored!.deliveries)).toEqual(["user.login"]);
  expect(texts(core!.deliveries)).toEqual(["user.logout", "device.logout", "user.a.b"]);
});

it("reads messages of the largest size, and many of them", async () => {
  await addStream();
  const payload = new Uint8Array(1_000_000).fill(97);
  for (let number = 0; number < 40; number++) await manager.jetstream().publish("user.login", payload);
  const reading = read(openOne());
  await until(reading, 40);
  expect(reading.deliveries.every((delivery) => delivery.payload.length === payload.length)).toBe(true);
});

it("reads messages that are larger than one request asks for, among small ones", async () => {
  const large = await startAnother({ jetstream: true, config: "max_payload: 8MB" });
  const client = await connect({ servers: large.url });
  const largeManager = await jetstreamManager(client);
  await largeManager.streams.add({ name: "USERS", subjects: ["user.>"] });
  const sizes = [10, 6_000_000, 7_000_000, 20, 8_000_000, 4_194_304, 4_190_000, 30, ...Array(50).fill(500_000)];
  for (const size of sizes) await largeManager.jetstream().publish("user.login", new Uint8Array(size).fill(97));
  const streams = [{ name: "USERS", subjects: ["user.>"] }];
  const reading = read(openOne({ jetstream: { url: large.url, authorization: {}, streams } }));
  await until(reading, sizes.length);
  expect(reading.deliveries.map(({ payload }) => payload.length)).toEqual(sizes);
  expect(problemCodes(reading.statuses)).toEqual([]);
  await reading.stop();
  await client.close();
});

it("loses nothing and repeats nothing while the server is killed again and again under load", async () => {
  await addStream();
  const reading = read(openOne());
  await reading.until(isSubscribed);
  const kills = (async () => {
    for (let round = 0; round < 4; round++) {
      await sleep(400);
      await server.kill();
      await server.restart();
    }
  })();
  for (let number = 1; number <= 6_000; ) {
    const batch = Array.from({ length: 100 }, (_, index) => String(number + index));
    try {
      const jetstream = manager.jetstream();
      await Promise.all(batch.map((text) => jetstream.publish("user.login", text, { msgID: text, timeout: 1_000 })));
      number += batch.length;
    } catch {
      await nats.close();
      await sleep(20);
      await reconnect().catch(() => undefined);
    }
  }
  await kills;
  const { state } = await (async () => {
    await nats.close();
    await reconnect();
    return manager.streams.info("USERS");
  })();
  await until(reading, state.messages);
  const sequences = reading.deliveries.map(({ position }) => position.sequence);
  expect(sequences).toEqual(Array.from({ length: state.messages }, (_, index) => index + 1));
  expect(new Set(texts(reading.deliveries)).size).toBe(6_000);
  expect(epochs(reading)).toBe(1);
});

it("notices a server that falls silent", async () => {
  await addStream();
  const sockets = new Set<Socket>();
  let silent = false;
  const proxy = createServer((client) => {
    const upstream = dial(server.port, "127.0.0.1");
    sockets.add(client).add(upstream);
    for (const socket of [client, upstream]) socket.on("error", () => undefined);
    client.on("data", (chunk) => silent || upstream.write(chunk));
    upstream.on("data", (chunk) => silent || client.write(chunk));
  }).listen(0, "127.0.0.1");
  await once(proxy, "listening");
  const { port } = proxy.address() as { port: number };
  const streams = [{ name: "USERS", subjects: ["user.>"] }];
  const reading = read(openOne({ jetstream: { url: `nats://127.0.0.1:${port}`, authorization: {}, streams } }));
  await reading.until(isSubscribed);
  silent = true;
  await publish(1, 1);
  await reading.until(({ statuses }) => statuses.at(-1)?.state === "degraded");
  for (const socket of sockets) socket.destroy();
  silent = false;
  await until(reading, 1);
  await reading.stop();
  for (const socket of sockets) socket.destroy();
  proxy.close();
});

for (const retention of [RetentionPolicy.Workqueue, RetentionPolicy.Interest]) {
  it(`acknowledges on a ${retention} stream what is settled, and nothing else`, async () => {
    await addStream({ retention });
    const stream = openOne();
    const reading = read(stream);
    await reading.until(isSubscribed);
    await publish(1, 10);
    await until(reading, 10);
    stream.settle(reading.deliveries[6]!.position);
    await expect.poll(async () => (await manager.streams.info("USERS")).state.messages).toBe(3);
    expect((await manager.streams.info("USERS")).state.first_seq).toBe(8);
  });

  it(`gives a ${retention} stream to the later leader, in order and whole, and the earlier one nothing more`, async () => {
    await addStream({ retention });
    const earlier = openOne();
    const first = read(earlier);
    await first.until(isSubscribed);
    await publish(1, 10);
    await until(first, 10);
    const done = first.deliveries[3]!.position;
    earlier.settle(first.deliveries[2]!.position); // The fourth is settled in the checkpoint, and not acknowledged.

    const second = read(openOne({}, { term: () => 2 }), done);
    await until(second, 6);
    await publish(11, 12);
    await until(second, 8);
    expect(texts(second.deliveries)).toEqual(["5", "6", "7", "8", "9", "10", "11", "12"]);
    expect(texts(first.deliveries)).toHaveLength(10);
    await first.until(({ statuses }) => statuses.at(-1)?.state === "degraded");
    const [consumer, ...others] = await manager.consumers.list("USERS").next();
    expect(others).toEqual([]);
    expect(consumer?.name).toMatch(/^sluice-s1-[0-9a-f]{8}-2-/);
  });

  it(`hands nothing of a ${retention} stream on twice when the server is killed before it is settled`, async () => {
    await addStream({ retention });
    const stream = openOne();
    const reading = read(stream);
    await reading.until(isSubscribed);
    await publish(1, 5);
    await until(reading, 5);
    stream.settle(reading.deliveries[1]!.position);
    await server.kill();
    await server.restart();
    await reconnect();
    await reading.until(isSubscribed);
    await publish(6, 8);
    await until(reading, 8);
    stream.settle(reading.deliveries[7]!.position);
    await expect.poll(async () => (await manager.streams.info("USERS")).state.messages).toBe(0);
    expect(texts(reading.deliveries)).toEqual(["1", "2", "3", "4", "5", "6", "7", "8"]);
  });
}

it("keeps what an interest stream got while nobody read it", async () => {
  await addStream({ retention: RetentionPolicy.Interest });
  const first = read(openOne());
  await first.until(isSubscribed);
  await publish(1, 2);
  await until(first, 2);
  await first.stop();
  await publish(3, 4);
  const second = read(openOne(), first.deliveries[1]!.position);
  await until(second, 2);
  expect(texts(second.deliveries)).toEqual(["3", "4"]);
});

it("reads again what a stream still holds, and of another one in its place that there is nothing", async () => {
  await addStream();
  await publish(1, 5);
  const stream = openOne();
  const reading = read(stream, undefined);
  await until(reading, 5);
  const upTo = reading.deliveries.at(-1)!.position;
  const again = () => stream.past!.read({ after: 2, upTo }, AbortSignal.timeout(20_000));

  const { deliveries, isEnd } = await again();
  expect({ texts: texts(deliveries), isEnd }).toEqual({ texts: ["3", "4", "5"], isEnd: true });
  expect(upTo).toMatchObject({ ...deliveries.at(-1)?.position });
  await manager.streams.delete("USERS");
  await expect(again(), "it may come back as it was").rejects.toMatchObject({ problem: { code: "NATS_STREAM" } });
  await addStream();
  expect(await again(), "what it will bring is read live").toEqual({ deliveries: [], isEnd: true });
  await publish(6, 6);
  await expect(again(), "until it is followed").rejects.toMatchObject({ problem: { code: "NATS_STREAM" } });
});

it("reads a journal whole from where it was first read, and puts a journal of the past aside", async () => {
  const core = { url: server.url, authorization: {}, subjects: ["user.>"] };
  const parts = { core, jetstream: { ...core, streams: [] } };
  const before = { epoch: "another", sequence: 77, time: "2030-01-01T00:00:00Z" };
  const first = openOne(parts);
  const reading = read(first, before);
  await reading.until(isSubscribed);
  for (const text of ["1", "2"]) nats.publish("user.login", text);
  await until(reading, 2);
  await first.close();

  // Nothing of it was pushed, and the state stands where it stood.
  const again = openOne(parts);
  const later = read(again, before);
  await until(later, 2);
  expect(texts(later.deliveries)).toEqual(["1", "2"]);
  await again.close();

  const past = read(openOne(parts), { ...before, epoch: "a third" });
  await past.until(isSubscribed);
  nats.publish("user.login", "3");
  await until(past, 1);
  expect(texts(past.deliveries)).toEqual(["3"]);
  expect(log.problems).toMatchObject([{ code: "JOURNAL_DAMAGED", severity: "warning" }]);
});

it("says that the journal is in use, and reads when it no longer is", async () => {
  const core = { url: server.url, authorization: {}, subjects: ["user.>"] };
  const parts = { core, jetstream: { ...core, streams: [] } };
  const journal = await openJournal(join(journals, "bus"));
  const reading = read(openOne(parts));
  await reading.until(({ statuses }) => statuses.at(-1)?.state === "degraded");
  expect(problemCodes(reading.statuses)).toEqual(["error JOURNAL_LOCKED"]);
  await journal.close();
  await reading.until(isSubscribed);
});

it("says that the user may not subscribe, or not use JetStream", async () => {
  const guarded = await startAnother({
    jetstream: true,
    config: `authorization { users: [ { user: a, password: b, permissions: { subscribe: ["_INBOX.>"], publish: ["nothing"] } } ] }`,
  });
  const endpoint = { url: guarded.url, authorization: { user: { user: "a", password: "b" } } };
  const parts = {
    core: { ...endpoint, subjects: ["user.>"] },
    jetstream: { ...endpoint, streams: [{ name: "USERS", subjects: ["user.login"] }] },
  };
  for (const reading of open(parts).map((stream) => read(stream))) {
    await reading.until(({ statuses }) => statuses.at(-1)?.state === "degraded");
    expect(problemCodes(reading.statuses)).toEqual(["error NATS_AUTH"]);
    await reading.stop();
  }
});
