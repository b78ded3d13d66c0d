/**
 * Charts by helm itself, on the built program: from an event to a release in the cluster and back. The charts' repository is
 * a folder that is served here.
 *
 * Needs kube-apiserver, etcd and helm: `npm run tools kube-apiserver etcd helm` builds them, then `npm run test:all`.
 */
import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import { buildTool, isBuilt } from "../tools/build-tool.ts";
import { findProjectRoot } from "../tools/find-project-root.ts";
import { type KubeApiServer, startKubeApiServer } from "../tools/start-kube-apiserver.ts";
import { usersConfig, usersConnection, usersTrigger } from "./users-config.ts";
import { until, Workbench } from "./workbench.ts";

const run = promisify(execFile);
const tools = ["kube-apiserver", "etcd", "helm"] as const;
const isReady =
  process.env.SLUICE_TEST_ALL !== undefined && (await Promise.all(tools.map(isBuilt))).every((built) => built);

/** `slow`: a hook that nobody runs, which helm waits for. `plan: none` fails. */
const templates = `{{ if eq .Values.plan "none" }}{{ fail "there is no such plan" }}{{ end }}
apiVersion: v1
kind: ConfigMap
metadata: {name: "{{ .Release.Name }}"}
data: {plan: {{ .Values.plan | quote }}}
---
apiVersion: v1
kind: Secret
metadata: {name: "{{ .Release.Name }}"}
stringData: {password: pa55word}
{{ if .Values.slow }}
---
apiVersion: batch/v1
kind: Job
metadata: {name: "{{ .Release.Name }}", annotations: {helm.sh/hook: pre-install}}
spec: {template: {spec: {restartPolicy: Never, containers: [{name: a, image: a}]}}}
{{ end }}`;

describe.skipIf(!isReady)(
  "needs kube-apiserver, etcd and helm (npm run tools kube-apiserver etcd helm): charts",
  () => {
    let server: KubeApiServer;
    let charts: Server;
    let folder: string;
    let program: string;
    let workbench: Workbench;

    const helm = async (...args: readonly string[]) => {
      const { stdout } = await run(program, [...args, "--kubeconfig", server.kubeconfigFile]);
      return stdout;
    };
    const releases = async () => {
      const listed = JSON.parse(await helm("list", "--namespace=tenants", "--all", "--output=json"));
      return listed as readonly { name: string; revision: string; status: string; chart: string }[];
    };
    const planOf = async (name: string) => {
      const { status, body } = await server.request("GET", `/api/v1/namespaces/tenants/configmaps/${name}`);
      return status === 200 ? (body as { data: { plan: string } }).data.plan : undefined;
    };

    beforeAll(async () => {
      server = await startKubeApiServer();
      program = await buildTool("helm");
      folder = await mkdtemp(join(tmpdir(), "sluice-charts-"));
      for (const [name, version] of [
        ["tenant", "1.4.2"],
        ["nats", "1.2.6"],
      ] as const) {
        const files = {
          "Chart.yaml": `apiVersion: v2\nname: ${name}\nversion: ${version}\n`,
          "values.yaml": "plan: small\nslow: false\n",
          "templates/all.yaml": templates,
        };
        for (const [path, text] of Object.entries(files)) {
          await mkdir(dirname(join(folder, name, path)), { recursive: true });
          await writeFile(join(folder, name, path), text);
        }
        await run(program, ["package", join(folder, name), "--destination", folder]);
      }
      await run(program, ["repo", "index", folder]);
      charts = createServer((request, response) => {
        readFile(join(folder, request.url ?? "")).then(
          (file) => response.end(file),
          () => response.writeHead(404).end(),
        );
      }).listen(0, "127.0.0.1");
      await once(charts, "listening");
    });
    afterAll(async () => {
      charts?.close();
      await server?.stop();
      if (folder !== undefined) await rm(folder, { recursive: true, force: true });
    });

    beforeEach(async () => {
      const { port } = charts.address() as AddressInfo;
      const chart = (name: string, version: string) =>
        `repositoryURL: "http://127.0.0.1:${port}", chartName: ${name}, chartVersion: ${version}`;
      const action = `  cloudEventAction: '{{ if eq .CloudEvent.type "logout" }}Delete{{ else }}Create{{ end }}'\n`;
      const release = `releaseName: '{{ .CloudEvent.subject }}', releaseNamespace: tenants`;
      const values = `values: "plan: {{ .CloudEvent.data.plan }}\\nslow: {{ .CloudEvent.data.slow }}"`;
      const config = {
        ...usersConfig,
        "trigger.yaml": `${usersTrigger}${action}  helmCharts: [{${chart("tenant", "1.4.x")}, ${release}, ${values}}]\n`,
        "profile.yaml": `apiVersion: config.projectsveltos.io/v1beta1
kind: ClusterProfile
metadata: {name: nats}
spec:
  clusterSelector: {matchLabels: {env: production}}
  helmCharts: [{${chart("nats", "1.2.6")}, releaseName: nats, releaseNamespace: nats}]
`,
      };
      const delivery = `delivery: {kind: applier, kubeconfigs: {fleet/eu: {file: ${server.kubeconfigFile}}}}`;
      const settings = `output: {secrets: plain}\n${delivery}`;
      workbench = await Workbench.open({ config, connection: usersConnection, settings, env: { HELM: program } });
    });
    afterEach(async () => {
      await workbench.close();
    });

    const send = (type: string, subject: string, data: object = { plan: "small", slow: false }) =>
      workbench.publish(
        "user-operation",
        JSON.stringify({ specversion: "1.0", id: "1", type, source: "auth", subject, data }),
      );

    it("are installed, upgraded and uninstalled; a person's release stays", { timeout: 300_000 }, async () => {
      const theirs = ["install", "ada", join(folder, "tenant"), "--namespace=tenants", "--create-namespace"];
      await helm(...theirs, "--set=plan=theirs");
      const service = await workbench.start();
      await send("login", "alice");
      await until(async () => (await planOf("alice")) === "small", "the release");
      await send("login", "alice", { plan: "large", slow: false });
      await until(async () => (await planOf("alice")) === "large", "its upgrade");
      await until(
        async () => (await releases()).some(({ name, status }) => name === "alice" && status === "deployed"),
        "it",
      );
      expect(await releases()).toContainEqual(
        expect.objectContaining({ name: "alice", revision: "2", status: "deployed", chart: "tenant-1.4.2" }),
      );

      const { stdout: live } = await workbench.sluice("show", "addons", "--live", "-o", "json");
      const row = { resourceType: "helm chart", live: "applied", time: expect.stringMatching(/^20/) };
      expect(JSON.parse(live)).toEqual(
        expect.arrayContaining([
          expect.objectContaining({ ...row, namespace: "nats", name: "nats", version: "1.2.6" }),
          expect.objectContaining({ ...row, namespace: "tenants", name: "alice", version: "1.4.2" }),
        ]),
      );

      await send("login", "broken", { plan: "none", slow: false });
      await until(() => service.count("HELM_FAILED") > 0, "the failure");
      await send("login", "ada");
      await until(() => service.count("OBJECT_CONFLICT") > 0, "the conflict");
      await send("logout", "ada");
      await send("logout", "alice");
      await until(async () => (await planOf("alice")) === undefined, "its end");
      await until(async () => !(await releases()).some(({ name }) => name === "alice"), "the record's end");
      expect(await planOf("ada")).toBe("theirs");
      expect(await releases()).toContainEqual(
        expect.objectContaining({ name: "ada", revision: "1", status: "deployed" }),
      );
      await send("logout", "broken");
      expect(await service.stop()).toBe(0);

      const { stdout, stderr } = await workbench.sluice("apply", "--cluster", "fleet/eu");
      expect([stdout.includes("nats"), stderr]).toEqual([false, expect.stringMatching(/\d unchanged/)]);
    });

    it("what a kill cuts short is done again; other objects don't wait for it", { timeout: 300_000 }, async () => {
      const service = await workbench.start();
      await send("login", "slow", { plan: "small", slow: true });
      const statusOf = async (name: string) => (await releases()).find((one) => one.name === name)?.status;
      await until(async () => (await statusOf("slow")) === "pending-install", "helm at work");
      await send("login", "quick");
      await until(async () => (await statusOf("quick")) === "deployed", "another release meanwhile");
      await service.kill();
      await until(async () => (await statusOf("slow")) !== "pending-install", "helm's own end");
      const again = await workbench.start();
      await send("login", "slow", { plan: "large", slow: false });
      await until(async () => (await planOf("slow")) === "large", "the release after all", 120_000);
      await send("logout", "slow");
      await send("logout", "quick");
      await until(async () => (await releases()).every(({ name }) => name !== "slow" && name !== "quick"), "their end");
      expect(await again.stop()).toBe(0);
    });

    it("an object of a chart that admission rejects fails that release alone", { timeout: 300_000 }, async () => {
      const policies = "/apis/admissionregistration.k8s.io/v1";
      const isMeant = "object.metadata.name != 'refused'";
      const spec = {
        failurePolicy: "Fail",
        matchConstraints: {
          resourceRules: [{ apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE"], resources: ["configmaps"] }],
        },
        validations: [{ expression: isMeant, message: "this tenant is not wanted" }],
      };
      const metadata = { name: "tenants.example.com" };
      const binding = { policyName: metadata.name, validationActions: ["Deny"] };
      await server.request("POST", `${policies}/validatingadmissionpolicies`, { metadata, spec });
      await server.request("POST", `${policies}/validatingadmissionpolicybindings`, { metadata, spec: binding });
      const isDenied = async () => {
        const body = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "refused" } };
        return (await server.request("POST", "/api/v1/namespaces/default/configmaps?dryRun=All", body)).status === 422;
      };
      await until(isDenied, "the policy in force");

      const service = await workbench.start();
      await send("login", "refused");
      await send("login", "fine");
      await until(async () => (await planOf("fine")) === "small", "the other release");
      await until(() => service.count("HELM_FAILED") > 0, "the failure");
      const said = service.lines().map(({ message }) => String(message));
      expect(said.some((message) => message.includes("this tenant is not wanted"))).toBe(true);
      expect(await planOf("refused")).toBeUndefined();

      await server.request("DELETE", `${policies}/validatingadmissionpolicybindings/${metadata.name}`);
      await until(async () => (await planOf("refused")) === "small", "the release that may be now", 120_000);
      await send("logout", "refused");
      await send("logout", "fine");
      await until(
        async () => (await releases()).every(({ name }) => name !== "refused" && name !== "fine"),
        "their end",
      );
      expect(await service.stop()).toBe(0);
    });

    it("the rights that docs/applier.md names are enough for helm too", { timeout: 300_000 }, async () => {
      const service = await workbench.start();
      await send("login", "least");
      await until(
        async () => (await releases()).some(({ name, status }) => name === "least" && status === "deployed"),
        "it",
      );
      expect(await service.stop()).toBe(0);
      await helm("uninstall", "least", "--namespace=tenants");

      const docs = await readFile(join(findProjectRoot(), "docs", "applier.md"), "utf8");
      const blocks = [...docs.matchAll(/```yaml\n(apiVersion: rbac[\s\S]*?)```/g)].map(([, text]) => text!);
      await grant(blocks.join("---\n"), "least");
      const file = join(folder, "least.kubeconfig");
      const admin = parse(await readFile(server.kubeconfigFile, "utf8")) as { users: { user: object }[] };
      for (const entry of admin.users) entry.user = { ...entry.user, as: "least" };
      await writeFile(file, JSON.stringify(admin), { mode: 0o600 });

      const { stdout } = await workbench.sluice("apply", "--cluster=fleet/eu", `--kubeconfig=${file}`, "-o", "json");
      const outcomes = JSON.parse(stdout) as readonly { kind: string; name: string; action: string }[];
      const of = (name: string) => outcomes.find((one) => one.kind === "HelmChart" && one.name === name)?.action;
      expect(of("least")).toBe("created");
      expect(await planOf("least")).toBe("small");
    });

    /** As a cluster's administrator binds what the docs name. */
    async function grant(rules: string, user: string): Promise<void> {
      const group = "rbac.authorization.k8s.io";
      for (const document of parseAllDocuments(rules)) {
        const role = document.toJS() as { kind: string; metadata: { name: string; namespace?: string } };
        const { namespace } = role.metadata;
        const at = `/apis/${group}/v1${namespace === undefined ? "" : `/namespaces/${namespace}`}/${role.kind.toLowerCase()}`;
        const binding = {
          metadata: role.metadata,
          roleRef: { apiGroup: group, kind: role.kind, name: role.metadata.name },
          subjects: [{ apiGroup: group, kind: "User", name: user }],
        };
        expect((await server.request("POST", `${at}s`, role)).status).toBe(201);
        expect((await server.request("POST", `${at}bindings`, binding)).status).toBe(201);
      }
    }

    it("a dry run shows what would come; without helm all else is applied", { timeout: 300_000 }, async () => {
      const service = await workbench.start();
      await send("login", "dry");
      await until(async () => (await planOf("dry")) === "small", "the release");
      await until(
        async () => (await releases()).some(({ name, status }) => name === "dry" && status === "deployed"),
        "it",
      );
      expect(await service.stop()).toBe(0);
      await helm("upgrade", "dry", join(folder, "tenant"), "--namespace=tenants", "--set=plan=theirs");
      const dry = await workbench.sluice("apply", "--cluster", "fleet/eu", "--dry-run", "--full");
      expect(dry.code).toBe(1);
      expect(dry.stdout).toMatch(/~~~ helmchart\.sluice\.dev\/dry -n tenants\n/);
      expect(dry.stdout).toMatch(/-\s+plan: theirs\n\+\s+plan: small/);
      expect(dry.stdout).not.toMatch(/pa55word|cGE1NXdvcmQ/);

      const full = ["apply", "--cluster", "fleet/eu", "--full", "-o", "json"];
      const without = await workbench.sluiceWith({ HELM: join(folder, "none") }, ...full);
      const outcomes = JSON.parse(without.stdout) as readonly { kind: string; action: string; code?: string }[];
      const of = (kind: string) =>
        outcomes.filter((one) => one.kind === kind).map(({ action, code }) => [action, code]);
      expect(of("HelmChart")).toEqual(expect.arrayContaining([["failed", "PROGRAM_MISSING"]]));
      expect(of("Namespace")).toEqual(expect.arrayContaining([["unchanged", undefined]]));
      // What another test's Sluice has there is a conflict for this one's.
      const { stdout } = await workbench.sluice(...full);
      expect(JSON.parse(stdout)).toContainEqual(
        expect.objectContaining({ kind: "HelmChart", name: "dry", action: "configured" }),
      );
      expect(await planOf("dry")).toBe("small");
    });
  },
);
