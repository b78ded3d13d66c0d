/** A commit with its tree: where a branch is. */
import type { GitReader, ObjectId } from "../../ports/git.ts";

export interface Head {
  readonly commit: ObjectId;
  readonly tree: ObjectId;
}

/** Undefined where there is no branch. */
export async function readHead(git: GitReader, commit: ObjectId | undefined): Promise<Head | undefined> {
  return commit === undefined ? undefined : { commit, tree: (await git.readCommit(commit)).tree };
}
