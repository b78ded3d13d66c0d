/** Which changes make a tree, and which are refused; that the trees are git's own is tested against git. */
import { describe, expect, it } from "vitest";
import { hashObject } from "../../../src/adapters/git/object-id.ts";
import { fileMode, parseTree } from "../../../src/adapters/git/tree-bytes.ts";
import { type PlacedChange, type TreeStore, writeTree } from "../../../src/adapters/git/write-tree.ts";
import { folderMode } from "../../../src/model/folder-mode.ts";
import { SluiceError } from "../../../src/model/problem.ts";
import type { ObjectId } from "../../../src/ports/git.ts";

class MemoryTrees implements TreeStore {
  readonly trees = new Map<ObjectId, Buffer>();
  readonly reads: ObjectId[] = [];

  readTreeBytes(tree: ObjectId): Buffer {
    this.reads.push(tree);
    return this.trees.get(tree)!;
  }

  addTree(bytes: Buffer): ObjectId {
    const id = hashObject("tree", bytes);
    this.trees.set(id, bytes);
    return id;
  }

  list(tree: ObjectId, prefix = ""): string[] {
    return parseTree(this.trees.get(tree)!).flatMap(({ mode, name, id }) =>
      mode === folderMode ? this.list(id, `${prefix}${name}/`) : [prefix + name],
    );
  }
}

const blob = (text: string): ObjectId => hashObject("blob", Buffer.from(text));
const write = (path: string): PlacedChange => ({ path, action: "place", id: blob(path), mode: fileMode });
const remove = (path: string): PlacedChange => ({ path, action: "delete" });

describe("from a, b/c, b/d/e", () => {
  const cases: [name: string, changes: PlacedChange[], files: string[]][] = [
    ["nothing", [], ["a", "b/c", "b/d/e"]],
    ["a new file", [write("b/d/f")], ["a", "b/c", "b/d/e", "b/d/f"]],
    ["the last file of a folder goes, and the folder with it", [remove("b/d/e")], ["a", "b/c"]],
    ["a folder goes", [remove("b")], ["a"]],
    ["everything goes", [remove("a"), remove("b")], []],
    ["what is not there goes", [remove("x"), remove("a/x"), remove("b/x/y")], ["a", "b/c", "b/d/e"]],
    ["a folder takes a file's place", [write("a/x")], ["a/x", "b/c", "b/d/e"]],
    ["a file takes a folder's place", [write("b")], ["a", "b"]],
    ["a link is never followed", [write("link/x")], ["a", "b/c", "b/d/e", "link/x"]],
  ];

  it.each(cases)("%s", (_name, changes, files) => {
    const store = new MemoryTrees();
    const base = writeTree(store, undefined, ["a", "b/c", "b/d/e"].map(write));
    expect(store.list(writeTree(store, base, changes))).toEqual(files);
  });
});

it("reads only the folders on the changed paths", () => {
  const store = new MemoryTrees();
  const paths = Array.from({ length: 100 }, (_, index) => `folder-${index}/below/file`);
  const base = writeTree(store, undefined, paths.map(write));
  store.reads.length = 0;
  writeTree(store, base, [write("folder-7/below/other")]);
  expect(store.reads.length).toBe(3);
});

it("places what exists under another name", () => {
  const store = new MemoryTrees();
  const base = writeTree(store, undefined, [
    write("b/c"),
    { path: "link", action: "place", id: blob("b"), mode: "120000" },
  ]);
  const folder = parseTree(store.trees.get(base)!).find(({ name }) => name === "b")!;
  const placed = writeTree(store, base, [
    { path: "x/y", action: "place", id: folder.id, mode: folderMode },
    remove("link"),
  ]);
  expect(store.list(placed)).toEqual(["b/c", "x/y/c"]);
});

it.each<[name: string, changes: PlacedChange[]]>([
  ["a path twice", [write("a"), remove("a")]],
  ["a path below another", [write("a"), write("a/b")]],
  ["a path below another, with one between them in the order", [write("a"), write("a-b"), write("a/b")]],
  ["a path that leads out", [write("../a")]],
  ["a mode that is none", [{ path: "a", action: "place", id: "1".repeat(40), mode: "100600" }]],
  ["an id that is none", [{ path: "a", action: "place", id: "HEAD", mode: fileMode }]],
])("refuses %s", (_name, changes) => {
  const attempt = () => writeTree(new MemoryTrees(), undefined, changes);
  expect(attempt).toThrow(SluiceError);
});
