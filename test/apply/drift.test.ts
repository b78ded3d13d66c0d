/** What others change in a cluster: noticed and corrected where the owner wants that, and left to them where they may. */
import { setImmediate as turn } from "node:timers/promises";
import { afterEach, beforeEach, expect, it } from "vitest";
import { Bell } from "../../src/apply/bell.ts";
import { DriftWatch, kindsWatchedMax } from "../../src/apply/drift-watch.ts";
import type { JsonObject } from "../../src/model/json.ts";
import type { Problem } from "../../src/model/problem.ts";
import type { ResourceKind } from "../../src/ports/cluster.ts";
import { configMap, json } from "../contract/cluster-contract.ts";
import type { FakeClock } from "../fakes/fake-clock.ts";
import type { FakeCluster } from "../fakes/fake-cluster.ts";
import { type ApplyWorld, createApplyWorld, objectFile } from "./apply-world.ts";

let cluster: FakeCluster;
let clock: FakeClock;
let world: ApplyWorld;
let stop: AbortController;
let corrected: string[];

const ours = { body: "data:\n  key: ours\n  other: ours\n" };
const drifting = "{syncMode: ContinuousWithDriftDetection}";

async function begin(spec: string, watchedMax = 100): Promise<void> {
  world.commitTrigger("login", spec);
  world.watchDrift({
    watchedMax,
    bell: new Bell(clock),
    signal: stop.signal,
    onTrouble: () => undefined,
    onCorrected: ({ outcome: { identity, action }, truceMs, others }) => {
      const fight = truceMs === 0 ? "" : `, a fight with ${others.join(", ")} for ${truceMs / 60_000} min`;
      corrected.push(`${action} ${identity.name}${fight}`);
    },
  });
  world.commit(Object.fromEntries([objectFile("ConfigMap/default/a", ours), objectFile("ConfigMap/default/b", ours)]));
  await world.step();
  await settle();
}

/** The watches have told what they have to tell. */
async function settle(): Promise<void> {
  for (let turns = 0; turns < 20; turns++) await turn();
}

const change = async (data: Record<string, string>) => {
  await cluster.applyAs("person", "v1", "ConfigMap", configMap("default", "a", data));
  await settle();
};
const dataOf = (name: string) =>
  Object.fromEntries((cluster.objectOf("ConfigMap", "default", name)?.get("data") ?? new Map()) as JsonObject);

beforeEach(() => {
  ({ cluster, clock, world } = createApplyWorld());
  stop = new AbortController();
  corrected = [];
});
afterEach(() => stop.abort());

it("a field of ours that somebody changes is ours again, and an object that somebody deletes is there again", async () => {
  await begin(drifting);
  await change({ key: "theirs" });
  expect(await world.actions()).toEqual(["configured ConfigMap/a"]);
  expect(dataOf("a")).toEqual({ key: "ours", other: "ours" });
  await settle();
  expect(await world.step(), "what we wrote ourselves is no drift").toBeUndefined();
  cluster.drop("ConfigMap", "default", "b");
  await settle();
  expect(await world.actions()).toEqual(["created ConfigMap/b"]);
  expect(corrected).toEqual(["configured a", "created b"]);
});

it("what somebody else has for himself stays", async () => {
  await begin(drifting);
  await change({ more: "theirs" });
  expect(await world.step()).toBeUndefined();
  expect(dataOf("a")).toEqual({ key: "ours", other: "ours", more: "theirs" });
});

it("without drift detection what has changed stays until the file changes", async () => {
  await begin("{syncMode: Continuous}");
  await change({ key: "theirs" });
  expect(await world.step()).toBeUndefined();
  world.commit(Object.fromEntries([objectFile("ConfigMap/default/a", { body: "data: {key: new}\n" })]));
  expect(await world.actions()).toEqual(["configured ConfigMap/a"]);
  expect(dataOf("a")).toEqual({ key: "new" });
});

it("an owner that begins to want it is heeded at once, and one that wants it no more", async () => {
  await begin("{syncMode: Continuous}");
  await change({ key: "theirs" });
  world.commitTrigger("login", drifting);
  expect(await world.actions()).toContain("configured ConfigMap/a");
  await settle();
  world.commitTrigger("login", "{syncMode: Continuous}");
  await world.step();
  await change({ key: "theirs" });
  expect(await world.step()).toBeUndefined();
});

it("fields that are excluded are left to whoever took them, also when the rest changes", async () => {
  const exclusion = "driftExclusions: [{paths: [/data/key], target: {kind: ConfigMap, name: a.*}}]";
  await begin(`{syncMode: ContinuousWithDriftDetection, ${exclusion}}`);
  expect(dataOf("a"), "nobody else has it yet").toEqual({ key: "ours", other: "ours" });
  await change({ key: "theirs" });
  await world.step();
  expect(dataOf("a")).toEqual({ key: "theirs", other: "ours" });
  world.commit(Object.fromEntries([objectFile("ConfigMap/default/a", { body: "data: {key: ours, other: new}\n" })]));
  await world.step();
  expect(dataOf("a")).toEqual({ key: "theirs", other: "new" });
  expect(corrected).toEqual([]);
});

it("a fight is noticed, told, and left alone for a while", async () => {
  await begin(drifting);
  for (let round = 0; round < 5; round++) {
    await change({ key: `theirs ${round}` });
    expect(await world.actions()).toEqual(["configured ConfigMap/a"]);
    await settle();
    clock.advance(2_000);
  }
  expect(corrected.at(-1)).toBe("configured a, a fight with person for 10 min");
  await change({ key: "theirs at last" });
  expect(await world.step()).toBeUndefined();
  expect(dataOf("a").key).toBe("theirs at last");
  expect(world.nextRetryAt - clock.monotonic()).toBeLessThanOrEqual(10 * 60_000);
  clock.advance(11 * 60_000);
  expect(await world.actions()).toEqual(["configured ConfigMap/a"]);
});

it("a slow fight is one too, and what holds long enough ends it", async () => {
  await begin(drifting);
  const lose = async () => {
    await change({ key: `theirs ${clock.monotonic()}` });
    expect(await world.actions()).toEqual(["configured ConfigMap/a"]);
    await settle();
  };
  for (let round = 0; round < 5; round++) {
    await lose();
    clock.advance(3 * 60_000);
  }
  expect(corrected.at(-1)).toBe("configured a, a fight with person for 10 min");
  // The truce, and then nobody touches it for a while: the next change by somebody else is corrected as the first was.
  clock.advance(20 * 60_000);
  await lose();
  expect(corrected.at(-1)).toBe("configured a");
});

it("who goes on fighting after each truce is left alone for longer and longer, up to six hours", async () => {
  await begin(drifting);
  const lose = async () => {
    await change({ key: `theirs ${clock.monotonic()}` });
    await world.step();
    await settle();
  };
  for (let round = 0; round < 5; round++) await lose();
  const truces: number[] = [];
  for (let round = 0; round < 7; round++) {
    truces.push(Number(/for (\d+) min/.exec(corrected.at(-1)!)![1]));
    clock.advance(truces.at(-1)! * 60_000 + 1_000);
    await lose();
  }
  expect(truces).toEqual([10, 20, 40, 80, 160, 320, 360]);
});

const exclude = (target: string, paths = "/data/key") =>
  `{syncMode: ContinuousWithDriftDetection, driftExclusions: [{paths: ["${paths}"], target: ${target}}]}`;

it.each([
  ["{labelSelector: sluice.dev/owner=EventTrigger.login}", "theirs"],
  ["{labelSelector: 'sluice.dev/owner in (EventTrigger.login, other)'}", "theirs"],
  ["{labelSelector: '!sluice.dev/owner'}", "ours"],
  ["{labelSelector: app=web}", "ours"],
  ["{annotationSelector: example.com/scaled=yes}", "theirs"],
  ["{annotationSelector: example.com/scaled!=yes}", "ours"],
  ["{kind: ConfigMap, annotationSelector: example.com/scaled}", "theirs"],
  ["{kind: Secret, annotationSelector: example.com/scaled}", "ours"],
  ["{labelSelector: '== what'}", "ours"],
])("an exclusion with target %s: what somebody took is %s", async (target, then) => {
  world.commitTrigger("login", exclude(target));
  const annotations = { "example.com/scaled": "yes" };
  world.watchDrift({
    ...{ watchedMax: 10, bell: new Bell(clock), signal: stop.signal },
    onTrouble: () => undefined,
    onCorrected: () => undefined,
  });
  world.commit(Object.fromEntries([objectFile("ConfigMap/default/a", { ...ours, annotations })]));
  await world.step();
  await settle();
  await change({ key: "theirs" });
  await world.step();
  expect(dataOf("a").key).toBe(then);
});

it("watches no more kinds than leave connections for requests", async () => {
  const watched: string[] = [];
  const reader = new Proxy(cluster, {
    get: (target, name) => {
      if (name !== "watchMetadata") return Reflect.get(target, name) as unknown;
      return (kind: ResourceKind) => {
        watched.push(kind.plural);
        return (async function* () {})();
      };
    },
  });
  const bell = new Bell(clock);
  const drift = new DriftWatch({
    ...{ reader, clock, bell, setId: "set", manager: "sluice", watchedMax: 10_000 },
    onTrouble: () => undefined,
  });
  const live = (await cluster.readMetadata({
    kind: (await cluster.findKind("", "Namespace"))!,
    namespace: "",
    name: "default",
  }))!;
  const keyOf = (index: number) => `_cluster/k${index}.example.com/a`;
  for (let index = 0; index < 5_000; index++) {
    const kind = { group: "example.com", version: "v1", kind: `K${index}`, plural: `k${index}`, isNamespaced: false };
    drift.note(
      keyOf(index),
      { path: `triggers/login/${keyOf(index)}.yaml`, id: "0".repeat(40) },
      kind,
      live,
      stop.signal,
    );
  }
  expect(watched).toHaveLength(kindsWatchedMax);
  expect(drift.isAsApplied(keyOf(0), live)).toBe(true);
  expect(drift.isAsApplied(keyOf(4_999), live), "full passes look at it").toBe(false);
});

it("watches no more objects than it may", async () => {
  await begin(drifting, 1);
  for (const name of ["a", "b"]) cluster.drop("ConfigMap", "default", name);
  await settle();
  expect((await world.actions()).length).toBe(1);
  // A full pass brings back what nobody watches.
  expect(await world.actions({ full: "look" })).toContain("created ConfigMap/b");
});

it("an object that the folder does not have any more is not brought back", async () => {
  await begin(drifting);
  world.commit({ [objectFile("ConfigMap/default/a")[0]]: undefined });
  expect(await world.actions()).toEqual(["deleted ConfigMap/a"]);
  await settle();
  expect(await world.step()).toBeUndefined();
  await cluster.applyAs(
    "person",
    "v1",
    "ConfigMap",
    json({ metadata: { name: "a", namespace: "default" } }) as JsonObject,
  );
  await settle();
  expect(await world.step()).toBeUndefined();
});

it("what was deleted while a watch was cut is noticed by its next list, and nothing else is taken for gone", async () => {
  await begin(drifting);
  await settle();
  for (let times = 0; times < 2; times++) {
    cluster.isWatchCut = true;
    cluster.drop("ConfigMap", "default", "b");
    cluster.relist();
    await settle();
    expect(await world.actions()).toEqual(["created ConfigMap/b"]);
    await settle();
    expect(await world.step()).toBeUndefined();
  }
});

it("what keeps a watch from working is told once, however often it is tried", async () => {
  const problem: Problem = { code: "CLUSTER_REFUSED", severity: "error", message: "configmaps can't be watched" };
  cluster.watchMetadata = async function* (_kind, _options, _signal, onTrouble?: (problem: Problem) => void) {
    for (let times = 0; times < 3; times++) onTrouble?.(problem);
    yield { type: "listing" };
    onTrouble?.(problem);
  };
  const told: string[] = [];
  const watch = new DriftWatch({
    ...{ reader: cluster, clock, setId: "set", manager: "sluice", watchedMax: 10, bell: new Bell(clock) },
    onTrouble: ({ message }) => told.push(message),
  });
  const live = await cluster.applyAs("sluice", "v1", "ConfigMap", configMap("default", "a", {}));
  const kind = (await cluster.findKind("", "ConfigMap"))!;
  watch.note("default/configmap/a", { path: "a.yaml", id: "0".repeat(40) }, kind, live, stop.signal);
  await watch.ended();
  expect(told).toEqual(["configmaps can't be watched"]);
});
