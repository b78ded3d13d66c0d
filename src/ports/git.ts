/**
 * The ports to the Git repository: reader and writer apart, so that a dry run is composed without a writer.
 *
 * Objects of a commit that was written but not pushed yet can be read like any other: the next batch is planned on it
 * while the push is under way.
 */
import type { Problem } from "../model/problem.ts";

/** Forty (or sixty-four) lower-case hex digits. */
export type ObjectId = string;

export interface TreeEntry {
  /** Git's mode: `100644`, `100755`, `120000`, `40000`, `160000`. */
  readonly mode: string;
  readonly name: string;
  readonly id: ObjectId;
}

export interface CommitInfo {
  readonly id: ObjectId;
  readonly tree: ObjectId;
  readonly parents: readonly ObjectId[];
  readonly author: { readonly name: string; readonly email: string };
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly message: string;
}

export interface GitReader {
  /**
   * Brings the branches' heads here, shallow, and says what they are; undefined: the remote has no such branch. A name
   * that begins with `refs/` is a whole ref, as forges have for the heads of requests. The signal ends it. Throws a SluiceError
   * (GIT_UNAVAILABLE, GIT_AUTH, GIT_INVALID).
   */
  fetchHeads(branches: readonly string[], signal?: AbortSignal): Promise<ReadonlyMap<string, ObjectId | undefined>>;
  readCommit(commit: ObjectId): Promise<CommitInfo>;
  /** A tree's entries in Git's order. */
  readTree(tree: ObjectId): Promise<readonly TreeEntry[]>;
  /** What is at a path of a tree; undefined: nothing. The empty path is the tree itself. Links are not followed. */
  findEntry(tree: ObjectId, path: string): Promise<TreeEntry | undefined>;
  /** Contents as UTF-8 text of the files at those paths; paths without a file are absent from the answer. */
  readFiles(tree: ObjectId, paths: readonly string[]): Promise<ReadonlyMap<string, string>>;
  /** Ids of the files at those paths; paths without a file are absent from the answer. */
  findIds(tree: ObjectId, paths: readonly string[]): Promise<ReadonlyMap<string, ObjectId>>;
  /** Paths of all files below a folder (`""`: all), in Git's order, relative to the root; none if it isn't there. */
  listFiles(tree: ObjectId, folder: string): AsyncIterable<string>;
}

export interface BlobReader {
  /** The bytes of files and links. Throws a SluiceError (GIT_UNAVAILABLE) for one that can't be had. */
  readBlobs(ids: readonly ObjectId[]): Promise<ReadonlyMap<ObjectId, Uint8Array>>;
}

/** What it takes to read any revision, of a clone or of a checkout. */
export type TreeReader = Pick<GitReader, "readTree" | "findEntry"> & BlobReader;

/** One change of a tree. A folder that becomes empty vanishes. */
export type TreeChange =
  | { readonly path: string; readonly action: "write"; readonly text: string }
  | { readonly path: string; readonly action: "delete" }
  /** Puts an object that exists already, file or folder, at the path. */
  | { readonly path: string; readonly action: "place"; readonly id: ObjectId; readonly mode: string };

export interface CommitRequest {
  /** The tree that the changes apply to; undefined: the empty tree. */
  readonly base: ObjectId | undefined;
  /** Any order, each path once; no path is below another's. */
  readonly changes: readonly TreeChange[];
  readonly parents: readonly ObjectId[];
  readonly message: string;
  /** Milliseconds since 1970; whole seconds count. */
  readonly time: number;
}

export interface RefUpdate {
  readonly branch: string;
  /** What the branch must still be on the server; undefined: it must not exist. */
  readonly from: ObjectId | undefined;
  readonly to: ObjectId;
  /**
   * `to` need not come after `from`: for branches that are made anew each time, and nobody's. Without it an update that would set the
   * branch back is refused, before anything is sent.
   */
  readonly mayRewind?: true;
}

export type RefOutcome =
  | { readonly kind: "pushed" }
  /** The branch is not at `from` (any more). `at`: where it is, as far as the server said so; undefined: nowhere, or not told. */
  | { readonly kind: "moved"; readonly problem: Problem; readonly at?: ObjectId | undefined }
  /** The server does not want it: a hook, a protected branch. */
  | { readonly kind: "refused"; readonly problem: Problem };

export interface GitWriter {
  /** Writes blobs, trees and the commit into the batch's pack, in memory until it is pushed. */
  writeCommit(request: CommitRequest): Promise<{ readonly id: ObjectId; readonly tree: ObjectId }>;

  /**
   * Pushes what the new heads reach and the server is not known to have, as one pack, with all updates in one atomic push where the server
   * can, else in the order given, stopping at the first that fails. Never forces: a branch goes from exactly `from` to `to`. Branches that
   * another one's failure left untouched are absent from the answer.
   *
   * Throws a SluiceError (GIT_UNAVAILABLE, GIT_AUTH) where the server gave no answer for the refs, where for two minutes not a byte has
   * moved either way, or where the signal aborts: then nothing is known of them, and the heads have to be read.
   */
  push(updates: readonly RefUpdate[], signal?: AbortSignal): Promise<ReadonlyMap<string, RefOutcome>>;
}

/** What only the remote itself can tell, or who has watched it. */
export interface GitRemoteReader {
  /** Whether the remote has any branch. Throws like fetchHeads. */
  hasBranches(signal?: AbortSignal): Promise<boolean>;
  /**
   * The newest commits of a branch along first parents, newest first, fetched where they are not here; none where there is no such branch.
   * Throws like fetchHeads.
   */
  readHistory(branch: string, countMax: number, signal?: AbortSignal): Promise<readonly CommitInfo[]>;
  /** Where a branch was on the remote when it was last seen from here, even if it is gone by now; undefined: never seen. */
  lastKnownHead(branch: string): Promise<ObjectId | undefined>;
}

/**
 * Reads what a branch was. Commits come without what is in them, and each tree when it is asked for, so that a long history of a large
 * repository costs what is read of it. It wants a local store of its own: from commits without their trees a server would conclude, when
 * heads are fetched, that the trees are here too.
 */
export interface GitHistoryReader extends GitReader, BlobReader {
  /**
   * The commits of a branch along first parents, newest first, fetched as they are gone through, to the first one or to where the
   * server's own history ends; none where there is no such branch. Throws like fetchHeads.
   */
  walkHistory(branch: string, signal?: AbortSignal): AsyncIterable<CommitInfo>;
  /** Brings those of the trees here that are not, each without what is below it. Throws like fetchHeads. */
  fetchTrees(trees: readonly ObjectId[], signal?: AbortSignal): Promise<void>;
}

export interface GitRepository extends GitReader, BlobReader, GitWriter, GitRemoteReader, GitHistoryReader {
  close(): Promise<void>;
}
