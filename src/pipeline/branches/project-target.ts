/**
 * The target branch as a projection of the desired tree (design 8): made by comparing tree ids, descending only where
 * they differ. Files of Sluice's that differ are restored; what is not Sluice's is left alone and reported.
 */
import { splitProvenance } from "../../plan/provenance.ts";
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
/** Whose files are that say no instance: older versions wrote them. */
const firstInstance = "sluice";

/** Whether a manifest is one of this Sluice's: several may share a repository, each with a name of its own. */
export function isManifestOf(instance: string, text: string): boolean {
  if (!text.includes(ownedMark)) return false;
  return (splitProvenance(text).texts.instance?.replaceAll('"', "") ?? firstInstance) === instance;
}

/**
 * `instance` is the name of this Sluice; `desired` and `before` are tree ids of `desired/`, now and when the target was last made (undefined: not known);
 * `target` is the target's tree.
 */
export async function projectTarget(
  git: GitReader,
  target: ObjectId | undefined,
  outputPath: string,
  desired: ObjectId | undefined,
  before: ObjectId | undefined,
  instance: string = firstInstance,
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
      const isWanted = want !== undefined && want.mode !== folderMode;
      const isOurs = isWanted ? !(await isAnothers(path)) : await isOwned(path, have);
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

  /** Whether another Sluice has put there what this one wants to have there too. */
  async function isAnothers(path: string): Promise<boolean> {
    const text = target === undefined ? "" : ((await git.readFiles(target, [path])).get(path) ?? "");
    return text.includes(ownedMark) && !isManifestOf(instance, text);
  }

  async function isOwned(path: string, entry: TreeEntry): Promise<boolean> {
    if (standsAboveClusters(path) || entry.mode !== "100644" || !path.endsWith(".yaml") || target === undefined)
      return false;
    const files = await git.readFiles(target, [path]);
    return isManifestOf(instance, files.get(path) ?? "");
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
