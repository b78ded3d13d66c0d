/** The applier over a cluster in memory: what becomes of each object, in which order, and what is left alone. */
import { beforeEach, describe, expect, it } from "vitest";
import { applySetId } from "../../src/apply/apply-set.ts";
import { DryCluster } from "../../src/apply/dry-cluster.ts";
import { ClusterRefusal } from "../../src/model/cluster-refusal.ts";
import type { JsonObject } from "../../src/model/json.ts";
import type { Cluster } from "../../src/ports/cluster.ts";
import { configMap, json } from "../contract/cluster-contract.ts";
import type { FakeClock } from "../fakes/fake-clock.ts";
import type { FakeCluster } from "../fakes/fake-cluster.ts";
import { ApplyWorld, createApplyWorld, objectFile, parentName, widgetDefinition } from "./apply-world.ts";

let world: ApplyWorld;
let cluster: FakeCluster;
let clock: FakeClock;

beforeEach(() => {
  ({ cluster, clock, world } = createApplyWorld());
});

const files = (...entries: (readonly [string, string])[]) => Object.fromEntries(entries);
const job = (image: string, annotations = {}) =>
  objectFile("Job/default/j", { annotations, body: `spec: {template: {spec: {image: ${image}}}}\n` });
const namespace = (name: string, labels = {}) =>
  json({ apiVersion: "v1", kind: "Namespace", metadata: { name, labels } }) as JsonObject;

describe("a folder that is new to a cluster", () => {
  it("is applied in order: definitions and Namespaces, then the rest, and the parent says so", async () => {
    const widget = objectFile("Widget/alice/one");
    const commit = world.commit(
      files(widget, objectFile("ConfigMap/alice/a"), objectFile("Namespace/alice"), widgetDefinition),
    );
    const actions = await world.actions();
    expect(actions.slice(0, 2).sort()).toEqual([
      "created CustomResourceDefinition/widgets.example.com",
      "created Namespace/alice",
    ]);
    expect(actions.slice(2).sort()).toEqual(["created ConfigMap/a", "created Widget/one"]);
    expect(await world.annotation("sluice.dev/applied")).toBe(commit);
    expect(await world.annotation("applyset.kubernetes.io/contains-group-kinds")).toBe(
      "ConfigMap,CustomResourceDefinition.apiextensions.k8s.io,Namespace,Widget.example.com",
    );
    expect(await world.failures()).toEqual([]);
  });

  it("that is not there changes nothing: absence is no emptiness", async () => {
    world.commit(files(objectFile("ConfigMap/default/a")));
    await world.step();
    const [path] = objectFile("ConfigMap/default/a");
    world.commit({ [path]: undefined, "base/sluice-cluster.yaml": undefined });
    await expect(world.step()).rejects.toMatchObject({ problem: { code: "TARGET_MISSING" } });
    world.restart();
    await expect(world.step()).rejects.toMatchObject({ problem: { code: "TARGET_MISSING" } });
    expect(cluster.names).toContain("ConfigMap/default/a");
  });
});

describe("a change", () => {
  it("touches what has changed, and asks for nothing else", async () => {
    world.commit(files(...Array.from({ length: 40 }, (_, index) => objectFile(`ConfigMap/default/a${index}`))));
    await world.step();
    cluster.writes.length = 0;
    Object.assign(cluster.asked, { objects: 0, lists: 0 });
    world.commit(files(objectFile("ConfigMap/default/a7", { body: "data: {key: value}\n" })));
    expect(await world.actions()).toEqual(["configured ConfigMap/a7"]);
    expect(cluster.writes).toEqual(["apply ConfigMap/a7", `apply ConfigMap/${parentName}`]);
    expect(cluster.asked).toEqual({ objects: 1, lists: 0 });
    expect(await world.step()).toBeUndefined();
  });

  it("that removes files deletes in reverse: contents before Namespaces, instances before definitions", async () => {
    const all = [
      widgetDefinition,
      objectFile("Namespace/alice"),
      objectFile("Widget/alice/one"),
      objectFile("ConfigMap/alice/a"),
    ];
    world.commit(files(...all));
    await world.step();
    cluster.writes.length = 0;
    world.commit(Object.fromEntries(all.map(([path]) => [path, undefined])));
    await world.step();
    expect(cluster.writes.slice(0, 2).sort()).toEqual(["delete ConfigMap/a", "delete Widget/one"]);
    expect(cluster.writes.slice(2, 4)).toEqual([
      "delete CustomResourceDefinition/widgets.example.com",
      "delete Namespace/alice",
    ]);
    expect(cluster.names).toEqual([`ConfigMap/default/${parentName}`]);
  });

  it("that moves an object to another owner keeps it", async () => {
    const before = objectFile("ConfigMap/default/a", { owner: "login" });
    world.commit(files(before));
    await world.step();
    const uid = cluster.uidOf("ConfigMap", "default", "a");
    world.commit({ [before[0]]: undefined, ...files(objectFile("ConfigMap/default/a", { owner: "signup" })) });
    expect(await world.actions()).toEqual(["configured ConfigMap/a"]);
    expect(cluster.uidOf("ConfigMap", "default", "a")).toBe(uid);
  });

  it("that breaks a file fails that one, and deletes nothing", async () => {
    const [path] = objectFile("ConfigMap/default/a");
    world.commit(files(objectFile("ConfigMap/default/a"), objectFile("ConfigMap/default/b")));
    await world.step();
    world.commit({ [path]: "metadata: [", ...files(objectFile("ConfigMap/default/c")) });
    const report = await world.step();
    expect(report?.outcomes).toContainEqual(
      expect.objectContaining({ action: "failed", code: "MANIFEST_SYNTAX", path }),
    );
    expect(await world.failures()).toHaveLength(1);
    world.restart();
    await world.step();
    expect(cluster.names).toEqual(expect.arrayContaining(["a", "b", "c"].map((name) => `ConfigMap/default/${name}`)));
  });

  it("that encrypts a Secret fails that one: its ciphertext is not put in the place of what it holds", async () => {
    const secret = (more: string) => objectFile("Secret/default/a", { body: `stringData: {key: ${more}}\n` });
    world.commit(files(secret("hunter2")));
    await world.step();
    cluster.writes.length = 0;
    const [path, text] = secret("'ENC[AES256_GCM,data:x]'");
    world.commit({ [path]: `${text}sops: {mac: x}\n` });
    const report = await world.step();
    expect(report?.outcomes).toContainEqual(
      expect.objectContaining({ action: "failed", code: "MANIFEST_INVALID", path }),
    );
    expect(cluster.writes).not.toContain("apply Secret/a");
    expect(cluster.names).toContain("Secret/default/a");
  });

  it.each(['""', ".", "..", "a/b"])("whose file names an object %s fails that one, and stops nothing", async (name) => {
    const odd = `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}, namespace: default}\n`;
    world.commit({ "extra/odd.yaml": odd, ...files(objectFile("ConfigMap/default/a")) });
    const report = await world.step();
    expect(report?.problems).toMatchObject([{ code: "MANIFEST_INVALID", at: { file: "extra/odd.yaml" } }]);
    expect(cluster.names).toContain("ConfigMap/default/a");
  });

  it("that moves somebody's own file and breaks it deletes nothing of what was in it", async () => {
    const own = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: default}\n";
    world.commit({ "extra/one.yaml": own, ...files(objectFile("ConfigMap/default/b")) });
    await world.step();
    const path = objectFile("ConfigMap/default/b")[0];
    world.commit({ "extra/one.yaml": undefined, "extra/two.yaml": `${own}data: [`, [path]: undefined });
    expect(await world.actions()).toEqual(["deleted ConfigMap/b"]);
    expect(cluster.names).toContain("ConfigMap/default/a");
  });

  it("that puts an object at another's place fails that one, in a full pass as between them", async () => {
    const [, text] = objectFile("ConfigMap/default/other");
    world.commit(files(objectFile("ConfigMap/default/a")));
    await world.step();
    world.commit({ [objectFile("ConfigMap/default/b")[0]]: text });
    expect(await world.actions()).toEqual(["failed configmap/b"]);
    world.restart();
    expect(await world.actions()).toEqual(["failed configmap/b"]);
    expect(cluster.names).not.toContain("ConfigMap/default/other");
  });

  it("is not lost where the cluster goes away midway: it is begun anew", async () => {
    world.commit(files(objectFile("ConfigMap/default/a")));
    await world.step();
    world.commit(files(...["b", "c", "d"].map((name) => objectFile(`ConfigMap/default/${name}`))));
    let writes = 0;
    cluster.beforeWrite = () => {
      if (++writes === 2) cluster.isDown = true;
    };
    await expect(world.step()).rejects.toMatchObject({ problem: { code: "CLUSTER_UNAVAILABLE" } });
    cluster.isDown = false;
    cluster.beforeWrite = () => undefined;
    await world.step();
    expect(cluster.names.filter((name) => name.includes("/default/"))).toHaveLength(5);
  });

  it("to what was applied before the last is refused, unless it is asked for", async () => {
    const first = world.commit(files(objectFile("ConfigMap/default/a")));
    await world.step();
    world.commit(files(objectFile("ConfigMap/default/b")));
    await world.step();
    world.restart();
    await expect(world.step({ at: first })).rejects.toMatchObject({ problem: { code: "TARGET_BEHIND" } });
    expect(cluster.names).toContain("ConfigMap/default/b");
    await world.step({ at: first, full: "apply-all" });
    expect(cluster.names).not.toContain("ConfigMap/default/b");
  });
});

describe("a target that was set back", () => {
  it("to a commit that changed nothing here is refused all the same", async () => {
    world.commit(files(objectFile("ConfigMap/default/a")));
    await world.step();
    const passed = world.commit({ "readme.txt": "of another cluster\n" });
    await world.step();
    world.commit(files(objectFile("ConfigMap/default/b")));
    await world.step();
    for (const restart of [false, true]) {
      if (restart) world.restart();
      await expect(world.step({ at: passed })).rejects.toMatchObject({ problem: { code: "TARGET_BEHIND" } });
    }
    expect(cluster.names).toContain("ConfigMap/default/b");
  });

  it("to a commit that nobody saw, just before the last, is refused too", async () => {
    world.commit(files(objectFile("ConfigMap/default/a")));
    await world.step();
    const unseen = world.commit({ "readme.txt": "of another cluster\n" });
    await world.fetch();
    world.commit(files(objectFile("ConfigMap/default/b")));
    await world.step();
    world.restart();
    await expect(world.step({ at: unseen })).rejects.toMatchObject({ problem: { code: "TARGET_BEHIND" } });
  });

  it("on purpose goes forward again from there", async () => {
    const first = world.commit(files(objectFile("ConfigMap/default/a")));
    await world.step();
    const second = world.commit(files(objectFile("ConfigMap/default/b")));
    await world.step();
    await world.step({ at: first, full: "apply-all" });
    expect(cluster.names).not.toContain("ConfigMap/default/b");
    expect(await world.actions({ at: second })).toEqual(["created ConfigMap/b"]);
  });
});

describe("a full pass", () => {
  it("through another cluster's kubeconfig changes nothing, until somebody says that it is that one now", async () => {
    world.commit(files(objectFile("ConfigMap/default/a")));
    await world.step();
    world.commit({ [objectFile("ConfigMap/default/a")[0]]: undefined });
    world.restart();
    await expect(world.step({ as: "fleet/eu-2", full: "apply-all" })).rejects.toMatchObject({
      problem: { code: "CLUSTER_MISTAKEN", message: expect.stringContaining("fleet/eu-1") },
    });
    expect(cluster.names).toContain("ConfigMap/default/a");
    await cluster.annotate("ConfigMap", "default", parentName, "sluice.dev/cluster", "fleet/eu-2");
    world.restart();
    expect(await world.actions({ as: "fleet/eu-2" })).toEqual(["deleted ConfigMap/a"]);
  });

  it("applies what differs and prunes what the folder does not have, by our label alone", async () => {
    world.commit(files(objectFile("ConfigMap/default/a"), objectFile("ConfigMap/default/b")));
    await world.step();
    await cluster.applyAs("person", "v1", "ConfigMap", configMap("default", "theirs", {}));
    cluster.drop("ConfigMap", "default", "a");
    world.commit({ [objectFile("ConfigMap/default/b")[0]]: undefined });
    world.restart();
    const actions = await world.actions();
    expect(actions.sort()).toEqual(["created ConfigMap/a", "deleted ConfigMap/b"]);
    expect(cluster.names).toContain("ConfigMap/default/theirs");
  });

  it("leaves alone what is there from the very file; --full applies all the same", async () => {
    world.commit(files(objectFile("ConfigMap/default/a", { body: "data: {key: ours}\n" })));
    await world.step();
    await cluster.applyAs("person", "v1", "ConfigMap", configMap("default", "a", { key: "theirs" }));
    expect((await world.step({ full: "look" }))?.unchanged).toBe(1);
    expect(await world.actions({ full: "apply-all" })).toEqual(["configured ConfigMap/a"]);
    expect(cluster.objectOf("ConfigMap", "default", "a")?.get("data")).toEqual(new Map([["key", "ours"]]));
  });
});

describe("what is not ours", () => {
  it("is a conflict that holds up nothing else, and survives our Delete too", async () => {
    await cluster.applyAs("person", "v1", "Namespace", namespace("alice", { by: "ada" }));
    const uid = cluster.uidOf("Namespace", "", "alice");
    const all = [objectFile("Namespace/alice"), objectFile("ConfigMap/alice/a")];
    world.commit(files(...all));
    expect((await world.actions()).sort()).toEqual(["conflict Namespace/alice", "created ConfigMap/a"]);
    expect((await world.failures()).map((failure) => failure.get("action"))).toEqual(["conflict"]);
    world.commit(Object.fromEntries(all.map(([path]) => [path, undefined])));
    expect((await world.actions()).sort()).toEqual(["deleted ConfigMap/a", "skipped Namespace/alice"]);
    expect(cluster.uidOf("Namespace", "", "alice")).toBe(uid);
  });

  it("is applied once whoever has it has let it go", async () => {
    await cluster.applyAs("person", "v1", "ConfigMap", configMap("default", "a", {}));
    world.commit(files(objectFile("ConfigMap/default/a")));
    await world.step();
    cluster.drop("ConfigMap", "default", "a");
    clock.advance(120_000);
    expect(await world.actions()).toEqual(["created ConfigMap/a"]);
  });

  it.each([
    ["its annotation says so", { annotations: { "sluice.dev/adopt": "true" } }, { kind: "none" }, "configured"],
    ["--adopt says so", {}, { kind: "all" }, "configured"],
    ["--adopt names who applied it", {}, { kind: "manager", name: "person" }, "configured"],
    ["--adopt names somebody else", {}, { kind: "manager", name: "nobody" }, "conflict"],
    ["it is of another set", { labels: { "applyset.kubernetes.io/part-of": "x" } }, { kind: "all" }, "conflict"],
    [
      "it is of another set, whose manager is named",
      { labels: { "applyset.kubernetes.io/part-of": "x" } },
      { kind: "manager", name: "person" },
      "configured",
    ],
  ] as const)("is taken over or not: %s", async (_name, metadata, adoption, action) => {
    const object = json({ metadata: { name: "a", namespace: "default", ...metadata }, data: { old: "x" } });
    await cluster.applyAs("person", "v1", "ConfigMap", object as JsonObject);
    world.commit(files(objectFile("ConfigMap/default/a")));
    expect(await world.actions({ adoption })).toEqual([`${action} ConfigMap/a`]);
    // What is taken from a manager is ours whole: what it had and we do not want is gone.
    const isTaken = adoption.kind === "manager" && action === "configured";
    expect(cluster.objectOf("ConfigMap", "default", "a")?.has("data")).toBe(!isTaken);
  });

  it("and is only needed is enough: a Namespace that Sluice would add", async () => {
    await cluster.applyAs("person", "v1", "Namespace", namespace("monitoring"));
    world.commit({
      "base/namespaces/monitoring.yaml": "apiVersion: v1\nkind: Namespace\nmetadata: {name: monitoring}\n",
    });
    expect(await world.actions()).toEqual(["skipped Namespace/monitoring"]);
  });

  it("has our label, which a controller copied: it is neither pruned nor applied over", async () => {
    cluster.updaters.add("endpoint-controller");
    const labels = { "applyset.kubernetes.io/part-of": applySetId(parentName, "default") };
    for (const name of ["copied", "wanted"]) {
      const copy = json({ metadata: { name, namespace: "default", labels }, data: { by: "controller" } });
      await cluster.applyAs("endpoint-controller", "v1", "ConfigMap", copy as JsonObject);
    }
    world.commit(files(objectFile("ConfigMap/default/a"), objectFile("ConfigMap/default/wanted")));
    expect((await world.actions()).sort()).toEqual(["conflict ConfigMap/wanted", "created ConfigMap/a"]);
    world.restart();
    expect(await world.actions()).toEqual(["conflict ConfigMap/wanted"]);
    expect(cluster.names).toContain("ConfigMap/default/copied");
    expect(await world.actions({ adoption: { kind: "all" } })).toEqual(["configured ConfigMap/wanted"]);
  });

  it("belongs to another Sluice on the same cluster, and each has its own", async () => {
    const other = new ApplyWorld(cluster, clock, "second");
    const parent = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: sluice-ba9876543210, namespace: default}\n";
    other.commit(files(objectFile("ConfigMap/default/shared"), objectFile("ConfigMap/default/second")), parent);
    world.commit(files(objectFile("ConfigMap/default/shared"), objectFile("ConfigMap/default/first")));
    await world.step();
    expect((await other.actions()).sort()).toEqual(["conflict ConfigMap/shared", "created ConfigMap/second"]);
    world.restart();
    expect(await world.actions()).toEqual([]);
    expect(cluster.names).toContain("ConfigMap/default/second");
  });
});

describe("an object of ours", () => {
  it("that is refused holds up nothing else, is told, and is tried again", async () => {
    cluster.refuse = ({ name }) =>
      name === "bad" ? new ClusterRefusal("invalid", "admission webhook denied the request: no") : undefined;
    world.commit(files(objectFile("ConfigMap/default/bad"), objectFile("ConfigMap/default/good")));
    expect((await world.actions()).sort()).toEqual(["created ConfigMap/good", "failed ConfigMap/bad"]);
    expect((await world.failures()).map((failure) => failure.get("message"))).toEqual([
      expect.stringContaining("denied"),
    ]);
    expect(await world.step()).toBeUndefined();
    cluster.refuse = () => undefined;
    clock.advance(2_000);
    expect(await world.actions()).toEqual(["created ConfigMap/bad"]);
    expect(await world.failures()).toEqual([]);
  });

  it.each([3_600_000, -3_600_000])(
    "that is refused is tried again when it is time, set the wall clock by %i ms",
    async (jumpMs) => {
      cluster.refuse = ({ name }) => (name === "bad" ? new ClusterRefusal("forbidden", "no") : undefined);
      world.commit(files(objectFile("ConfigMap/default/bad")));
      await world.step();
      clock.setBy(jumpMs);
      expect(await world.actions()).toEqual([]);
      clock.advance(1_500);
      expect(await world.actions()).toEqual(["failed ConfigMap/bad"]);
    },
  );

  it("that is a Secret is never quoted", async () => {
    cluster.refuse = ({ kind }) =>
      kind.kind !== "Secret"
        ? undefined
        : new ClusterRefusal("invalid", 'data[password]: Invalid value: "hunter2hunter2"');
    world.commit(files(objectFile("Secret/default/s")));
    const report = await world.step();
    const secret = report?.outcomes.find(({ identity }) => identity.kind === "Secret");
    expect(secret?.message).toBe("the API server refuses this Secret (invalid)");
    expect(JSON.stringify(report)).not.toContain("hunter2");
  });

  it("that can't be changed is made anew only where it says so", async () => {
    world.commit(files(job("one")));
    await world.step();
    const uid = cluster.uidOf("Job", "default", "j");
    world.commit(files(job("two")));
    expect(await world.actions()).toEqual(["failed Job/j"]);
    expect(cluster.uidOf("Job", "default", "j")).toBe(uid);
    world.commit(files(job("two", { "kustomize.toolkit.fluxcd.io/force": "enabled" })));
    expect(await world.actions()).toEqual(["configured Job/j"]);
    expect(cluster.uidOf("Job", "default", "j")).not.toBe(uid);
  });

  it("that is not to be pruned stays, and is ours no more", async () => {
    const kept = objectFile("ConfigMap/default/a", {
      annotations: { "kustomize.toolkit.fluxcd.io/prune": "disabled" },
    });
    world.commit(files(kept));
    await world.step();
    world.commit({ [kept[0]]: undefined });
    expect(await world.actions()).toEqual(["skipped ConfigMap/a"]);
    expect(cluster.names).toContain("ConfigMap/default/a");
    world.commit(files(objectFile("ConfigMap/default/a")));
    expect(await world.actions()).toEqual(["conflict ConfigMap/a"]);
  });

  it("that somebody has taken out of reconciliation stays too", async () => {
    world.commit(files(objectFile("ConfigMap/default/a")));
    await world.step();
    await cluster.annotate("ConfigMap", "default", "a", "kustomize.toolkit.fluxcd.io/reconcile", "disabled");
    world.commit({ [objectFile("ConfigMap/default/a")[0]]: undefined });
    expect(await world.actions()).toEqual(["skipped ConfigMap/a"]);
    expect(cluster.names).toContain("ConfigMap/default/a");
  });

  it("that would be made anew is shown so by a dry run, which waits for nothing", async () => {
    world.commit(files(job("one")));
    await world.step();
    const changes: string[] = [];
    const dry = new DryCluster(cluster, ({ ref: { name }, before, after }) =>
      changes.push(`${name} ${before === undefined ? "made" : after === undefined ? "deleted" : "changed"}`),
    );
    const other = new ApplyWorld(dry as unknown as Cluster, clock);
    other.commit(files(job("two", { "kustomize.toolkit.fluxcd.io/force": "enabled" })));
    expect(await other.actions()).toEqual(["configured Job/j"]);
    expect(changes.filter((change) => change.startsWith("j "))).toEqual(["j deleted", "j made"]);
    expect(cluster.writes).not.toContain("delete Job/j");
  });

  it("whose Namespace is still going waits for it, and comes then", async () => {
    cluster.holdsNamespaces = true;
    const all = [objectFile("Namespace/alice"), objectFile("ConfigMap/alice/a")];
    world.commit(files(...all));
    await world.step();
    const uid = cluster.uidOf("Namespace", "", "alice");
    world.commit(Object.fromEntries(all.map(([path]) => [path, undefined])));
    await world.step();
    world.commit(files(...all));
    expect((await world.actions()).sort()).toEqual(["waiting ConfigMap/a", "waiting Namespace/alice"]);
    cluster.finalize("alice");
    clock.advance(5_000);
    expect(await world.actions()).toEqual(["created Namespace/alice", "created ConfigMap/a"]);
    expect(cluster.uidOf("Namespace", "", "alice")).not.toBe(uid);
  });

  it("of a kind that comes later is applied when it has come", async () => {
    world.commit(files(objectFile("Widget/default/one")));
    expect(await world.actions()).toEqual(["failed Widget/one"]);
    world.commit(files(widgetDefinition));
    clock.advance(60_000);
    expect(await world.actions()).toEqual([
      "created CustomResourceDefinition/widgets.example.com",
      "created Widget/one",
    ]);
  });

  it("that defines a kind which nobody can list any more stays: there may be some of it", async () => {
    world.commit(files(widgetDefinition));
    await world.step();
    const status = { conditions: [{ type: "Established", status: "True" }] };
    const object = json({ metadata: { name: "widgets.example.com" }, status }) as JsonObject;
    await cluster.applyAs("apiserver", "apiextensions.k8s.io/v1", "CustomResourceDefinition", object);
    const findKind = cluster.findKind.bind(cluster);
    cluster.findKind = async (group, kind, version) => (kind === "Widget" ? undefined : findKind(group, kind, version));
    world.commit({ [widgetDefinition[0]]: undefined });
    expect(await world.actions()).toEqual(["waiting CustomResourceDefinition/widgets.example.com"]);
  });

  it("that defines a kind stays while somebody else has one of it", async () => {
    world.commit(files(widgetDefinition, objectFile("Widget/default/ours")));
    await world.step();
    const theirs = json({ metadata: { name: "theirs", namespace: "default" } }) as JsonObject;
    await cluster.applyAs("person", "example.com/v1", "Widget", theirs);
    world.commit({ [widgetDefinition[0]]: undefined, [objectFile("Widget/default/ours")[0]]: undefined });
    expect(await world.actions()).toEqual([
      "deleted Widget/ours",
      "waiting CustomResourceDefinition/widgets.example.com",
    ]);
    cluster.drop("Widget", "default", "theirs");
    clock.advance(5_000);
    expect(await world.actions()).toEqual(["deleted CustomResourceDefinition/widgets.example.com"]);
  });

  it.each([
    ["kustomize.toolkit.fluxcd.io/ssa", "IfNotPresent"],
    ["kustomize.toolkit.fluxcd.io/reconcile", "disabled"],
  ])("with %s: %s is made, and left as it is then", async (key, value) => {
    world.commit(files(objectFile("ConfigMap/default/a", { annotations: { [key]: value } })));
    expect(await world.actions()).toEqual(["created ConfigMap/a"]);
    world.commit(files(objectFile("ConfigMap/default/a", { annotations: { [key]: value }, body: "data: {a: b}\n" })));
    expect(await world.actions()).toEqual(["skipped ConfigMap/a"]);
  });
});

it("looks many objects up by one list, and what is new not at all", async () => {
  const many = (body = "") =>
    files(...Array.from({ length: 50 }, (_, index) => objectFile(`ConfigMap/default/a${index}`, { body })));
  world.commit(many());
  await world.step();
  expect(cluster.asked.objects, "the parent: whose cluster it is, and to apply it").toBe(2);
  Object.assign(cluster.asked, { objects: 0, lists: 0 });
  world.commit(many("data: {key: value}\n"));
  await world.step();
  expect(cluster.asked).toEqual({ objects: 0, lists: 1 });
});
