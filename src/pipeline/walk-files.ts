/** Walks the files below a folder of a tree, folder by folder: a file costs little, for there may be a million. */
import { folderMode } from "../model/folder-mode.ts";
import type { GitReader, ObjectId } from "../ports/git.ts";

/**
 * `onFolder` is given each folder that has files, as a path from the tree's root, with their names in Git's order; false
 * ends the walk. Nothing happens where the folder is not there.
 */
export async function walkFiles(
  git: Pick<GitReader, "findEntry" | "readTree">,
  tree: ObjectId,
  folder: string,
  onFolder: (folder: string, names: readonly string[]) => Promise<boolean> | boolean,
): Promise<void> {
  const start = await git.findEntry(tree, folder);
  if (start?.mode !== folderMode) return;
  const waiting = [{ path: folder, id: start.id }];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { path } = next;
    const entries = await git.readTree(next.id);
    const names = entries.flatMap(({ mode, name }) => (mode.startsWith("100") ? [name] : []));
    if (names.length > 0 && !(await onFolder(path, names))) return;
    for (const { mode, name, id } of entries.toReversed()) {
      if (mode === folderMode) waiting.push({ path: path === "" ? name : `${path}/${name}`, id });
    }
  }
}
