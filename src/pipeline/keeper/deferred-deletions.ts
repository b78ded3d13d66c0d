/**
 * Files that are deleted while units are handed over stay on the target: who is to delete the object may not have it yet.
 * They are kept beside the desired tree, as if nobody wanted them, and go when the hand-over ends.
 */
import type { ChangeSet, FileChange } from "../../model/change-set.ts";
import { chartsFolder, desiredFolder, leavingChartsFolder, leavingFolder, readOwnedPath } from "../../plan/paths.ts";
import type { GitReader, ObjectId } from "../../ports/git.ts";

/** The change set with the files that it deletes kept aside; `tree`: of the state, before it. */
export async function deferDeletions(
  git: GitReader,
  tree: ObjectId | undefined,
  changeSet: ChangeSet,
): Promise<ChangeSet> {
  if (tree === undefined) return changeSet;
  const deleted = changeSet.changes.flatMap(({ action, path }) =>
    action === "delete" && objectIn(path) !== undefined ? [path] : [],
  );
  const written = new Map(
    changeSet.changes.flatMap(({ action, path }) => {
      const object = action === "write" ? objectIn(path) : undefined;
      return object === undefined ? [] : [[object, path] as const];
    }),
  );
  const texts = await git.readFiles(tree, deleted);
  const changes: FileChange[] = [];
  // What another file says of the object in the same commit has only moved.
  for (const [path, text] of texts)
    if (!written.has(objectIn(path)!)) changes.push({ path: leavingPath(path), action: "write", text });
  if (written.size > 0) {
    for (const [from, to] of asides) {
      for await (const path of git.listFiles(tree, to)) {
        if (written.has(objectIn(`${from}${path.slice(to.length)}`) ?? "")) changes.push({ path, action: "delete" });
      }
    }
  }
  if (changes.length === 0) return changeSet;
  const all = [...changeSet.changes, ...changes].sort((a, b) => (a.path < b.path ? -1 : 1));
  return { ...changeSet, changes: all };
}

/** Where files of a folder are kept. */
const asides: ReadonlyMap<string, string> = new Map([
  [desiredFolder, leavingFolder],
  [chartsFolder, leavingChartsFolder],
]);

function leavingPath(path: string): string {
  const [root = ""] = path.split("/");
  return `${asides.get(root)}${path.slice(root.length)}`;
}

/** Which object or chart of which cluster a file is, whoever has it; undefined: no owner's. */
function objectIn(path: string): string | undefined {
  const [root = "", namespace = "", name = "", ...rest] = path.split("/");
  if (!asides.has(root)) return undefined;
  const owned = readOwnedPath(rest.join("/"));
  return owned === undefined ? undefined : `${root}/${namespace}/${name}/${owned.file}`;
}
