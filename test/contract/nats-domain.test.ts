/** Streams in a JetStream domain other than the server's own: a leaf node's, or the hub's behind a leaf node. */
import { type JetStreamManager, jetstreamManager, RetentionPolicy } from "@nats-io/jetstream";
import { connect, type NatsConnection } from "@nats-io/transport-node";
import { afterEach, describe, expect, it } from "vitest";
import { openConnection } from "../../src/adapters/nats/open-event-streams.ts";
import { openPublisher } from "../../src/adapters/nats/open-publisher.ts";
import type { Connection } from "../../src/model/connection.ts";
import type { StreamPosition } from "../../src/model/delivery.ts";
import { createFakeLog, type FakeLog } from "../fakes/fake-log.ts";
import { findFreePort, type NatsServer, startNatsServer } from "../tools/nats-server.ts";
import { numbers } from "./nats-bench.ts";
import { isSubscribed, type Reading, startReading, texts } from "./read-stream.ts";

const { Interest, Limits, Workqueue } = RetentionPolicy;
const ending: (() => Promise<unknown>)[] = [];
let hub: NatsServer;
let leaf: NatsServer;
let log: FakeLog;
afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end();
});

/** A hub, and a leaf node of it, each with a JetStream domain of its own. */
async function startServers(more = ""): Promise<void> {
  const port = await findFreePort();
  hub = await startNatsServer({ domain: "hub", config: `leafnodes { listen: "127.0.0.1:${port}" }\n${more}` });
  ending.push(() => hub.stop());
  leaf = await startNatsServer({
    domain: "leaf",
    config: `leafnodes { remotes: [ { url: "nats://127.0.0.1:${port}" } ] }\n${more}`,
  });
  ending.push(() => leaf.stop());
  log = createFakeLog();
}

async function connectTo(server: NatsServer, domain: string): Promise<[NatsConnection, JetStreamManager]> {
  const nats = await connect({ servers: server.url });
  ending.push(() => nats.close());
  const manager = await jetstreamManager(nats, { checkAPI: false, domain });
  // Until the leaf node has found its hub, nobody answers for the other's domain.
  await expect.poll(() => manager.getAccountInfo().catch(() => undefined), { timeout: 30_000 }).toBeDefined();
  return [nats, manager];
}

function connectionTo(server: NatsServer, domain: string): Connection {
  const streams = [{ name: "USERS", subjects: ["user.>"] }];
  return { name: "bus", connectTo: new Map(), domain, jetstream: { url: server.url, authorization: {}, streams } };
}

async function read(server: NatsServer, domain: string, term: number, from?: StreamPosition) {
  const { streams, close } = openConnection(connectionTo(server, domain), {
    log,
    openJournal: () => Promise.reject(new Error("no core subjects")),
    stateId: () => "s1",
    term: () => term,
  });
  const reading = startReading(streams[0]!, from);
  let isOpen = true;
  const stop = async () => {
    if (!isOpen) return;
    isOpen = false;
    await reading.stop();
    await close();
  };
  ending.push(stop);
  await reading.until(isSubscribed);
  return { reading, stream: streams[0]!, stop };
}

const until = (reading: Reading, count: number) => reading.until(({ deliveries }) => deliveries.length >= count);

describe.each([
  { name: "the hub's, through the leaf node", dialled: () => leaf, domain: "hub" },
  { name: "the leaf node's, through the hub", dialled: () => hub, domain: "leaf" },
])("$name", ({ dialled, domain }) => {
  it.each([
    { retention: Limits, more: "" },
    { retention: Workqueue, more: "" },
    { retention: Interest, more: "" },
    { retention: Workqueue, more: "feature_flags { js_ack_fc_v2: true }" },
  ])("$retention $more: read, settled and read on", async ({ retention, more }) => {
    await startServers(more);
    const [, manager] = await connectTo(dialled(), domain);
    await manager.streams.add({ name: "USERS", subjects: ["user.>"], retention });
    const first = await read(dialled(), domain, 1);
    const publisher = openPublisher(connectionTo(dialled(), domain));
    ending.push(() => publisher.close());
    for (const text of numbers(1, 5)) await publisher.publish("user.login", Buffer.from(text));
    await until(first.reading, 5);
    first.stream.settle(first.reading.deliveries[2]!.position);
    if (retention !== Limits) {
      await expect.poll(async () => (await manager.streams.info("USERS")).state.messages, { timeout: 30_000 }).toBe(2);
    }
    await first.stop();

    const { position } = first.reading.deliveries[2]!;
    const again = await read(dialled(), domain, 2, position);
    await until(again.reading, 2);
    expect(texts([...first.reading.deliveries, ...again.reading.deliveries])).toEqual([
      "1",
      "2",
      "3",
      "4",
      "5",
      "4",
      "5",
    ]);
    expect([...first.reading.statuses, ...again.reading.statuses].filter(({ state }) => state === "degraded")).toEqual(
      [],
    );
    expect(log.problems).toEqual([]);
  });
});

it("a stream that is in another domain than the server's own: it says what to set", async () => {
  await startServers();
  const [, manager] = await connectTo(hub, "hub");
  await manager.streams.add({ name: "USERS", subjects: ["user.>"] });
  const { domain: _, ...connection } = connectionTo(leaf, "hub");
  const { streams, close } = openConnection(connection, {
    log,
    openJournal: () => Promise.reject(new Error("no core subjects")),
    stateId: () => "s1",
    term: () => 1,
  });
  ending.push(close);
  const reading = startReading(streams[0]!);
  ending.push(() => reading.stop());
  await reading.until(({ statuses }) => statuses.some(({ state }) => state === "degraded"));
  expect(reading.statuses.at(-1)).toMatchObject({
    problem: { code: "NATS_STREAM", hint: expect.stringContaining("set connections.*.domain") },
  });
});
