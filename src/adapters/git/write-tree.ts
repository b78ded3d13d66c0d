/** Applies changes to a tree: reads and writes only the folders on the changed paths. */
import { SluiceError } from "../../model/problem.ts";
import type { ObjectId, TreeChange } from "../../ports/git.ts";
import { emptyTreeId, isObjectId } from "./object-id.ts";
import { type EntryEdit, editTree, fileMode, findInTree, folderMode, type Segment } from "./tree-bytes.ts";
import { splitPath } from "./tree-path.ts";

/** Where trees come from and new objects go. */
export interface TreeStore {
  readTreeBytes(tree: ObjectId): Buffer;
  addBlob(text: string): ObjectId;
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
export function writeTree(store: TreeStore, base: ObjectId | undefined, changes: readonly TreeChange[]): ObjectId {
  const root = new Folder();
  for (const change of changes) root.add(change, splitPath(change.path), 0);
  return writeFolder(store, base, root) ?? store.addTree(Buffer.alloc(0));
}

/** Changes by name: what happens to the entry itself, or below it. */
class Folder {
  readonly children = new Map<string, Folder | TreeChange>();

  add(change: TreeChange, parts: readonly string[], depth: number): void {
    const name = parts[depth]!;
    const child = this.children.get(name);
    if (depth === parts.length - 1) {
      if (child !== undefined) throw collision(change);
      this.children.set(name, change);
    } else if (child === undefined) {
      const folder = new Folder();
      this.children.set(name, folder);
      folder.add(change, parts, depth + 1);
    } else if (child instanceof Folder) {
      child.add(change, parts, depth + 1);
    } else {
      throw collision(change);
    }
  }
}

function collision({ path }: TreeChange): SluiceError {
  return new SluiceError({
    code: "GIT_INVALID",
    message: `${JSON.stringify(path)} is changed twice in one commit, or is below another changed path`,
  });
}

/** The folder's new tree; undefined where nothing is left of it. */
function writeFolder(store: TreeStore, base: ObjectId | undefined, folder: Folder): ObjectId | undefined {
  const old = base === undefined || base === emptyTreeId ? Buffer.alloc(0) : store.readTreeBytes(base);
  const edits: EntryEdit[] = [];
  for (const [name, child] of folder.children) {
    if (child instanceof Folder) {
      const present = findInTree(old, name);
      const isFolder = present?.mode === folderMode;
      const id = writeFolder(store, isFolder ? present.id : undefined, child);
      // Deleting below a file changes nothing.
      if (id === undefined && present !== undefined && !isFolder) continue;
      edits.push({ name, entry: id === undefined ? undefined : { mode: folderMode, id } });
    } else {
      edits.push({ name, entry: toEntry(store, child) });
    }
  }
  const edited = editTree(old, edits);
  if (edited === undefined) return old.length === 0 ? undefined : base;
  if (edited.bytes.length === 0) return undefined;
  return store.addTree(
    edited.bytes,
    base === undefined ? undefined : { id: base, size: old.length, segments: edited.segments },
  );
}

function toEntry(store: TreeStore, change: TreeChange): EntryEdit["entry"] {
  switch (change.action) {
    case "delete":
      return undefined;
    case "write":
      return { mode: fileMode, id: store.addBlob(change.text) };
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
