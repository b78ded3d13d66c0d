/** What people do while Sluice is down, where it had stopped between what it did and the record of it. */
import { describe, expect, it } from "vitest";
import { ReviewWorld } from "./review-world.ts";

const all = "sluice/review/all";
const turnedDown = (world: ReviewWorld) =>
  world.log.problems.filter(({ code }) => code === "REVIEW_TURNED_DOWN").map(({ message }) => message);

class Stop extends Error {}

/** One look that the service does not survive: it stops before the push to a branch or the state, counted from 1. */
async function lookUntilPush(world: ReviewWorld, count: number): Promise<void> {
  let left = count;
  world.git.fault = (operation, when) => {
    if (operation === "push" && when === "before" && --left === 0) throw new Stop();
  };
  // Whatever else the look puts on record on its way out is lost as well.
  await expect(world.look()).rejects.toThrow(Stop);
  world.restart();
}

/** Request 1 shows a/x; its branch shows a/y too, which is not on record. */
async function pushedUnrecorded(grouping: "all" | "trigger" = "all"): Promise<ReviewWorld> {
  const world = new ReviewWorld({}, grouping);
  world.desire({ "a/x": "1", "a/z": "1" });
  await world.settle();
  world.desire({ "a/y": "1", "a/z": undefined });
  await lookUntilPush(world, 2);
  expect(world.objects(grouping === "all" ? all : "sluice/review/a")).toEqual({ "a/x": "1", "a/y": "1" });
  expect(world.remote.file("sluice/state", `reviews/${grouping === "all" ? "all" : "a"}.json`)).not.toContain(
    "/y.yaml",
  );
  return world;
}

describe("what was pushed and is not on record", () => {
  for (const [how, end] of [
    ["closed", (world: ReviewWorld) => world.host.closeAsPerson(1)],
    [
      "closed with commits by people",
      (world: ReviewWorld) => {
        world.editAsPerson(all, { "a/w": "theirs" });
        world.host.closeAsPerson(1);
      },
    ],
    [
      "closed, and its branch deleted then",
      (world: ReviewWorld) => {
        world.host.closeAsPerson(1);
        world.remote.branches.delete(all);
      },
    ],
  ] as const) {
    it(`${how} meanwhile: is turned down, until somebody asks for it`, async () => {
      const world = await pushedUnrecorded();
      end(world);
      await world.settle();
      world.restart();
      await world.settle();
      expect(turnedDown(world)).toEqual([expect.stringMatching(/x\.yaml, .*y\.yaml/)]);
      expect(world.host.requests).toHaveLength(1);
      // What comes since is nobody's word against it.
      world.desire({ "a/v": "1" });
      await world.settle();
      expect(world.objects(all)).toEqual({ "a/v": "1" });
      const answered = world.publisher.propose(undefined);
      await world.look();
      await answered;
      await world.settle();
      expect(world.objects(all)).toEqual({ "a/v": "1", "a/x": "1", "a/y": "1" });
    });
  }

  it("closed and reopened meanwhile: nothing is turned down", async () => {
    const world = await pushedUnrecorded();
    world.host.closeAsPerson(1);
    world.host.requests[0]!.state = "open";
    await world.settle();
    expect(turnedDown(world)).toEqual([]);
    expect(world.host.open).toMatchObject([{ number: 1 }]);
    expect(world.objects(all)).toEqual({ "a/x": "1", "a/y": "1" });
  });

  it("reopened once it is told: proposed again in the same request", async () => {
    const world = await pushedUnrecorded();
    world.host.closeAsPerson(1);
    await world.settle();
    expect(turnedDown(world)).toHaveLength(1);
    world.host.requests[0]!.state = "open";
    await world.settle();
    expect(world.host.open).toMatchObject([{ number: 1 }]);
    expect(world.objects(all)).toEqual({ "a/x": "1", "a/y": "1" });
  });

  it("merged meanwhile: nothing is left", async () => {
    const world = await pushedUnrecorded();
    world.host.merge(1);
    await world.settle();
    expect(turnedDown(world)).toEqual([]);
    expect(world.host.requests).toHaveLength(1);
    expect(world.objects()).toEqual({ "a/x": "1", "a/y": "1" });
  });

  it("desired otherwise by now: is proposed, the rest is turned down", async () => {
    const world = await pushedUnrecorded();
    world.host.closeAsPerson(1);
    world.desire({ "a/y": "2" });
    await world.settle();
    expect(turnedDown(world)).toEqual([expect.stringMatching(/1 manifest .*x\.yaml$/)]);
    expect(world.objects(all)).toEqual({ "a/y": "2" });
  });

  it("of one group: the others are as they were", async () => {
    const world = await pushedUnrecorded("trigger");
    world.desire({ "b/x": "1" });
    world.host.closeAsPerson(1);
    await world.settle();
    expect(turnedDown(world)).toHaveLength(1);
    expect(world.host.open).toMatchObject([{ head: "sluice/review/b" }]);
    expect(world.objects("sluice/review/b")).toEqual({ "b/x": "1" });
  });
});

describe("a request that was opened", () => {
  for (const what of ["setStatus", "decorateRequest"]) {
    it(`is on record before ${what}: closed meanwhile, it is not opened again`, async () => {
      const world = new ReviewWorld({ decoration: { labels: ["fleet"], reviewers: [], assignees: [] } });
      world.desire({ "a/x": "1" });
      // Neither the forge nor the state answers any more.
      let isDown = false;
      world.host.fault = (operation) => {
        if (operation === what) isDown = true;
        if (isDown) throw new Stop();
      };
      world.git.fault = () => {
        if (isDown) throw new Stop();
      };
      await expect(world.look()).rejects.toThrow(Stop);
      world.host.fault = () => undefined;
      world.restart();
      world.host.closeAsPerson(1);
      await world.settle();
      expect(turnedDown(world)).toHaveLength(1);
      expect(world.host.requests).toHaveLength(1);
    });
  }

  it("in several groups is on record whichever comes next", async () => {
    const world = new ReviewWorld({}, "trigger");
    world.desire({ "a/x": "1", "b/x": "1", "c/x": "1" });
    // A branch and a record each: the third branch does not go any more.
    await lookUntilPush(world, 5);
    expect(world.host.requests).toHaveLength(2);
    for (const { number } of world.host.requests) world.host.closeAsPerson(number);
    await world.settle();
    expect(turnedDown(world)).toHaveLength(2);
    expect(world.host.open).toMatchObject([{ head: "sluice/review/c" }]);
  });
});
