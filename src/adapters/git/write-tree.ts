/** Applies changes to a tree: reads and writes only the folders on the changed paths. */
import { folderMode } from "../../model/folder-mode.ts";
import { SluiceError } from "../../model/problem.ts";
import type { ObjectId, TreeChange } from "../../ports/git.ts";
import { emptyTreeId, isObjectId } from "./object-id.ts";
import { type EntryEdit, editTree, fileMode, findAllInTree, type Segment } from "./tree-bytes.ts";
import { checkPath } from "./tree-path.ts";

/** A change whose file is written already. */
export type PlacedChange = Exclude<TreeChange, { readonly action: "write" }>;

/** Where trees come from and new ones go. */
export interface TreeStore {
  readTreeBytes(tree: ObjectId): Buffer;
  addTree(
    bytes: Buffer,
    editOf?: { readonly id: ObjectId; readonly size: number; readonly segments: readonly Segment[] },
  ): ObjectId;
}

const modes = new Set([fileMode, "100755", "120000", folderMode, "160000"]);

/**
 * The tree that the changes make of `base` (undefined: the empty tree). A folder that becomes empty vanishes, a file in
 * the way of a folder is replaced by it and the other way round. Throws a SluiceError (GIT_INVALID) for a path that must not
 * be written, is given twice, or is below another's.
 */
export function writeTree(store: TreeStore, base: ObjectId | undefined, changes: readonly PlacedChange[]): ObjectId {
  for (const { path } of changes) checkPath(path);
  // By code unit, so that what is in a folder stands together.
  const sorted = changes.toSorted((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
  return (
    writeFolder(store, base, { changes: sorted, from: 0, to: sorted.length, depth: 0 }) ??
    store.addTree(Buffer.alloc(0))
  );
}

/** The changes of one folder: a stretch of the sorted ones, whose paths are alike up to `depth`. */
interface Stretch {
  readonly changes: readonly PlacedChange[];
  readonly from: number;
  readonly to: number;
  readonly depth: number;
}

/** The folder's new tree; undefined where nothing is left of it. */
function writeFolder(store: TreeStore, base: ObjectId | undefined, stretch: Stretch): ObjectId | undefined {
  const old = base === undefined || base === emptyTreeId ? Buffer.alloc(0) : store.readTreeBytes(base);
  const edits = new Map<string, EntryEdit>();
  const below = new Map<string, Stretch>();
  for (const part of splitStretch(stretch)) {
    const { name, change } = part;
    if (edits.has(name) || below.has(name)) throw collision(change);
    if (part.below === undefined) edits.set(name, { name, entry: toEntry(change) });
    else below.set(name, part.below);
  }
  const present = findAllInTree(old, [...below.keys()]);
  for (const [name, part] of below) {
    const entry = present.get(name);
    const isFolder = entry?.mode === folderMode;
    const id = writeFolder(store, isFolder ? entry.id : undefined, part);
    // Deleting below a file changes nothing.
    if (id === undefined && !isFolder) continue;
    edits.set(name, { name, entry: id === undefined ? undefined : { mode: folderMode, id } });
  }
  const edited = editTree(old, [...edits.values()]);
  if (edited === undefined) return old.length === 0 ? undefined : base;
  if (edited.bytes.length === 0) return undefined;
  const editOf = base === undefined ? undefined : { id: base, size: old.length, segments: edited.segments };
  return store.addTree(edited.bytes, editOf);
}

/** The changes of a folder by name: of the entry itself, or below it; `change` is the first of them. */
function* splitStretch({
  changes,
  from,
  to,
  depth,
}: Stretch): Generator<{ readonly name: string; readonly change: PlacedChange; readonly below?: Stretch }> {
  for (let index = from; index < to; ) {
    const change = changes[index]!;
    const slash = change.path.indexOf("/", depth);
    if (slash < 0) {
      yield { name: change.path.slice(depth), change };
      index++;
      continue;
    }
    const prefix = change.path.slice(0, slash + 1);
    let end = index + 1;
    while (end < to && changes[end]!.path.startsWith(prefix)) end++;
    yield { name: change.path.slice(depth, slash), change, below: { changes, from: index, to: end, depth: slash + 1 } };
    index = end;
  }
}

function collision({ path }: PlacedChange): SluiceError {
  return new SluiceError({
    code: "GIT_INVALID",
    message: `${JSON.stringify(path)} is changed twice in one commit, or is below another changed path`,
  });
}

function toEntry(change: PlacedChange): EntryEdit["entry"] {
  switch (change.action) {
    case "delete":
      return undefined;
    case "place":
      if (!isObjectId(change.id) || !modes.has(change.mode)) {
        throw new SluiceError({
          code: "GIT_INVALID",
          message: `${JSON.stringify(change.path)} can't be the object ${change.id} with mode ${change.mode}`,
        });
      }
      // An empty folder has no place in a tree.
      return change.id === emptyTreeId ? undefined : { mode: change.mode, id: change.id };
  }
}
