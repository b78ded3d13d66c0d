/** Owners: who renders objects. */

export type OwnerKind = "EventTrigger" | "ClusterProfile" | "Profile";

/** Identifies an owner wherever one is meant: records, claims, paths, messages, review groups. */
export interface Owner {
  readonly kind: OwnerKind;
  /** Only a Profile has one; empty for the others. */
  readonly namespace: string;
  readonly name: string;
}
