/** A NATS user who may do no more than docs/operating.md lists reads streams of every retention, and core subjects. */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { jetstreamManager, RetentionPolicy } from "@nats-io/jetstream";
import { connect, type NatsConnection } from "@nats-io/transport-node";
import { afterEach, expect, it } from "vitest";
import { openJournal } from "../../src/adapters/journal/open-journal.ts";
import { openEventStreams } from "../../src/adapters/nats/open-event-streams.ts";
import type { NatsEndpoint } from "../../src/model/connection.ts";
import type { EventStream } from "../../src/ports/event-stream.ts";
import { codeBlocks, readPage, section } from "../docs/pages.ts";
import { createFakeLog } from "../fakes/fake-log.ts";
import { type NatsServer, startNatsServer } from "../tools/nats-server.ts";
import { isSubscribed, startReading, texts } from "./read-stream.ts";

const page = section(readPage("docs/operating.md"), "## Access to NATS");
const permissions = codeBlocks(page).find(({ language }) => language === "conf")?.text ?? "";
/** Up to the comment behind which stand those that only streams need whose consumers own messages. */
const permissionsForLimits = permissions.replace(/# Work-queue[\s\S]*?\]/, "]");

let server: NatsServer | undefined;
let admin: NatsConnection | undefined;
let stream: EventStream | undefined;
let directory: string | undefined;

afterEach(async () => {
  await stream?.close();
  await admin?.close();
  await server?.stop();
  if (directory !== undefined) await rm(directory, { recursive: true, force: true });
});

async function start(userPermissions: string): Promise<NatsEndpoint> {
  const users = `{ user: admin, password: a }, { user: sluice, password: s, ${userPermissions} }`;
  server = await startNatsServer({ jetstream: true, config: `authorization { users: [ ${users} ] }` });
  admin = await connect({ servers: server.url, user: "admin", pass: "a" });
  directory = await mkdtemp(join(tmpdir(), "sluice-permissions-"));
  return { url: server.url, authorization: { user: { user: "sluice", password: "s" } } };
}

function open(connection: Partial<Parameters<typeof openEventStreams>[0]>): EventStream {
  const streams = openEventStreams(
    { name: "bus", connectTo: new Map(), ...connection },
    {
      log: createFakeLog(),
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

it("nothing else is allowed: the shorter list does not do for a work-queue stream", async () => {
  const endpoint = await start(permissionsForLimits);
  const manager = await jetstreamManager(admin!);
  await manager.streams.add({ name: "ORDERS", subjects: ["orders.>"], retention: RetentionPolicy.Workqueue });
  const opened = open({ jetstream: { ...endpoint, streams: [{ name: "ORDERS", subjects: [] }] } });
  const reading = startReading(opened);
  await reading.until(({ statuses }) => statuses.at(-1)?.state === "degraded");
  await reading.stop();
  expect(reading.statuses.at(-1)).toMatchObject({ problem: { code: "NATS_AUTH" } });
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
