/**
 * The port to a Kubernetes cluster: reader and writer apart, so that a dry run is composed without a writer.
 *
 * What is asked of an object is its metadata, wherever that does. Throttling is waited out inside, and a request that
 * got no answer is sent again for a while: every one of them may be sent twice. Methods throw a SluiceError:
 * CLUSTER_UNAVAILABLE (no answer, trying later may help), CLUSTER_AUTH (the credentials do not do), or a
 * ClusterRefusal (model) for what the server does not want.
 */
import type { JsonObject } from "../model/json.ts";
import type { Problem } from "../model/problem.ts";

/** A kind that the server has, at one version. */
export interface ResourceKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly isNamespaced: boolean;
}

export interface ObjectRef {
  readonly kind: ResourceKind;
  /** Empty for what is in no namespace. */
  readonly namespace: string;
  readonly name: string;
}

/** Who says of itself that it manages fields of an object. */
export interface FieldManager {
  readonly name: string;
  readonly operation: "Apply" | "Update";
  /** `status`, `scale`; empty: the object itself. */
  readonly subresource: string;
  /** When its fields were last changed by it, ISO 8601; empty: not known. */
  readonly time: string;
  /** The set of fields, as the server writes it. */
  readonly fields: string;
}

export interface LiveMetadata {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly labels: ReadonlyMap<string, string>;
  readonly annotations: ReadonlyMap<string, string>;
  readonly managers: readonly FieldManager[];
  /** It is being deleted, and waits for somebody. */
  readonly isTerminating: boolean;
}

export interface ListOptions {
  readonly namespace?: string;
  /** As in `kubectl -l`. */
  readonly labelSelector?: string;
}

export type WatchEvent =
  /** There, new or changed. */
  | { readonly type: "present"; readonly metadata: LiveMetadata }
  | { readonly type: "deleted"; readonly metadata: LiveMetadata }
  /** From here on all that is there is told, also what was told before. */
  | { readonly type: "listing" }
  /** All that is there has been told since the last `listing`: what was not is gone. */
  | { readonly type: "listed" };

export interface ClusterReader {
  /**
   * The kind with this name, its case folded, at this version, or at the one that the server prefers. Undefined: the
   * server has none, also after it was asked again. A refusal with `unserved` where it can't say: who serves the group is
   * not available.
   */
  findKind(group: string, kind: string, version?: string): Promise<ResourceKind | undefined>;
  readMetadata(ref: ObjectRef): Promise<LiveMetadata | undefined>;
  readObject(ref: ObjectRef): Promise<JsonObject | undefined>;
  /** In pages; none where the kind is gone. */
  listMetadata(kind: ResourceKind, options: ListOptions): AsyncIterable<LiveMetadata>;
  listObjects(kind: ResourceKind, options: ListOptions): AsyncIterable<JsonObject>;
  /** At most so many objects of a kind, if it has no more than that; undefined: it has more. */
  listIfFew(kind: ResourceKind, options: ListOptions, objectsMax: number): Promise<readonly LiveMetadata[] | undefined>;
  /** What there is, then what becomes of it, until the signal aborts; trouble is waited out and told through `onTrouble`. */
  watchMetadata(
    kind: ResourceKind,
    options: ListOptions,
    signal: AbortSignal,
    onTrouble: (problem: Problem) => void,
  ): AsyncIterable<WatchEvent>;
  /** What applying the object would make of it: the whole object. Nothing is written. */
  tryApply(ref: ObjectRef, object: JsonObject, manager: string): Promise<JsonObject>;
}

export type DeletionOrder = "background" | "foreground";

/** The very object that a write is meant for, or that there is none yet. */
export type MeantObject = { readonly uid: string } | "absent";

export interface Applied {
  readonly isNew: boolean;
  readonly metadata: LiveMetadata;
}

export interface ClusterWriter {
  /**
   * Server-side apply as `manager`, exactly these fields, with force. A refusal with `conflict` where there is another than the
   * one that is meant, or one where none should be yet: nothing is changed then. That may be what this very call has made,
   * where its first answer was lost.
   */
  apply(ref: ObjectRef, object: JsonObject, manager: string, meant?: MeantObject): Promise<Applied>;
  /** Deletes that very object; false: it is gone, or there is another one in its place. */
  remove(ref: ObjectRef, uid: string, order: DeletionOrder): Promise<boolean>;
  /** A JSON merge patch of that very object; a refusal with `conflict` where there is another in its place. */
  patch(ref: ObjectRef, uid: string, change: JsonObject): Promise<LiveMetadata>;
  /** Hands what one field manager applied to another, or to whoever has applied already. */
  renameManager(ref: ObjectRef, from: string, to: string): Promise<void>;
}

/** The lease of one who may be alone in doing something. */
export interface ClusterLeases {
  /**
   * Takes it, or keeps it. A lease of another holder is taken only where `expected` is what it was when it was last read:
   * whoever watched it that long, unchanged, may. Where somebody else was faster, it is theirs.
   */
  takeLease(name: LeaseName, claim: LeaseClaim, expected: LeaseState | undefined): Promise<LeaseState>;
  readLease(name: LeaseName): Promise<LeaseState | undefined>;
  /** Gives it up, where it is that holder's; the next one need not wait. */
  releaseLease(name: LeaseName, holder: string): Promise<void>;
}

export interface LeaseName {
  readonly namespace: string;
  readonly name: string;
}

export interface LeaseClaim {
  readonly holder: string;
  /** What the Lease says besides, also when it was given up. */
  readonly annotations?: ReadonlyMap<string, string>;
  readonly durationSeconds: number;
  /** Milliseconds since 1970, for people. */
  readonly now: number;
}

export interface LeaseState {
  /** Empty: nobody's. */
  readonly holder: string;
  readonly durationSeconds: number;
  /** Another one whenever it was taken, kept or given up. */
  readonly version: string;
}

export interface Cluster extends ClusterReader, ClusterWriter, ClusterLeases {
  /**
   * The same cluster, written to only where that is allowed at the moment of writing: asked right before each request is
   * sent, also one that had to wait or is sent again. What it throws the method throws, and nothing is sent. From here on
   * all requests go to one server: where the credentials come to name another they throw CLUSTER_UNAVAILABLE, since what
   * is known of the one is nothing that holds of the other.
   */
  guardedBy(assertMayWrite: () => void): ClusterWriter;
  /** How it is reached at the moment, as a kubeconfig that names neither files nor programs: for programs. */
  writeKubeconfig(): Promise<string>;
  /** Ends what is done beside requests; resolves when none of it goes on. */
  endWork(): Promise<void>;
  /** Ends what is under way. */
  close(): void;
}
