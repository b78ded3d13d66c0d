/** What a hub applies, under review: in the request that needs it, and never gone before what it applies. */
import { expect, it } from "vitest";
import { manifest, pathOf, ReviewWorld } from "./review-world.ts";

const unit = "hub/fleet/eu.yaml";
const keeper = "triggers/sluice-unit.yaml";

function open(): ReviewWorld {
  return new ReviewWorld({ deliveryPath: "hub-files" }, "trigger");
}

/** Objects and files of the hub on the state branch; undefined removes one. */
function desire(world: ReviewWorld, files: Readonly<Record<string, string | undefined>>): void {
  const all = Object.entries(files).map(([name, text]) => [
    name.startsWith("hub/") ? `delivery/${name}` : `desired/${pathOf(name)}`,
    text === undefined ? undefined : manifest(text),
  ]);
  world.remote.commitAsPerson("sluice/state", Object.fromEntries(all));
}

const hubFiles = (world: ReviewWorld, branch = "main") => [...world.remote.files(branch, "hub-files").keys()];
const requestOf = (world: ReviewWorld, group: string) =>
  world.host.open.find(({ head }) => head === `sluice/review/${group}`);

it("comes with each trigger's objects; closed, nothing of it is on the target, and the other's still works", async () => {
  const world = open();
  desire(world, { [unit]: "1", [keeper]: "1", "a/x": "1", "b/y": "1" });
  await world.settle();
  expect(hubFiles(world, "sluice/review/a")).toEqual([`hub-files/${unit}`]);
  expect(requestOf(world, "a")?.title).toBe("Create 3 manifests on 1 cluster (a)");
  expect(requestOf(world, "a")?.body).toContain(`+++ b/hub-files/${unit}`);

  world.host.closeAsPerson(requestOf(world, "a")!.number);
  await world.settle();
  expect(hubFiles(world)).toEqual([]);
  expect(world.log.problems.some(({ message }) => message.includes(`hub-files/${unit}`))).toBe(true);

  world.host.merge(requestOf(world, "b")!.number);
  await world.settle();
  expect(hubFiles(world)).toEqual([`hub-files/${unit}`]);
  expect(world.objects()).toEqual({ "b/y": "1", [keeper]: "1" });
  expect(world.host.open).toEqual([]);
});

it("goes when its objects have gone from the target, in a request of its own", async () => {
  const world = open();
  desire(world, { [unit]: "1", [keeper]: "1", "a/x": "1" });
  await world.settle();
  world.host.merge(requestOf(world, "a")!.number);
  await world.settle();

  desire(world, { [unit]: undefined, [keeper]: undefined, "a/x": undefined });
  await world.settle();
  expect(world.host.open.map(({ head }) => head)).toEqual(["sluice/review/a"]);
  expect(hubFiles(world, "sluice/review/a")).toEqual([`hub-files/${unit}`]);
  world.host.closeAsPerson(requestOf(world, "a")!.number);
  await world.settle();
  expect(world.host.open, "people want the object to stay").toEqual([]);

  const asked = world.publisher.propose("a");
  await world.settle();
  await asked;
  world.host.merge(requestOf(world, "a")!.number);
  await world.settle();
  expect(world.objects()).toEqual({ [keeper]: "1" });
  expect(hubFiles(world)).toEqual([`hub-files/${unit}`]);
  world.host.merge(requestOf(world, "_clusters")!.number);
  await world.settle();
  expect([world.objects(), hubFiles(world), world.host.open]).toEqual([{}, [], []]);
});

it("a change of all units is the clusters' request, and one of people's on the target is proposed back", async () => {
  const world = open();
  desire(world, { [unit]: "1", [keeper]: "1", "a/x": "1" });
  await world.settle();
  world.host.merge(requestOf(world, "a")!.number);
  await world.settle();

  desire(world, { [unit]: "2" });
  await world.settle();
  expect(world.host.open.map(({ head }) => head)).toEqual(["sluice/review/_clusters"]);
  world.host.merge(requestOf(world, "_clusters")!.number);
  await world.settle();
  expect(world.remote.file("main", `hub-files/${unit}`)).toContain("data: 2");

  world.remote.commitAsPerson("main", {
    [`hub-files/${unit}`]: undefined,
    "hub-files/hub/people.yaml": "kind: Theirs\n",
  });
  await world.settle();
  expect(world.remote.file("sluice/review/_clusters", `hub-files/${unit}`)).toContain("data: 2");
  expect(world.remote.file("sluice/review/_clusters", "hub-files/hub/people.yaml")).toBe("kind: Theirs\n");
});

it("does not show what values of a chart come of a Secret", async () => {
  const world = open();
  const values = "charts/fleet/eu/triggers/a/own/values/ns/app.yaml";
  world.remote.commitAsPerson("sluice/state", { [`delivery/${values}`]: manifest("hunter2") });
  await world.settle();
  expect(requestOf(world, "a")?.body).toContain("a Secret: its contents are not shown here");
  expect(requestOf(world, "a")?.body).not.toContain("hunter2");
  expect(world.remote.file("sluice/review/a", `hub-files/${values}`)).toContain("hunter2");
});
