/** Records: what is remembered of an entity under a trigger. */
import type { CloudEvent, Entity, MessageInfo } from "./cloud-event.ts";
import type { ClusterKey } from "./cluster.ts";
import type { Problem } from "./problem.ts";

export interface EntityRecord {
  readonly trigger: string;
  readonly entity: Entity;
  /** The last event and the message that carried it; absent under `records: identity`. */
  readonly last?: { readonly event: CloudEvent; readonly message: MessageInfo };
  /** By cluster, what the last good rendering put there: paths below the cluster's folder, sorted. */
  readonly objects: ReadonlyMap<ClusterKey, readonly string[]>;
  /** By cluster, why the last event could not be rendered; the cluster's objects stayed as they were. */
  readonly failures: ReadonlyMap<ClusterKey, Problem>;
  /** Time of the last event that changed the record: RFC 3339, from the delivery. */
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
  /** The payload, base64, cut at a bound. */
  readonly payload: string;
  readonly payloadBytes: number;
}
