/**
 * A folder of the target as a projection of the state (design 8): made by comparing tree ids, descending only where
 * they differ. Files of Sluice's that differ are restored; what is not Sluice's is left alone and reported.
 */
import { folderMode } from "../../model/folder-mode.ts";
import type { GitReader, ObjectId, TreeChange, TreeEntry } from "../../ports/git.ts";
import { firstInstance, instanceOf } from "./ownership.ts";

export interface ForeignPath {
  readonly path: string;
  /** Something of Sluice's should stand there, and can't. */
  readonly isInTheWay: boolean;
}

export interface TargetDifference {
  /** Of the target's tree; empty: the folder is as desired. */
  readonly changes: readonly TreeChange[];
  /** What Sluice does not own of what is in the folder, all of it. */
  readonly foreign: readonly ForeignPath[];
}

export interface ProjectedFolder {
  readonly folder: string;
  /** How many folders and names below it, at least, a file of ours has. Default: those in a cluster's folder. */
  readonly depth?: number;
  /** The folder's tree as it should be; undefined: there should be nothing. */
  readonly desired: ObjectId | undefined;
  /** What it was last made from; undefined: not known. */
  readonly before: ObjectId | undefined;
  /** Settings' `name`: what another Sluice has written is not ours. Default: the first's. */
  readonly instance?: string | undefined;
}

/** `target` is the target's tree. */
export async function projectTarget(
  git: GitReader,
  target: ObjectId | undefined,
  { folder, depth = 3, desired, before, instance = firstInstance }: ProjectedFolder,
): Promise<TargetDifference> {
  const changes: TreeChange[] = [];
  const foreign: ForeignPath[] = [];

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
      if (!isOurs) foreign.push({ path, isInTheWay: want !== undefined });
      else if (want === undefined) changes.push({ path, action: "delete" });
      else changes.push({ path, action: "place", id: want.id, mode: want.mode });
      return;
    }
    if (want !== undefined && want.mode !== folderMode) {
      // A folder of ours gives way to a file: one layout may call a file as another called a folder.
      if (await isAllOurs(path, have)) changes.push({ path, action: "place", id: want.id, mode: want.mode });
      else foreign.push({ path, isInTheWay: true });
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
    return ![undefined, instance].includes(instanceOf(text));
  }

  async function isOwned(path: string, entry: TreeEntry): Promise<boolean> {
    if (standsAbove(path) || entry.mode !== "100644" || !path.endsWith(".yaml") || target === undefined) return false;
    return instanceOf((await git.readFiles(target, [path])).get(path) ?? "") === instance;
  }

  async function isAllOurs(path: string, { id }: TreeEntry): Promise<boolean> {
    for (const entry of await git.readTree(id)) {
      const below = `${path}/${entry.name}`;
      if (!(await (entry.mode === folderMode ? isAllOurs : isOwned)(below, entry))) return false;
    }
    return true;
  }

  function standsAbove(path: string): boolean {
    return path.slice(folder.length + 1).split("/").length < depth;
  }

  const asFolder = (id: ObjectId | undefined) => (id === undefined ? undefined : { mode: folderMode, name: "", id });
  const have = target === undefined ? undefined : await git.findEntry(target, folder);
  // A file or link where a folder on the way should be is in the way of all.
  const blocking = have === undefined && target !== undefined ? await findBlocking(git, target, folder) : undefined;
  if (blocking !== undefined && desired !== undefined) foreign.push({ path: blocking, isInTheWay: true });
  else await compare(folder, asFolder(desired), have, asFolder(before));
  return { changes, foreign };
}

/** The part of a path where something else than a folder is. */
async function findBlocking(git: GitReader, tree: ObjectId, path: string): Promise<string | undefined> {
  const parts = path.split("/");
  for (let length = 1; length < parts.length; length++) {
    const above = parts.slice(0, length).join("/");
    const entry = await git.findEntry(tree, above);
    if (entry === undefined) return undefined;
    if (entry.mode !== folderMode) return above;
  }
  return undefined;
}

async function entriesOf(git: GitReader, entry: TreeEntry | undefined): Promise<ReadonlyMap<string, TreeEntry>> {
  if (entry?.mode !== folderMode) return new Map();
  return new Map((await git.readTree(entry.id)).map((child) => [child.name, child]));
}
