/**
 * What is still to be rendered again, and how more joins it. Of an owner, and of an object, one thing runs and one waits;
 * what changes meanwhile joins the one that waits, so that each comes to its end however often something changes.
 */
import type { Pass, PendingWork, Review } from "../model/change-set.ts";
import type { ClusterKey } from "../model/cluster.ts";
import { isSameOwner, type Owner } from "../model/owner.ts";
import { fromStart } from "./checkpoint-file.ts";

/**
 * Of the owner's records these clusters are to be rendered again; undefined: all. A pass of the owner's that is held
 * joins too: what it would have taken was another version's doing.
 */
export function joinPass(passes: readonly Pass[], owner: Owner, clusters?: readonly ClusterKey[]): readonly Pass[] {
  const isStopped = (pass: Pass) => pass.held !== undefined && isSameOwner(pass.owner, owner);
  const stopped = passes.filter(isStopped);
  if (stopped.length > 0) {
    const others = passes.filter((pass) => !isStopped(pass));
    return stopped.reduce((all, pass) => joinPass(all, owner, pass.clusters), joinPass(others, owner, clusters));
  }
  const added = (to: Pass): Pass => {
    if (to.clusters === undefined || clusters === undefined) return { owner, after: to.after };
    return { owner, clusters: [...new Set([...to.clusters, ...clusters])].sort(), after: to.after };
  };
  const waiting = passes.findIndex((pass) => isSameOwner(pass.owner, owner) && pass.after.record === "");
  if (waiting >= 0) return passes.with(waiting, added(passes[waiting]!));
  const pass =
    clusters === undefined ? { owner, after: fromStart } : { owner, clusters: [...clusters].sort(), after: fromStart };
  return [...passes, pass];
}

export function joinReview(reviews: readonly Review[], claims: string): readonly Review[] {
  const isWaiting = reviews.some((review) => review.claims === claims && review.after === "");
  return isWaiting ? reviews : [...reviews, { claims, after: "" }];
}

/**
 * The clusters of a record that passes have not reached yet: "all", or their keys; undefined: none. A delivery finds the
 * record as the passes would have left it.
 */
export function clustersAhead(
  { passes }: PendingWork,
  owner: Owner,
  record: string,
): "all" | ReadonlySet<ClusterKey> | undefined {
  const clusters = new Set<ClusterKey>();
  let isAhead = false;
  for (const pass of passes) {
    if (!isSameOwner(pass.owner, owner) || record < pass.after.record) continue;
    if (record === pass.after.record && pass.after.cluster === "") continue;
    isAhead = true;
    if (pass.clusters === undefined) return "all";
    for (const cluster of pass.clusters) clusters.add(cluster);
  }
  return isAhead ? clusters : undefined;
}
