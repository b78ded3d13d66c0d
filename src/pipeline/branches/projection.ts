/** Folders of the target that are made of the state: manifests now, and what a hub applies beside them. */
import { desiredFolder } from "../../plan/paths.ts";
import type { GitReader, ObjectId } from "../../ports/git.ts";

export interface Projection {
  /** The folder on the target, and all that is below it. */
  readonly folder: string;
  /** The folder's tree as a state's tree wants it; undefined: nothing. */
  treeOf(git: GitReader, state: ObjectId): Promise<ObjectId | undefined>;
}

/** The manifests. */
export function renderedProjection(outputPath: string): Projection {
  return {
    folder: outputPath,
    treeOf: async (git, state) => (await git.findEntry(state, desiredFolder))?.id,
  };
}
