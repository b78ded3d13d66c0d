/** The plan as data: what a batch changes on the state branch, and what there is to say about it. */
import type { ClusterKey } from "./cluster.ts";
import type { StreamName, StreamPosition } from "./delivery.ts";
import type { JsonObject } from "./json.ts";
import type { OutboxBatch } from "./outcome.ts";
import type { Owner } from "./owner.ts";
import type { Problem } from "./problem.ts";

/** A change of one file or folder; paths are relative to the branch's root. */
export type FileChange =
  | { readonly path: string; readonly action: "write"; readonly text: string }
  /** A folder goes with everything below it. */
  | { readonly path: string; readonly action: "delete" };

/** A manifest of the desired tree that the batch creates, updates or deletes. */
export interface ObjectChange {
  readonly action: "create" | "update" | "delete";
  readonly path: string;
}

/** What became of one event under one owner: a line of the commit message. */
export interface EventEffect {
  readonly owner: Owner;
  readonly connection: string;
  readonly source: string;
  readonly subject: string;
  readonly type: string;
  readonly id: string;
  readonly action: "Create" | "Delete" | "failed";
  readonly clusters: number;
  readonly failed: number;
  /** Of the first cluster that failed: why. */
  readonly reason?: Problem;
}

/** Records of an owner that are to be rendered again; kept in the checkpoint, so that a crash forgets none. */
export interface Pass {
  readonly owner: Owner;
  /** The owner whose records it takes over, one by one; undefined: it has them itself. */
  readonly from?: Owner;
  /** Only pairs (entity, cluster) with these; undefined: with any. */
  readonly clusters?: readonly ClusterKey[];
  /** What has been rendered: all records up to this path, and of it the clusters up to `cluster`; empty: nothing. */
  readonly after: { readonly record: string; readonly cluster: ClusterKey };
  /** It would take more than it may, and waits until this id is approved. */
  readonly held?: string;
}

/**
 * An object whose first claim became another one: whoever agreed with the one before and does not with this one, or the
 * other way round, has to be rendered again.
 */
export interface Review {
  /** The object's folder in `claims/`. */
  readonly claims: string;
  /** The last claimant looked at, as claims are ordered; empty: none. */
  readonly after: string;
}

/** Up to where a stream was read a second time; `epoch` empty: not begun. */
export interface BackfillCursor {
  readonly epoch: string;
  readonly sequence: number;
  /** RFC 3339: what was stored before is left out. */
  readonly since?: string;
}

/**
 * An owner acts on what streams held before it came. While its cursors are behind the positions it is passed by on those
 * streams, so that its effect is the fold over each stream in its order.
 */
export interface Backfill {
  readonly owner: Owner;
  readonly cursors: ReadonlyMap<StreamName, BackfillCursor>;
  /** Entities that a person has removed meanwhile, by their hash: what they had by then does not come back. */
  readonly removed?: ReadonlyMap<string, ReadonlyMap<StreamName, RemovedAt>>;
}

/** Up to where a stream had been read when it was asked for. */
export interface RemovedAt {
  readonly epoch: string;
  readonly sequence: number;
}

/** What is to be done still, in bounded chunks between the batches. */
export interface PendingWork {
  /** Of an owner the first one runs, and a second one waits; what changes meanwhile joins that. */
  readonly passes: readonly Pass[];
  readonly reviews: readonly Review[];
  /** One at a time. Passes of its owner wait for it. */
  readonly backfill?: Backfill;
}

/** Nothing given: everything waits. */
export interface Pause {
  readonly owner?: Owner;
  readonly cluster?: ClusterKey;
}

/** How the objects of the desired tree are laid out. */
export interface Layout {
  /** Levels of two hex digits between an owner's folder and its objects. */
  readonly shards: number;
  /** 1, 4, 16 or 64 units that the triggers' objects of a cluster are parted into. */
  readonly buckets: number;
}

export interface Checkpoint {
  /** Who leads, and for the how manieth time leadership changed. `holder` is random for each process. */
  readonly term: { readonly number: number; readonly holder: string };
  /** Random, made with the state's first commit; empty before. */
  readonly stateId: string;
  /** How many commits the state has had, purged ones included. */
  readonly commits: number;
  /** The version of what renders: a higher one may render equal input differently. */
  readonly renderer: number;
  /** The repository that the state was made in: its URL, normalized; empty: not told yet. */
  readonly repository: string;
  /** Revision of the catalog in force. */
  readonly catalog: string;
  /** When it came into force: RFC 3339; empty: not told. It only dates what has no event. */
  readonly catalogAt: string;
  /** The number of the input that put it in force: the rank of what passes claim. */
  readonly catalogRank: number;
  /** The number of the next input: ranks of claims. */
  readonly nextRank: number;
  readonly layout: Layout;
  readonly pauses: readonly Pause[];
  readonly pending: PendingWork;
  /** How many of what there have been, by name. */
  readonly counters: ReadonlyMap<string, number>;
  /** Minutes during which a leader ran, since the state began. */
  readonly minutes: number;
  /** What other parts keep here, as it is: settings in force, approvals, hand-overs, budgets, removals of the last hour. */
  readonly parts: JsonObject;
  /** By stream; each connection's in a file of its own. */
  readonly positions: ReadonlyMap<StreamName, StreamPosition>;
}

export function isPaused({ pauses }: Checkpoint): boolean {
  return pauses.some(({ owner, cluster }) => owner === undefined && cluster === undefined);
}

/** One commit on the state branch. */
export interface ChangeSet {
  /** Sorted by path, each path once. */
  readonly changes: readonly FileChange[];
  /** Sorted by path. */
  readonly objects: readonly ObjectChange[];
  readonly events: readonly EventEffect[];
  /** Dead letters that go, the oldest first, because there are too many. */
  readonly droppedLetters: number;
  /** What is to be told of it once it is pushed; absent: nothing. */
  readonly outbox?: OutboxBatch;
  /** Outbox files that go untold, because there are too many. */
  readonly droppedOutbox?: readonly string[];
}
