/** Records: what is remembered of an entity under an owner. */
import type { CloudEvent, Entity, MessageInfo } from "./cloud-event.ts";
import type { ClusterKey } from "./cluster.ts";
import type { ObjectIdentity } from "./manifest.ts";
import type { Owner } from "./owner.ts";
import type { Problem } from "./problem.ts";

/** An event, and the message that carried it. */
export interface RecordedEvent {
  readonly event: CloudEvent;
  readonly message: MessageInfo;
}

/** An object with the number of the input that first claimed it for the entity: by it claims are ordered. */
export interface RankedObject {
  readonly identity: ObjectIdentity;
  readonly rank: number;
  /** The Namespace that it is in is others' to make. */
  readonly skipsNamespace?: true;
  /** Of the reference that it comes of; absent: {@link referenceTier}. */
  readonly tier?: number;
}

/** What a reference's tier is unless it says one, as an owner's. */
export const referenceTier = 100;

/** By the objects' identity keys. */
export type RankedObjects = ReadonlyMap<string, RankedObject>;

/** What is remembered of an entity on one cluster. */
export interface ClusterRecord {
  /** Which of the record's events was the last one that was not blank here; undefined where events are not kept. */
  readonly event: number | undefined;
  /** What that event asked for when it came. After Delete there are no objects, but the cluster has had its event. */
  readonly action: "Create" | "Delete";
  /** What the last good rendering put there: its own, or one that others want alike. */
  readonly objects: RankedObjects;
  /** What it claims while another claimant's manifest is the one in place. */
  readonly waiting: RankedObjects;
  /** What configuration took away; if that is taken back, they stand where they stood. */
  readonly withdrawn: RankedObjects;
  /** Of an owner without events: when the catalog came into force that it was last rendered with; RFC 3339. */
  readonly renderedAt?: string;
  /** Why the last event could not be rendered; the cluster's objects stayed as they were. */
  readonly failure?: Problem;
}

export interface EntityRecord {
  readonly owner: Owner;
  readonly entity: Entity;
  /**
   * One for each event that is still the last one of some cluster, and the last of all; the newest first. Empty under
   * `records: identity`.
   */
  readonly events: readonly RecordedEvent[];
  readonly clusters: ReadonlyMap<ClusterKey, ClusterRecord>;
  /** Time of the last event: RFC 3339, as the stream stored it. */
  readonly changedAt: string;
}

/** A delivery that could not be decoded. */
export interface DeadLetter {
  readonly id: string;
  readonly connection: string;
  readonly stream: string;
  readonly sequence: number;
  readonly time: string;
  readonly subject: string;
  readonly problem: Problem;
  /** The start of the payload, base64. */
  readonly payload: string;
  readonly payloadBytes: number;
}

/** By cluster, why the last event could not be rendered there. */
export function failuresOf({ clusters }: EntityRecord): ReadonlyMap<ClusterKey, Problem> {
  const failures = new Map<ClusterKey, Problem>();
  for (const [cluster, { failure }] of clusters) if (failure !== undefined) failures.set(cluster, failure);
  return failures;
}

/** The event that a cluster's objects come of; of no cluster in particular, the newest. */
export function eventOf({ events, clusters }: EntityRecord, cluster?: ClusterKey): RecordedEvent | undefined {
  return events[(cluster === undefined ? undefined : clusters.get(cluster)?.event) ?? 0];
}
