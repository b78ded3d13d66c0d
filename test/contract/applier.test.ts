/**
 * The applier against a real API server with etcd: what it does on bad days, row by row, and that it needs no more rights
 * than docs/applier.md names.
 *
 * Needs both: `npm run tools kube-apiserver etcd` builds them (minutes), then `npm run test:all`.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { examineCluster } from "../../src/adapters/kube/examine-cluster.ts";
import { openKubeCluster } from "../../src/adapters/kube/kube-cluster.ts";
import { fileKubeconfig } from "../../src/adapters/kube/kubeconfig.ts";
import { createRedactor } from "../../src/adapters/system/redactor.ts";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import type { Cluster } from "../../src/ports/cluster.ts";
import { ApplyWorld, objectFile, widgetDefinition } from "../apply/apply-world.ts";
import { isBuilt } from "../tools/build-tool.ts";
import { findProjectRoot } from "../tools/find-project-root.ts";
import { type KubeProxy, startKubeProxy } from "../tools/kube-proxy.ts";
import { type KubeApiServer, startKubeApiServer } from "../tools/start-kube-apiserver.ts";

const isReady =
  process.env.SLUICE_TEST_ALL !== undefined && (await isBuilt("kube-apiserver")) && (await isBuilt("etcd"));

const files = (...entries: (readonly [string, string])[]) => Object.fromEntries(entries);
const job = (image: string, annotations = {}) =>
  objectFile("Job/default/j", {
    annotations,
    body: `spec: {template: {spec: {restartPolicy: Never, containers: [{name: main, image: ${image}}]}}}\n`,
  });

describe.skipIf(!isReady)("needs kube-apiserver and etcd (npm run tools kube-apiserver etcd): on an API server", () => {
  let server: KubeApiServer;
  let proxy: KubeProxy;
  const clusters: Cluster[] = [];

  beforeAll(async () => {
    server = await startKubeApiServer();
  });
  afterAll(async () => {
    await server?.stop();
  });
  beforeEach(async () => {
    proxy = await startKubeProxy(server.url);
  });
  afterEach(async () => {
    for (const cluster of clusters.splice(0)) cluster.close();
    await proxy.stop();
  });

  /** A kubeconfig of this user, to the server itself or through a proxy in front of it. */
  function kubeconfig(name: string, user: object, through = server.url): string {
    const file = join(server.directory, name);
    const cluster = { server: through, "certificate-authority": server.caFile };
    const config = {
      "current-context": "it",
      contexts: [{ name: "it", context: { cluster: "it", user: "it" } }],
      clusters: [{ name: "it", cluster: through === server.url ? cluster : { server: through } }],
      users: [{ name: "it", user }],
    };
    writeFileSync(file, JSON.stringify(config), { mode: 0o600 });
    return file;
  }

  function open(kubeconfigFile: string, retryMsMax = 15_000): Cluster {
    const cluster = openKubeCluster({
      kubeconfig: fileKubeconfig(kubeconfigFile),
      redactor: createRedactor(),
      env: {},
      retryMsMax,
    });
    clusters.push(cluster);
    return cluster;
  }

  /** Every test has a set of its own: the parent's name is part of the cluster's file. */
  let sets = 0;
  function openWorld(cluster: Cluster): { world: ApplyWorld; parent: string } {
    const name = `sluice-${String(++sets).padStart(12, "0")}`;
    const parent = `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}, namespace: default}\ndata: {name: eu-1}\n`;
    return { world: new ApplyWorld(cluster, systemClock), parent };
  }

  const exists = async (path: string) => (await server.request("GET", path)).status === 200;
  const map = (name: string) => `/api/v1/namespaces/default/configmaps/${name}`;

  it("a definition and its instance come in one commit, and go in one", async () => {
    const { world, parent } = openWorld(open(server.kubeconfigFile));
    world.commit(files(widgetDefinition, objectFile("Widget/default/one")), parent);
    expect(await world.actions()).toEqual([
      "created CustomResourceDefinition/widgets.example.com",
      "created Widget/one",
    ]);
    world.commit({ [widgetDefinition[0]]: undefined, [objectFile("Widget/default/one")[0]]: undefined });
    expect(await world.actions()).toEqual([
      "deleted Widget/one",
      "deleted CustomResourceDefinition/widgets.example.com",
    ]);
  });

  it("a Job can't be changed, unless it says that it may be made anew", async () => {
    const { world, parent } = openWorld(open(server.kubeconfigFile));
    world.commit(files(job("one"), objectFile("ConfigMap/default/beside-job")), parent);
    await world.step();
    world.commit(files(job("two"), objectFile("ConfigMap/default/beside-job", { body: "data: {a: b}\n" })));
    expect((await world.actions()).sort()).toEqual(["configured ConfigMap/beside-job", "failed Job/j"]);
    // Nobody collects garbage here: what foreground deletion waits for has to be let go by hand.
    const collecting = collectGarbage();
    world.commit(files(job("two", { "kustomize.toolkit.fluxcd.io/force": "enabled" })));
    expect(await world.actions()).toEqual(["configured Job/j"]);
    collecting.stop();
    const { body } = await server.request("GET", "/apis/batch/v1/namespaces/default/jobs/j");
    expect(JSON.stringify(body)).toContain('"image":"two"');
  });

  function collectGarbage(): { stop(): void } {
    let isStopped = false;
    void (async () => {
      while (!isStopped) {
        const path = "/apis/batch/v1/namespaces/default/jobs/j";
        const { body } = await server.request("GET", path);
        const { metadata } = body as { metadata?: { deletionTimestamp?: string } };
        if (metadata?.deletionTimestamp !== undefined) {
          const patch = [{ op: "remove", path: "/metadata/finalizers" }];
          await server.request("PATCH", path, patch, "application/json-patch+json");
        }
        await sleep(50);
      }
    })();
    return {
      stop: () => {
        isStopped = true;
      },
    };
  }

  it("an object that the server or a webhook refuses holds up nothing else", async () => {
    const { world, parent } = openWorld(open(server.kubeconfigFile, 1_000));
    const webhook = {
      apiVersion: "admissionregistration.k8s.io/v1",
      kind: "ValidatingWebhookConfiguration",
      metadata: { name: "refuse" },
      webhooks: [
        {
          name: "refuse.example.com",
          admissionReviewVersions: ["v1"],
          sideEffects: "None",
          timeoutSeconds: 1,
          objectSelector: { matchLabels: { "sluice.dev/owner": "EventTrigger.hooked" } },
          rules: [{ apiGroups: [""], apiVersions: ["v1"], operations: ["*"], resources: ["configmaps"] }],
          // Nobody answers there: the webhook fails, and so does what it looks at.
          clientConfig: { url: "https://127.0.0.1:1/" },
        },
      ],
    };
    const hooks = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations";
    await server.request("POST", hooks, webhook);
    await sleep(1_500);
    const invalid = objectFile("ConfigMap/default/invalid", { body: "data: [1]\n" });
    const hooked = objectFile("ConfigMap/default/hooked", { owner: "hooked" });
    world.commit(files(invalid, hooked, objectFile("ConfigMap/default/fine")), parent);
    expect((await world.actions()).sort()).toEqual([
      "created ConfigMap/fine",
      "failed ConfigMap/hooked",
      "failed ConfigMap/invalid",
    ]);
    await server.request("DELETE", `${hooks}/refuse`);
    await sleep(2_500);
    const again = await world.actions();
    expect(again.sort()).toEqual(["created ConfigMap/hooked", "failed ConfigMap/invalid"]);
  });

  it("a server that goes midway is waited for, and what was cut short is begun anew", async () => {
    const { world, parent } = openWorld(open(kubeconfig("midway", { token: server.token }, proxy.url), 1_000));
    const many = Array.from({ length: 60 }, (_, index) => objectFile(`ConfigMap/default/midway-${index}`));
    world.commit(files(...many), parent);
    proxy.cutAfter(40);
    await expect(world.step()).rejects.toMatchObject({ problem: { code: "CLUSTER_UNAVAILABLE" } });
    expect(await exists(map("midway-59"))).toBe(false);
    proxy.mend();
    await world.step();
    const { body } = await server.request(
      "GET",
      "/api/v1/namespaces/default/configmaps?labelSelector=sluice.dev/owner",
    );
    const names = (body as { items: { metadata: { name: string } }[] }).items.map(({ metadata }) => metadata.name);
    expect(names.filter((name) => name.startsWith("midway-"))).toHaveLength(60);
  });

  it("an API server that is killed midway and started again: the rest is applied, and nothing twice", async () => {
    const { world, parent } = openWorld(open(server.kubeconfigFile));
    const many = Array.from({ length: 300 }, (_, index) => objectFile(`ConfigMap/default/killed-${index}`));
    world.commit(files(...many), parent);
    const passing = world.step().then(
      () => "ended",
      () => "cut",
    );
    while (!(await exists(map("killed-20")))) await sleep(5);
    await server.restart();
    if ((await passing) === "cut") world.restart();
    await expect.poll(() => world.actions().catch(() => undefined), { timeout: 60_000 }).toBeDefined();
    for (let index = 0; index < many.length; index++) expect(await exists(map(`killed-${index}`))).toBe(true);
    world.restart();
    expect(await world.actions()).toEqual([]);
  });

  it("a server that is too busy is heeded: nothing is sent before the time that it names", async () => {
    const { world, parent } = openWorld(open(kubeconfig("busy", { token: server.token }, proxy.url)));
    const many = Array.from({ length: 30 }, (_, index) => objectFile(`ConfigMap/default/busy-${index}`));
    world.commit(files(...many), parent);
    proxy.refuseAfter(10, 1);
    const actions = await world.actions();
    expect(actions).toHaveLength(30);
    expect(new Set(actions.map((action) => action.split(" ")[0]))).toEqual(new Set(["created"]));
    expect(proxy.refused).toBeGreaterThan(0);
    // Those that were under way when the first was refused, and nothing behind them.
    expect(proxy.refused).toBeLessThanOrEqual(32);
    expect(proxy.sentWhileBusy).toBe(0);
  });

  it("credentials that expired are read again where they stand", async () => {
    const file = kubeconfig("expired", { token: "expired" });
    const { world, parent } = openWorld(open(file));
    world.commit(files(objectFile("ConfigMap/default/late")), parent);
    await expect(world.step()).rejects.toMatchObject({ problem: { code: "CLUSTER_AUTH" } });
    kubeconfig("expired", { token: server.token });
    expect(await world.actions()).toEqual(["created ConfigMap/late"]);
  });

  it("dependents that a finalizer keeps keep what they depend on, and a Namespace what is in it", async () => {
    const { world, parent } = openWorld(open(server.kubeconfigFile));
    world.commitTrigger("login", "{dependsOn: [operator]}");
    const [path, text] = objectFile("ConfigMap/default/operator");
    const operator = path.replace("triggers/login", "clusterprofiles/operator");
    const label = text.replace(/sluice.dev\/owner: \S+/, "sluice.dev/owner: ClusterProfile.operator");
    const all = [objectFile("Namespace/kept-by"), objectFile("ConfigMap/kept-by/instance")];
    world.commit({ [operator]: label, ...files(...all) }, parent);
    await world.step();
    await sleep(1_000);
    await world.step();
    const at = "/api/v1/namespaces/kept-by/configmaps/instance";
    const merge = (change: object) => server.request("PATCH", at, change, "application/merge-patch+json");
    expect((await merge({ metadata: { finalizers: ["example.com/wait"] } })).status).toBe(200);
    world.commit({ [operator]: undefined, [all[0]![0]]: undefined, [all[1]![0]]: undefined });
    expect((await world.actions()).sort()).toEqual([
      "waiting ConfigMap/instance",
      "waiting ConfigMap/operator",
      "waiting Namespace/kept-by",
    ]);
    expect(await exists(map("operator"))).toBe(true);
    await merge({ metadata: { finalizers: null } });
    await sleep(3_500);
    expect((await world.actions()).sort()).toEqual([
      "deleted ConfigMap/instance",
      "deleted ConfigMap/operator",
      "deleted Namespace/kept-by",
    ]);
  });

  it("an API group whose server is away fails by itself, and nothing of it is pruned", async () => {
    const { world, parent } = openWorld(open(server.kubeconfigFile));
    const apiService = objectFile("APIService/v1.metrics.example.com", {
      body: `spec:
  group: metrics.example.com
  version: v1
  groupPriorityMinimum: 100
  versionPriority: 100
  insecureSkipTLSVerify: true
  service: {name: nobody, namespace: default}
`,
    });
    world.commit(files(apiService, objectFile("ConfigMap/default/beside-api")), parent);
    expect((await world.actions()).sort()).toEqual([
      "created APIService/v1.metrics.example.com",
      "created ConfigMap/beside-api",
    ]);
    // The server looks at it now and then.
    await sleep(3_000);
    const metric = `apiVersion: metrics.example.com/v1\nkind: Metric\nmetadata: {name: one, namespace: default}\n`;
    world.commit({ "extra/metric.yaml": metric, ...files(objectFile("ConfigMap/default/beside-api-2")) });
    expect((await world.actions()).sort()).toEqual(["created ConfigMap/beside-api-2", "failed Metric/one"]);
    world.commit({ "extra/metric.yaml": undefined });
    // Whether there is one nobody can say as long as the group is not served: it is neither forgotten nor taken for gone.
    expect(await world.actions()).toEqual(["failed Metric/one"]);
    world.commit({ [apiService[0]]: undefined });
    await world.step();
    await sleep(3_000);
    await world.step();
    expect(await exists("/apis/apiregistration.k8s.io/v1/apiservices/v1.metrics.example.com")).toBe(false);
  });

  it("an object of nearly a megabyte is applied, and one that is too large fails by itself", async () => {
    const { world, parent } = openWorld(open(server.kubeconfigFile));
    const large = (name: string, bytes: number) =>
      objectFile(`ConfigMap/default/${name}`, { body: `data: {text: ${"x".repeat(bytes)}}\n` });
    world.commit(
      files(large("large", 1_000_000), large("too-large", 4_000_000), objectFile("ConfigMap/default/small")),
      parent,
    );
    expect((await world.actions()).sort()).toEqual([
      "created ConfigMap/large",
      "created ConfigMap/small",
      "failed ConfigMap/too-large",
    ]);
  });

  it("two Sluices on one cluster: each has its own, and neither touches what the other has", async () => {
    const [one, two] = [openWorld(open(server.kubeconfigFile)), openWorld(open(server.kubeconfigFile))];
    const [shared, first, second] = ["shared", "first", "second"].map((name) =>
      objectFile(`ConfigMap/default/two-${name}`),
    );
    one.world.commit(files(shared!, first!), one.parent);
    two.world.commit(files(shared!, second!), two.parent);
    expect((await one.world.actions()).sort()).toEqual(["created ConfigMap/two-first", "created ConfigMap/two-shared"]);
    expect((await two.world.actions()).sort()).toEqual([
      "conflict ConfigMap/two-shared",
      "created ConfigMap/two-second",
    ]);
    two.world.commit({ [shared![0]]: undefined, [second![0]]: undefined });
    await two.world.step();
    one.world.restart();
    expect(await one.world.actions()).toEqual([]);
    expect([await exists(map("two-shared")), await exists(map("two-second"))]).toEqual([true, false]);
  });

  it("a kubeconfig that was swapped changes nothing", async () => {
    const { world, parent } = openWorld(open(server.kubeconfigFile));
    world.commit(files(objectFile("ConfigMap/default/swapped")), parent);
    await world.step();
    world.commit({ [objectFile("ConfigMap/default/swapped")[0]]: undefined });
    world.restart();
    await expect(world.step({ as: "fleet/us-1" })).rejects.toMatchObject({ problem: { code: "CLUSTER_MISTAKEN" } });
    expect(await exists(map("swapped"))).toBe(true);
  });

  it("what a person applied from what is ours is his, and what we applied by another name is ours", async () => {
    const { world, parent } = openWorld(open(server.kubeconfigFile));
    const body = "data: {key: one, old: one}\n";
    const [path, text] = objectFile("ConfigMap/default/copied", { body });
    world.commit({ [path]: text }, parent);
    await world.step();
    const { metadata, ...rest } = (await server.request("GET", map("copied"))).body as {
      metadata: { labels: object; annotations: object };
    };
    const { labels, annotations } = metadata;
    const copy = { ...rest, metadata: { name: "copy", namespace: "default", labels, annotations } };
    expect((await server.apply(map("copy"), JSON.stringify(copy), "fieldManager=kubectl")).status).toBe(201);
    world.restart("lock");
    expect(await world.actions({ full: "look" })).toEqual([]);
    world.commit({ [path]: text.replace("one, old: one", "two") });
    expect(await world.actions()).toEqual(["configured ConfigMap/copied"]);
    expect((await server.request("GET", map("copied"))).body).toMatchObject({ data: { key: "two" } });
    expect(JSON.stringify((await server.request("GET", map("copied"))).body)).not.toContain('"old"');
    world.restart("weir");
    world.commit({ [path]: undefined });
    expect(await world.actions()).toEqual(["deleted ConfigMap/copied"]);
    expect([await exists(map("copied")), await exists(map("copy"))]).toEqual([false, true]);
  });

  it("what doctor asks is answered by these rights, and tells what is missing", async () => {
    const needs = {
      kinds: [{ group: "", kind: "configmap" }],
      releasesIn: ["tenants"],
      watches: true,
      lease: { namespace: "default", name: "none" },
    };
    const options = { redactor: createRedactor(), env: {} };
    const all = await examineCluster({ ...options, kubeconfig: fileKubeconfig(server.kubeconfigFile) }, needs);
    expect(all.problems).toEqual([]);
    expect(all.facts.join("; ")).toMatch(/Kubernetes v.*may do everything.*nobody holds the Lease/);
    const nobody = fileKubeconfig(kubeconfig("nobody", { token: server.token, as: "nobody" }));
    const { problems } = await examineCluster({ ...options, kubeconfig: nobody }, needs);
    expect(problems.map(({ message }) => message)).toEqual([
      "its user may not list secrets in all namespaces, so no release goes because its file went meanwhile",
      "its user may not get, create, patch configmaps in default",
      "its user may not get, create, update leases.coordination.k8s.io in default",
      "its user may not get, list, watch, create, patch, delete configmaps in all namespaces",
      "its user may not get, list, create, update, patch, delete secrets in tenants",
    ]);
  });

  it("the rights that docs/applier.md names are enough, and what they do not cover fails by itself", async () => {
    const docs = readFileSync(join(findProjectRoot(), "docs", "applier.md"), "utf8");
    const rules = /```yaml\n(apiVersion: rbac\S+\nkind: ClusterRole\n[\s\S]*?)```/.exec(docs)![1]!;
    const rbac = "/apis/rbac.authorization.k8s.io/v1";
    for (const document of parseAllDocuments(rules)) {
      const role = document.toJS() as { kind: string; metadata: { name: string; namespace?: string } };
      const within = role.metadata.namespace === undefined ? "" : `/namespaces/${role.metadata.namespace}`;
      const at = `${rbac}${within}/${role.kind.toLowerCase()}s`;
      expect((await server.request("POST", at, role)).status).toBe(201);
      const binding = {
        apiVersion: "rbac.authorization.k8s.io/v1",
        kind: `${role.kind}Binding`,
        metadata: role.metadata,
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: role.kind, name: role.metadata.name },
        subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name: "applier" }],
      };
      expect(
        (await server.request("POST", `${rbac}${within}/${role.kind.toLowerCase()}bindings`, binding)).status,
      ).toBe(201);
    }
    const user = { token: server.token, as: "applier" };
    const { world, parent } = openWorld(open(kubeconfig("least", user)));
    const all = [objectFile("Namespace/least"), objectFile("ConfigMap/default/least")];
    world.commit(files(...all, objectFile("Secret/default/least")), parent);
    expect((await world.actions()).sort()).toEqual([
      "created ConfigMap/least",
      "created Namespace/least",
      "failed Secret/least",
    ]);
    // All that a process does that starts anew: it lists, it applies, it deletes, it holds its Lease.
    world.restart();
    world.commit(Object.fromEntries(all.map(([path]) => [path, undefined])));
    expect((await world.actions()).filter((action) => !action.includes("Secret")).sort()).toEqual([
      "deleted ConfigMap/least",
      "deleted Namespace/least",
    ]);
    const cluster = open(kubeconfig("least", user));
    const lease = { namespace: "default", name: "sluice-least" };
    const claim = { holder: "one", durationSeconds: 15, now: 1_800_000_000_000 };
    expect((await cluster.takeLease(lease, claim, undefined)).holder).toBe("one");
    await cluster.releaseLease(lease, "one");
  });
});
