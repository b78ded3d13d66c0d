/** A nats-server with a stream and readers of it, all of them gone after each test. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type JetStreamManager, jetstreamManager, type StreamConfig } from "@nats-io/jetstream";
import { connect, type NatsConnection } from "@nats-io/transport-node";
import { afterEach, beforeEach } from "vitest";
import { openJournal } from "../../src/adapters/journal/open-journal.ts";
import {
  type EventStreamOptions,
  type OpenConnection,
  openConnection,
} from "../../src/adapters/nats/open-event-streams.ts";
import type { Connection } from "../../src/model/connection.ts";
import type { EventStream } from "../../src/ports/event-stream.ts";
import { createFakeLog, type FakeLog } from "../fakes/fake-log.ts";
import { type NatsServer, type NatsServerOptions, startNatsServer } from "../tools/nats-server.ts";
import { type Reading, startReading } from "./read-stream.ts";

export interface NatsBench {
  readonly server: NatsServer;
  readonly nats: NatsConnection;
  readonly manager: JetStreamManager;
  readonly log: FakeLog;
  /** Creates the stream USERS, of `user.>` unless told otherwise. */
  addStream(config?: Partial<StreamConfig>): Promise<void>;
  /** Numbers as messages, both ends included. */
  publish(first: number, last: number, subject?: string): Promise<void>;
  /** A connection that reads USERS, closed after the test. */
  openAll(parts?: Partial<Connection>, options?: Partial<EventStreamOptions>): OpenConnection;
  open(parts?: Partial<Connection>, options?: Partial<EventStreamOptions>): EventStream;
  /** Reads of USERS only these subjects. */
  reading(...subjects: string[]): Partial<Connection>;
  read(...reading: Parameters<typeof startReading>): Reading;
  consumers(): Promise<readonly string[]>;
  messagesLeft(): Promise<number>;
  /** Messages of warnings and errors that were logged. */
  warnings(): readonly string[];
  /** Connects to the server anew, after it was restarted. */
  reconnect(): Promise<void>;
  restart(): Promise<void>;
  /** Ends what reads, in order, as a process that stops. */
  closeReaders(): Promise<void>;
}

/** What is behind it is made before each test of the file. */
export function useNatsBench(serverOptions: NatsServerOptions = { jetstream: true }): NatsBench {
  let server: NatsServer;
  let nats: NatsConnection;
  let manager: JetStreamManager;
  let log: FakeLog;
  let journals: string;
  const opened: OpenConnection[] = [];
  const readings: Reading[] = [];

  async function reconnect(): Promise<void> {
    await nats?.close();
    nats = await connect({ servers: server.url, reconnect: false });
    manager = await jetstreamManager(nats, { checkAPI: false });
  }

  async function closeReaders(): Promise<void> {
    for (const reading of readings.splice(0)) await reading.stop();
    for (const connection of opened.splice(0)) await connection.close();
  }

  function openAll(parts: Partial<Connection> = {}, options: Partial<EventStreamOptions> = {}): OpenConnection {
    const connection = { name: "bus", connectTo: new Map(), ...reading("user.>"), ...parts };
    const result = openConnection(connection, {
      log,
      openJournal: (onTrouble) => openJournal(join(journals, "bus"), { onTrouble }),
      stateId: () => "s1",
      term: () => 1,
      ...options,
    });
    opened.push(result);
    return result;
  }

  function reading(...subjects: string[]): Partial<Connection> {
    return { jetstream: { url: server.url, authorization: {}, streams: [{ name: "USERS", subjects }] } };
  }

  beforeEach(async () => {
    server = await startNatsServer(serverOptions);
    journals = await mkdtemp(join(tmpdir(), "sluice-journal-"));
    log = createFakeLog();
    await reconnect();
  });
  afterEach(async () => {
    await closeReaders();
    await nats.close();
    await server.stop();
    await rm(journals, { recursive: true, force: true });
  });

  return {
    get server() {
      return server;
    },
    get nats() {
      return nats;
    },
    get manager() {
      return manager;
    },
    get log() {
      return log;
    },
    async addStream(config = {}) {
      await manager.streams.add({ name: "USERS", subjects: ["user.>"], ...config });
    },
    async publish(first, last, subject = "user.login") {
      for (let number = first; number <= last; number++) await manager.jetstream().publish(subject, String(number));
    },
    openAll,
    open(parts, options) {
      const [stream] = openAll(parts, options).streams;
      if (stream === undefined) throw new Error("no stream");
      return stream;
    },
    reading,
    read(...reading) {
      const begun = startReading(...reading);
      readings.push(begun);
      return begun;
    },
    async consumers() {
      return (await manager.consumers.list("USERS").next()).map(({ name }) => name);
    },
    messagesLeft: async () => (await manager.streams.info("USERS")).state.messages,
    warnings: () => log.problems.map(({ message }) => message),
    reconnect,
    async restart() {
      await nats.close();
      await server.kill();
      await server.restart();
      await reconnect();
    },
    closeReaders,
  };
}

/** `"first"` to `"last"`, as publish makes them. */
export function numbers(first: number, last: number): string[] {
  return Array.from({ length: last - first + 1 }, (_, index) => String(first + index));
}

export const until = (reading: Reading, count: number) => reading.until(({ deliveries }) => deliveries.length >= count);
