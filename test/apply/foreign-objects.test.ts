/** What is not ours, or not ours any more by another name, is neither overwritten nor deleted; what is ours is found again. */
import { beforeEach, describe, expect, it } from "vitest";
import { ClusterRefusal } from "../../src/model/cluster-refusal.ts";
import type { Cluster, ResourceKind } from "../../src/ports/cluster.ts";
import { createFakeClock, type FakeClock } from "../fakes/fake-clock.ts";
import { FakeCluster } from "../fakes/fake-cluster.ts";
import { ApplyWorld, objectFile, parentName, widgetDefinition } from "./apply-world.ts";

let cluster: FakeCluster;
let clock: FakeClock;
let world: ApplyWorld;

beforeEach(() => {
  cluster = new FakeCluster();
  clock = createFakeClock();
  world = new ApplyWorld(cluster, clock);
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
