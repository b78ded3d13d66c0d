/** Which of a record's clusters are rendered again, and what came of it. */
import type { ClusterKey } from "../model/cluster.ts";
import type { Problem } from "../model/problem.ts";
import type { ReplayInput } from "../plan/apply-replay.ts";

/** Which of a record's clusters are wanted, and how many of them at most. */
export interface ClusterRange {
  readonly clusters: "all" | ReadonlySet<ClusterKey>;
  /** Only those behind this one, in the order of keys; empty: all. */
  readonly after?: ClusterKey;
  readonly max?: number;
}

export interface RenderedAgain {
  /** Undefined: there is nothing to be done. */
  readonly input: ReplayInput | undefined;
  /** Pairs (entity, cluster) that were rendered. */
  readonly pairs: number;
  /** Clusters of the record of which nobody can tell now whether the event that counts there still wants them, and why. */
  readonly untold?: ReadonlyMap<ClusterKey, Problem>;
  /** The last cluster that was looked at, where more are left. */
  readonly last?: ClusterKey;
}

export interface ChosenClusters {
  readonly keys: readonly ClusterKey[];
  readonly last?: ClusterKey;
}

/** Those of the clusters that are in the range, in the order of keys. */
export function cutRange(
  known: ReadonlySet<ClusterKey>,
  { clusters, after = "", max = Number.POSITIVE_INFINITY }: ClusterRange,
): ChosenClusters {
  const wanted = [...known].filter((key) => key > after && (clusters === "all" || clusters.has(key))).sort();
  const keys = wanted.slice(0, max);
  return wanted.length === keys.length ? { keys } : { keys, last: keys.at(-1)! };
}
