/**
 * The target branch as a projection of the desired tree (design 8): made by comparing tree ids, descending only where
 * they differ. Files of Sluice's that differ are restored; what is not Sluice's is left alone and reported.
 */
import type { GitReader, ObjectId, TreeChange, TreeEntry } from "../../ports/git.ts";

export interface Projection {
  /** Of the target's tree; empty: the target is as desired. */
  readonly changes: readonly TreeChange[];
  /** Paths of files below the output folder that Sluice does not own. */
  readonly foreign: readonly string[];
}

const folderMode = "40000";
/** Rendering writes this label into every object. */
const ownedMark = "app.kubernetes.io/managed-by: sluice";

/**
 * `desired` and `before` are tree ids of `desired/`, now and when the target was last made (undefined: not known);
 * `target` is the target's tree.
 */
export async function projectTarget(
  git: GitReader,
  target: ObjectId | undefined,
  outputPath: string,
  desired: ObjectId | undefined,
  before: ObjectId | undefined,
): Promise<Projection> {
  const changes: TreeChange[] = [];
  const foreign: string[] = [];

  async function compare(
    path: string,
    want: TreeEntry | undefined,
    have: TreeEntry | undefined,
    was: TreeEntry | undefined,
  ) {
    if (want?.id === have?.id && want?.mode === have?.mode) return;
    if (have === undefined || have.id === was?.id) {
      // Nothing there, or just what was put there: the new one takes its place whole.
      if (want === undefined) changes.push({ path, action: "delete" });
      else changes.push({ path, action: "place", id: want.id, mode: want.mode });
      return;
    }
    if (have.mode !== folderMode) {
      const isOurs = (want !== undefined && want.mode !== folderMode) || (await isOwned(path, have));
      if (!isOurs) foreign.push(path);
      else if (want === undefined) changes.push({ path, action: "delete" });
      else changes.push({ path, action: "place", id: want.id, mode: want.mode });
      return;
    }
    if (want !== undefined && want.mode !== folderMode) {
      foreign.push(path);
      return;
    }
    const [wanted, had, past] = await Promise.all([want, have, was].map((entry) => entriesOf(git, entry)));
    for (const name of [...new Set([...wanted!.keys(), ...had!.keys()])].sort()) {
      await compare(`${path}/${name}`, wanted!.get(name), had!.get(name), past!.get(name));
    }
  }

  async function isOwned(path: string, entry: TreeEntry): Promise<boolean> {
    if (standsAboveClusters(path) || entry.mode !== "100644" || !path.endsWith(".yaml") || target === undefined)
      return false;
    const files = await git.readFiles(target, [path]);
    return files.get(path)?.includes(ownedMark) ?? false;
  }

  /** Ours all stand in a cluster's folder: `<output>/<namespace>/<cluster>/…`. */
  function standsAboveClusters(path: string): boolean {
    return path.slice(outputPath.length + 1).split("/").length < 3;
  }

  const asFolder = (id: ObjectId | undefined) => (id === undefined ? undefined : { mode: folderMode, name: "", id });
  const have = target === undefined ? undefined : await git.findEntry(target, outputPath);
  await compare(outputPath, asFolder(desired), have, asFolder(before));
  return { changes, foreign };
}

async function entriesOf(git: GitReader, entry: TreeEntry | undefined): Promise<ReadonlyMap<string, TreeEntry>> {
  if (entry?.mode !== folderMode) return new Map();
  return new Map((await git.readTree(entry.id)).map((child) => [child.name, child]));
}
