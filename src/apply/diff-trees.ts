/** What differs between two trees, file by file, descending only where they differ. */
import { folderMode } from "../model/folder-mode.ts";
import type { ObjectId, TreeEntry, TreeReader } from "../ports/git.ts";

export interface FileChange {
  /** Relative to the trees. */
  readonly path: string;
  readonly before: ObjectId | undefined;
  readonly after: ObjectId | undefined;
}

type Trees = Pick<TreeReader, "readTree">;

/** Undefined is the empty tree. Links and submodules are no files. */
export async function* diffTrees(
  trees: Trees,
  before: ObjectId | undefined,
  after: ObjectId | undefined,
  folder = "",
): AsyncGenerator<FileChange> {
  if (before === after) return;
  const [old, now] = [await entriesOf(trees, before), await entriesOf(trees, after)];
  for (const name of new Set([...old.keys(), ...now.keys()])) {
    const [from, to] = [old.get(name), now.get(name)];
    if (from?.id === to?.id && from?.mode === to?.mode) continue;
    const path = folder === "" ? name : `${folder}/${name}`;
    if (isFolder(from) || isFolder(to)) {
      yield* diffTrees(trees, isFolder(from) ? from?.id : undefined, isFolder(to) ? to?.id : undefined, path);
    }
    const [oldFile, newFile] = [fileId(from), fileId(to)];
    if (oldFile !== newFile) yield { path, before: oldFile, after: newFile };
  }
}

async function entriesOf(trees: Trees, tree: ObjectId | undefined): Promise<ReadonlyMap<string, TreeEntry>> {
  return new Map(tree === undefined ? [] : (await trees.readTree(tree)).map((entry) => [entry.name, entry]));
}

function isFolder(entry: TreeEntry | undefined): boolean {
  return entry?.mode === folderMode;
}

function fileId(entry: TreeEntry | undefined): ObjectId | undefined {
  return entry?.mode.startsWith("100") ? entry.id : undefined;
}
