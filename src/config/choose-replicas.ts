/**
 * Which clusters a ClusterSet or Set with `maxReplicas` has: so many of those that match, chosen by hash and kept. Who was
 * chosen stays for as long as it matches; what comes takes nobody's place, and what goes is followed by one other.
 */
import { createHash } from "node:crypto";
import type { ClusterSet } from "../model/catalog.ts";
import { type Cluster, type ClusterKey, clusterKey } from "../model/cluster.ts";
import { setSelection } from "../model/select-clusters.ts";

/** `before`: the choice in force. Undefined: there is no limit. In the order of keys. */
export function chooseReplicas(
  set: ClusterSet,
  clusters: Iterable<Cluster>,
  before: readonly ClusterKey[] = [],
): readonly ClusterKey[] | undefined {
  if (set.maxReplicas === 0) return undefined;
  const { chosen: _, ...unlimited } = set;
  const matching = [...clusters].filter(setSelection(unlimited)).map(clusterKey);
  const ranks = new Map(matching.map((key) => [key, rankOf(set, key)]));
  const byRank = (keys: readonly ClusterKey[]) => [...keys].sort((a, b) => (ranks.get(a)! < ranks.get(b)! ? -1 : 1));
  const kept = byRank(before.filter((key) => ranks.has(key)));
  const others = byRank(matching.filter((key) => !kept.includes(key)));
  return [...kept, ...others].slice(0, set.maxReplicas).sort();
}

/** The same everywhere and at any time, and another for each set: not all of them choose the same clusters. */
function rankOf({ namespace, name }: ClusterSet, cluster: ClusterKey): string {
  return createHash("sha256")
    .update(JSON.stringify([namespace, name, cluster]))
    .digest("hex");
}
