/** What doctor finds out about a cluster: its version, what its user may do, who holds the Lease. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { type ClusterNeeds, examineCluster } from "../../../src/adapters/kube/examine-cluster.ts";
import { fileKubeconfig } from "../../../src/adapters/kube/kubeconfig.ts";
import { createRedactor } from "../../../src/adapters/system/redactor.ts";

interface Attributes {
  readonly group: string;
  readonly resource: string;
  readonly namespace?: string;
  readonly verb: string;
}

let folder: string;
let server: Server;
let version: object;
let isAllowed: (attributes: Attributes) => boolean;
let holder: string | undefined;
let methods: string[];

const resources = [
  { resource: "configmaps", responseKind: { kind: "ConfigMap" }, scope: "Namespaced", verbs: ["get"] },
];

beforeEach(async () => {
  version = { major: "1", minor: "36+", gitVersion: "v1.36.3" };
  isAllowed = ({ resource }) => resource !== "*";
  holder = "pod-1";
  methods = [];
  server = createServer((request, response) => {
    const { url = "", method = "" } = request;
    let text = "";
    request.on("data", (chunk) => {
      text += chunk;
    });
    request.on("end", () => {
      methods.push(`${method} ${url}`);
      const answer = (body: unknown, status = 200) => {
        response.statusCode = status;
        response.end(JSON.stringify(body));
      };
      if (url === "/version") return answer(version);
      if (url.includes("selfsubjectaccessreviews")) {
        const { spec } = JSON.parse(text) as { spec: { resourceAttributes: Attributes } };
        return answer({ status: { allowed: isAllowed(spec.resourceAttributes) } }, 201);
      }
      if (url.includes("/leases/")) {
        const spec = { holderIdentity: holder, renewTime: "2026-11-30T00:00:00Z" };
        return holder === undefined ? answer({}, 404) : answer({ metadata: { resourceVersion: "1" }, spec });
      }
      const items = url === "/api" ? [{ metadata: {}, versions: [{ version: "v1", resources }] }] : [];
      answer({ kind: "APIGroupDiscoveryList", items });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  folder = mkdtempSync(join(tmpdir(), "sluice-examine-"));
});

afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true });
});

async function examine(more: Partial<ClusterNeeds> = {}) {
  const { port } = server.address() as AddressInfo;
  const config = {
    "current-context": "it",
    contexts: [{ name: "it", context: { cluster: "it" } }],
    clusters: [{ name: "it", cluster: { server: `http://127.0.0.1:${port}` } }],
  };
  const file = join(folder, "kubeconfig");
  writeFileSync(file, JSON.stringify(config));
  const options = { kubeconfig: fileKubeconfig(file), redactor: createRedactor(), env: {}, retryMsMax: 100 };
  const kinds = [{ group: "", kind: "configmap" }];
  const needs = { kinds, releasesIn: [], watches: false, lease: { namespace: "default", name: "sluice-0" }, ...more };
  const { facts, problems } = await examineCluster(options, needs);
  return { facts: facts.join("; "), problems: problems.map(({ code, message }) => `${code} ${message}`) };
}

it("that is as it should be: version, rights and Lease are facts, and nothing is written", async () => {
  const { facts, problems } = await examine();
  expect(problems).toEqual([]);
  expect(facts).toMatch(
    /Kubernetes v1\.36\.3; its user may do all that the folder needs \(1 kind\); pod-1 holds the Lease default\/sluice-0/,
  );
  const writes = methods.filter((one) => !one.startsWith("GET") && !one.includes("selfsubjectaccessreviews"));
  expect(writes).toEqual([]);
});

it.each([
  [{ major: "1", minor: "26", gitVersion: "v1.26.15" }, ["CLUSTER_UNAVAILABLE the cluster is Kubernetes v1.26.15"]],
  [{ major: "1", minor: "27", gitVersion: "v1.27.0" }, []],
  [{ major: "2", minor: "0", gitVersion: "v2.0.0" }, []],
])("of version %j", async (found, problems) => {
  version = found;
  expect((await examine()).problems).toEqual(problems.map((text) => expect.stringContaining(text)));
});

it.each([
  [{ resource: "leases", verb: "update" }, "may not update leases.coordination.k8s.io in default"],
  [{ resource: "configmaps", verb: "patch", namespace: "default" }, "may not patch configmaps in default"],
  [{ resource: "configmaps", verb: "delete" }, "may not delete configmaps in all namespaces"],
] as readonly [Omit<Attributes, "group">, string][])("whose user lacks %j", async (lacking, told) => {
  isAllowed = (asked) =>
    asked.resource !== "*" &&
    !(
      asked.resource === lacking.resource &&
      asked.verb === lacking.verb &&
      asked.namespace === (lacking.namespace ?? asked.namespace)
    );
  expect((await examine()).problems).toContainEqual(expect.stringContaining(told));
});

it("watch is asked for where drift is watched, and nowhere else", async () => {
  isAllowed = ({ resource, verb }) => resource !== "*" && verb !== "watch";
  expect((await examine()).problems).toEqual([]);
  expect((await examine({ watches: true })).problems).toEqual([expect.stringContaining("may not watch configmaps")]);
});

it("whose user may do everything: that is more than is needed", async () => {
  isAllowed = () => true;
  holder = undefined;
  expect((await examine()).facts).toMatch(
    /may do everything, which is more than the applier needs.*; nobody holds the Lease/,
  );
});

it.each([
  ["all", () => true, []],
  [
    "in the namespace alone",
    ({ namespace }: Attributes) => namespace === "tenants",
    ["may not list secrets in all namespaces"],
  ],
  ["none", () => false, ["may not list secrets in all namespaces", "secrets in tenants"]],
])("helm's Secrets are asked for where the folder has releases: %s", async (_what, mayReach, expected) => {
  isAllowed = (asked) => asked.resource !== "*" && (asked.resource !== "secrets" || mayReach(asked));
  const { problems } = await examine({ releasesIn: ["tenants"] });
  expect(problems).toEqual(expected.map((text) => expect.stringContaining(text)));
});
