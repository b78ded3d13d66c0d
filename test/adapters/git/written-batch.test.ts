/** What goes with a push, and what stays for the next. */
import { expect, it } from "vitest";
import type { ObjectSet } from "../../../src/adapters/git/object-writer.ts";
import { dataOf, type PackObject, packObject } from "../../../src/adapters/git/pack-bytes.ts";
import { partBatch, type WrittenBatch, type WrittenCommit } from "../../../src/adapters/git/written-batch.ts";

function objectsOf(...objects: readonly (readonly [id: string, base?: string])[]): ObjectSet {
  const all = new Map<string, PackObject>();
  for (const [id, base] of objects) {
    const on = base === undefined ? undefined : all.get(base);
    const data = Buffer.from(id);
    all.set(id, packObject({ id, type: "tree", size: 1, base: on, depth: 0 }, data));
  }
  return all;
}

const commit = (id: string, more: Partial<WrittenCommit> = {}): WrittenCommit => ({
  ...{ id, tree: `tree of ${id}`, parents: [], base: undefined, objects: [id], placed: [], leftBehind: 0 },
  ...more,
});

const childrenOf = (tree: string): readonly string[] => (tree === "folder" ? ["file", "known"] : []);
const first = commit("first", { objects: ["a", "first"] });
const second = commit("second", { parents: ["first"], base: first.tree, objects: ["b", "second"] });

it("a push of everything takes everything", () => {
  const batch = { objects: objectsOf(["a"], ["first"], ["b"], ["second"]), commits: [first, second] };
  const { taken, left } = partBatch(batch, ["second"], [], childrenOf);
  expect(taken).toBe(batch);
  expect([left.objects.size, left.commits]).toEqual([0, []]);
});

it("what the tips don't reach stays, with the bases of its deltas", () => {
  const batch = { objects: objectsOf(["a"], ["first"], ["b", "a"], ["second"]), commits: [first, second] };
  const { memory } = batch.objects.get("a")!;
  const { taken, left } = partBatch(batch, ["first"], [], childrenOf);
  expect([...taken.objects.keys()]).toEqual(["a", "first"]);
  expect([...left.objects.keys()]).toEqual(["a", "b", "second"]);
  // What stays keeps no memory of what went.
  expect(left.objects.get("a")?.memory === memory).toBe(false);
  expect(dataOf(left.objects.get("a")!).toString()).toBe("a");
  expect(left.commits).toEqual([{ ...second, leftBehind: 1 }]);
});

it("a commit without parents takes the one along that made its tree", () => {
  const purged = commit("purged", { tree: second.tree, base: second.tree });
  const batch = {
    objects: objectsOf(["a"], ["first"], ["b"], ["second"], ["purged"]),
    commits: [first, second, purged],
  };
  expect(partBatch(batch, ["purged"], [], childrenOf).left.commits).toEqual([]);
});

it("a commit that is still being written stays", () => {
  const batch = { objects: objectsOf(["a"], ["first"], ["c"]), commits: [first] };
  const { taken, left } = partBatch(batch, ["first"], ["c", "a"], childrenOf);
  expect([...taken.objects.keys()]).toEqual(["a", "first"]);
  expect([...left.objects.keys()]).toEqual(["c", "a"]);
});

it("what was placed goes with all that is below it, whoever has written it", () => {
  const scratch = commit("scratch", { objects: ["file", "folder", "scratch"] });
  const placing = commit("placing", { objects: ["root", "placing"], placed: ["folder"] });
  const batch = {
    objects: objectsOf(["file"], ["folder"], ["scratch"], ["root"], ["placing"]),
    commits: [scratch, placing],
  };
  const { taken, left } = partBatch(batch, ["placing"], [], childrenOf);
  expect([...taken.objects.keys()].sort()).toEqual(["file", "folder", "placing", "root"]);
  expect(left.commits.map(({ id }) => id)).toEqual(["scratch"]);
});

it("what it was made from goes too, where that is no commit's whole tree", () => {
  const scratch = commit("scratch", { objects: ["file", "folder", "scratch"] });
  const other = commit("other", { base: "folder", objects: ["root", "other"] });
  const batch = {
    objects: objectsOf(["file"], ["folder"], ["scratch"], ["root"], ["other"]),
    commits: [scratch, other],
  };
  expect([...partBatch(batch, ["other"], [], childrenOf).taken.objects.keys()].sort()).toEqual([
    "file",
    "folder",
    "other",
    "root",
  ]);
});

it("what nobody wants goes with a later push, whole, and does not stay for ever", () => {
  const other = commit("other");
  let batch: WrittenBatch = { objects: objectsOf(["other"], ["a"], ["first"]), commits: [other, first] };
  let pushes = 0;
  for (; batch.commits.length > 0; pushes++) {
    const { taken, left } = partBatch(batch, ["first"], [], childrenOf);
    if (pushes > 0) expect(taken.commits.map(({ id }) => id)).toEqual(left.commits.length === 0 ? ["other"] : []);
    batch = left;
    expect(pushes).toBeLessThan(100);
  }
  expect(pushes).toBeGreaterThan(10);
});
