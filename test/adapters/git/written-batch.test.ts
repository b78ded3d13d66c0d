/** What goes with a push, and what stays for the next. */
import { expect, it } from "vitest";
import type { ObjectSet } from "../../../src/adapters/git/object-writer.ts";
import type { PackObject } from "../../../src/adapters/git/pack-bytes.ts";
import { partBatch, type WrittenCommit } from "../../../src/adapters/git/written-batch.ts";

function objectsOf(...objects: readonly (readonly [id: string, base?: string])[]): ObjectSet {
  const all = new Map<string, PackObject>();
  for (const [id, base] of objects) {
    const on = base === undefined ? undefined : all.get(base);
    const data = Buffer.from(id);
    all.set(id, { id, type: "tree", size: 1, data, depth: 0, ...(on === undefined ? {} : { base: on }) });
  }
  return all;
}

const commit = (id: string, more: Partial<WrittenCommit> = {}): WrittenCommit => ({
  ...{ id, tree: `tree of ${id}`, parents: [], base: undefined, objects: [id], wasLeft: false },
  ...more,
});

const first = commit("first", { objects: ["a", "first"] });
const second = commit("second", { parents: ["first"], base: first.tree, objects: ["b", "second"] });

it("a push of everything takes everything", () => {
  const batch = { objects: objectsOf(["a"], ["first"], ["b"], ["second"]), commits: [first, second] };
  const { taken, left } = partBatch(batch, ["second"], []);
  expect(taken).toBe(batch);
  expect([left.objects.size, left.commits]).toEqual([0, []]);
});

it("what the tips don't reach stays, with the bases of its deltas", () => {
  const batch = { objects: objectsOf(["a"], ["first"], ["b", "a"], ["second"]), commits: [first, second] };
  const { taken, left } = partBatch(batch, ["first"], []);
  expect([...taken.objects.keys()]).toEqual(["a", "first"]);
  expect([...left.objects.keys()]).toEqual(["a", "b", "second"]);
  expect(left.commits).toEqual([{ ...second, wasLeft: true }]);
});

it("a commit without parents takes the one along that made its tree", () => {
  const purged = commit("purged", { tree: second.tree, base: second.tree });
  const batch = {
    objects: objectsOf(["a"], ["first"], ["b"], ["second"], ["purged"]),
    commits: [first, second, purged],
  };
  expect(partBatch(batch, ["purged"], []).left.commits).toEqual([]);
});

it("a commit that is still being written stays", () => {
  const batch = { objects: objectsOf(["a"], ["first"], ["c"]), commits: [first] };
  const { taken, left } = partBatch(batch, ["first"], ["c", "a"]);
  expect([...taken.objects.keys()]).toEqual(["a", "first"]);
  expect([...left.objects.keys()]).toEqual(["c", "a"]);
});

it("what nobody wants goes with the second push, and stays no longer", () => {
  const other = commit("other");
  const batch = { objects: objectsOf(["other"], ["a"], ["first"]), commits: [other, first] };
  const { left } = partBatch(batch, ["first"], []);
  const again = partBatch(left, ["nothing of it"], []);
  expect([[...again.taken.objects.keys()], again.left.commits]).toEqual([["other"], []]);
});
