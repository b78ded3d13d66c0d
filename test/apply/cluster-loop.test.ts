/** One cluster in a loop: woken by what concerns it, and ended at once. */
import { setImmediate as turn } from "node:timers/promises";
import { beforeEach, describe, expect, it } from "vitest";
import type { PassReport } from "../../src/apply/cluster-applier.ts";
import { type ClusterLoopParts, runClusterLoop } from "../../src/apply/cluster-loop.ts";
import { TargetFollower } from "../../src/apply/target-follower.ts";
import { SluiceError } from "../../src/model/problem.ts";
import { createFakeClock, type FakeClock } from "../fakes/fake-clock.ts";
import { FakeCluster } from "../fakes/fake-cluster.ts";
import { ApplyWorld, objectFile, parentName } from "./apply-world.ts";

let cluster: FakeCluster;
let clock: FakeClock;
let world: ApplyWorld;
let stop: AbortController;
let target: TargetFollower;
let passes: PassReport[];
let settled: string[];

beforeEach(() => {
  cluster = new FakeCluster();
  clock = createFakeClock();
  clock.holdSleepers();
  world = new ApplyWorld(cluster, clock);
  stop = new AbortController();
  passes = [];
  settled = [];
  target = new TargetFollower({ fetch: () => world.readHead(), clock, pollMs: 10_000, onTrouble: () => undefined });
});

function begin(more: Partial<ClusterLoopParts> = {}): Promise<unknown> {
  const loop = runClusterLoop(
    {
      ...world.clusterParts(),
      target,
      chance: { next: () => 0.5 },
      onPass: (report) => passes.push(report),
      onSettled: (commit) => settled.push(commit),
      onTrouble: () => undefined,
      watchedMax: 100,
      onCorrected: () => undefined,
      ...more,
    },
    stop.signal,
  );
  return Promise.all([target.run(stop.signal), loop]);
}

async function settle(): Promise<void> {
  for (let turns = 0; turns < 100; turns++) await turn();
}

/** In steps, so that the lease is kept meanwhile. */
async function pass(seconds: number): Promise<void> {
  for (let second = 0; second < seconds; second += 2) {
    clock.advance(2_000);
    await settle();
  }
}

const maps = (count: number, body = "") =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => objectFile(`ConfigMap/default/a${index}`, { body })));

it("a push is applied when the target has moved, and one that concerns others only passes by", async () => {
  world.commit(maps(2));
  const running = begin();
  await settle();
  expect(passes.map(({ kind }) => kind)).toEqual(["full"]);
  const asked = { ...cluster.asked };
  const writes = cluster.writes.length;
  const elsewhere = world.commitElsewhere("read me");
  target.hint();
  await settle();
  expect(settled.at(-1)).toBe(elsewhere);
  expect([cluster.asked, cluster.writes.length], "nothing is asked of the cluster for it").toEqual([asked, writes]);
  world.commit(maps(1, "data: {key: new}\n"));
  target.hint();
  await settle();
  expect(passes.map(({ kind }) => kind)).toEqual(["full", "difference"]);
  stop.abort();
  await running;
});

describe("a write that got no answer may have its effect later", () => {
  /** The server takes it once the answer is given up. */
  function loseAnswer(): () => Promise<void> {
    let arrive = async () => {};
    cluster.refuse = (ref, object) => {
      if (ref.name !== "a0") return undefined;
      cluster.refuse = () => undefined;
      arrive = async () => void (await cluster.apply(ref, object, "sluice"));
      throw new SluiceError({ code: "CLUSTER_UNAVAILABLE", message: "no answer" });
    };
    return () => arrive();
  }

  it("so it is looked at once more when that would have come", async () => {
    world.commit(maps(1, "data: {key: one}\n"));
    const running = begin();
    await settle();
    const arrive = loseAnswer();
    world.commit(maps(1, "data: {key: two}\n"));
    target.hint();
    await settle();
    world.commit(maps(1, "data: {key: three}\n"));
    target.hint();
    await settle();
    await pass(2);
    expect(cluster.dataOf("ConfigMap", "default", "a0")).toEqual({ key: "three" });
    await arrive();
    expect(cluster.dataOf("ConfigMap", "default", "a0")).toEqual({ key: "two" });
    await pass(50);
    expect(passes.slice(-1).map(({ kind }) => kind)).toEqual(["full"]);
    expect(cluster.dataOf("ConfigMap", "default", "a0")).toEqual({ key: "three" });
    stop.abort();
    await running;
  });

  it("so the lease is not given up after it: who takes it over looks once more", async () => {
    world.commit(maps(1));
    loseAnswer();
    const running = begin();
    await settle();
    stop.abort();
    await running;
    expect((await cluster.readLease({ namespace: "default", name: parentName }))?.holder).toBe("here");
  });
});

it("is ended in the middle of a pass: nothing more is written, and the next one need not wait", async () => {
  world.commit(maps(900));
  let writes = 0;
  cluster.beforeWrite = () => {
    if (++writes === 10) stop.abort();
  };
  await begin();
  expect(writes).toBeLessThan(900);
  expect((await cluster.readLease({ namespace: "default", name: parentName }))?.holder).toBe("");
});
