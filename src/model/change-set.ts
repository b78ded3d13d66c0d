/** The plan as data: what a batch changes on the state branch, and what there is to say about it. */
import type { StreamName, StreamPosition } from "./delivery.ts";

/** A change of one file; paths are relative to the branch's root. */
export type FileChange =
  | { readonly path: string; readonly action: "write"; readonly text: string }
  | { readonly path: string; readonly action: "delete" };

/** A manifest of the desired tree that the batch creates, updates or deletes. */
export interface ObjectChange {
  readonly action: "create" | "update" | "delete";
  readonly path: string;
}

/** What became of one event under one trigger: a line of the commit message. */
export interface EventEffect {
  readonly trigger: string;
  readonly connection: string;
  readonly source: string;
  readonly subject: string;
  readonly type: string;
  readonly id: string;
  readonly action: "Create" | "Delete" | "failed";
  readonly clusters: number;
  readonly failed: number;
}

/** Entities whose records are still to be rendered again; kept in the checkpoint, so that a crash forgets none. */
export interface PendingRenderings {
  /** Triggers of which all records behind `after` (a record path; empty: all) are to be rendered. */
  readonly triggers: readonly { readonly trigger: string; readonly after: string }[];
  /** Paths of single records. */
  readonly records: readonly string[];
}

export interface Checkpoint {
  /** Revision of the catalog in force. */
  readonly catalog: string;
  readonly positions: ReadonlyMap<StreamName, StreamPosition>;
  readonly paused: boolean;
  /** Levels of shards by which the objects' paths are laid out. */
  readonly shards: number;
  readonly pending: PendingRenderings;
}

/** One commit on the state branch. */
export interface ChangeSet {
  /** Sorted by path, each path once. */
  readonly changes: readonly FileChange[];
  /** Sorted by path. */
  readonly objects: readonly ObjectChange[];
  readonly events: readonly EventEffect[];
  /** Paths of records to be rendered again because a conflict that they were part of changed. */
  readonly revived: readonly string[];
  /** Dead letters that go, the oldest first, because there are too many. */
  readonly droppedLetters: number;
}
