/** Git objects in memory, under their real names: what the fake repository and its remote are made of. */
import { createHash } from "node:crypto";
import type { CommitInfo, ObjectId, TreeChange, TreeEntry } from "../../src/ports/git.ts";

export type GitObject =
  | { readonly type: "blob"; readonly text: string }
  | { readonly type: "tree"; readonly entries: readonly TreeEntry[] }
  | { readonly type: "commit"; readonly info: Omit<CommitInfo, "id"> };

/** Where objects are found and put. */
export interface GitObjects {
  find(id: ObjectId): GitObject | undefined;
  add(object: GitObject): ObjectId;
}

export const folderMode = "40000";
const fileMode = "100644";

/** Git's own name for the object: the SHA-1 of what Git would store. */
export function objectId(object: GitObject): ObjectId {
  const body = Buffer.concat(bodyOf(object));
  return createHash("sha1").update(`${object.type} ${body.length}\0`).update(body).digest("hex");
}

function bodyOf(object: GitObject): Buffer[] {
  switch (object.type) {
    case "blob":
      return [Buffer.from(object.text)];
    case "tree":
      return object.entries.flatMap(({ mode, name, id }) => [Buffer.from(`${mode} ${name}\0`), Buffer.from(id, "hex")]);
    case "commit": {
      const { tree, parents, author, time, message } = object.info;
      const signature = `${author.name} <${author.email}> ${Math.floor(time / 1000)} +0000`;
      const lines = [
        `tree ${tree}`,
        ...parents.map((parent) => `parent ${parent}`),
        `author ${signature}`,
        `committer ${signature}`,
      ];
      return [Buffer.from(`${lines.join("\n")}\n\n${message}`)];
    }
  }
}

export function readTreeEntries(objects: GitObjects, tree: ObjectId): readonly TreeEntry[] {
  const object = objects.find(tree);
  if (object?.type !== "tree") throw new Error(`there is no tree ${tree}`);
  return object.entries;
}

export function findTreeEntry(objects: GitObjects, tree: ObjectId, path: string): TreeEntry | undefined {
  let entry: TreeEntry | undefined = { mode: folderMode, name: "", id: tree };
  if (path === "") return entry;
  for (const name of path.split("/")) {
    if (entry?.mode !== folderMode) return undefined;
    entry = readTreeEntries(objects, entry.id).find((child) => child.name === name);
  }
  return entry;
}

/** All files below a tree, in Git's order, with their texts; links and submodules are nobody's files. */
export function* walkFiles(objects: GitObjects, tree: ObjectId, prefix = ""): Generator<readonly [string, string]> {
  for (const { mode, name, id } of readTreeEntries(objects, tree)) {
    if (mode === folderMode) yield* walkFiles(objects, id, `${prefix}${name}/`);
    else if (mode.startsWith("100")) {
      const blob = objects.find(id);
      if (blob?.type !== "blob") throw new Error(`there is no blob ${id}`);
      yield [prefix + name, blob.text];
    }
  }
}

/** As {@link import("../../src/ports/git.ts").CommitRequest} says: changes in any order, each path once, none below another's. */
export function changeTree(
  objects: GitObjects,
  base: ObjectId | undefined,
  changes: readonly TreeChange[],
): ObjectId | undefined {
  const here = new Map<string, TreeChange>();
  const below = new Map<string, TreeChange[]>();
  for (const change of changes) {
    const slash = change.path.indexOf("/");
    const name = slash < 0 ? change.path : change.path.slice(0, slash);
    if (name === "" || name === "." || name === "..") throw new Error(`${change.path} is no path`);
    if (here.has(name) || (slash < 0 && below.has(name))) throw new Error(`${change.path} is changed twice`);
    if (slash < 0) here.set(name, change);
    else below.set(name, [...(below.get(name) ?? []), { ...change, path: change.path.slice(slash + 1) }]);
  }
  const entries = new Map<string, TreeEntry>(
    base === undefined ? [] : readTreeEntries(objects, base).map((entry) => [entry.name, entry]),
  );
  for (const [name, inner] of below) {
    const present = entries.get(name);
    const isFolder = present?.mode === folderMode;
    const id = changeTree(objects, isFolder ? present.id : undefined, inner);
    if (id !== undefined) entries.set(name, { mode: folderMode, name, id });
    else if (isFolder) entries.delete(name);
  }
  for (const [name, change] of here) {
    if (change.action === "delete") entries.delete(name);
    else if (change.action === "place") entries.set(name, { mode: change.mode, name, id: change.id });
    else entries.set(name, { mode: fileMode, name, id: objects.add({ type: "blob", text: change.text }) });
  }
  if (entries.size === 0) return undefined;
  return objects.add({ type: "tree", entries: [...entries.values()].sort(byGitsOrder) });
}

export function emptyTree(objects: GitObjects): ObjectId {
  return objects.add({ type: "tree", entries: [] });
}

/** Git sorts a folder as if its name ended in a slash, by bytes. */
function byGitsOrder(a: TreeEntry, b: TreeEntry): number {
  const key = ({ mode, name }: TreeEntry) => Buffer.from(mode === folderMode ? `${name}/` : name);
  return Buffer.compare(key(a), key(b));
}
