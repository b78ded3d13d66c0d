/** The lease's contract over the fake and over a real nats-server, and what only the latter can show. */
import { Kvm } from "@nats-io/kv";
import { connect } from "@nats-io/transport-node";
import { expect, it } from "vitest";
import { openLease } from "../../src/adapters/nats/open-lease.ts";
import type { Connection } from "../../src/model/connection.ts";
import { SluiceError } from "../../src/model/problem.ts";
import { startNatsServer } from "../tools/nats-server.ts";
import { describeLease } from "./lease-contract.ts";

const bucket = "sluice-leases";

function connectionTo(url: string): Connection {
  return { name: "bus", connectTo: new Map(), core: { url, authorization: {}, subjects: [] } } as unknown as Connection;
}

describeLease("a NATS KV bucket", async () => {
  const server = await startNatsServer({ jetstream: true });
  const nats = await connect({ servers: server.url });
  return {
    connect: () => openLease({ connection: connectionTo(server.url), bucket, key: () => "state", callMsMax: 2_000 }),
    remove: async () => {
      await (await new Kvm(nats).open(bucket)).destroy();
    },
    close: async () => {
      await nats.close();
      await server.stop();
    },
  };
});

it("is asked in vain where the server is gone, in time, and again where it is back", async () => {
  const server = await startNatsServer({ jetstream: true });
  const lease = openLease({ connection: connectionTo(server.url), bucket, key: () => "state", callMsMax: 2_000 });
  try {
    const revision = await lease.write({ holder: "one", address: "here", count: 1 }, undefined);
    await server.kill();
    await expect(lease.read()).rejects.toThrow(SluiceError);
    await server.restart();
    await expect.poll(() => lease.read().catch(() => "no answer"), { timeout: 20_000 }).toMatchObject({ revision });
  } finally {
    await lease.close();
    await server.stop();
  }
});

it("says what is wrong where the server has no JetStream, or the bucket is somebody else's", async () => {
  const server = await startNatsServer({ jetstream: true });
  const plain = await startNatsServer({});
  const nats = await connect({ servers: server.url });
  const without = openLease({ connection: connectionTo(plain.url), bucket, key: () => "state", callMsMax: 2_000 });
  const foreign = openLease({
    connection: connectionTo(server.url),
    bucket: "other",
    key: () => "state",
    callMsMax: 2_000,
  });
  try {
    await (await new Kvm(nats).create("other")).put("state", "something else");
    await expect(without.read()).rejects.toMatchObject({ problem: { code: "NATS_STREAM" } });
    await expect(foreign.read()).rejects.toMatchObject({ problem: { code: "NATS_STREAM" } });
  } finally {
    await without.close();
    await foreign.close();
    await nats.close();
    await server.stop();
    await plain.stop();
  }
});
