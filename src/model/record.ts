/** Records: what is remembered of an entity under a trigger. */
import type { CloudEvent, Entity, MessageInfo } from "./cloud-event.ts";
import type { ClusterKey } from "./cluster.ts";
import type { ObjectIdentity } from "./manifest.ts";
import type { Problem } from "./problem.ts";

export interface EntityRecord {
  readonly trigger: string;
  readonly entity: Entity;
  /** The last event and the message that carried it; absent under `records: identity`. */
  readonly last?: { readonly event: CloudEvent; readonly message: MessageInfo };
  /**
   * By cluster, the objects that the last good rendering put there. A cluster whose last action was Create is here even
   * without objects; one whose last action was Delete is not.
   */
  readonly objects: ReadonlyMap<ClusterKey, readonly ObjectIdentity[]>;
  /** By cluster, objects that it claims while another claimant's manifest is the one in place. */
  readonly waiting: ReadonlyMap<ClusterKey, readonly ObjectIdentity[]>;
  /** By cluster, why the last event could not be rendered; the cluster's objects stayed as they were. */
  readonly failures: ReadonlyMap<ClusterKey, Problem>;
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
