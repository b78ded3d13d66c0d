/** What is new waits for what its owner depends on; what is there does not. */
import { beforeEach, expect, it } from "vitest";
import type { JsonObject } from "../../src/model/json.ts";
import { json } from "../contract/cluster-contract.ts";
import type { FakeClock } from "../fakes/fake-clock.ts";
import type { FakeCluster } from "../fakes/fake-cluster.ts";
import { type ApplyWorld, createApplyWorld, objectFile } from "./apply-world.ts";

let cluster: FakeCluster;
let clock: FakeClock;
let world: ApplyWorld;

const [jobPath, jobText] = objectFile("Job/default/base", { body: "spec: {}\n" });
/** The prerequisite's, which is well once somebody has started it. */
const base = { [jobPath.replace("triggers/login", "clusterprofiles/base")]: jobText };
const map = (name: string, body = "") => Object.fromEntries([objectFile(`ConfigMap/default/${name}`, { body })]);

async function startJob(): Promise<void> {
  const started = { metadata: { name: "base", namespace: "default" }, status: { startTime: "2026-01-01T00:00:00Z" } };
  await cluster.applyAs("job-controller", "batch/v1", "Job", json(started) as JsonObject);
}

beforeEach(() => {
  ({ cluster, clock, world } = createApplyWorld());
});

it("a new object waits until all that its owner depends on is applied and well", async () => {
  world.commitTrigger("login", "{dependsOn: [base]}");
  world.commit(map("a"));
  expect(await world.actions()).toEqual(["waiting ConfigMap/a"]);
  world.commit(base);
  expect((await world.actions()).filter((action) => action.includes("Job"))).toEqual(["created Job/base"]);
  clock.advance(5_000);
  expect(await world.actions(), "it is there, and has not started").toEqual(["waiting ConfigMap/a"]);
  await startJob();
  clock.advance(5_000);
  expect(await world.actions()).toEqual(["created ConfigMap/a"]);
});

it("what is there is changed and deleted whatever becomes of a prerequisite", async () => {
  world.commit(map("a"));
  await world.step();
  world.commitTrigger("login", "{dependsOn: [base]}");
  world.commit({ ...map("a", "data: {key: new}\n"), ...map("b") });
  expect((await world.actions()).sort()).toEqual(["configured ConfigMap/a", "waiting ConfigMap/b"]);
  world.commit({ [objectFile("ConfigMap/default/a")[0]]: undefined });
  expect(await world.actions()).toContain("deleted ConfigMap/a");
});

it("nobody waits for ever", async () => {
  world.commitTrigger("login", "{dependsOn: [base]}");
  world.commit(map("a"));
  expect(await world.actions()).toEqual(["waiting ConfigMap/a"]);
  for (let round = 0; round < 6; round++) {
    clock.advance(50_000);
    if (round < 5) expect(await world.actions()).toEqual(["waiting ConfigMap/a"]);
  }
  expect(await world.actions()).toEqual(["created ConfigMap/a"]);
});

it("who comes later waits anew for a prerequisite that failed others", async () => {
  world.commitTrigger("login", "{dependsOn: [base]}");
  world.commit({ ...base, ...map("a") });
  await world.step();
  for (let round = 0; round < 7; round++) {
    clock.advance(50_000);
    await world.step();
  }
  expect(cluster.names).toContain("ConfigMap/default/a");
  clock.advance(3_600_000);
  world.commit(map("b"));
  expect(await world.actions()).toEqual(["waiting ConfigMap/b"]);
  clock.advance(30_000);
  await startJob();
  expect(await world.actions()).toEqual(["created ConfigMap/b"]);
});

it("many objects of a kind are looked at by one list, whatever else the set has", async () => {
  world.commitTrigger("login", "{dependsOn: [base]}");
  const jobs = Array.from({ length: 40 }, (_, index) =>
    objectFile(`Job/default/base-${index}`, { body: "spec: {}\n" }),
  );
  const moved = jobs.map(([path, text]) => [path.replace("triggers/login", "clusterprofiles/base"), text] as const);
  world.commit({ ...Object.fromEntries(moved), ...map("a") });
  await world.step();
  const started = (name: string) =>
    json({ metadata: { name, namespace: "default" }, status: { startTime: "2026-01-01T00:00:00Z" } }) as JsonObject;
  for (let index = 0; index < 39; index++) await cluster.applyAs("jobs", "batch/v1", "Job", started(`base-${index}`));
  Object.assign(cluster.asked, { objects: 0, lists: 0 });
  clock.advance(5_000);
  const message = "waits for ClusterProfile/base: job/base-39: it has not started yet";
  expect((await world.step())?.outcomes).toEqual([expect.objectContaining({ action: "skipped", message })]);
  await cluster.applyAs("jobs", "batch/v1", "Job", started("base-39"));
  clock.advance(5_000);
  expect(await world.actions()).toEqual(["created ConfigMap/a"]);
  expect(cluster.asked.lists).toBeLessThan(3);
  expect(cluster.asked.objects).toBeLessThan(5);
});

it("profiles wait for each other, in a row", async () => {
  world.commitProfile("middle", "{dependsOn: [base]}");
  world.commitTrigger("login", "{dependsOn: [middle]}");
  const [path, text] = objectFile("ConfigMap/default/middle");
  world.commit({ ...base, [path.replace("triggers/login", "clusterprofiles/middle")]: text, ...map("a") });
  await world.step();
  await startJob();
  for (let round = 0; round < 6; round++) {
    clock.advance(5_000);
    await world.step();
  }
  expect(cluster.names).toEqual(expect.arrayContaining(["ConfigMap/default/a", "ConfigMap/default/middle"]));
  const order = cluster.writes.filter((write) => /(?:middle|base|\/a)$/.test(write));
  expect(order).toEqual(["apply Job/base", "apply ConfigMap/middle", "apply ConfigMap/a"]);
});
