/**
 * API servers of many clusters in one small process, for measuring what an applier of a fleet takes: each has the same objects,
 * as they were applied from the folder. Just what the applier asks for; nothing of what is written is kept but Leases and the
 * parent of the set.
 *
 *     node kube-fleet.js FOLDER     prints its port; FOLDER/objects.json: [{name, blob}], of ConfigMaps in `default`
 *
 * A cluster's server is `http://127.0.0.1:<port>/<its name>`.
 */
import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { findProjectRoot } from "./find-project-root.ts";

const script = join(findProjectRoot(), "dist", "test", "tools", "kube-fleet.js");
export const fleetScript = script;

interface Entry {
  readonly name: string;
  readonly blob: string;
}

interface FleetCluster {
  version: number;
  parent: Readonly<Record<string, unknown>> | undefined;
  readonly leases: Map<string, Readonly<Record<string, unknown>>>;
}

function serve(entries: readonly Entry[]): void {
  const blobs = new Map(entries.map(({ name, blob }) => [name, blob]));
  const clusters = new Map<string, FleetCluster>();
  const setId = new Map<string, string>();
  const clusterOf = (name: string): FleetCluster => {
    const known = clusters.get(name);
    if (known !== undefined) return known;
    const cluster: FleetCluster = { version: 1000, parent: undefined, leases: new Map() };
    clusters.set(name, cluster);
    return cluster;
  };
  const metadataOf = (name: string, set: string, version: string) => ({
    name,
    namespace: "default",
    uid: `00000000-0000-4000-8000-${name.padStart(12, "0").slice(-12)}`,
    resourceVersion: version,
    creationTimestamp: "2026-11-30T00:00:00Z",
    labels: { "applyset.kubernetes.io/part-of": set, "sluice.dev/owner": "EventTrigger.users" },
    annotations: { "sluice.dev/blob": blobs.get(name) },
    managedFields: [
      {
        manager: "sluice",
        operation: "Apply",
        apiVersion: "v1",
        time: "2026-11-30T00:00:00Z",
        fieldsType: "FieldsV1",
        fieldsV1: {
          "f:data": { "f:organization": {}, "f:user": {} },
          "f:metadata": {
            "f:annotations": { "f:sluice.dev/blob": {} },
            "f:labels": { "f:applyset.kubernetes.io/part-of": {}, "f:sluice.dev/owner": {} },
          },
        },
      },
    ],
  });
  const server = createServer((request, response) => {
    void answer(request, response).catch(() => response.destroy());
  });
  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = "" } = request;
    let text = "";
    for await (const chunk of request) text += String(chunk);
    const url = new URL(request.url ?? "/", "http://fleet");
    const [, name = "", ...rest] = url.pathname.split("/");
    const path = `/${rest.join("/")}`;
    const cluster = clusterOf(name);
    const send = (body: unknown, status = 200) => {
      response.statusCode = status;
      response.end(JSON.stringify(body));
    };
    const resources = [
      { resource: "configmaps", responseKind: { kind: "ConfigMap" }, scope: "Namespaced", verbs: ["get", "list"] },
    ];
    if (path === "/api" || path === "/apis") {
      const items = path === "/api" ? [{ metadata: {}, versions: [{ version: "v1", resources }] }] : [];
      return send({ kind: "APIGroupDiscoveryList", items });
    }
    const item = path.split("/").at(-1) ?? "";
    if (path.includes("/leases")) {
      if (method === "GET") {
        const lease = cluster.leases.get(item);
        return lease === undefined ? send({}, 404) : send(lease);
      }
      const lease = JSON.parse(text) as { metadata: { name: string; resourceVersion?: string } };
      const written = { ...lease, metadata: { ...lease.metadata, resourceVersion: String(++cluster.version) } };
      cluster.leases.set(lease.metadata.name, written);
      return send(written);
    }
    if (method === "PATCH") {
      const isParent = item.startsWith("sluice-");
      const version = String(++cluster.version);
      const { metadata } = JSON.parse(text) as { metadata: Record<string, unknown> };
      if (isParent) cluster.parent = { ...metadata, uid: "parent", resourceVersion: version };
      return send({ metadata: isParent ? cluster.parent : metadataOf(item, setId.get(name) ?? "", version) });
    }
    if (item !== "configmaps") {
      if (item.startsWith("sluice-"))
        return cluster.parent === undefined ? send({}, 404) : send({ metadata: cluster.parent });
      return blobs.has(item) ? send({ metadata: metadataOf(item, setId.get(name) ?? "", "1000") }) : send({}, 404);
    }
    if (url.searchParams.get("watch") === "1") {
      response.writeHead(200);
      response.flushHeaders();
      const beat = setInterval(() => {
        response.write(`${JSON.stringify({ type: "BOOKMARK", object: { metadata: { resourceVersion: "1000" } } })}\n`);
      }, 60_000);
      response.once("close", () => clearInterval(beat));
      return;
    }
    const set = /part-of=(.*)$/.exec(url.searchParams.get("labelSelector") ?? "")?.[1] ?? "";
    setId.set(name, set);
    const from = Number(url.searchParams.get("continue") ?? 0);
    const to = from + Number(url.searchParams.get("limit") ?? entries.length);
    const items = entries.slice(from, to).map((entry) => ({ metadata: metadataOf(entry.name, set, "1000") }));
    const more = to < entries.length ? { continue: String(to) } : {};
    send({ metadata: { resourceVersion: "1000", ...more }, items });
  }
  // As API servers do: connections stay between two renewals of a Lease.
  server.keepAliveTimeout = 90_000;
  server.listen(0, "127.0.0.1", () => console.log((server.address() as AddressInfo).port));
}

if (process.argv[1] === script) {
  serve(JSON.parse(readFileSync(join(process.argv[2] ?? ".", "objects.json"), "utf8")) as Entry[]);
}
