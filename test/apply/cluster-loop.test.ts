/** One cluster in a loop: woken by what concerns it, and ended at once. */
import { setImmediate as turn } from "node:timers/promises";
import { beforeEach, expect, it } from "vitest";
import type { PassReport } from "../../src/apply/cluster-applier.ts";
import { type ClusterLoopParts, runClusterLoop } from "../../src/apply/cluster-loop.ts";
import { TargetFollower } from "../../src/apply/target-follower.ts";
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
