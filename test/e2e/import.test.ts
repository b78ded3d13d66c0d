/**
 * A hub of Sveltos is taken over, by the built program: from a real API server that has Sveltos' own definitions (its
 * modules lack EventTrigger's, and Cluster API's is another project: these two take any fields here), a thousand clusters,
 * and a service whose guard counts the clusters that vanish.
 *
 * Needs kube-apiserver and etcd: `npm run tools kube-apiserver etcd`, then `npm run test:all`.
 */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isBuilt } from "../tools/build-tool.ts";
import { findProjectRoot } from "../tools/find-project-root.ts";
import type { KubeApiServer } from "../tools/start-kube-apiserver.ts";
import { libPath, profilesPath, type SveltosHub, startSveltosHub } from "./sveltos-hub.ts";
import { usersConfig, usersConnection } from "./users-config.ts";
import { clusterDocument, until, Workbench } from "./workbench.ts";

const isReady =
  process.env.SLUICE_TEST_ALL !== undefined && (await isBuilt("kube-apiserver")) && (await isBuilt("etcd"));
const run = promisify(execFile);
const program = join(findProjectRoot(), "dist", "program", "sluice.js");
const clustersCount = 1000;

const seed = (path: string) => readFile(join(findProjectRoot(), "test", "fixtures", "examples", path), "utf8");

it("what kubectl printed is committed, and clusters that vanish are held by the service's guard", async () => {
  const bench = await Workbench.open({ config: usersConfig, connection: usersConnection });
  try {
    const names = Array.from({ length: 40 }, (_, index) => `c-${index}`);
    const list = (some: readonly string[]) =>
      `apiVersion: v1\nkind: List\nitems:\n${some
        .map((name) => `- ${clusterDocument(name, { env: "production" }).trimEnd().replaceAll("\n", "\n  ")}\n`)
        .join("")}`;
    const importing = async (text: string) => {
      await bench.write("hub.yaml", text);
      return bench.sluice("import", "hub.yaml", "--only", "clusters", "--commit", "--hub", "east");
    };
    expect(await importing(list(names))).toMatchObject({ code: 0, stderr: expect.stringMatching(/^40 added/) });
    const service = await bench.start();
    const event = { specversion: "1.0", id: "1", type: "login", source: "auth", subject: "alice" };
    await bench.publish("user-operation", JSON.stringify(event));
    await until(async () => (await bench.rendered()).length === 41, "a Namespace on each cluster");

    // An answer without anything is none.
    expect(await importing("apiVersion: v1\nkind: List\nitems: []\n")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("has no SveltosCluster at all, which may mean anything: the 40 clusters of it"),
    });
    expect(await importing("")).toMatchObject({ code: 3 });
    expect(await importing(list(names.slice(25)))).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/25 removed/),
    });
    await service.untilCode("CHANGE_HELD");
    expect((await bench.rendered()).length).toBe(41);
    // Back, it is held no more.
    expect((await importing(list(names))).code).toBe(0);
    await until(async () => !(await bench.sluice("status")).stdout.includes("held"), "nothing held");
    expect((await bench.rendered()).length).toBe(41);
  } finally {
    await bench.close();
  }
});

describe.skipIf(!isReady)("needs kube-apiserver and etcd (npm run tools kube-apiserver etcd): a hub", () => {
  let server: KubeApiServer;
  let post: SveltosHub["post"];
  let folder: string;

  beforeAll(async () => {
    ({ server, post } = await startSveltosHub());
    folder = await mkdtemp(join(tmpdir(), "sluice-import-"));
    for (let from = 0; from < clustersCount; from += 50)
      await Promise.all(Array.from({ length: 50 }, (_, index) => addCluster(`c-${from + index}`)));
  }, 300_000);

  afterAll(async () => {
    await server?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const clusterPath = `${libPath}/namespaces/fleet/sveltosclusters`;
  const addCluster = (name: string, labels: object = { env: "production", region: "eu" }) =>
    post(clusterPath, {
      apiVersion: "lib.projectsveltos.io/v1beta1",
      kind: "SveltosCluster",
      metadata: { name, namespace: "fleet", labels },
      spec: { kubeconfigName: `${name}-kubeconfig` },
    });

  /** At the hub, by the context of its kubeconfig. */
  const sluice = (...args: readonly string[]) =>
    run(process.execPath, [program, ...args], {
      cwd: folder,
      env: { ...process.env, KUBECONFIG: server.kubeconfigFile },
      maxBuffer: 64 * 1024 * 1024,
    });

  it("becomes a config folder: its documents, a thousand clusters, no Secret", async () => {
    await post(`${libPath}/eventsources`, {
      apiVersion: "lib.projectsveltos.io/v1beta1",
      kind: "EventSource",
      metadata: { name: "user-operation" },
      spec: { messagingMatchCriteria: [{ subject: "user-operation", cloudEventSource: "auth.example.com" }] },
    });
    await post(`${libPath}/eventtriggers`, {
      apiVersion: "lib.projectsveltos.io/v1beta1",
      kind: "EventTrigger",
      metadata: { name: "manage-namespace" },
      spec: {
        sourceClusterSelector: { matchLabels: { env: "production" } },
        eventSourceName: "user-operation",
        oneForEvent: true,
        cloudEventAction: "Create",
        policyRefs: [{ kind: "ConfigMap", namespace: "default", name: "namespace" }],
      },
    });
    await post(profilesPath, {
      apiVersion: "config.projectsveltos.io/v1beta1",
      kind: "ClusterProfile",
      metadata: { name: "baseline" },
      spec: {
        clusterSelector: { matchLabels: { env: "production" } },
        policyRefs: [
          { kind: "ConfigMap", namespace: "default", name: "quota-{{ .Cluster.metadata.labels.region }}" },
          { kind: "Secret", namespace: "default", name: "credentials" },
        ],
      },
    });
    const template = { "projectsveltos.io/instantiate": "ok" };
    const contents: readonly (readonly [string, object, object])[] = [
      [
        "namespace",
        template,
        { "a.yaml": "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: {{ .CloudEvent.subject }}\n" },
      ],
      ["quota-eu", {}, { "a.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: q, namespace: a}\n" }],
      ["unrelated", {}, {}],
    ];
    for (const [name, annotations, data] of contents)
      await post("/api/v1/namespaces/default/configmaps", { metadata: { name, annotations }, data });
    await post("/api/v1/namespaces/default/secrets", { metadata: { name: "credentials" }, stringData: { a: "hush" } });

    const begun = performance.now();
    const result = await sluice("import", "--context", "test", "config", "-o", "name").catch(
      (error: { code: number; stdout: string; stderr: string }) => error,
    );
    console.log(`import of ${clustersCount} clusters: ${((performance.now() - begun) / 1000).toFixed(1)} s`);
    // A Secret that a profile needs is missing, and is named.
    expect(result).toMatchObject({ code: 1, stderr: expect.stringContaining("Secret default/credentials") });
    expect((await readdir(join(folder, "config/clusters/fleet"))).length).toBe(clustersCount);
    const trigger = await readFile(join(folder, "config/triggers/manage-namespace.yaml"), "utf8");
    expect(trigger.match(/^kind: (.*)$/gm)).toEqual(["kind: EventSource", "kind: EventTrigger", "kind: ConfigMap"]);
    const profile = await readFile(join(folder, "config/profiles/baseline.yaml"), "utf8");
    expect(profile).toContain("name: quota-eu");
    expect(trigger + profile).not.toMatch(/hush|uid:|resourceVersion|managedFields|creationTimestamp/);
    expect((await run("grep", ["-rl", "hush", folder]).catch(() => ({ stdout: "" }))).stdout).toBe("");
  }, 300_000);

  it("keeps the target's inventory, under the service's guard; an answer that says nothing takes nothing away", async () => {
    const bench = await Workbench.open({ config: usersConfig, connection: usersConnection });
    try {
      const importing = async (file = server.kubeconfigFile) => {
        const args = ["import", "--context", "test", "--kubeconfig", file, "--only", "clusters", "--commit"];
        return bench.sluice(...args);
      };
      const begun = performance.now();
      expect(await importing()).toMatchObject({ code: 0, stderr: expect.stringContaining(`${clustersCount} added`) });
      console.log(`the inventory committed: ${((performance.now() - begun) / 1000).toFixed(1)} s`);
      expect(await importing()).toMatchObject({ code: 0, stderr: "the inventory is as the hub has it\n" });

      const service = await bench.start();
      await bench.publish(
        "user-operation",
        JSON.stringify({ specversion: "1.0", id: "1", type: "login", source: "auth", subject: "alice" }),
      );
      await until(async () => (await bench.rendered()).length > clustersCount, "a Namespace on each cluster");

      // A hub that can't be asked, and one that has none.
      const nowhere = join(bench.folder, "nowhere.yaml");
      await bench.write(
        "nowhere.yaml",
        (await readFile(server.kubeconfigFile, "utf8")).replace(/127\.0\.0\.1:\d+/, "127.0.0.1:9"),
      );
      expect(await importing(nowhere)).toMatchObject({
        code: 3,
        stderr: expect.stringContaining("CLUSTER_UNAVAILABLE"),
      });
      const head = await bench.git("rev-parse", "main");

      // Followed: a cluster that comes, another label, and thirty that vanish.
      const env = { ...process.env, KUBECONFIG: server.kubeconfigFile };
      const watch = spawn(
        process.execPath,
        [program, "import", "--context", "test", "--only", "clusters", "--commit", "--watch", "--log-format", "json"],
        { cwd: bench.folder, env, stdio: ["ignore", "ignore", "inherit"] },
      );
      const exited = once(watch, "exit");
      try {
        await new Promise((resolve) => setTimeout(resolve, 5_000));
        expect(await bench.git("rev-parse", "main")).toBe(head);
        await addCluster("late");
        const since = performance.now();
        const isThere = async (path: string) =>
          (await bench.git("ls-tree", "-r", "--name-only", "main")).split("\n").includes(path);
        await until(() => isThere("config/clusters/fleet/late.yaml"), "the new cluster's file");
        await until(
          () => isThere("rendered/fleet/late/triggers/users/_cluster/namespace/alice.yaml"),
          "the new cluster's manifest",
        );
        console.log(`a new cluster, on the hub to rendered: ${((performance.now() - since) / 1000).toFixed(1)} s`);
        for (let index = 0; index < 30; index++) await server.request("DELETE", `${clusterPath}/c-${index}`);
        await until(async () => !(await isThere("config/clusters/fleet/c-29.yaml")), "the commit that takes them away");
        await until(async () => (await bench.sluice("status")).stdout.includes("held"), "the guard");
        expect(service.count("CHANGE_HELD")).toBeGreaterThan(0);
        expect(await isThere("rendered/fleet/c-29/triggers/users/_cluster/namespace/alice.yaml")).toBe(true);

        // All of them, one by one: what a look saw last stays when there are none, and the guard holds the rest.
        await server.request("DELETE", clusterPath);
        const left = async () =>
          (await bench.git("ls-tree", "-r", "--name-only", "main", "config/clusters/")).split("\n").length - 1;
        const listed = async () =>
          ((await server.request("GET", clusterPath)).body as { items: readonly unknown[] }).items.length;
        await until(async () => (await listed()) === 0, "an empty hub");
        await new Promise((resolve) => setTimeout(resolve, 8_000));
        expect(await left()).toBeGreaterThan(0);
        expect(await isThere("rendered/fleet/c-500/triggers/users/_cluster/namespace/alice.yaml")).toBe(true);
      } finally {
        watch.kill("SIGTERM");
        expect(await exited).toEqual([0, null]);
      }
    } finally {
      await bench.close();
    }
  }, 400_000);

  it("a rehearsal beside Sveltos says what would change of what Sveltos deployed, and adopting takes it over", async () => {
    const bench = await Workbench.open({ config: usersConfig, connection: usersConnection });
    try {
      await bench.start();
      for (const subject of ["same", "other", "new"]) {
        const event = { specversion: "1.0", id: subject, type: "login", source: "auth", subject };
        await bench.publish("user-operation", JSON.stringify(event));
      }
      await until(async () => (await bench.rendered()).length === 3, "three Namespaces");
      // As Sveltos' deployer applies: its field manager, its label and annotations.
      for (const [name, labels] of [
        ["same", {}],
        ["other", { team: "by Sveltos alone".replaceAll(" ", "-") }],
      ] as const) {
        const metadata = {
          name,
          labels: { "projectsveltos.io/reason": "Resources", ...labels },
          annotations: { "projectsveltos.io/owner-kind": "ClusterProfile", "projectsveltos.io/hash": "sha256:0" },
        };
        const query = "fieldManager=application/apply-patch&force=true";
        const manifest = JSON.stringify({ apiVersion: "v1", kind: "Namespace", metadata });
        await server.apply(`/api/v1/namespaces/${name}`, manifest, query);
      }
      const apply = (...more: readonly string[]) =>
        bench.sluice("apply", "--cluster", "fleet/eu", "--kubeconfig", server.kubeconfigFile, ...more);
      const adopt = "--adopt=application/apply-patch";
      const rehearsal = await apply("--dry-run", adopt, "-o", "json");
      const found = JSON.parse(rehearsal.stdout) as { action: string; name: string }[];
      const actionOf = (name: string) => found.find((one) => one.name === name)?.action;
      expect([actionOf("same"), actionOf("other"), actionOf("new")]).toEqual(["configured", "configured", "created"]);
      const shown = await apply("--dry-run", adopt);
      expect(shown.stdout).toMatch(/-.*team: by-Sveltos-alone/);
      // Nothing was changed by it.
      const labelsOf = async (name: string) =>
        ((await server.request("GET", `/api/v1/namespaces/${name}`)).body as { metadata: { labels: object } }).metadata
          .labels;
      expect(await labelsOf("other")).toMatchObject({ team: "by-Sveltos-alone" });
      // Without a word it is Sveltos' own.
      expect((await apply()).stdout).toContain("conflict");

      expect((await apply(adopt)).code).toBe(0);
      expect(await labelsOf("other")).toMatchObject({ "app.kubernetes.io/managed-by": "sluice" });
      expect(await labelsOf("other")).not.toHaveProperty("team");
    } finally {
      await bench.close();
    }
  }, 120_000);

  it("what kubectl printed is as good, on standard input", async () => {
    const out = join(folder, "piped");
    const child = run(process.execPath, [program, "import", "-", out]);
    child.child.stdin!.end(await seed("3-end-to-end/config.yaml"));
    const result = await child.catch((error: { code: number; stdout: string }) => error);
    expect(result.stdout).toContain("manage-namespace");
    expect(await readdir(join(out, "triggers"))).toEqual(["manage-namespace.yaml"]);
  });
});
