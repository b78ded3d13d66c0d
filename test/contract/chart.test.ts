/**
 * The chart as helm itself renders it, with several values: it lints, its settings load, its rules are those of deploy/,
 * and a real API server takes its objects.
 *
 * Needs helm (`npm run tools helm`), and for the last part kube-apiserver and etcd; then `npm run test:all`.
 */
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse, parseAllDocuments, stringify } from "yaml";
import { loadSettings } from "../../src/config/load-settings.ts";
import { readApiKinds } from "../tools/api-kinds.ts";
import { buildTool, isBuilt } from "../tools/build-tool.ts";
import { findProjectRoot } from "../tools/find-project-root.ts";
import { startKubeApiServer } from "../tools/start-kube-apiserver.ts";

const run = promisify(execFile);
const root = findProjectRoot();
const chart = join(root, "deploy", "helm", "sluice");
const isAll = process.env.SLUICE_TEST_ALL !== undefined;
const hasHelm = isAll && (await isBuilt("helm"));
const hasServer = hasHelm && (await isBuilt("kube-apiserver")) && (await isBuilt("etcd"));

interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly spec?: Record<string, unknown>;
  readonly data?: Record<string, string>;
}

const settings = (parse(readFileSync(join(chart, "values.yaml"), "utf8")) as { settings: Record<string, unknown> })
  .settings;
const cases: Readonly<Record<string, object>> = {
  "as it is": {},
  "two replicas with all that there is": {
    replicas: 2,
    settings: {
      ...settings,
      lease: { connection: "bus" },
      server: { webhooks: { secret: { env: "WEBHOOK_SECRET" } } },
    },
    webhooks: { port: 8081 },
    page: { enabled: true, hosts: ["sluice.example.com"] },
    metrics: {
      serviceMonitor: { enabled: true, labels: { release: "prometheus" } },
      prometheusRule: { enabled: true },
    },
    networkPolicy: {
      enabled: true,
      from: [{ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "monitoring" } } }],
      egress: [{ to: [{ ipBlock: { cidr: "10.0.0.0/8" } }], ports: [{ port: 4222, protocol: "TCP" }] }],
    },
    envFrom: [{ secretRef: { name: "sluice-webhooks" } }],
    podLabels: { team: "platform" },
    podAnnotations: { note: "x" },
    image: { repository: "registry.example.com/sluice", digest: `sha256:${"a".repeat(64)}` },
  },
  "without a volume": { persistence: { enabled: false }, serviceAccount: { create: false }, secrets: [] },
};
const refused: Readonly<Record<string, readonly [object, string]>> = {
  "two replicas without a lease": [{ replicas: 2 }, "settings.lease"],
  "a value that does not exist": [{ replcas: 2 }, "replcas"],
  "a state directory of one's own": [{ settings: { ...settings, state: { directory: "/data" } } }, "settings"],
  "webhooks without a secret": [{ webhooks: { port: 8081 } }, "webhooks.secret"],
};

describe.skipIf(!hasHelm)("needs helm (npm run tools helm): the chart", () => {
  let helm = "";
  let folder = "";

  beforeAll(async () => {
    helm = await buildTool("helm");
    folder = await mkdtemp(join(tmpdir(), "sluice-chart-"));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  async function call(command: readonly string[], values: object): Promise<string> {
    const file = join(folder, "values.yaml");
    await writeFile(file, stringify(values));
    const env = {
      ...process.env,
      HOME: folder,
      HELM_CACHE_HOME: folder,
      HELM_CONFIG_HOME: folder,
      HELM_DATA_HOME: folder,
    };
    return (
      await run(helm, [...command, "--values", file, "--namespace", "sluice", "--kube-version", "1.36.3"], { env })
    ).stdout;
  }
  const render = async (values: object): Promise<Manifest[]> => {
    const documents = parseAllDocuments(await call(["template", "sluice", chart], values));
    return documents.map((document) => document.toJS() as Manifest).filter((manifest) => manifest !== null);
  };

  it.each(Object.entries(cases))("%s: lints, and its settings load", async (_, values) => {
    expect(await call(["lint", "--strict", chart], values)).toContain("0 chart(s) failed");
    const manifests = await render(values);
    const text = manifests.find(({ kind }) => kind === "ConfigMap")!.data!["sluice.yaml"]!;
    const { value, problems } = loadSettings(text, "/etc/sluice/settings/sluice.yaml");
    expect(problems).toEqual([]);
    expect(value?.state.directory).toBe("/var/lib/sluice");
    expect(value?.server?.port).toBe(8080);
    const pod = JSON.stringify(manifests.find(({ kind }) => kind === "StatefulSet"));
    for (const part of [
      '"readOnlyRootFilesystem":true',
      '"runAsNonRoot":true',
      '"drop":["ALL"]',
      "/readyz",
      '"automountServiceAccountToken":false',
    ])
      expect(pod).toContain(part);
  });

  it("has what two replicas need, and the alerts of deploy/", async () => {
    const manifests = await render(cases["two replicas with all that there is"]!);
    const kinds = manifests.map(({ kind }) => kind).sort();
    for (const kind of ["NetworkPolicy", "PodDisruptionBudget", "PrometheusRule", "ServiceMonitor"])
      expect(kinds).toContain(kind);
    const rules = parse(readFileSync(join(root, "deploy", "prometheus", "alerts.yaml"), "utf8"));
    expect(manifests.find(({ kind }) => kind === "PrometheusRule")?.spec).toEqual(rules);
    expect((await render({})).map(({ kind }) => kind)).not.toContain("PodDisruptionBudget");
  });

  it.each(Object.entries(refused))("refuses %s", async (_, [values, says]) => {
    const failure = await call(["template", "sluice", chart], values).then(
      () => undefined,
      (error: { stderr: string }) => error.stderr,
    );
    expect(failure).toContain(says);
  });

  it.skipIf(!hasServer)("is taken by a real API server, which is asked and keeps nothing", async () => {
    const server = await startKubeApiServer();
    try {
      const known = await readApiKinds(server);
      await server.request("POST", "/api/v1/namespaces", {
        apiVersion: "v1",
        kind: "Namespace",
        metadata: { name: "sluice" },
      });
      for (const values of Object.values(cases)) {
        for (const manifest of await render(values)) {
          // Prometheus' kinds are an operator's, which is not here.
          if (manifest.apiVersion.startsWith("monitoring.coreos.com/")) continue;
          const kind = known.get(`${manifest.apiVersion}/${manifest.kind}`)!;
          const path = `${kind.base}/namespaces/sluice/${kind.plural}/${manifest.metadata.name}`;
          const { status, body } = await server.apply(
            path,
            JSON.stringify(manifest),
            "dryRun=All&fieldValidation=Strict&fieldManager=helm",
          );
          expect(status, `${manifest.kind}: ${JSON.stringify(body)}`).toBeLessThan(300);
        }
      }
    } finally {
      await server.stop();
    }
  });
});
