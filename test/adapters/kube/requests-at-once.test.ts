/** How many requests are under way to one API server: as many as it takes. */
import type { ServerResponse } from "node:http";
import { afterEach, expect, it } from "vitest";
import type { Cluster, ObjectRef } from "../../../src/ports/cluster.ts";
import { KubeSite, type Protocol } from "./kube-site.ts";

let site: KubeSite;
let cluster: Cluster;
/** Requests that wait for their answer. */
let held: ServerResponse[];

async function open(protocol: Protocol): Promise<void> {
  held = [];
  site = await KubeSite.open((response) => held.push(response), protocol);
  cluster = site.connect();
}
afterEach(() => site.close());

const kind = { group: "", version: "v1", kind: "ConfigMap", plural: "configmaps", isNamespaced: true };
const ref = (index: number): ObjectRef => ({ kind, namespace: "default", name: `a${index}` });
const ask = (count: number) =>
  Promise.all(Array.from({ length: count }, (_, index) => cluster.readMetadata(ref(index))));
const answer = (response: ServerResponse) =>
  response.end(JSON.stringify({ metadata: { name: "a", uid: "u", resourceVersion: "1" } }));
const refuse = (response: ServerResponse) => response.writeHead(429, { "retry-after": "1" }).end("{}");

/** Answers what is held, once so many are. */
async function round(count: number, how = answer): Promise<void> {
  while (held.length < count) await new Promise((resolve) => setTimeout(resolve, 2));
  expect(held).toHaveLength(count);
  for (const response of held.splice(0)) how(response);
}

it("is one more with each answer, up to a bound, and none more than are asked for", async () => {
  await open("http");
  const asking = ask(8 + 16 + 32 + 32 + 5);
  for (const count of [8, 16, 32, 32, 5]) await round(count);
  await asking;
});

it("is more over HTTP/2, all on one connection", async () => {
  await open("h2");
  const asking = ask(8 + 16 + 32 + 64 + 64 + 5);
  for (const count of [8, 16, 32, 64, 64, 5]) await round(count);
  expect(site.connections).toBe(1);
  await asking;
});

it("is halved once where the server is too busy, however many it refused together, and grows again", async () => {
  await open("http");
  const asking = ask(8 + 16);
  await round(8);
  await round(16, refuse);
  for (const count of [8, 8]) await round(count);
  await asking;
});
