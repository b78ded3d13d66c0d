/** Lays the objects of the desired tree out by other shards or buckets. No file is read: only trees change. */
import type { Layout } from "../model/change-set.ts";
import { folderMode } from "../model/folder-mode.ts";
import { chartsFolder, desiredFolder, layOutPath, readOwnedPath } from "../plan/paths.ts";
import type { GitRepository, ObjectId, TreeChange, TreeEntry } from "../ports/git.ts";

/** Files that are put in place at a time, so that memory does not grow with the repository. */
const chunk = 20_000;

/** The state's tree with its objects moved; `time` in milliseconds since 1970. */
export async function reshardTree(git: GitRepository, tree: ObjectId, layout: Layout, time: number): Promise<ObjectId> {
  const changes: TreeChange[] = [];
  for (const cluster of await clusterFolders(git, tree)) {
    for (const { name, id } of await subfolders(git, cluster.id)) {
      if (readOwnedPath(`${name}/owner/scope/kind/file.yaml`) === undefined) continue;
      const laidOut = await layOut(git, name, id, layout, time);
      changes.push({ path: `${cluster.path}/${name}`, action: "place", id: laidOut, mode: folderMode });
    }
  }
  if (changes.length === 0) return tree;
  // The commits on the way are nobody's: what counts of them is their trees.
  return (await git.writeCommit({ base: tree, changes, parents: [], message: "Lay out anew\n", time })).tree;
}

/** `desired/<cluster namespace>/<cluster>`, and the same of charts: all that there are. */
export async function clusterFolders(
  git: GitRepository,
  tree: ObjectId,
): Promise<readonly { readonly path: string; readonly id: ObjectId }[]> {
  let folders: { path: string; id: ObjectId }[] = [];
  for (const path of [desiredFolder, chartsFolder]) {
    const entry = await git.findEntry(tree, path);
    if (entry !== undefined) folders.push({ path, id: entry.id });
  }
  for (let level = 0; level < 2; level++) {
    const below: { path: string; id: ObjectId }[] = [];
    for (const folder of folders) {
      for (const { name, id } of await subfolders(git, folder.id)) below.push({ path: `${folder.path}/${name}`, id });
    }
    folders = below;
  }
  return folders;
}

async function subfolders(git: GitRepository, tree: ObjectId): Promise<readonly TreeEntry[]> {
  return (await git.readTree(tree)).filter(({ mode }) => mode === folderMode);
}

/** One of a cluster's folders of owners (`triggers` and its like), laid out anew. */
export async function layOut(
  git: GitRepository,
  area: string,
  folder: ObjectId,
  layout: Layout,
  time: number,
  move: (path: string) => string = (path) => path,
): Promise<ObjectId> {
  let base: ObjectId | undefined;
  let changes: TreeChange[] = [];
  let hasMoved = false;
  const write = async () => {
    base = (await git.writeCommit({ base, changes, parents: [], message: "Lay out anew\n", time })).tree;
    changes = [];
  };
  const visit = async (tree: ObjectId, prefix: string): Promise<void> => {
    for (const { mode, name, id } of await git.readTree(tree)) {
      if (mode === folderMode) await visit(id, `${prefix}${name}/`);
      else {
        const owned = readOwnedPath(`${area}/${move(prefix + name)}`);
        if (owned === undefined) continue;
        const path = layOutPath(owned, layout).slice(area.length + 1);
        hasMoved ||= path !== prefix + name;
        changes.push({ path, action: "place", id, mode });
      }
      if (changes.length >= chunk) await write();
    }
  };
  await visit(folder, "");
  // Most often everything stands where it should.
  if (!hasMoved) return folder;
  await write();
  return base ?? folder;
}
