/** A watch whose list is cut short: it is begun anew, so that nothing behind the cut counts as seen. */
import { afterEach, beforeEach, expect, it } from "vitest";
import type { Cluster } from "../../../src/ports/cluster.ts";
import { KubeSite } from "./kube-site.ts";

let site: KubeSite;
let cluster: Cluster;

const item = (name: string) => ({ metadata: { name, namespace: "default", uid: name, resourceVersion: "1" } });

beforeEach(async () => {
  let cuts = 1;
  site = await KubeSite.open((response, request) => {
    const query = new URL(request.url ?? "", "http://localhost").searchParams;
    // Watches stay open and silent.
    if (query.has("watch")) return response.flushHeaders();
    const isNext = query.get("continue") === "next";
    if (isNext && cuts-- > 0) return response.writeHead(500).end('{"message": "etcdserver: request timed out"}');
    const metadata = { resourceVersion: "7", ...(isNext ? {} : { continue: "next" }) };
    response.end(JSON.stringify({ items: [item(isNext ? "b" : "a")], metadata }));
  });
  cluster = site.connect();
});
afterEach(() => site.close());

it("tells all that is there before it says that it has", async () => {
  const kind = { group: "", version: "v1", kind: "ConfigMap", plural: "configmaps", isNamespaced: true };
  const stop = new AbortController();
  const told: string[] = [];
  for await (const event of cluster.watchMetadata(kind, {}, stop.signal, ({ message }) => told.push(message))) {
    told.push("metadata" in event ? event.metadata.name : event.type);
    if (event.type === "listed") stop.abort();
  }
  expect(told).toEqual(["listing", "a", "etcdserver: request timed out", "listing", "a", "b", "listed"]);
});
