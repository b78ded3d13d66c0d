/** What the applier that works beside the service says of clusters: bounded, survives JSON. */
import type { ClusterKey } from "../../model/cluster.ts";
import { countOf } from "../../model/count-of.ts";
import type { Problem } from "../../model/problem.ts";

/** How a cluster is doing, as its applier sees it. */
export interface AppliedCluster {
  readonly cluster: ClusterKey;
  /** Of the target, whose folder is applied there; empty: none yet. */
  readonly commit: string;
  /** Since when the target has something that is not applied there, in milliseconds since 1970; absent: nothing. */
  readonly behindSince?: number;
  /** Objects that are not as the folder wants them: somebody else's, refused, waiting for something. */
  readonly conflicts: number;
  readonly failed: number;
  readonly waiting: number;
  /** Objects that others change again and again, and that are left to them for a while. */
  readonly fights: number;
  /** What keeps the cluster from being worked on at all. */
  readonly problem?: Problem;
}

export interface ApplierSnapshot {
  readonly clustersCount: number;
  /** Clusters by how they are: each is counted once, by the worst. */
  readonly current: number;
  readonly behind: number;
  readonly troubled: number;
  /** Of the cluster that has been behind for longest. */
  readonly lagMs: number;
  /** Over all clusters. */
  readonly conflicts: number;
  readonly failed: number;
  readonly waiting: number;
  readonly fights: number;
  /** So many of them, those that are not as they should be first. */
  readonly clusters: readonly AppliedCluster[];
}

const namedMax = 500;

export function summarizeApplier(states: Iterable<AppliedCluster>, now: number): ApplierSnapshot {
  const all = [...states].sort((a, b) => rankOf(a) - rankOf(b) || (a.cluster < b.cluster ? -1 : 1));
  const sum = (count: (state: AppliedCluster) => number) => all.reduce((total, state) => total + count(state), 0);
  const isBehind = ({ behindSince, problem }: AppliedCluster) => problem === undefined && behindSince !== undefined;
  const troubled = all.filter(({ problem }) => problem !== undefined).length;
  const behind = all.filter(isBehind).length;
  return {
    clustersCount: all.length,
    current: all.length - troubled - behind,
    behind,
    troubled,
    lagMs: all.reduce((most, { behindSince = now }) => Math.max(most, now - behindSince), 0),
    conflicts: sum(({ conflicts }) => conflicts),
    failed: sum(({ failed }) => failed),
    waiting: sum(({ waiting }) => waiting),
    fights: sum(({ fights }) => fights),
    clusters: all.slice(0, namedMax),
  };
}

function rankOf({ problem, behindSince, failed, conflicts, waiting, fights }: AppliedCluster): number {
  if (problem !== undefined) return 0;
  if (failed + conflicts > 0) return 1;
  if (behindSince !== undefined) return 2;
  return waiting + fights > 0 ? 3 : 4;
}

/** `2 conflicts, 1 failed`; empty: all is as the folder wants it. */
export function describeTroubles({
  conflicts,
  failed,
  waiting,
  fights,
}: Omit<AppliedCluster, "cluster" | "commit">): string {
  const counts = [
    [conflicts, "conflict"],
    [failed, "failed", "failed"],
    [waiting, "waiting", "waiting"],
    [fights, "fight"],
  ] as const;
  return counts.flatMap(([count, word, words]) => (count === 0 ? [] : [countOf(count, word, words)])).join(", ");
}
