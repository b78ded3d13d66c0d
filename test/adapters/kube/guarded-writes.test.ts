/** Writes that wait or are sent again are held against the guard when they are sent; leases wait for none of them. */
import type { ServerResponse } from "node:http";
import { afterEach, beforeEach, expect, it } from "vitest";
import { guardWriter } from "../../../src/apply/guarded-writer.ts";
import { SluiceError } from "../../../src/model/problem.ts";
import type { Cluster, ObjectRef } from "../../../src/ports/cluster.ts";
import { createFakeClock } from "../../fakes/fake-clock.ts";
import { KubeSite } from "./kube-site.ts";

let site: KubeSite;
let cluster: Cluster;
let held: ServerResponse[];
let patches: number;
let answerPatch: (response: ServerResponse) => void;

beforeEach(async () => {
  held = [];
  patches = 0;
  answerPatch = (response) => held.push(response);
  site = await KubeSite.open((response, { method }) => {
    if (method === "PATCH") {
      patches++;
      return answerPatch(response);
    }
    response.end(JSON.stringify({ metadata: { resourceVersion: "1" }, spec: { holderIdentity: "me" } }));
  });
  cluster = site.connect();
});
afterEach(() => site.close());

const kind = { group: "", version: "v1", kind: "ConfigMap", plural: "configmaps", isNamespaced: true };
const ref = (index: number): ObjectRef => ({ kind, namespace: "default", name: `a${index}` });
const succeed = (response: ServerResponse) =>
  response.end(JSON.stringify({ metadata: { name: "a", uid: "u", resourceVersion: "1" } }));
const until = async (holds: () => boolean) => {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5));
};
const lost = () => {
  throw new SluiceError({ code: "APPLIER_ELSEWHERE", message: "lost" });
};

it("what waited in line while the lease was lost is not sent, and the lease itself never waits in line", async () => {
  let assertHeld = () => {};
  const writer = guardWriter(cluster, () => assertHeld(), createFakeClock());
  const writes = Array.from({ length: 12 }, (_, index) => writer.apply(ref(index), new Map(), "sluice"));
  const settled = Promise.allSettled(writes);
  await until(() => held.length === 8);
  expect((await cluster.readLease({ namespace: "default", name: "l" }))?.holder).toBe("me");
  assertHeld = lost;
  for (const response of held) succeed(response);
  const results = await settled;
  expect(results.map(({ status }) => status)).toEqual([
    ...Array.from({ length: 8 }, () => "fulfilled"),
    ...Array.from({ length: 4 }, () => "rejected"),
  ]);
  expect(patches).toBe(8);
});

it("what the server was too busy for is not sent again once the lease is lost", async () => {
  let assertHeld = () => {};
  answerPatch = (response) => {
    assertHeld = lost;
    response.writeHead(503).end("{}");
  };
  const writer = guardWriter(cluster, () => assertHeld(), createFakeClock());
  await expect(writer.apply(ref(0), new Map(), "sluice")).rejects.toMatchObject({
    problem: { code: "APPLIER_ELSEWHERE" },
  });
  expect(patches).toBe(1);
});

it("who ends waits for what is under way, and nothing follows it", async () => {
  const writer = guardWriter(cluster, () => {}, createFakeClock());
  const writes = Array.from({ length: 9 }, (_, index) => writer.apply(ref(index), new Map(), "sluice"));
  const settled = Promise.allSettled(writes);
  await until(() => held.length === 8);
  let hasEnded = false;
  const ending = writer.end().then(() => {
    hasEnded = true;
  });
  for (const response of held.slice(1)) succeed(response);
  await expect(writes[8]).rejects.toMatchObject({ problem: { code: "APPLIER_ELSEWHERE" } });
  expect(hasEnded).toBe(false);
  succeed(held[0]!);
  await ending;
  await settled;
  expect(patches).toBe(8);
});
