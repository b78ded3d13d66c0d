/** What every EventStream promises: the fake, JetStream with each retention, and the journal of core NATS. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { jetstreamManager, RetentionPolicy } from "@nats-io/jetstream";
import { connect, headers as createHeaders, type NatsConnection } from "@nats-io/transport-node";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openJournal } from "../../src/adapters/journal/open-journal.ts";
import { openEventStreams } from "../../src/adapters/nats/open-event-streams.ts";
import type { Connection } from "../../src/model/connection.ts";
import type { StreamPosition } from "../../src/model/delivery.ts";
import type { EventStream } from "../../src/ports/event-stream.ts";
import { createFakeEventStream } from "../fakes/fake-event-stream.ts";
import { createFakeLog } from "../fakes/fake-log.ts";
import { type NatsServer, startNatsServer } from "../tools/nats-server.ts";
import { isSubscribed, type Reading, startReading, texts } from "./read-stream.ts";

/** A stream under test, and what can be done to it. */
interface Subject {
  /** The stream as a new process opens it; the one before is closed. */
  open(): Promise<EventStream>;
  publish(subject: string, payload: string, headers?: Record<string, string>): Promise<void>;
  /** Stops and starts what delivers. */
  restart(): Promise<void>;
  dispose(): Promise<void>;
}

/** A stream on a server, which can be replaced, and whose consumer can be asked what it has. */
interface StoredSubject extends Subject {
  /** Deletes and creates the stream. */
  recreate(): Promise<void>;
}

interface ServerSubject extends StoredSubject {
  publishMany(count: number): Promise<void>;
  /** How many messages the server has sent to the reader. */
  countDelivered(): Promise<number>;
}

/** What a reader that does not read may have been sent: twice what is asked for ahead. */
const aheadMessagesMax = 2 * 4_096;

async function fakeSubject(): Promise<StoredSubject> {
  const stream = createFakeEventStream();
  return {
    open: async () => stream,
    publish: async (subject, payload, headers = {}) => {
      stream.publish(subject, payload, new Map(Object.entries(headers).map(([name, value]) => [name, [value]])));
    },
    restart: async () => {
      stream.fail({ code: "NATS_UNAVAILABLE", severity: "error", message: "the connection was lost" });
      await sleep(20);
      stream.recover();
    },
    recreate: async () => stream.recreate(),
    dispose: async () => undefined,
  };
}

const connectionName = "bus";

async function jetStreamSubject(retention: RetentionPolicy): Promise<ServerSubject> {
  const server = await startNatsServer({ jetstream: true });
  const endpoint = { url: server.url, authorization: {} };
  const connection: Connection = {
    name: connectionName,
    connectTo: new Map(),
    jetstream: { ...endpoint, streams: [{ name: "USERS", subjects: ["user.>"] }] },
  };
  const create = () =>
    withConnection(server, async (nats) => {
      const manager = await jetstreamManager(nats);
      await manager.streams.add({ name: "USERS", subjects: ["user.>"], retention });
    });
  await create();
  const opener = createOpener(connection, join(server.directory, "journal"));
  return {
    open: opener.open,
    publish: (subject, payload, headers = {}) =>
      withConnection(server, async (nats) => {
        const manager = await jetstreamManager(nats);
        await manager.jetstream().publish(subject, payload, { headers: toHeaders(headers) });
      }),
    publishMany: (count) =>
      withConnection(server, async (nats) => {
        for (let number = 0; number < count; number++) nats.publish("user.login", String(number));
        await nats.flush();
      }),
    restart: () => server.restart(),
    recreate: async () => {
      await withConnection(server, async (nats) => (await jetstreamManager(nats)).streams.delete("USERS"));
      await create();
    },
    countDelivered: () =>
      withConnection(server, async (nats) => {
        const manager = await jetstreamManager(nats);
        const [consumer] = await manager.consumers.list("USERS").next();
        return consumer?.delivered.consumer_seq ?? 0;
      }),
    dispose: async () => {
      await opener.close();
      await server.stop();
    },
  };
}

async function journalSubject(): Promise<Subject> {
  const server = await startNatsServer();
  const connection: Connection = {
    name: connectionName,
    connectTo: new Map(),
    core: { url: server.url, authorization: {}, subjects: ["user.>", "user.login", "other"] },
  };
  const directory = await mkdtemp(join(tmpdir(), "sluice-journal-"));
  const opener = createOpener(connection, directory);
  return {
    open: opener.open,
    publish: (subject, payload, headers = {}) =>
      withConnection(server, async (nats) => {
        nats.publish(subject, payload, { headers: toHeaders(headers) });
        await nats.flush();
      }),
    restart: () => server.restart(),
    dispose: async () => {
      await opener.close();
      await server.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

function createOpener(connection: Connection, directory: string) {
  let stream: EventStream | undefined;
  return {
    async open(): Promise<EventStream> {
      await stream?.close();
      [stream] = openEventStreams(connection, {
        log: createFakeLog(),
        openJournal: (onTrouble) => openJournal(directory, { onTrouble }),
        stateId: () => "s1",
        term: () => 1,
      });
      if (stream === undefined) throw new Error("no stream");
      return stream;
    },
    close: async () => stream?.close(),
  };
}

async function withConnection<T>(server: NatsServer, use: (nats: NatsConnection) => Promise<T>): Promise<T> {
  const nats = await connect({ servers: server.url });
  try {
    return await use(nats);
  } finally {
    await nats.close();
  }
}

function toHeaders(headers: Record<string, string>) {
  const written = createHeaders();
  for (const [name, value] of Object.entries(headers)) written.append(name, value);
  return written;
}

const readings: Reading[] = [];

async function read(stream: EventStream, from?: StreamPosition): Promise<Reading> {
  const reading = startReading(stream, from);
  readings.push(reading);
  await reading.until(isSubscribed);
  return reading;
}

async function publishAll(subject: Subject, first: number, last: number): Promise<void> {
  for (let number = first; number <= last; number++) await subject.publish("user.login", String(number));
}

/** A fresh subject for each test of a block, as a function because it is there only when the test runs. */
function useSubject<S extends Subject>(create: () => Promise<S>): () => S {
  let subject: S;
  beforeEach(async () => {
    subject = await create();
  });
  afterEach(async () => {
    for (const reading of readings.splice(0)) await reading.stop();
    await subject.dispose();
  });
  return () => subject;
}

const limits = () => jetStreamSubject(RetentionPolicy.Limits);
const workQueue = () => jetStreamSubject(RetentionPolicy.Workqueue);
const interest = () => jetStreamSubject(RetentionPolicy.Interest);

describe.each<{ kind: string; create: () => Promise<Subject> }>([
  { kind: "the fake", create: fakeSubject },
  { kind: "JetStream, limits", create: limits },
  { kind: "JetStream, work queue", create: workQueue },
  { kind: "JetStream, interest", create: interest },
  { kind: "the journal", create: journalSubject },
])("$kind", ({ create }) => {
  const subject = useSubject(create);

  it("hands on what arrives, in order, with everything that it came with", async () => {
    const stream = await subject().open();
    const reading = await read(stream);

    await subject().publish("user.login", "one", { "ce-type": "login", "Ce-Id": "a b" });
    await subject().publish("user.logout", "two");
    await reading.until(({ deliveries }) => deliveries.length >= 2);

    const [one, two] = reading.deliveries;
    expect(one).toMatchObject({ connection: "bus", stream: stream.name, subject: "user.login" });
    expect(one?.headers).toEqual(
      new Map([
        ["ce-type", ["login"]],
        ["Ce-Id", ["a b"]],
      ]),
    );
    expect(two).toMatchObject({ subject: "user.logout", headers: new Map() });
    expect(texts(reading.deliveries)).toEqual(["one", "two"]);
    expect(two?.position.epoch).toBe(one?.position.epoch);
    expect(two!.position.sequence).toBeGreaterThan(one!.position.sequence);
    expect(Date.parse(one!.position.time)).not.toBeNaN();
  });

  it("resumes behind a position after a restart of the reader: nothing twice, nothing missing", async () => {
    const first = await read(await subject().open());
    await publishAll(subject(), 1, 9);
    await first.until(({ deliveries }) => deliveries.length === 9);
    await first.stop();
    const from = first.deliveries[3]!.position;

    const stream = await subject().open();
    stream.settle(from);
    const second = await read(stream, from);
    await publishAll(subject(), 10, 12);
    await second.until(({ deliveries }) => deliveries.length >= 8);

    expect(texts(second.deliveries)).toEqual(["5", "6", "7", "8", "9", "10", "11", "12"]);
    expect(second.deliveries[0]?.position).toEqual(first.deliveries[4]?.position);
  });

  it("hands nothing on twice that was settled, whatever the reading begins from", async () => {
    const stream = await subject().open();
    const first = await read(stream);
    await publishAll(subject(), 1, 6);
    await first.until(({ deliveries }) => deliveries.length === 6);
    const done = first.deliveries[3]!.position;
    stream.settle(done);
    await publishAll(subject(), 7, 8);
    await first.until(({ deliveries }) => deliveries.length === 8);
    await first.stop();

    const second = await read(await subject().open(), done);
    await second.until(({ deliveries }) => deliveries.length >= 4);

    expect(texts(second.deliveries)).toEqual(["5", "6", "7", "8"]);
  });

  it("ends when aborted, and can be read again", async () => {
    const stream = await subject().open();
    const first = await read(stream);
    await publishAll(subject(), 1, 2);
    await first.until(({ deliveries }) => deliveries.length === 2);
    await first.stop();

    const second = await read(stream, first.deliveries[0]!.position);
    await publishAll(subject(), 3, 3);
    await second.until(({ deliveries }) => deliveries.length >= 2);
    expect(texts(second.deliveries)).toEqual(["2", "3"]);
  });

  it("ends its readings when closed", async () => {
    const stream = await subject().open();
    const reading = await read(stream);
    await stream.close();
    await reading.stop();
    expect(reading.deliveries).toEqual([]);
  });

  it("goes on by itself after the server was restarted", async () => {
    const reading = await read(await subject().open());
    await publishAll(subject(), 1, 3);
    await reading.until(({ deliveries }) => deliveries.length === 3);

    await subject().restart();
    await reading.until(({ statuses }) => statuses.some(({ state }) => state === "degraded"));
    await reading.until(isSubscribed);
    await publishAll(subject(), 4, 6);
    await reading.until(({ deliveries }) => deliveries.length >= 6);

    expect(texts(reading.deliveries)).toEqual(["1", "2", "3", "4", "5", "6"]);
  });
});

describe.each<{ kind: string; create: () => Promise<StoredSubject> }>([
  { kind: "the fake", create: fakeSubject },
  { kind: "JetStream, limits", create: limits },
  { kind: "JetStream, work queue", create: workQueue },
  { kind: "JetStream, interest", create: interest },
])("$kind, created anew", ({ create }) => {
  const subject = useSubject(create);

  it("reads on in a stream that was created anew, and calls it another epoch", async () => {
    const reading = await read(await subject().open());
    await publishAll(subject(), 1, 3);
    await reading.until(({ deliveries }) => deliveries.length === 3);

    await subject().recreate();
    await sleep(500); // An interest stream keeps only what comes while it has a consumer.
    await reading.until(isSubscribed);
    await publishAll(subject(), 4, 5);
    await reading.until(({ deliveries }) => deliveries.length >= 5);

    expect(texts(reading.deliveries)).toEqual(["1", "2", "3", "4", "5"]);
    const [, , before, after] = reading.deliveries.map(({ position }) => position);
    expect(after?.epoch).not.toBe(before?.epoch);
  });
});

describe.each<{ kind: string; create: () => Promise<StoredSubject> }>([
  { kind: "the fake", create: fakeSubject },
  { kind: "JetStream, limits", create: limits },
  { kind: "JetStream, work queue", create: workQueue },
])("$kind, which keeps what nobody reads", ({ create }) => {
  const subject = useSubject(create);

  it("finds a stream that was created anew while nobody read it, and resumes by time", async () => {
    const first = await read(await subject().open());
    await publishAll(subject(), 1, 3);
    await first.until(({ deliveries }) => deliveries.length === 3);
    await first.stop();

    await subject().recreate();
    await publishAll(subject(), 4, 5);
    const second = await read(await subject().open(), first.deliveries[2]!.position);
    await second.until(({ deliveries }) => deliveries.length >= 2);

    expect(texts(second.deliveries)).toEqual(["4", "5"]);
    expect(second.deliveries[0]?.position.epoch).not.toBe(first.deliveries[2]?.position.epoch);
  });
});

describe.each<{ kind: string; create: () => Promise<ServerSubject> }>([
  { kind: "JetStream, limits", create: limits },
  { kind: "JetStream, work queue", create: workQueue },
  { kind: "JetStream, interest", create: interest },
])("$kind, under load", ({ create }) => {
  const subject = useSubject(create);

  it("reads ahead only as far as its bounds allow", async () => {
    const stream = await subject().open();
    const abort = new AbortController();
    const iterator = stream.read(undefined, abort.signal, () => undefined)[Symbol.asyncIterator]();
    const first = iterator.next();
    await sleep(300);
    await subject().publishMany(20_000);
    await first;
    await sleep(1_000);

    const delivered = await subject().countDelivered();
    expect(delivered).toBeGreaterThan(0);
    expect(delivered).toBeLessThanOrEqual(aheadMessagesMax);
    abort.abort();
    await iterator.return?.();
  });
});
