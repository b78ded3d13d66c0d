/** Git objects in memory, under their real names: what the fake repository and its remote are made of. */
import { hash } from "node:crypto";
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
  if (object.type === "tree") return hash("sha1", treeBytes(object.entries), "hex");
  const body = object.type === "blob" ? object.text : commitText(object.info);
  return hash("sha1", `${object.type} ${Buffer.byteLength(body)}\0${body}`, "hex");
}

const idBytes = 20;

function treeBytes(entries: readonly TreeEntry[]): Buffer {
  let length = 0;
  for (const { mode, name } of entries) length += Buffer.byteLength(name) + mode.length + 2 + idBytes;
  const header = `tree ${length}\0`;
  const bytes = Buffer.allocUnsafe(header.length + length);
  let at = bytes.write(header, 0, "latin1");
  for (const { mode, name, id } of entries) {
    at += bytes.write(`${mode} ${name}\0`, at);
    at += bytes.write(id, at, "hex");
  }
  return bytes;
}

function commitText({ tree, parents, author, time, message }: Omit<CommitInfo, "id">): string {
  const signature = `${author.name} <${author.email}> ${Math.floor(time / 1000)} +0000`;
  const lines = [
    `tree ${tree}`,
    ...parents.map((parent) => `parent ${parent}`),
    `author ${signature}`,
    `committer ${signature}`,
  ];
  return `${lines.join("\n")}\n\n${message}`;
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

/** A file that differs between two trees; undefined: there is none. */
export interface FileDifference {
  readonly path: string;
  readonly before: string | undefined;
  readonly after: string | undefined;
}

/** The files that differ between two trees, in no order; undefined is a tree without files. */
export function* walkDifference(
  objects: GitObjects,
  before: ObjectId | undefined,
  after: ObjectId | undefined,
  prefix = "",
): Generator<FileDifference> {
  if (before === after) return;
  const namesIn = (tree: ObjectId | undefined) =>
    new Map(tree === undefined ? [] : readTreeEntries(objects, tree).map((entry) => [entry.name, entry]));
  const [were, are] = [namesIn(before), namesIn(after)];
  const text = (entry: TreeEntry | undefined) => {
    const blob = entry?.mode.startsWith("100") ? objects.find(entry.id) : undefined;
    return blob?.type === "blob" ? blob.text : undefined;
  };
  const folder = (entry: TreeEntry | undefined) => (entry?.mode === folderMode ? entry.id : undefined);
  for (const name of new Set([...were.keys(), ...are.keys()])) {
    const [was, is] = [were.get(name), are.get(name)];
    if (was?.id === is?.id && was?.mode === is?.mode) continue;
    const [textBefore, textAfter] = [text(was), text(is)];
    if (textBefore !== textAfter) yield { path: prefix + name, before: textBefore, after: textAfter };
    yield* walkDifference(objects, folder(was), folder(is), `${prefix}${name}/`);
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
  const key = ({ mode, name }: TreeEntry) => (mode === folderMode ? `${name}/` : name);
  const [one, other] = [key(a), key(b)];
  // Below the surrogates code units are in the order of the bytes.
  if (/[\ud800-\uffff]/.test(one + other)) return Buffer.compare(Buffer.from(one), Buffer.from(other));
  return one < other ? -1 : 1;
}
