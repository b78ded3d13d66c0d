/** Folders of the target that are made of the state: manifests now, and what a hub applies beside them. */
import { deliveryFolder, desiredFolder } from "../../plan/paths.ts";
import type { GitReader, ObjectId } from "../../ports/git.ts";

export interface Projection {
  /** The folder on the target, and all that is below it. */
  readonly folder: string;
  /** How many folders and names below it, at least, a file of ours has: what is above is people's. */
  readonly depth: number;
  /** The folder's tree as a state's tree wants it; undefined: nothing. */
  treeOf(git: GitReader, state: ObjectId): Promise<ObjectId | undefined>;
}

/** The manifests. */
export function renderedProjection(outputPath: string): Projection {
  return {
    folder: outputPath,
    // All in clusters' folders: <namespace>/<cluster>/…
    depth: 3,
    treeOf: async (git, state) => (await git.findEntry(state, desiredFolder))?.id,
  };
}

/** What a hub applies. */
export function deliveryProjection(path: string): Projection {
  return {
    folder: path,
    // hub/<file>
    depth: 2,
    treeOf: async (git, state) => (await git.findEntry(state, deliveryFolder))?.id,
  };
}
