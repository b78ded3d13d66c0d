/** A watch whose list is cut short: it is begun anew, so that nothing behind the cut counts as seen. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { openKubeCluster } from "../../../src/adapters/kube/kube-cluster.ts";
import { fileKubeconfig } from "../../../src/adapters/kube/kubeconfig.ts";
import { createRedactor } from "../../../src/adapters/system/redactor.ts";
import type { Cluster } from "../../../src/ports/cluster.ts";

let folder: string;
let server: Server;
let cluster: Cluster;

const item = (name: string) => ({ metadata: { name, namespace: "default", uid: name, resourceVersion: "1" } });

beforeEach(async () => {
  let cuts = 1;
  server = createServer((request, response) => {
    const query = new URL(request.url ?? "", "http://localhost").searchParams;
    // Watches stay open and silent.
    if (query.has("watch")) return response.flushHeaders();
    const isNext = query.get("continue") === "next";
    if (isNext && cuts-- > 0) return response.writeHead(500).end('{"message": "etcdserver: request timed out"}');
    const metadata = { resourceVersion: "7", ...(isNext ? {} : { continue: "next" }) };
    response.end(JSON.stringify({ items: [item(isNext ? "b" : "a")], metadata }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  folder = mkdtempSync(join(tmpdir(), "sluice-watch-"));
  const kubeconfigFile = join(folder, "kubeconfig");
  const { port } = server.address() as AddressInfo;
  const config = {
    "current-context": "it",
    contexts: [{ name: "it", context: { cluster: "it" } }],
    clusters: [{ name: "it", cluster: { server: `http://127.0.0.1:${port}` } }],
  };
  writeFileSync(kubeconfigFile, JSON.stringify(config));
  cluster = openKubeCluster({ kubeconfig: fileKubeconfig(kubeconfigFile), redactor: createRedactor(), env: {} });
});

afterEach(async () => {
  cluster.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true });
});

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
