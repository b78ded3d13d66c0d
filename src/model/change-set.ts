/** The plan as data: which files of the state branch a batch changes. */
import type { StreamName, StreamPosition } from "./delivery.ts";

/** A change of one file; paths are relative to the branch's root. */
export type FileChange =
  | { readonly path: string; readonly action: "write"; readonly text: string }
  | { readonly path: string; readonly action: "delete" };

/** What happened to objects: one line of a commit message. */
export interface ObjectChange {
  readonly action: "create" | "update" | "delete";
  readonly path: string;
}

export interface Checkpoint {
  readonly version: 1;
  /** Revision of the catalog in force. */
  readonly catalog: string;
  readonly positions: ReadonlyMap<StreamName, StreamPosition>;
  readonly paused: boolean;
}

/** One commit on the state branch, and what it says. */
export interface ChangeSet {
  /** Sorted by path, each path once. */
  readonly changes: readonly FileChange[];
  readonly objects: readonly ObjectChange[];
}
