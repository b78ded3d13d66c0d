/** What every Cluster promises: over the fake in every run, over a real API server too. */
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ClusterRefusal } from "../../src/model/cluster-refusal.ts";
import { isJsonObject, type Json, type JsonObject } from "../../src/model/json.ts";
import type { Cluster, LiveMetadata, ObjectRef, ResourceKind, WatchEvent } from "../../src/ports/cluster.ts";

export interface ClusterWorld {
  readonly cluster: Cluster;
  /** A namespace that no other test uses, and that is there. */
  readonly namespace: string;
  close(): Promise<void>;
}

/** Plain values as the port takes them: objects are Maps, integers bigints. */
export function json(value: unknown): Json {
  if (Array.isArray(value)) return value.map(json);
  if (typeof value === "object" && value !== null) {
    return new Map(Object.entries(value).map(([key, member]) => [key, json(member)]));
  }
  return typeof value === "number" ? BigInt(value) : (value as Json);
}

export function configMap(
  namespace: string,
  name: string,
  data: Readonly<Record<string, string>>,
  labels: Readonly<Record<string, string>> = {},
): JsonObject {
  return json({ apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace, labels }, data }) as JsonObject;
}

function textOf(object: JsonObject | undefined, ...path: string[]): Json | undefined {
  let at: Json | undefined = object;
  for (const key of path) at = at !== undefined && isJsonObject(at) ? at.get(key) : undefined;
  return at;
}

async function collect(list: AsyncIterable<LiveMetadata>): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of list) names.push(name);
  return names.sort();
}

async function refusalOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    if (error instanceof ClusterRefusal) return error.reason;
    throw error;
  }
  return "none";
}

export function describeCluster(name: string, openWorld: () => Promise<ClusterWorld>): void {
  describe(name, () => {
    let world: ClusterWorld;
    let cluster: Cluster;
    let maps: ResourceKind;
    const ref = (name: string, kind = maps): ObjectRef => ({ kind, namespace: world.namespace, name });
    const map = (name: string, data: Record<string, string>, labels: Record<string, string> = {}) =>
      configMap(world.namespace, name, data, labels);

    beforeEach(async () => {
      world = await openWorld();
      cluster = world.cluster;
      maps = (await cluster.findKind("", "ConfigMap", "v1"))!;
    });
    afterEach(() => world.close());

    it("finds kinds by name, whatever their case, at a version or at the one that is preferred", async () => {
      expect(maps).toMatchObject({ group: "", version: "v1", kind: "ConfigMap", plural: "configmaps" });
      expect(maps.isNamespaced).toBe(true);
      expect(await cluster.findKind("", "configmap")).toEqual(maps);
      expect(await cluster.findKind("", "ConfigMap", "v9")).toBeUndefined();
      expect(await cluster.findKind("example.com", "Widget")).toBeUndefined();
      expect((await cluster.findKind("", "Namespace"))?.isNamespaced).toBe(false);
    });

    it("applies: what is new is new, what is the same keeps its version, what is left out goes", async () => {
      const made = await cluster.apply(ref("a"), map("a", { one: "1", two: "2" }), "sluice");
      expect(made.isNew).toBe(true);
      const again = await cluster.apply(ref("a"), map("a", { one: "1", two: "2" }), "sluice");
      expect([again.isNew, again.metadata.resourceVersion]).toEqual([false, made.metadata.resourceVersion]);
      const changed = await cluster.apply(ref("a"), map("a", { one: "3" }), "sluice");
      expect(changed.metadata.uid).toBe(made.metadata.uid);
      expect(changed.metadata.resourceVersion).not.toBe(made.metadata.resourceVersion);
      expect(textOf(await cluster.readObject(ref("a")), "data")).toEqual(new Map([["one", "3"]]));
    });

    it("applies with force: a field of another is taken, what only another has stays", async () => {
      await cluster.apply(ref("a"), map("a", { one: "theirs", two: "theirs" }), "other");
      const { metadata } = await cluster.apply(ref("a"), map("a", { one: "ours" }), "sluice");
      expect(textOf(await cluster.readObject(ref("a")), "data")).toEqual(
        new Map([
          ["one", "ours"],
          ["two", "theirs"],
        ]),
      );
      expect(metadata.managers.map(({ name, operation }) => `${name} ${operation}`).sort()).toEqual([
        "other Apply",
        "sluice Apply",
      ]);
      const fieldsOf = (name: string) => metadata.managers.find((manager) => manager.name === name)!.fields;
      expect(fieldsOf("sluice")).toContain("f:one");
      expect(fieldsOf("other")).not.toContain("f:one");
    });

    it("applies to the very object that is meant, and to none where there should be none yet", async () => {
      const made = await cluster.apply(ref("a"), map("a", { one: "1" }), "sluice", "absent");
      expect(made.isNew).toBe(true);
      const { uid } = made.metadata;
      const again = await cluster.apply(ref("a"), map("a", { one: "1" }), "sluice", { uid });
      expect(again.metadata.resourceVersion, "that it is meant leaves no trace").toBe(made.metadata.resourceVersion);
      await cluster.remove(ref("a"), uid, "background");
      expect(await refusalOf(cluster.apply(ref("a"), map("a", { one: "1" }), "sluice", { uid }))).toBe("conflict");
      await cluster.apply(ref("a"), map("a", { one: "theirs" }, { by: "other" }), "other");
      expect(await refusalOf(cluster.apply(ref("a"), map("a", { one: "1" }), "sluice", { uid }))).toBe("conflict");
      expect(await refusalOf(cluster.apply(ref("a"), map("a", { one: "1" }), "sluice", "absent"))).toBe("conflict");
      expect(textOf(await cluster.readObject(ref("a")), "data", "one")).toBe("theirs");
      const before = await cluster.readMetadata(ref("a"));
      const beside = map("a", { two: "2" }, { set: "one" });
      expect(await refusalOf(cluster.apply(ref("a"), beside, "sluice", "absent"))).toBe("conflict");
      expect(await cluster.readMetadata(ref("a")), "no trace is left on what is there").toEqual(before);
    });

    it("tells what applying would make, and makes nothing", async () => {
      const tried = await cluster.tryApply(ref("a"), map("a", { one: "1" }), "sluice");
      expect(textOf(tried, "data", "one")).toBe("1");
      expect(await cluster.readMetadata(ref("a"))).toBeUndefined();
    });

    it("deletes the very object that is meant, and no other", async () => {
      const { metadata } = await cluster.apply(ref("a"), map("a", {}), "sluice");
      const another = "00000000-0000-0000-0000-000000000000";
      expect(await cluster.remove(ref("a"), another, "background")).toBe(false);
      expect((await cluster.readMetadata(ref("a")))?.uid).toBe(metadata.uid);
      expect(await cluster.remove(ref("a"), metadata.uid, "background")).toBe(true);
      expect(await cluster.readMetadata(ref("a"))).toBeUndefined();
      expect(await cluster.remove(ref("a"), metadata.uid, "background")).toBe(false);
    });

    it("lists by label, metadata alone or whole, and says where there are more than a few", async () => {
      for (const name of ["a", "b", "c"]) {
        await cluster.apply(ref(name), map(name, { name }, { set: name === "c" ? "two" : "one" }), "sluice");
      }
      const of = (labelSelector: string) => ({ namespace: world.namespace, labelSelector });
      expect(await collect(cluster.listMetadata(maps, of("set=one")))).toEqual(["a", "b"]);
      expect(await collect(cluster.listMetadata(maps, of("set,set!=one")))).toEqual(["c"]);
      const whole = [];
      for await (const object of cluster.listObjects(maps, of("set=two"))) whole.push(textOf(object, "data", "name"));
      expect(whole).toEqual(["c"]);
      expect((await cluster.listIfFew(maps, of("set"), 3))?.length).toBe(3);
      expect(await cluster.listIfFew(maps, of("set"), 2)).toBeUndefined();
    });

    it("patches the very object that is meant", async () => {
      const { metadata } = await cluster.apply(ref("a"), map("a", {}, { set: "one", other: "x" }), "sluice");
      const change = json({ metadata: { labels: { set: null } } }) as JsonObject;
      const patched = await cluster.patch(ref("a"), metadata.uid, change);
      expect([...patched.labels]).toEqual([["other", "x"]]);
      const another = "00000000-0000-0000-0000-000000000000";
      expect(await refusalOf(cluster.patch(ref("a"), another, change))).toBe("conflict");
      expect(await refusalOf(cluster.patch(ref("b"), another, change))).toMatch(/not-found|conflict/);
    });

    it("hands what one manager has applied to another, who may then leave it out", async () => {
      await cluster.apply(ref("a"), map("a", { one: "1", two: "2" }), "kustomize-controller");
      await cluster.renameManager(ref("a"), "kustomize-controller", "sluice");
      await cluster.apply(ref("a"), map("a", { one: "1" }), "sluice");
      expect(textOf(await cluster.readObject(ref("a")), "data")).toEqual(new Map([["one", "1"]]));
      await cluster.renameManager(ref("a"), "nobody", "sluice");
    });

    it("refuses with a reason", async () => {
      const missing = { kind: maps, namespace: `${world.namespace}-missing`, name: "a" };
      const there = configMap(missing.namespace, "a", {});
      expect(await refusalOf(cluster.apply(missing, there, "sluice"))).toBe("not-found");
      const jobs = (await cluster.findKind("batch", "Job"))!;
      const job = (image: string) =>
        json({
          apiVersion: "batch/v1",
          kind: "Job",
          metadata: { name: "a", namespace: world.namespace },
          spec: { template: { spec: { restartPolicy: "Never", containers: [{ name: "main", image }] } } },
        }) as JsonObject;
      await cluster.apply(ref("a", jobs), job("one"), "sluice");
      expect(await refusalOf(cluster.apply(ref("a", jobs), job("two"), "sluice"))).toBe("immutable");
      const invalid = json({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "Not A Name" } }) as JsonObject;
      expect(await refusalOf(cluster.apply(ref("Not A Name"), invalid, "sluice"))).toBe("invalid");
    });

    it("knows a kind that has come meanwhile", async () => {
      const definitions = (await cluster.findKind("apiextensions.k8s.io", "CustomResourceDefinition"))!;
      const group = `${world.namespace}.example.com`;
      const definition = json({
        apiVersion: "apiextensions.k8s.io/v1",
        kind: "CustomResourceDefinition",
        metadata: { name: `widgets.${group}` },
        spec: {
          group,
          scope: "Namespaced",
          names: { kind: "Widget", plural: "widgets" },
          versions: [{ name: "v1", served: true, storage: true, schema: { openAPIV3Schema: { type: "object" } } }],
        },
      }) as JsonObject;
      const at = { kind: definitions, namespace: "", name: `widgets.${group}` };
      const { metadata } = await cluster.apply(at, definition, "sluice");
      let found: ResourceKind | undefined;
      for (let tries = 0; found === undefined && tries < 100; tries++) {
        found = await cluster.findKind(group, "Widget", "v1");
        if (found === undefined) await sleep(100);
      }
      expect(found).toMatchObject({ group, plural: "widgets", isNamespaced: true });
      await cluster.remove(at, metadata.uid, "background");
    });

    it("watches: what is there, that it is all, and then what becomes of it", async () => {
      await cluster.apply(ref("a"), map("a", {}, { set: "one" }), "sluice");
      const told: string[] = [];
      const stop = new AbortController();
      const options = { namespace: world.namespace, labelSelector: "set=one" };
      const name = (event: WatchEvent) => ("metadata" in event ? `${event.type} ${event.metadata.name}` : event.type);
      const watching = (async () => {
        const trouble = () => undefined;
        for await (const event of cluster.watchMetadata(maps, options, stop.signal, trouble)) told.push(name(event));
      })();
      const wait = async (count: number) => {
        for (let tries = 0; told.length < count && tries < 200; tries++) await sleep(25);
      };
      await wait(3);
      const { metadata } = await cluster.apply(ref("b"), map("b", {}, { set: "one" }), "sluice");
      await wait(4);
      await cluster.apply(ref("b"), map("b", { more: "x" }, { set: "one" }), "sluice");
      await wait(5);
      await cluster.remove(ref("b"), metadata.uid, "background");
      await wait(6);
      stop.abort();
      await watching;
      expect(told).toEqual(["listing", "present a", "listed", "present b", "present b", "deleted b"]);
    });

    it("has leases: one holder, and whoever watched it unchanged may take it", async () => {
      const lease = { namespace: world.namespace, name: "lease" };
      let now = 1_800_000_000_000;
      const claim = (holder: string) => ({ holder, durationSeconds: 15, now: ++now });
      expect(await cluster.readLease(lease)).toBeUndefined();
      const first = await cluster.takeLease(lease, claim("one"), undefined);
      expect(first).toMatchObject({ holder: "one", durationSeconds: 15 });
      expect((await cluster.takeLease(lease, claim("two"), undefined)).holder).toBe("one");
      const kept = await cluster.takeLease(lease, claim("one"), first);
      expect(kept.version).not.toBe(first.version);
      // It has been kept since: who watched the first state has not watched long enough.
      expect((await cluster.takeLease(lease, claim("two"), first)).holder).toBe("one");
      expect((await cluster.takeLease(lease, claim("two"), kept)).holder).toBe("two");
      await cluster.releaseLease(lease, "one");
      expect((await cluster.readLease(lease))?.holder).toBe("two");
      await cluster.releaseLease(lease, "two");
      expect((await cluster.readLease(lease))?.holder).toBe("");
    });

    it("keeps what a lease says besides, also when it was given up", async () => {
      const lease = { namespace: world.namespace, name: "says" };
      const kind = { group: "coordination.k8s.io", version: "v1", kind: "Lease", plural: "leases", isNamespaced: true };
      const said = async () => (await cluster.readMetadata({ kind, ...lease }))?.annotations.get("sluice.dev/cluster");
      expect(await said()).toBeUndefined();
      const annotations = new Map([["sluice.dev/cluster", "fleet/eu-1"]]);
      await cluster.takeLease(lease, { holder: "one", durationSeconds: 15, now: 1, annotations }, undefined);
      expect(await said()).toBe("fleet/eu-1");
      await cluster.releaseLease(lease, "one");
      expect(await said()).toBe("fleet/eu-1");
    });
  });
}
