/** Reviews as data: what is proposed, what is shown, what was turned down. Paths are below the output folder. */

/** A file that is not on the target as it should be. Blob ids; undefined: there is no such file. */
export interface FileDifference {
  readonly path: string;
  /** On the target. */
  readonly have: string | undefined;
  /** As desired. */
  readonly want: string | undefined;
}

/** One request for everything, or one for each trigger. */
export type ReviewGrouping = "all" | "trigger";

/** Contents by path; undefined: the file's absence. */
export type FileContents = ReadonlyMap<string, string | undefined>;

/** What is remembered of a group between two looks at its request. */
export interface ReviewRecord {
  readonly group: string;
  /** Number of the request that is open, as far as known. */
  readonly request?: number;
  /** The last commit that Sluice pushed to the group's branch, and what it puts on the target. */
  readonly head?: string;
  readonly shown: FileContents;
  /** What people did not want: left out for as long as just that is desired. */
  readonly rejected: FileContents;
  /** By path, the request in which that was turned down, where it is known. */
  readonly rejectedIn?: ReadonlyMap<string, number>;
}

export function emptyReview(group: string): ReviewRecord {
  return { group, shown: new Map(), rejected: new Map() };
}
