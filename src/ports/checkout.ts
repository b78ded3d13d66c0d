/** The port to a checkout on this machine: revisions of the repository that people work in, for reading. */
import type { CommitInfo, ObjectId, TreeReader } from "./git.ts";

export interface Checkout extends TreeReader {
  /** The working folder, absolute. */
  readonly root: string;

  /** The commit that a branch, tag, commit id, or one of them with `~2` or `^1` behind it names. Throws USAGE. */
  findCommit(revision: string): Promise<ObjectId>;
  readCommit(commit: ObjectId): Promise<CommitInfo>;
  /** Text of the regular file at the path (relative to the root, with `/`); undefined where there is none. */
  readFile(commit: ObjectId, path: string): Promise<string | undefined>;
  /** Paths of the regular files below a folder (`""`: all); links and submodules are none. */
  listFiles(commit: ObjectId, folder: string): Promise<readonly string[]>;
  /**
   * The commit that made the file what it is in this one, by first parents; undefined where the history that is here
   * does not reach that far.
   */
  findLastChange(commit: ObjectId, path: string): Promise<CommitInfo | undefined>;
}
