/** What is not ours, or not ours any more by another name, is neither overwritten nor deleted; what is ours is found again. */
import { beforeEach, describe, expect, it } from "vitest";
import { applyOnce } from "../../src/apply/apply-once.ts";
import { findFolder } from "../../src/apply/open-applier.ts";
import { readLiveCluster } from "../../src/apply/read-live.ts";
import type { ClusterKey } from "../../src/model/cluster.ts";
import { ClusterRefusal } from "../../src/model/cluster-refusal.ts";
import type { Json } from "../../src/model/json.ts";
import type { Cluster, ResourceKind } from "../../src/ports/cluster.ts";
import type { FakeClock } from "../fakes/fake-clock.ts";
import type { FakeCluster } from "../fakes/fake-cluster.ts";
import { ApplyWorld, createApplyWorld, objectFile, parentName, widgetDefinition } from "./apply-world.ts";

let cluster: FakeCluster;
let clock: FakeClock;
let world: ApplyWorld;

beforeEach(() => {
  ({ cluster, clock, world } = createApplyWorld());
});

describe("an object that the server has under two groups", () => {
  /** Widgets are widgets of old.example.com as well. */
  function withOldGroup(): Cluster {
    const real = (kind: ResourceKind) => (kind.group === "old.example.com" ? { ...kind, group: "example.com" } : kind);
    const translate = (argument: unknown): unknown => {
      if (typeof argument !== "object" || argument === null) return argument;
      if ("plural" in argument) return real(argument as ResourceKind);
      return "kind" in argument ? { ...argument, kind: translate(argument.kind) } : argument;
    };
    return new Proxy(cluster, {
      get: (target, name) => {
        const member = Reflect.get(target, name) as unknown;
        if (name === "findKind") {
          return async (group: string, kind: string, version?: string) => {
            const found = await target.findKind(group === "old.example.com" ? "example.com" : group, kind, version);
            return found === undefined ? undefined : { ...found, group };
          };
        }
        if (typeof member !== "function") return member;
        return (...all: readonly unknown[]) => member.apply(target, all.map(translate)) as unknown;
      },
    });
  }
  const [oldPath, oldText] = objectFile("Widget/default/one");
  const moved = {
    [oldPath.replace("widget.example.com", "widget.old.example.com")]: oldText.replace(
      "example.com",
      "old.example.com",
    ),
  };

  it("moves from one to the other, and is not deleted for it, nor by a full pass afterwards", async () => {
    world = new ApplyWorld(withOldGroup(), clock);
    world.commit({ ...Object.fromEntries([widgetDefinition]), ...moved });
    await world.step();
    const uid = cluster.uidOf("Widget", "default", "one");
    world.commit({ ...Object.fromEntries(Object.keys(moved).map((path) => [path, undefined])), [oldPath]: oldText });
    expect((await world.actions()).sort()).toEqual(["configured Widget/one", "skipped Widget/one"]);
    world.restart();
    expect(await world.actions()).toEqual([]);
    expect(cluster.uidOf("Widget", "default", "one")).toBe(uid);
  });
});

it("what somebody makes in the place of an object that is made anew is his", async () => {
  const annotations = { "kustomize.toolkit.fluxcd.io/force": "enabled" };
  const map = (key: string) => objectFile("ConfigMap/default/a", { annotations, body: `data: {key: ${key}}\n` });
  world.commit(Object.fromEntries([map("one")]));
  await world.step();
  const first = cluster.uidOf("ConfigMap", "default", "a");
  cluster.refuse = ({ name }) =>
    name === "a" && cluster.uidOf("ConfigMap", "default", "a") === first
      ? new ClusterRefusal("immutable", "data: field is immutable")
      : undefined;
  cluster.beforeWrite = () => {
    if (cluster.uidOf("ConfigMap", "default", "a") === undefined) {
      cluster.put("person", "ConfigMap", "default", "a", { key: "theirs" });
    }
  };
  world.commit(Object.fromEntries([map("two")]));
  expect(await world.actions()).toEqual(["failed ConfigMap/a"]);
  expect(cluster.dataOf("ConfigMap", "default", "a")).toEqual({ key: "theirs" });
  clock.advance(2_000);
  expect(await world.actions()).toEqual(["conflict ConfigMap/a"]);
});

it("the parent that a person deletes is there again with the next pass, and with all kinds that it named", async () => {
  world.commit(
    Object.fromEntries([widgetDefinition, objectFile("Widget/default/one"), objectFile("ConfigMap/default/a")]),
  );
  await world.step();
  const kinds = await world.annotation("applyset.kubernetes.io/contains-group-kinds");
  cluster.drop("ConfigMap", "default", parentName);
  world.commit(Object.fromEntries([objectFile("ConfigMap/default/b")]));
  await world.step();
  expect(await world.annotation("applyset.kubernetes.io/contains-group-kinds")).toBe(kinds);
  world.commit({ [objectFile("Widget/default/one")[0]]: undefined });
  world.restart();
  expect(await world.actions()).toEqual(["deleted Widget/one"]);
});

describe("what a person has applied from what is ours, our label and annotations included", () => {
  /** As `kubectl get -o yaml | sed | kubectl apply --server-side` makes it. */
  async function copy(name: string): Promise<void> {
    const { labels, annotations } = (await cluster.readMetadata(await refOf("a")))!;
    const metadata = new Map<string, Json>([
      ["name", name],
      ["namespace", "default"],
      ["labels", labels],
      ["annotations", annotations],
    ]);
    await cluster.applyAs("kubectl", "v1", "ConfigMap", new Map<string, Json>([["metadata", metadata]]));
  }
  const refOf = async (name: string) => ({
    kind: (await cluster.findKind("", "ConfigMap"))!,
    namespace: "default",
    name,
  });
  const [path, text] = objectFile("ConfigMap/default/a", { body: "data: {key: one}\n" });

  beforeEach(async () => {
    world.commit({ [path]: text });
    await world.step();
    await copy("theirs");
  });

  it.each(["look", "apply-all"] as const)("is not pruned by a full pass (%s)", async (full) => {
    world.restart();
    await world.step({ full });
    world.commit({ [path]: undefined });
    world.restart();
    expect(await world.actions({ full })).toEqual(["deleted ConfigMap/a"]);
    expect(cluster.names).toContain("ConfigMap/default/theirs");
  });

  it.each(["difference", "full pass"])("is a conflict where the folder wants one of its name: %s", async (how) => {
    const [theirPath, theirText] = objectFile("ConfigMap/default/theirs", { body: "data: {key: ours}\n" });
    world.commit({ [theirPath]: theirText });
    if (how === "full pass") world.restart();
    expect(await world.actions()).toEqual(["conflict ConfigMap/theirs"]);
    world.commit({ [theirPath]: undefined });
    if (how === "full pass") world.restart();
    await world.step();
    expect(cluster.dataOf("ConfigMap", "default", "theirs")).toEqual({});
    expect(cluster.names).toContain("ConfigMap/default/theirs");
  });

  it("is theirs also where they apply it in the place of ours, which was deleted", async () => {
    cluster.drop("ConfigMap", "default", "a");
    const { ref } = { ref: await refOf("theirs") };
    const { labels, annotations } = (await cluster.readMetadata(ref))!;
    const metadata = new Map<string, Json>([
      ["name", "a"],
      ["namespace", "default"],
      ["labels", labels],
      ["annotations", annotations],
    ]);
    await cluster.applyAs("kubectl", "v1", "ConfigMap", new Map<string, Json>([["metadata", metadata]]));
    world.commit({ [path]: text.replace("one", "two") });
    expect(await world.actions()).toEqual(["conflict ConfigMap/a"]);
    world.commit({ [path]: undefined });
    world.restart();
    await world.step();
    expect(cluster.names).toContain("ConfigMap/default/a");
  });

  it("and what they apply over ours leaves it ours", async () => {
    await copy("a");
    world.commit({ [path]: undefined });
    expect(await world.actions()).toEqual(["deleted ConfigMap/a"]);
  });
});

describe("where Sluice has got another name", () => {
  const [path, text] = objectFile("ConfigMap/default/a", { body: "data: {key: one, old: stays}\n" });
  const managersOf = async (name: string) => {
    const kind = (await cluster.findKind("", "ConfigMap"))!;
    return (await cluster.readMetadata({ kind, namespace: "default", name }))?.managers.map((one) => one.name);
  };

  beforeEach(async () => {
    world.commit(Object.fromEntries([[path, text], objectFile("ConfigMap/default/b")]));
    await world.step();
    world.restart("lock");
  });

  it("what it applied by the old one is its own: changed, with what is not wanted any more, and deleted", async () => {
    world.commit({ [path]: text.replace("one, old: stays", "two") });
    expect(await world.actions()).toEqual(["configured ConfigMap/a"]);
    expect(cluster.dataOf("ConfigMap", "default", "a")).toEqual({ key: "two" });
    expect(await managersOf("a")).toEqual(["lock"]);
    world.commit(Object.fromEntries([path, objectFile("ConfigMap/default/b")[0]].map((gone) => [gone, undefined])));
    expect((await world.actions()).sort()).toEqual(["deleted ConfigMap/a", "deleted ConfigMap/b"]);
  });

  it("a third name knows the first", async () => {
    world.commit({ [path]: text.replace("one", "two") });
    await world.step();
    world.restart("weir");
    world.commit({ [objectFile("ConfigMap/default/b")[0]]: undefined });
    expect(await world.actions()).toEqual(["deleted ConfigMap/b"]);
  });
});

describe("where the parent was deleted", () => {
  const [path, text] = objectFile("ConfigMap/default/a");
  const lose = (...names: readonly string[]) => {
    for (const name of names) cluster.drop("ConfigMap", "default", name);
  };
  const signal = new AbortController().signal;
  const once = async (key: ClusterKey) =>
    applyOnce({ ...world.clusterParts(), key }, await world.readHead(), { isFull: true }, signal);

  beforeEach(async () => {
    world.commit({ [path]: text });
    world.commitFor("fleet/us-1", Object.fromEntries([objectFile("ConfigMap/default/b")]));
    await once("fleet/eu-1");
    expect(cluster.names).toEqual(["ConfigMap/default/a", `ConfigMap/default/${parentName}`]);
    lose(parentName);
  });

  it("the cluster's own kubeconfig leads to it all the same, and the parent is there again", async () => {
    world.commit({ [path]: undefined });
    const { outcomes } = await once("fleet/eu-1");
    expect(outcomes.map(({ action }) => action)).toContain("deleted");
    expect(cluster.names).toEqual([`ConfigMap/default/${parentName}`]);
  });

  it.each(["as it was", "and so was the Lease"])("another's kubeconfig changes nothing: %s", async (how) => {
    if (how !== "as it was") cluster.dropLease(parentName);
    const before = [...cluster.writes];
    const lease = await cluster.readLease({ namespace: "default", name: parentName });
    await expect(once("fleet/us-1")).rejects.toMatchObject({ problem: { code: "CLUSTER_MISTAKEN" } });
    expect(cluster.writes).toEqual(before);
    expect(await cluster.readLease({ namespace: "default", name: parentName })).toEqual(lease);
  });

  it("who only looks with another's kubeconfig is told so, and takes nothing there for that cluster's", async () => {
    const look = async (key: ClusterKey) => {
      const parts = { ...world.clusterParts(), key };
      return readLiveCluster(cluster, parts, await findFolder(parts, await world.readHead()));
    };
    await expect(look("fleet/us-1")).rejects.toMatchObject({ problem: { code: "CLUSTER_MISTAKEN" } });
    expect((await look("fleet/eu-1")).of("default/configmap/a").state).toBe("applied");
  });

  it("and the Lease too, nobody can tell, until somebody says whose cluster it is", async () => {
    cluster.dropLease(parentName);
    await expect(once("fleet/eu-1")).rejects.toMatchObject({ problem: { code: "CLUSTER_MISTAKEN" } });
    cluster.put("person", "ConfigMap", "default", parentName, {});
    await expect(once("fleet/eu-1")).rejects.toMatchObject({ problem: { code: "CLUSTER_MISTAKEN" } });
    await cluster.annotate("ConfigMap", "default", parentName, "sluice.dev/cluster", "fleet/eu-1");
    expect((await once("fleet/eu-1")).outcomes.map(({ action }) => action)).not.toContain("failed");
  });

  it("and all else, it is a new cluster", async () => {
    cluster.dropLease(parentName);
    lose("a");
    expect((await once("fleet/us-1")).outcomes.map(({ action }) => action)).toContain("created");
    expect(cluster.names).toContain("ConfigMap/default/b");
  });

  it("what others copied of it is nobody's reason to stop", async () => {
    const kind = (await cluster.findKind("", "ConfigMap"))!;
    const { labels } = (await cluster.readMetadata({ kind, namespace: "default", name: "a" }))!;
    cluster.dropLease(parentName);
    lose("a");
    const metadata = new Map<string, Json>([
      ["name", "theirs"],
      ["namespace", "default"],
      ["labels", labels],
    ]);
    await cluster.applyAs("kubectl", "v1", "ConfigMap", new Map<string, Json>([["metadata", metadata]]));
    await once("fleet/us-1");
    expect(cluster.names).toEqual(expect.arrayContaining(["ConfigMap/default/b", "ConfigMap/default/theirs"]));
  });
});
