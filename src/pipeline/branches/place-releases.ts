/**
 * Charts among a cluster's manifests, for an applier that has helm install them: each in its owner's folder, as its objects
 * are. Kustomizations need a source of Flux', and stay out.
 */
import { folderMode } from "../../model/folder-mode.ts";
import { chartsFolder, isReleasePath } from "../../plan/paths.ts";
import type { GitReader, GitRepository, ObjectId, TreeChange, TreeEntry } from "../../ports/git.ts";
import { listFolder } from "../read-folder.ts";

/** A function of the two trees: what was made of a cluster's is kept, since most commits change few clusters. */
export class ReleasePlacement {
  #known = new Map<string, ObjectId>();

  /** `desired`: of the state, or with what else is to be on the target. */
  async place(git: GitRepository, desired: ObjectId | undefined, state: ObjectId): Promise<ObjectId | undefined> {
    const charts = await git.findEntry(state, chartsFolder);
    if (charts === undefined) return desired;
    const made = new Map<string, ObjectId>();
    const changes: TreeChange[] = [];
    for (const namespace of await git.readTree(charts.id)) {
      const beside = await entriesOf(git, desired, namespace.name);
      for (const cluster of await git.readTree(namespace.id)) {
        const folder = `${namespace.name}/${cluster.name}`;
        const own = beside.get(cluster.name)?.id;
        const key = `${folder} ${own} ${cluster.id}`;
        const tree = this.#known.get(key) ?? (await placeIn(git, own, state, folder));
        if (tree === undefined) continue;
        made.set(key, tree);
        if (tree !== own) changes.push({ path: folder, action: "place", id: tree, mode: folderMode });
      }
    }
    this.#known = made;
    return changes.length === 0 ? desired : writeTree(git, desired, changes);
  }
}

/** The cluster's tree with its releases; undefined: it has neither. */
async function placeIn(
  git: GitRepository,
  own: ObjectId | undefined,
  state: ObjectId,
  folder: string,
): Promise<ObjectId | undefined> {
  const releases = await findReleases(git, state, `${chartsFolder}/${folder}`);
  if (releases.size === 0) return own;
  const changes = Array.from(releases, ([path, id]): TreeChange => ({ path, action: "place", id, mode: "100644" }));
  return writeTree(git, own, changes);
}

/** Files of releases below a folder of the state's charts, by their paths below it. */
export async function findReleases(
  git: GitReader,
  state: ObjectId,
  folder: string,
): Promise<ReadonlyMap<string, ObjectId>> {
  const paths = (await listFolder(git, state, folder)).filter(isReleasePath);
  const ids = await git.findIds(state, paths);
  return new Map(Array.from(ids, ([path, id]) => [path.slice(folder.length + 1), id]));
}

/** The commit is nobody's: what counts of it is its tree. */
async function writeTree(
  git: GitRepository,
  base: ObjectId | undefined,
  changes: readonly TreeChange[],
): Promise<ObjectId> {
  return (await git.writeCommit({ base, changes, parents: [], message: "Place\n", time: 0 })).tree;
}

async function entriesOf(
  git: GitRepository,
  tree: ObjectId | undefined,
  folder: string,
): Promise<ReadonlyMap<string, TreeEntry>> {
  const entry = tree === undefined ? undefined : await git.findEntry(tree, folder);
  return new Map(entry === undefined ? [] : (await git.readTree(entry.id)).map((child) => [child.name, child]));
}
