/** A NATS user who may do no more than docs/operating.md lists reads streams of every retention, and core subjects. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { jetstreamManager, RetentionPolicy } from "@nats-io/jetstream";
import { connect, type NatsConnection } from "@nats-io/transport-node";
import { afterEach, describe, expect, it } from "vitest";
import { openJournal } from "../../src/adapters/journal/open-journal.ts";
import { openEventStreams } from "../../src/adapters/nats/open-event-streams.ts";
import type { NatsEndpoint } from "../../src/model/connection.ts";
import type { StreamPosition } from "../../src/model/delivery.ts";
import type { Problem } from "../../src/model/problem.ts";
import type { EventStream } from "../../src/ports/event-stream.ts";
import { codeBlocks, readPage, section } from "../docs/pages.ts";
import { createFakeLog, type FakeLog } from "../fakes/fake-log.ts";
import { type NatsServer, startNatsServer } from "../tools/nats-server.ts";
import { isSubscribed, type Reading, startReading, texts } from "./read-stream.ts";

const page = section(readPage("docs/operating.md"), "## Access to NATS");
const permissions = codeBlocks(page).find(({ language }) => language === "conf")?.text ?? "";
/** Up to the comment behind which stand those that only streams need whose consumers own messages. */
const permissionsForLimits = permissions.replace(/# Work-queue[\s\S]*?\]/, "]");

let server: NatsServer | undefined;
let admin: NatsConnection | undefined;
let stream: EventStream | undefined;
let directory: string | undefined;
let log: FakeLog;

afterEach(async () => {
  await stream?.close();
  await admin?.close();
  await server?.stop();
  if (directory !== undefined) await rm(directory, { recursive: true, force: true });
});

/** Makes the server write domain and account into the subjects of acknowledgements. */
const flag = "feature_flags { js_ack_fc_v2: true }";

async function start(userPermissions: string, more = ""): Promise<NatsEndpoint> {
  const users = `{ user: admin, password: a }, { user: sluice, password: s, ${userPermissions} }`;
  server = await startNatsServer({ jetstream: true, config: `authorization { users: [ ${users} ] }\n${more}` });
  admin = await connect({ servers: server.url, user: "admin", pass: "a" });
  directory = await mkdtemp(join(tmpdir(), "sluice-permissions-"));
  return { url: server.url, authorization: { user: { user: "sluice", password: "s" } } };
}

function open(connection: Partial<Parameters<typeof openEventStreams>[0]>): EventStream {
  log = createFakeLog();
  const streams = openEventStreams(
    { name: "bus", connectTo: new Map(), ...connection },
    {
      log,
      openJournal: (onTrouble) => openJournal(join(directory!, "journal"), { onTrouble }),
      stateId: () => "s1",
      term: () => 1,
    },
  );
  stream = streams[0]!;
  return stream;
}

it("the page has a list for all retentions, and a shorter one for limits", () => {
  expect(permissions).toContain("$JS.ACK.");
  expect(permissionsForLimits).not.toContain("$JS.ACK.");
  expect(permissionsForLimits).toContain("subscribe");
});

it.each([
  ["limits", RetentionPolicy.Limits, permissionsForLimits],
  ["work-queue", RetentionPolicy.Workqueue, permissions],
  ["interest", RetentionPolicy.Interest, permissions],
])("%s retention: read, settled and read on", async (_, retention, userPermissions) => {
  const endpoint = await start(userPermissions);
  const manager = await jetstreamManager(admin!);
  await manager.streams.add({ name: "ORDERS", subjects: ["orders.>"], retention });
  const opened = open({ jetstream: { ...endpoint, streams: [{ name: "ORDERS", subjects: ["orders.*"] }] } });

  const first = startReading(opened);
  await first.until(isSubscribed);
  admin!.publish("orders.new", "one");
  await first.until(({ deliveries }) => deliveries.length === 1);
  const position = first.deliveries[0]!.position;
  opened.settle(position);
  await first.stop();

  const second = startReading(opened, position);
  await second.until(isSubscribed);
  admin!.publish("orders.new", "two");
  await second.until(({ deliveries }) => deliveries.length === 1);
  opened.settle(second.deliveries[0]!.position);
  await second.stop();

  expect(texts([...first.deliveries, ...second.deliveries])).toEqual(["one", "two"]);
  expect([...first.statuses, ...second.statuses].filter(({ state }) => state === "degraded")).toEqual([]);
  if (retention === RetentionPolicy.Workqueue) {
    await expect.poll(async () => (await manager.streams.info("ORDERS")).state.messages).toBe(0);
  }
});

/** Reads, settles, and reads on; whatever is refused is said by a status or in the log. */
async function readTwice(endpoint: NatsEndpoint, retention: RetentionPolicy): Promise<readonly Problem[]> {
  const manager = await jetstreamManager(admin!);
  await manager.streams.add({ name: "ORDERS", subjects: ["orders.>"], retention });
  const opened = open({ jetstream: { ...endpoint, streams: [{ name: "ORDERS", subjects: ["orders.*"] }] } });
  const told = (reading: Reading) => [
    ...log.problems,
    ...reading.statuses.flatMap((status) => (status.state === "degraded" ? [status.problem] : [])),
  ];
  let position: StreamPosition | undefined;
  for (const text of ["one", "two"]) {
    const reading = startReading(opened, position);
    try {
      await reading.until(() => isSubscribed(reading) || told(reading).length > 0);
      admin!.publish("orders.new", text);
      await reading.until(({ deliveries }) => deliveries.length === 1 || told(reading).length > 0);
      position = reading.deliveries.at(-1)?.position;
      if (position !== undefined) opened.settle(position);
      await sleep(100);
    } finally {
      await reading.stop();
    }
    if (told(reading).length > 0) return told(reading);
  }
  return [];
}

const lines = (conf: string) => [...conf.matchAll(/"([^"]+)"/g)].map(([, line]) => line ?? "");
const domainAcks = "$JS.ACK.*.*.ORDERS.>";

describe("each line is needed, and named where it is missing", () => {
  it.each([
    ...lines(permissionsForLimits).map((line) => [RetentionPolicy.Limits, line] as const),
    ...lines(permissions).map((line) => [RetentionPolicy.Workqueue, line] as const),
    ...lines(permissions).map((line) => [RetentionPolicy.Interest, line] as const),
  ])("%s: %s", async (retention, line) => {
    const granted = retention === RetentionPolicy.Limits ? permissionsForLimits : permissions;
    const endpoint = await start(granted.replace(line, "nothing"), line === domainAcks ? flag : "");
    const problems = await readTwice(endpoint, retention);
    expect(problems[0]).toMatchObject({ code: "NATS_AUTH", message: expect.stringContaining(line) });
  });

  it.each([RetentionPolicy.Limits, RetentionPolicy.Workqueue, RetentionPolicy.Interest])(
    "%s: with all of them nothing is, acknowledgements by domain and account too",
    async (retention) => {
      expect(await readTwice(await start(permissions, flag), retention)).toEqual([]);
    },
  );
});

it("core subjects: subscribing to them is all", async () => {
  const endpoint = await start('permissions: { publish: [], subscribe: ["orders.*"] }');
  const opened = open({ core: { ...endpoint, subjects: ["orders.*"] } });
  const reading = startReading(opened);
  await reading.until(isSubscribed);
  admin!.publish("orders.new", "one");
  await reading.until(({ deliveries }) => deliveries.length === 1);
  await reading.stop();
  expect(texts(reading.deliveries)).toEqual(["one"]);
});
