/**
 * From an event to the object in the cluster, on the built program: the service with its applier, and `sluice apply`.
 *
 * Needs kube-apiserver and etcd: `npm run tools kube-apiserver etcd` builds them (minutes), then `npm run test:all`.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { isBuilt } from "../tools/build-tool.ts";
import { type KubeApiServer, startKubeApiServer } from "../tools/start-kube-apiserver.ts";
import { usersConfig, usersConnection, usersTrigger } from "./users-config.ts";
import { until, Workbench } from "./workbench.ts";

const isReady =
  process.env.SLUICE_TEST_ALL !== undefined && (await isBuilt("kube-apiserver")) && (await isBuilt("etcd"));

const action = `  cloudEventAction: '{{ if eq .CloudEvent.type "logout" }}Delete{{ else }}Create{{ end }}'\n`;
const config = { ...usersConfig, "trigger.yaml": usersTrigger + action };

describe.skipIf(!isReady)("needs kube-apiserver and etcd (npm run tools kube-apiserver etcd): the applier", () => {
  let server: KubeApiServer;
  let workbench: Workbench;

  beforeAll(async () => {
    server = await startKubeApiServer();
  });
  afterAll(async () => {
    await server?.stop();
  });
  beforeEach(async () => {
    const delivery = `delivery: {kind: applier, kubeconfigs: {fleet/eu: {file: ${server.kubeconfigFile}}}}`;
    const settings = `output: {secrets: plain}\n${delivery}`;
    workbench = await Workbench.open({ config, connection: usersConnection, settings });
  });
  afterEach(async () => {
    await workbench.close();
  });

  const send = (type: string, subject: string) =>
    workbench.publish("user-operation", JSON.stringify({ specversion: "1.0", id: "1", type, source: "auth", subject }));
  const namespace = async (name: string) => {
    const { status, body } = await server.request("GET", `/api/v1/namespaces/${name}`);
    if (status !== 200) return undefined;
    return (body as { metadata: { uid: string; deletionTimestamp?: string; annotations?: object } }).metadata;
  };

  it("brings a login to the cluster, and a logout; and a login that comes while the Namespace still goes", async () => {
    await server.request("POST", "/api/v1/namespaces", {
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name: "person", annotations: { by: "ada" } },
    });
    const persons = await namespace("person");
    const service = await workbench.start();
    await send("login", "alice");
    await until(async () => (await namespace("alice")) !== undefined, "the Namespace");
    const first = await namespace("alice");

    await send("logout", "alice");
    await until(async () => (await namespace("alice"))?.deletionTimestamp !== undefined, "its deletion");
    await send("login", "alice");
    await send("login", "bob");
    await until(async () => (await namespace("bob")) !== undefined, "what comes behind it");
    expect((await namespace("alice"))?.uid).toBe(first?.uid);
    await server.finalize("alice");
    await until(async () => {
      const now = await namespace("alice");
      return now !== undefined && now.uid !== first?.uid;
    }, "the Namespace anew");

    const { stdout: live } = await workbench.sluice("show", "addons", "--live", "-o", "json");
    const commit = (await workbench.git("rev-parse", "main")).trim();
    expect(JSON.parse(live)).toContainEqual(
      expect.objectContaining({ name: "alice", version: commit, live: "applied", time: expect.stringMatching(/^20/) }),
    );

    // Another applier would be one too many.
    const second = await workbench.sluice("apply", "--cluster", "fleet/eu");
    expect(second).toMatchObject({ code: 3, stderr: expect.stringContaining("APPLIER_ELSEWHERE") });

    await send("login", "person");
    await until(() => service.count("OBJECT_CONFLICT") > 0, "the conflict");
    await send("logout", "person");
    await send("login", "carol");
    await until(async () => (await namespace("carol")) !== undefined, "what comes behind the logout");
    expect(await namespace("person")).toEqual(persons);
    expect(await service.stop()).toBe(0);
    // The service's end is its applier's, which has given up its Lease: the command need not wait.
    const { code, stdout, stderr } = await workbench.sluice("apply", "--cluster", "fleet/eu");
    expect([code, stdout, stderr]).toEqual([0, expect.any(String), expect.stringContaining("4 unchanged")]);
  });

  it("corrects what others change, and leaves to them what is theirs", async () => {
    const template = `    metadata: {name: "{{ .CloudEvent.subject }}"}
    ---
    apiVersion: v1
    kind: ConfigMap
    metadata: {name: "{{ .CloudEvent.subject }}", namespace: default}
    data: {key: ours}
`;
    await workbench.commitConfig({
      "trigger.yaml": `${usersTrigger}${action}  syncMode: ContinuousWithDriftDetection\n`,
      "others.yaml": usersConfig["others.yaml"].replace(/ {4}metadata: \{name: "\{\{.*\n/, template),
    });
    const service = await workbench.start();
    await send("login", "drift");
    const path = "/api/v1/namespaces/default/configmaps/drift";
    const map = async () => (await server.request("GET", path)).body as { data?: object; metadata: { uid: string } };
    await until(async () => (await server.request("GET", path)).status === 200, "the ConfigMap");
    const { uid } = (await map()).metadata;

    const merge = (change: object) => server.request("PATCH", path, change, "application/merge-patch+json");
    await merge({ data: { key: "theirs", more: "theirs" } });
    await until(async () => JSON.stringify((await map()).data) === '{"key":"ours","more":"theirs"}', "the correction");
    expect((await map()).metadata.uid).toBe(uid);
    await server.request("DELETE", path);
    await until(async () => {
      const { status, body } = await server.request("GET", path);
      return status === 200 && (body as { metadata: { uid: string } }).metadata.uid !== uid;
    }, "the object anew");
    await until(
      () => service.lines().filter(({ message }) => message === "drift corrected").length === 2,
      "both corrections in the log",
    );
    await service.stop();
  });

  it("applies once: what would change, what did, and what is well", async () => {
    const service = await workbench.start();
    await service.stop();
    const path = "rendered/fleet/eu/triggers/users/default/configmap/extra.yaml";
    const map = (value: string) =>
      `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: extra, namespace: default}\ndata: {key: ${value}}\n`;
    await workbench.commitFiles({ [path]: map("one") });
    const dry = await workbench.sluice("apply", "--cluster", "fleet/eu", "--dry-run");
    expect([dry.code, dry.stdout]).toEqual([1, expect.stringContaining("+++ configmap/extra -n default")]);
    expect((await server.request("GET", "/api/v1/namespaces/default/configmaps/extra")).status).toBe(404);

    const applied = await workbench.sluice("apply", "--cluster", "fleet/eu", "--wait", "-o", "json");
    expect(applied.code, applied.stderr).toBe(0);
    expect(JSON.parse(applied.stdout)).toContainEqual(
      expect.objectContaining({ action: "created", kind: "ConfigMap", name: "extra", namespace: "default" }),
    );
    await workbench.commitFiles({ [path]: map("two") });
    const diff = await workbench.sluice("apply", "--cluster", "fleet/eu", "--dry-run");
    expect(diff.stdout).toContain("-   key: one\n+   key: two\n");
    expect((await workbench.sluice("apply", "--cluster", "fleet/eu")).stdout).toMatch(
      /configured \| :ConfigMap +\| default +\| extra/,
    );
    expect((await workbench.sluice("apply", "--cluster", "fleet/eu", "--dry-run")).code).toBe(0);
  });

  it("says what is off, and changes nothing", async () => {
    const run = (...args: string[]) => workbench.sluice("apply", ...args);
    expect(await run("--cluster", "fleet/eu")).toMatchObject({
      code: 3,
      stderr: expect.stringContaining("TARGET_MISSING"),
    });
    expect(await run("--cluster", "fleet/nope")).toMatchObject({ code: 2 });
    expect(await run("--cluster", "eu")).toMatchObject({ code: 2 });
    expect(await run("--all")).toMatchObject({ code: 2 });
    const kubeconfig = await run("--cluster", "fleet/eu", "--kubeconfig", "gone.yaml");
    expect(kubeconfig).toMatchObject({ code: 3 });
  });
});
