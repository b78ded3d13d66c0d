/** Which triggers, profiles and clusters are in force in a service that leads, and how they stand. Bounded; survives JSON. */
import type { Catalog, OwnerSpec } from "../../model/catalog.ts";
import type { Checkpoint } from "../../model/change-set.ts";
import { type ClusterKey, clusterKey } from "../../model/cluster.ts";
import { isSameOwner, type Owner, shownOwner, triggerOwner } from "../../model/owner.ts";
import { findPause } from "../../model/pauses.ts";
import type { Problem } from "../../model/problem.ts";

/** So many of each are named; all are counted. */
const namedMax = 500;

/** Of an EventTrigger, or of a profile. */
export interface TriggerState {
  /** A trigger's name, a profile's key. */
  readonly name: string;
  /** broken: its document is bad, it does not render; withdrawn: its document is gone; pass: its records are rendered again. */
  readonly state: "in force" | "broken" | "withdrawn" | "paused" | "pass";
  readonly problem?: Problem;
}

export interface ClusterState {
  readonly cluster: ClusterKey;
  /** As `key=value`, sorted. */
  readonly labels: readonly string[];
  readonly isPaused: boolean;
}

export interface Inventory {
  readonly triggers: readonly TriggerState[];
  readonly triggersCount: number;
  readonly clusters: readonly ClusterState[];
  readonly clustersCount: number;
}

/** What does not work comes first, then by name. */
export function makeInventory(catalog: Catalog, checkpoint: Checkpoint): Inventory {
  const { clusters } = catalog;
  const stateOf = (owner: Owner, spec: OwnerSpec, withdrawn?: true): TriggerState => {
    const { broken } = spec;
    const problem = broken ?? (withdrawn ? undefined : findPause(catalog, owner, spec));
    const isPassing = checkpoint.pending.passes.some((pass) => isSameOwner(pass.owner, owner));
    const state = broken ? "broken" : withdrawn ? "withdrawn" : problem ? "paused" : isPassing ? "pass" : "in force";
    return { name: shownOwner(owner), state, ...(problem === undefined ? {} : { problem }) };
  };
  const triggers = [
    ...[...catalog.eventTriggers.values()].map((one) => stateOf(triggerOwner(one.name), one, one.withdrawn)),
    ...[...catalog.profiles.values()].map((one) => stateOf(one.owner, one)),
  ];
  triggers.sort((a, b) => orderOf(a) - orderOf(b) || (a.name < b.name ? -1 : 1));
  const sorted = [...clusters.values()].sort((a, b) => (clusterKey(a) < clusterKey(b) ? -1 : 1));
  return {
    triggers: triggers.slice(0, namedMax),
    triggersCount: triggers.length,
    clusters: sorted.slice(0, namedMax).map((cluster) => {
      const key = clusterKey(cluster);
      const labels = [...cluster.labels].map(([label, value]) => `${label}=${value}`).sort();
      return { cluster: key, labels, isPaused: cluster.isPaused === true || isClusterPaused(key, checkpoint) };
    }),
    clustersCount: clusters.size,
  };
}

function isClusterPaused(key: ClusterKey, { pauses }: Checkpoint): boolean {
  return pauses.some(({ owner, cluster }) => owner === undefined && cluster === key);
}

function orderOf({ state }: TriggerState): number {
  return ["broken", "withdrawn", "paused", "pass", "in force"].indexOf(state);
}
