/** Every way to authenticate, against a server that demands it, over core NATS and JetStream; and how each one fails. */
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { jetstreamManager } from "@nats-io/jetstream";
import { nkeys } from "@nats-io/transport-node";
import { afterEach, describe, expect, it } from "vitest";
import { openJournal } from "../../src/adapters/journal/open-journal.ts";
import { createNatsLink } from "../../src/adapters/nats/nats-link.ts";
import { openEventStreams } from "../../src/adapters/nats/open-event-streams.ts";
import { openPublisher } from "../../src/adapters/nats/open-publisher.ts";
import type { Connection, NatsAuthorization } from "../../src/model/connection.ts";
import type { EventStream } from "../../src/ports/event-stream.ts";
import { createFakeLog } from "../fakes/fake-log.ts";
import { findProjectRoot } from "../tools/find-project-root.ts";
import { type NatsServer, startNatsServer } from "../tools/nats-server.ts";
import { createOperator } from "./nats-jwt.ts";
import { isSubscribed, type Reading, startReading, texts } from "./read-stream.ts";

const fixtures = `${findProjectRoot()}/test/fixtures/nats`;
const pem = (name: string) => readFileSync(`${fixtures}/${name}`, "utf8");
const certificate = (name: string) => ({ certPem: pem(`${name}.pem`), keyPem: pem(`${name}.key`) });
const rootCA = pem("authority.pem");
/** The host that the server's certificate names besides 127.0.0.1. */
const inCluster = "nats.nats.svc.cluster.local";

function tlsConfig(server: string, verify: boolean, more = ""): string {
  return `tls { ${more}
    cert_file: "${fixtures}/${server}.pem", key_file: "${fixtures}/${server}.key"
    ca_file: "${fixtures}/authority.pem", verify: ${verify} }`;
}

const user = nkeys.createUser();
const nkeySeed = new TextDecoder().decode(user.getSeed());
const operator = createOperator();
const known = operator.createUser();
const revoked = operator.createUser();

interface Case {
  readonly name: string;
  readonly config: string;
  readonly authorization: NatsAuthorization;
  /** Default: 127.0.0.1. Another one is dialled there by connectTo. */
  readonly host?: string;
  readonly scheme?: string;
  /** `user@` of the url. */
  readonly userInfo?: string;
  /** The connection begins with the TLS handshake. */
  readonly handshakeFirst?: boolean;
}

const password = 'authorization { user: admin, password: "my-password" }';
const token = 'authorization { token: "s3cret" }';
const nkey = `authorization { users: [ { nkey: ${user.getPublicKey()} } ] }`;
const jwt = operator.config([revoked]);
const silent = tlsConfig("server", true, "handshake_first: true");
const identity = { clientCert: certificate("client"), rootCA };

const working: Case[] = [
  { name: "no authentication", config: "", authorization: {} },
  {
    name: "user and password",
    config: password,
    authorization: { user: { user: "admin", password: "my-password" } },
  },
  { name: "user and password in the url", config: password, authorization: {}, userInfo: "admin:my-password@" },
  { name: "token", config: token, authorization: { token: "s3cret" } },
  { name: "nkey", config: nkey, authorization: { nkeySeed } },
  { name: "NATS credentials", config: jwt, authorization: { credentials: known.credentials } },
  {
    name: "mTLS with a root CA, by address",
    config: tlsConfig("server", true),
    authorization: { clientCert: certificate("client"), rootCA },
  },
  {
    name: "mTLS with a root CA, by a name that is dialled elsewhere",
    config: tlsConfig("server", true),
    authorization: { clientCert: certificate("client"), rootCA },
    host: inCluster,
  },
  { name: "TLS with a root CA", config: tlsConfig("server", false), authorization: { rootCA }, scheme: "tls" },
  {
    name: "mTLS before all else, by address",
    config: silent,
    authorization: identity,
    handshakeFirst: true,
  },
  {
    name: "mTLS before all else, by a name that is dialled elsewhere, with user and password",
    config: `${silent}\n${password}`,
    authorization: { ...identity, user: { user: "admin", password: "my-password" } },
    host: inCluster,
    handshakeFirst: true,
  },
  {
    name: "mTLS, user and password",
    config: `${tlsConfig("server", true)}\n${password}`,
    authorization: { clientCert: certificate("client"), rootCA, user: { user: "admin", password: "my-password" } },
  },
];

const failing: (Case & { readonly says: RegExp })[] = [
  { name: "no credentials", config: password, authorization: {}, says: /has none/ },
  {
    name: "a wrong password",
    config: password,
    authorization: { user: { user: "admin", password: "wrong" } },
    says: /refuses the user "admin" and password/,
  },
  { name: "a wrong token", config: token, authorization: { token: "wrong" }, says: /refuses the token/ },
  {
    name: "another nkey",
    config: nkey,
    authorization: { nkeySeed: new TextDecoder().decode(nkeys.createUser().getSeed()) },
    says: /refuses the nkey/,
  },
  { name: "no nkey", config: nkey, authorization: { nkeySeed: "SUNONSENSE" }, says: /nkey can't be read/ },
  {
    name: "credentials of another operator",
    config: jwt,
    authorization: { credentials: createOperator().createUser().credentials },
    says: /refuses the NATS credentials/,
  },
  {
    name: "revoked credentials",
    config: jwt,
    authorization: { credentials: revoked.credentials },
    says: /refuses the NATS credentials|revoked/,
  },
  {
    name: "expired credentials",
    config: jwt,
    authorization: { credentials: operator.createUser(1_700_000_000).credentials },
    says: /expired at 2023-11-14/,
  },
  { name: "no credentials file", config: jwt, authorization: { credentials: "hello" }, says: /can't be read/ },
  {
    name: "an unknown authority of the server",
    config: tlsConfig("server", true),
    authorization: { clientCert: certificate("client") },
    says: /unknown certificate authority/,
  },
  {
    name: "an expired certificate of the server",
    config: tlsConfig("server-expired", true),
    authorization: { clientCert: certificate("client"), rootCA },
    says: /server's certificate has expired/,
  },
  {
    name: "a certificate of the server for another host",
    config: tlsConfig("server", true),
    authorization: { clientCert: certificate("client"), rootCA },
    host: "nats.example.com",
    says: /for another host/,
  },
  {
    name: "an expired client certificate",
    config: tlsConfig("server", true),
    authorization: { clientCert: certificate("client-expired"), rootCA },
    says: /client certificate expired at 2024-02-01/,
  },
  {
    name: "a client certificate of an unknown authority",
    config: tlsConfig("server", true),
    authorization: { clientCert: certificate("client-unknown"), rootCA },
    says: /does not accept the client certificate/, // In the server's words, or guessed.
  },
  {
    name: "no client certificate",
    config: tlsConfig("server", true),
    authorization: { rootCA },
    says: /wants a client certificate/, // In the server's words, or guessed.
  },
  {
    name: "a key of another certificate",
    config: tlsConfig("server", true),
    authorization: { clientCert: { ...certificate("client"), keyPem: pem("client-unknown.key") }, rootCA },
    says: /is not the key of certPem/,
  },
  {
    name: "no certificate",
    config: tlsConfig("server", true),
    authorization: { clientCert: { certPem: "hello", keyPem: pem("client.key") }, rootCA },
    says: /is not a certificate/,
  },
  {
    name: "TLS that the server does not offer",
    config: "",
    authorization: { rootCA },
    says: /does not offer it/,
  },
  {
    name: "a handshake that the server does not begin with",
    config: tlsConfig("server", true),
    authorization: identity,
    handshakeFirst: true,
    says: /does not begin with the TLS handshake/,
  },
  {
    name: "a wrong password behind the handshake",
    config: `${silent}\n${password}`,
    authorization: { ...identity, user: { user: "admin", password: "wrong" } },
    handshakeFirst: true,
    says: /refuses the user "admin" and password/,
  },
  {
    name: "a certificate for another host before all else",
    config: silent,
    authorization: identity,
    host: "other.example.com",
    handshakeFirst: true,
    says: /is for another host|names/,
  },
  {
    name: "no client certificate before all else",
    config: silent,
    authorization: { rootCA },
    handshakeFirst: true,
    says: /client certificate/,
  },
];

function connectionTo(server: NatsServer, example: Case): Connection {
  const { authorization, host, scheme, userInfo, handshakeFirst } = example;
  const dial = `127.0.0.1:${server.port}`;
  const configured = host === undefined ? dial : `${host}:4222`;
  const endpoint = { url: `${scheme ?? "nats"}://${userInfo ?? ""}${configured}`, authorization };
  return {
    name: "bus",
    connectTo: host === undefined ? new Map() : new Map([[configured, dial]]),
    ...(handshakeFirst === undefined ? {} : { handshakeFirst }),
    core: { ...endpoint, subjects: ["core.>"] },
    jetstream: { ...endpoint, streams: [{ name: "USERS", subjects: ["user.>"] }] },
  };
}

let server: NatsServer | undefined;
let streams: readonly EventStream[] = [];
let readings: Reading[] = [];

afterEach(async () => {
  for (const reading of readings) await reading.stop();
  for (const stream of streams) await stream.close();
  await server?.stop();
});

function open(connection: Connection, rereadConnection?: () => Promise<Connection>): Reading[] {
  const directory = `${server?.directory}/journal`;
  streams = openEventStreams(connection, {
    log: createFakeLog(),
    openJournal: (onTrouble) => openJournal(directory, { onTrouble }),
    stateId: () => "s1",
    term: () => 1,
    ...(rereadConnection === undefined ? {} : { rereadConnection }),
  });
  readings = streams.map((stream) => startReading(stream));
  return readings;
}

function start({ config }: Case): Promise<NatsServer> {
  return startNatsServer({ jetstream: true, config, isSilentFirst: config.includes("handshake_first") });
}

async function createStream(connection: Connection): Promise<void> {
  const link = createNatsLink("test", undefined, async () => ({ endpoint: connection.jetstream!, connection }));
  const manager = await jetstreamManager((await link.connect()).connection);
  await manager.streams.add({ name: "USERS", subjects: ["user.>"] });
  await link.release();
}

describe("reading and publishing with", () => {
  for (const example of working) {
    it(example.name, async () => {
      server = await start(example);
      const connection = connectionTo(server, example);
      await createStream(connection);
      const [stream, journal] = open(connection);
      await stream!.until(isSubscribed);
      await journal!.until(isSubscribed);

      const publisher = openPublisher(connection);
      await publisher.publish("user.login", new TextEncoder().encode("stored"));
      await publisher.publish("core.login", new TextEncoder().encode("passing"), new Map([["ce-id", "1"]]));
      await publisher.close();
      await stream!.until(({ deliveries }) => deliveries.length > 0);
      await journal!.until(({ deliveries }) => deliveries.length > 0);

      expect(texts(stream!.deliveries)).toEqual(["stored"]);
      expect(texts(journal!.deliveries)).toEqual(["passing"]);
      expect(journal!.deliveries[0]?.headers).toEqual(new Map([["ce-id", ["1"]]]));
    });
  }
});

describe("what a user is told of", () => {
  for (const example of failing) {
    it(example.name, async () => {
      server = await start(example);
      for (const reading of open(connectionTo(server, example))) {
        await reading.until(({ statuses }) => statuses.some(({ state }) => state === "degraded"));
        const status = reading.statuses.at(-1);
        const problem = status?.state === "degraded" ? status.problem : undefined;
        expect(problem).toMatchObject({
          code: "NATS_AUTH",
          severity: "error",
          message: expect.stringMatching(example.says),
        });
        expect(problem?.hint).toMatch(/\S/);
        expect(JSON.stringify(problem)).not.toMatch(/my-password|s3cret|"wrong"|BEGIN/);
      }
    });
  }
});

it("a server that wants the handshake first, and a connection that waits for a greeting: it says what to set", async () => {
  server = await start({ name: "", config: silent, authorization: identity });
  const [stream] = open(connectionTo(server, { name: "", config: silent, authorization: identity }));
  await stream!.until(({ statuses }) => statuses.some(({ state }) => state === "degraded"));
  expect(stream!.statuses.at(-1)).toMatchObject({
    problem: { code: "NATS_UNAVAILABLE", hint: expect.stringContaining("set connections.*.handshakeFirst") },
  });
});

it("reads credentials again for every attempt, and goes on when they are right", async () => {
  server = await startNatsServer({ jetstream: true, config: password });
  const right = connectionTo(server, working[1]!);
  await createStream(right);
  let current = connectionTo(server, failing[1]!);
  const opened = open(current, async () => current);
  for (const reading of opened) {
    await reading.until(({ statuses }) => statuses.some(({ state }) => state === "degraded"));
  }

  current = right;
  for (const reading of opened) await reading.until(isSubscribed);
});

it("outlives refusals while it runs, however many", async () => {
  server = await startNatsServer({ jetstream: true, config: password });
  const connection = connectionTo(server, working[1]!);
  await createStream(connection);
  const opened = open(connection);
  for (const reading of opened) await reading.until(isSubscribed);

  await server.configure(token);
  await server.restart();
  for (const reading of opened) {
    await reading.until(({ statuses }) =>
      statuses.some((s) => s.state === "degraded" && s.problem.code === "NATS_AUTH"),
    );
  }
  await sleep(1_500);
  await server.configure(password);
  await server.restart();
  for (const reading of opened) await reading.until(isSubscribed);
});

it("goes on with new credentials when the server ends a connection because they have expired", async () => {
  server = await startNatsServer({ jetstream: true, config: jwt });
  const short = operator.createUser(Math.floor(Date.now() / 1000) + 3).credentials;
  const withCredentials = (credentials: string) =>
    connectionTo(server!, { name: "", config: "", authorization: { credentials } });
  await createStream(withCredentials(known.credentials));
  let current = withCredentials(short);
  const opened = open(current, async () => current);
  for (const reading of opened) await reading.until(isSubscribed);
  for (const reading of opened) {
    await reading.until(({ statuses }) =>
      statuses.some((s) => s.state === "degraded" && s.problem.code === "NATS_AUTH"),
    );
  }

  current = withCredentials(known.credentials);
  for (const reading of opened) await reading.until(isSubscribed);
});
