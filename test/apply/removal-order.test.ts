/** What goes in which order, and what waits or stays for something else. */
import { beforeEach, describe, expect, it } from "vitest";
import { removalRounds } from "../../src/apply/removal-rounds.ts";
import { ClusterRefusal } from "../../src/model/cluster-refusal.ts";
import type { FakeClock } from "../fakes/fake-clock.ts";
import type { FakeCluster } from "../fakes/fake-cluster.ts";
import { type ApplyWorld, createApplyWorld, objectFile, parentName, widgetDefinition } from "./apply-world.ts";

let cluster: FakeCluster;
let clock: FakeClock;
let world: ApplyWorld;

beforeEach(() => {
  ({ cluster, clock, world } = createApplyWorld());
});

/** An object of a ClusterProfile. */
function profileFile(profile: string, identity: string): readonly [string, string] {
  const [path, text] = objectFile(identity, { owner: profile });
  const label = `sluice.dev/owner: ClusterProfile.${profile}`;
  return [path.replace("triggers/", "clusterprofiles/"), text.replace(/sluice.dev\/owner: \S+/, label)];
}

const [operator, operatorText] = profileFile("operator", "ConfigMap/default/operator");
const [instance, instanceText] = objectFile("ConfigMap/default/instance");
const [webhook, webhookText] = profileFile("operator", "Secret/default/webhook");
const deletions = () => cluster.writes.filter((write) => write.startsWith("delete"));

async function begin(): Promise<void> {
  world.commitTrigger("login", "{dependsOn: [operator]}");
  world.commit({ [operator]: operatorText, [webhook]: webhookText, [instance]: instanceText });
  await world.step();
  clock.advance(5_000);
  await world.step();
  expect(cluster.names).toContain("ConfigMap/default/instance");
}

const all = { [operator]: undefined, [webhook]: undefined, [instance]: undefined };

describe("dependents and prerequisites", () => {
  it.each(["difference", "full pass"])("go in one commit: dependents first, by a %s", async (how) => {
    await begin();
    world.commit(all);
    if (how === "full pass") world.restart();
    await world.step();
    expect(deletions()[0]).toBe("delete ConfigMap/instance");
    expect(deletions().slice(1).sort()).toEqual(["delete ConfigMap/operator", "delete Secret/webhook"]);
  });

  it("a prerequisite waits until a dependent is really gone, whatever is tried again meanwhile, and after a restart", async () => {
    await begin();
    cluster.finalizers.add("instance");
    world.commit(all);
    expect((await world.actions()).sort()).toEqual([
      "waiting ConfigMap/instance",
      "waiting ConfigMap/operator",
      "waiting Secret/webhook",
    ]);
    expect(deletions()).toEqual(["delete ConfigMap/instance"]);
    for (let times = 0; times < 4; times++) {
      clock.advance(700);
      await world.step();
    }
    world.restart();
    await world.step();
    expect(deletions()).toEqual(["delete ConfigMap/instance"]);
    cluster.finalizers.clear();
    cluster.drop("ConfigMap", "default", "instance");
    clock.advance(5_000);
    expect((await world.actions()).sort()).toEqual([
      "deleted ConfigMap/instance",
      "deleted ConfigMap/operator",
      "deleted Secret/webhook",
    ]);
  });

  it("a dependent that can't be deleted keeps what it depends on, and is told", async () => {
    await begin();
    const remove = cluster.remove.bind(cluster);
    cluster.remove = async (ref, uid) => {
      if (ref.name === "instance") throw new ClusterRefusal("forbidden", "may not");
      return remove(ref, uid);
    };
    world.commit(all);
    expect((await world.actions()).sort()).toEqual([
      "failed ConfigMap/instance",
      "waiting ConfigMap/operator",
      "waiting Secret/webhook",
    ]);
  });

  it("the documents that said so went with them: dependents go first all the same", async () => {
    await begin();
    cluster.finalizers.add("instance");
    world.withdrawOwners("lib.projectsveltos.io/eventtrigger/_cluster/login.yaml");
    world.commit(all);
    await world.step();
    clock.advance(5_000);
    await world.step();
    expect(deletions()).toEqual(["delete ConfigMap/instance"]);
  });

  it("a prerequisite waits for nothing that somebody else has in the place of a dependent", async () => {
    await begin();
    cluster.drop("ConfigMap", "default", "instance");
    cluster.put("person", "ConfigMap", "default", "instance", {});
    cluster.finalizers.add("instance");
    const kind = { group: "", version: "v1", kind: "ConfigMap", plural: "configmaps", isNamespaced: true };
    const theirs = { kind, namespace: "default", name: "instance" };
    await cluster.remove(theirs, cluster.uidOf("ConfigMap", "default", "instance")!);
    world.commit(all);
    expect((await world.actions()).sort()).toEqual([
      "deleted ConfigMap/operator",
      "deleted Secret/webhook",
      "skipped ConfigMap/instance",
    ]);
  });

  it("a prerequisite that goes alone waits for nobody", async () => {
    await begin();
    world.commit({ [operator]: undefined });
    expect(await world.actions()).toEqual(["deleted ConfigMap/operator"]);
  });
});

describe("a Namespace", () => {
  it("goes after what is in it", async () => {
    world.commit(Object.fromEntries([objectFile("Namespace/alice"), objectFile("ConfigMap/alice/a")]));
    await world.step();
    world.commit({
      [objectFile("Namespace/alice")[0]]: undefined,
      [objectFile("ConfigMap/alice/a")[0]]: undefined,
    });
    expect(await world.actions()).toEqual(["deleted ConfigMap/a", "deleted Namespace/alice"]);
    expect(deletions()).toEqual(["delete ConfigMap/a", "delete Namespace/alice"]);
  });

  it("waits for what in it can't be deleted, and both are told", async () => {
    world.commit(Object.fromEntries([objectFile("Namespace/alice"), objectFile("ConfigMap/alice/a")]));
    await world.step();
    const remove = cluster.remove.bind(cluster);
    cluster.remove = async (ref, uid) => {
      if (ref.name === "a") throw new ClusterRefusal("forbidden", "may not");
      return remove(ref, uid);
    };
    world.commit({
      [objectFile("Namespace/alice")[0]]: undefined,
      [objectFile("ConfigMap/alice/a")[0]]: undefined,
    });
    expect(await world.actions()).toEqual(["failed ConfigMap/a", "waiting Namespace/alice"]);
    cluster.remove = remove;
    clock.advance(5_000);
    expect(await world.actions()).toEqual(["deleted ConfigMap/a", "deleted Namespace/alice"]);
  });

  it("stays for what is to stay in it, also where it would have to wait for something else", async () => {
    const kept = objectFile("ConfigMap/alice/kept", {
      annotations: { "kustomize.toolkit.fluxcd.io/prune": "disabled" },
    });
    const files = [objectFile("Namespace/alice"), objectFile("ConfigMap/alice/a"), kept];
    world.commit(Object.fromEntries(files));
    await world.step();
    const remove = cluster.remove.bind(cluster);
    cluster.remove = async (ref, uid) => {
      if (ref.name === "a") throw new ClusterRefusal("forbidden", "may not");
      return remove(ref, uid);
    };
    world.commit(Object.fromEntries(files.map(([path]) => [path, undefined])));
    await world.step();
    cluster.remove = remove;
    clock.advance(5_000);
    await world.step();
    expect(deletions()).toEqual(["delete ConfigMap/a"]);
    expect(cluster.names).toEqual(expect.arrayContaining(["ConfigMap/alice/kept", "Namespace/alice"]));
  });

  it("stays for what is to stay in it, and neither is Sluice's any more", async () => {
    const annotations = { "kustomize.toolkit.fluxcd.io/prune": "disabled" };
    const kept = objectFile("ConfigMap/alice/kept", { annotations });
    world.commit(Object.fromEntries([objectFile("Namespace/alice"), objectFile("ConfigMap/alice/a"), kept]));
    await world.step();
    world.commit({
      [objectFile("Namespace/alice")[0]]: undefined,
      [objectFile("ConfigMap/alice/a")[0]]: undefined,
      [kept[0]]: undefined,
    });
    expect((await world.actions()).sort()).toEqual([
      "deleted ConfigMap/a",
      "skipped ConfigMap/kept",
      "skipped Namespace/alice",
    ]);
    world.restart();
    expect(await world.actions()).toEqual([]);
    expect(cluster.names).toEqual(expect.arrayContaining(["ConfigMap/alice/kept", "Namespace/alice"]));
  });
});

it("an API group that nobody serves at the moment prunes nothing, and is told", async () => {
  const widget = objectFile("Widget/default/one");
  world.commit(Object.fromEntries([widgetDefinition, widget, objectFile("ConfigMap/default/a")]));
  await world.step();
  cluster.unserved.add("example.com");
  world.commit({ [widget[0]]: undefined, ...Object.fromEntries([objectFile("ConfigMap/default/b")]) });
  expect((await world.actions()).sort()).toEqual(["created ConfigMap/b", "failed Widget/one"]);
  world.restart();
  const report = await world.step();
  expect(report?.problems.map(({ message }) => message)).toEqual([
    expect.stringMatching(/widget.* can't be listed, so none of them is pruned/i),
  ]);
  expect(cluster.names).toContain("Widget/default/one");
  cluster.unserved.clear();
  expect(await world.actions({ full: "look" })).toContain("deleted Widget/one");
});

describe("somebody is faster", () => {
  it("and has made it anew between looking and applying: it is left alone", async () => {
    world.commit(Object.fromEntries([objectFile("ConfigMap/default/a")]));
    await world.step();
    world.commit(Object.fromEntries([objectFile("ConfigMap/default/a", { body: "data: {key: new}\n" })]));
    let times = 0;
    cluster.beforeWrite = () => {
      if (times++ > 0) return;
      cluster.drop("ConfigMap", "default", "a");
      cluster.put("person", "ConfigMap", "default", "a", { key: "theirs" });
    };
    expect(await world.actions()).toEqual(["failed ConfigMap/a"]);
    clock.advance(2_000);
    expect(await world.actions()).toEqual(["conflict ConfigMap/a"]);
    expect(cluster.dataOf("ConfigMap", "default", "a")).toEqual({ key: "theirs" });
  });

  it("and it was ourselves, whose answer was lost: it is ours", async () => {
    world.commit(Object.fromEntries([objectFile("ConfigMap/default/a")]));
    cluster.refuse = (ref, object) => {
      if (ref.name !== "a") return undefined;
      cluster.refuse = () => undefined;
      void cluster.apply(ref, object, "sluice");
      return new ClusterRefusal("conflict", "a is there");
    };
    expect(await world.actions()).toEqual(["unchanged ConfigMap/a"]);
    world.commit({ [objectFile("ConfigMap/default/a")[0]]: undefined });
    expect(await world.actions()).toEqual(["deleted ConfigMap/a"]);
  });

  it.each([
    ["with other values", { key: "theirs" }],
    ["with nothing of ours", { more: "theirs" }],
  ])("and makes it first, %s: it is his", async (_name, data) => {
    world.commit(Object.fromEntries([objectFile("ConfigMap/default/a", { body: "data: {key: ours}\n" })]));
    let isMade = false;
    cluster.beforeWrite = () => {
      if (isMade || !cluster.names.includes(`ConfigMap/default/${parentName}`)) return;
      isMade = true;
      cluster.put("person", "ConfigMap", "default", "a", data);
    };
    expect(await world.actions()).toEqual(["conflict ConfigMap/a"]);
    expect(cluster.labelsOf("ConfigMap", "default", "a")).toEqual({});
    expect(cluster.dataOf("ConfigMap", "default", "a")).toEqual(data);
  });
});

describe("rounds", () => {
  const item = (owner: string, kind = "configmap") => ({
    key: `default/${kind}/${owner}`,
    identity: { group: "", kind, namespace: "default", name: owner },
    owner,
  });
  const orderOf = (owners: readonly string[], dependsOn: Record<string, readonly string[]>) =>
    removalRounds(
      owners.map((owner) => item(owner)),
      new Map(Object.entries(dependsOn)),
    ).map(({ items }) => items.map(({ owner }) => owner).join(" "));

  it.each([
    ["nobody depends on anybody", ["a", "b"], {}, ["a b"]],
    ["in a row", ["a", "b", "c"], { c: ["b"], b: ["a"] }, ["c", "b", "a"]],
    ["through one that does not go", ["a", "c"], { c: ["b"], b: ["a"] }, ["c", "a"]],
    ["two on one", ["base", "x", "y"], { x: ["base"], y: ["base"] }, ["x", "y", "base"]],
    ["beside others", ["free", "a", "b"], { b: ["a"] }, ["free", "b", "a"]],
    ["in a circle: nobody is forgotten", ["a", "b"], { a: ["b"], b: ["a"] }, ["b", "a"]],
  ] as const)("%s", (_name, owners, dependsOn, rounds) => {
    expect(orderOf(owners, dependsOn)).toEqual(rounds);
  });
});
