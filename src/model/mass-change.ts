/** Mass changes: what configuration may take away or bring at once, and what is held until a person approves it. */
import type { ClusterKey } from "./cluster.ts";

/** `guard` of the settings. */
export interface GuardLimits {
  /** Objects that configuration may remove within an hour in which a leader ran. */
  readonly removals: number;
  /** Share of what an owner or a cluster had at the beginning of that hour; counts from {@link shareRemovalsMin} on. */
  readonly share: number;
  /** Objects that may come where owner and cluster both were in force before. */
  readonly additions: number;
}

/** Of settings that say more than limits. */
export function limitsOf({ removals, share, additions }: GuardLimits): GuardLimits {
  return { removals, share, additions };
}

/** The stricter of both, limit by limit. */
export function stricterLimits(one: GuardLimits, other: GuardLimits): GuardLimits {
  return {
    removals: Math.min(one.removals, other.removals),
    share: Math.min(one.share, other.share),
    additions: Math.min(one.additions, other.additions),
  };
}

/** Below so many removals no share is too large: an owner of two objects may lose one. */
export const shareRemovalsMin = 5;

/** A document before and after; undefined: it is not there. `key` is the same for one document at any revision. */
export interface DocumentChange {
  readonly key: string;
  readonly before: string | undefined;
  readonly after: string | undefined;
}

/** Why objects go or come: the documents that it is put down to, the owner and the cluster that it shows on. */
export interface EffectCause {
  /** Keys of {@link DocumentChange}; sorted. */
  readonly documents: readonly string[];
  /** The owner's key. */
  readonly owner: string;
  readonly cluster: ClusterKey;
  /** Whether owner and cluster both were in force before: only then do additions count. */
  readonly isKnown: boolean;
}

/** What a cause comes to. */
export interface CountedEffect extends EffectCause {
  readonly removals: number;
  readonly additions: number;
}

/** Where on the target manifests stand. */
export interface TargetPlace {
  readonly branch: string;
  /** `output.path`. */
  readonly path: string;
}

/** A limit that something is beyond. */
export interface LimitExceeded {
  readonly limit: keyof GuardLimits;
  /** Of `share`: whose. */
  readonly of?: string;
  readonly counted: number;
  readonly allowed: number;
}

/** `guard` of the settings, whole. */
export interface GuardSettings extends GuardLimits {
  /** How long a withdrawn owner's records are kept, in minutes during which a leader ran. */
  readonly keepWithdrawnMinutes: number;
  /** Objects that events may delete in a minute, beyond it the service pauses; 0: no limit. */
  readonly eventRemovals: number;
}

export const defaultGuard: GuardSettings = {
  removals: 20,
  share: 0.5,
  additions: 1000,
  keepWithdrawnMinutes: 7 * 24 * 60,
  eventRemovals: 0,
};

/** A change that is not put in force until `sluice approve <id>`, or until it is taken back. */
export interface HeldChange {
  readonly id: string;
  readonly documents: readonly string[];
  readonly removals: number;
  readonly additions: number;
  /** Objects that would stand elsewhere on the target; absent: none would. */
  readonly moves?: { readonly objects: number; readonly from: TargetPlace; readonly to: TargetPlace };
  /** The first of them, for people. */
  readonly owners: readonly string[];
  readonly clusters: readonly ClusterKey[];
  readonly exceeded: readonly LimitExceeded[];
  /** It moves objects from unit to unit, and is begun by its approval: of these triggers, or of what the settings deliver. */
  readonly handOver?: { readonly from: string; readonly to: string } | "delivery";
  /** It is held by what has been counted so far: numbers and names are of that. */
  readonly isCounting?: true;
}
