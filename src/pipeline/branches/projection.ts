/** Folders of the target that are made of the state: manifests now, and what a hub applies beside them. */
import { desiredFolder, leavingFolder } from "../../plan/paths.ts";
import type { GitRepository, ObjectId, TreeChange } from "../../ports/git.ts";
import { listFolder } from "../read-folder.ts";
import { ReleasePlacement } from "./place-releases.ts";

export interface Projection {
  /** The folder on the target, and all that is below it. */
  readonly folder: string;
  /** How many folders and names below it, at least, a file of ours has: what is above is people's. */
  readonly depth: number;
  /** The folder's tree as a state's tree wants it; undefined: nothing. */
  treeOf(git: GitRepository, state: ObjectId): Promise<ObjectId | undefined>;
}

/** The manifests; with `hasReleases` the releases of charts among them. */
export function renderedProjection(outputPath: string, hasReleases = false): Projection {
  const releases = hasReleases ? new ReleasePlacement() : undefined;
  return {
    folder: outputPath,
    // All in clusters' folders: <namespace>/<cluster>/…
    depth: 3,
    treeOf: async (git, state) => {
      const desired = (await git.findEntry(state, desiredFolder))?.id;
      const leaving = await git.findEntry(state, leavingFolder);
      const all = leaving === undefined ? desired : await withLeaving(git, desired, state);
      return releases === undefined ? all : releases.place(git, all, state);
    },
  };
}

/** What a hub applies; `folder`: of the state. */
export function deliveryProjection(path: string, folder: string): Projection {
  return {
    folder: path,
    // hub/<file>
    depth: 2,
    treeOf: async (git, state) => (await git.findEntry(state, folder))?.id,
  };
}

/** The desired tree with what was deleted while units are handed over. */
async function withLeaving(git: GitRepository, desired: ObjectId | undefined, state: ObjectId): Promise<ObjectId> {
  const changes: TreeChange[] = [];
  for (const [path, id] of await git.findIds(state, await listFolder(git, state, leavingFolder))) {
    changes.push({ path: path.slice(leavingFolder.length + 1), action: "place", id, mode: "100644" });
  }
  // The commit is nobody's: what counts of it is its tree.
  return (await git.writeCommit({ base: desired, changes, parents: [], message: "Leave\n", time: 0 })).tree;
}
