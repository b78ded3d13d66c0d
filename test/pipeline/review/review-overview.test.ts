import { describe, expect, it } from "vitest";
import {
  describeFileReview,
  filesUnderReview,
  type GroupOverview,
  listReviews,
} from "../../../src/pipeline/review/review-overview.ts";
import { pathOf, ReviewWorld } from "./review-world.ts";

async function overview(world: ReviewWorld): Promise<readonly GroupOverview[]> {
  const { remote, options } = world;
  const git = world.git;
  const heads = await git.fetchHeads(["sluice/state", "main"]);
  const tree = async (branch: string) => (await git.readCommit(heads.get(branch)!)).tree;
  const { outputPath, grouping } = options;
  expect(remote.branches.size).toBeGreaterThan(1);
  return listReviews({ git, state: await tree("sluice/state"), target: await tree("main"), outputPath, grouping });
}

const shown = (object: string) => `rendered/${pathOf(object)}`;

describe("reviews as they stand", () => {
  it("open, waiting for room, turned down: each with its files", async () => {
    const world = new ReviewWorld({ requestsMax: 1 }, "trigger");
    world.desire({ "a/x": "1", "b/kept": "1" });
    await world.settle();
    world.host.merge(1);
    await world.settle();
    world.host.merge(2);
    await world.settle();
    world.desire({ "b/kept": undefined, "b/y": "1" });
    await world.settle();
    world.host.closeAsPerson(3);
    await world.settle();
    world.desire({ "a/x": "2", "c/z": "1" });
    await world.settle();

    const groups = await overview(world);
    expect(groups).toEqual([
      { group: "a", state: "open", request: 4, proposed: [{ path: shown("a/x"), change: "update" }], turnedDown: [] },
      {
        group: "b",
        state: "turned down",
        proposed: [],
        turnedDown: [
          { path: shown("b/kept"), change: "delete", request: 3 },
          { path: shown("b/y"), change: "create", request: 3 },
        ],
      },
      { group: "c", state: "waits", proposed: [{ path: shown("c/z"), change: "create" }], turnedDown: [] },
    ]);
    const files = filesUnderReview(groups);
    expect([...files].map(([path, file]) => [path.split("/").at(-1), describeFileReview(file)])).toEqual([
      ["x.yaml", "update proposed in 4"],
      ["kept.yaml", "removal turned down in 3"],
      ["y.yaml", "turned down in 3"],
      ["z.yaml", "waits for a request"],
    ]);
  });

  it("are nothing where all is merged", async () => {
    const world = new ReviewWorld();
    world.desire({ "a/x": "1" });
    await world.settle();
    world.host.merge(1);
    await world.settle();
    expect(await overview(world)).toEqual([]);
  });
});
