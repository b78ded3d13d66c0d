/**
 * What is still to be rendered again, and how more joins it. Of an owner, and of an object, one thing runs and one waits;
 * what changes meanwhile joins the one that waits, so that each comes to its end however often something changes.
 */
import type { Backfill, Pass, PendingWork, Review } from "../model/change-set.ts";
import type { ClusterKey } from "../model/cluster.ts";
import type { StreamName } from "../model/delivery.ts";
import { isSameOwner, type Owner } from "../model/owner.ts";
import { fromStart } from "./checkpoint-file.ts";
import { recordPath } from "./paths.ts";

/**
 * Of the owner's records these clusters are to be rendered again; undefined: all. A pass of the owner's that is held
 * joins too: what it would have taken was another version's doing.
 */
export function joinPass(passes: readonly Pass[], owner: Owner, clusters?: readonly ClusterKey[]): readonly Pass[] {
  const isStopped = (pass: Pass) => pass.held !== undefined && isSameOwner(pass.owner, owner);
  const stopped = passes.filter(isStopped);
  if (stopped.length > 0) {
    // What takes over another's records goes on with that: nothing else would.
    const others = passes.flatMap((pass) => (!isStopped(pass) ? pass : pass.from === undefined ? [] : freed(pass)));
    const own = stopped.filter(({ from }) => from === undefined);
    return own.reduce((all, pass) => joinPass(all, owner, pass.clusters), joinPass(others, owner, clusters));
  }
  const added = (to: Pass): Pass => {
    if (to.clusters === undefined || clusters === undefined) return { owner, after: to.after };
    return { owner, clusters: [...new Set([...to.clusters, ...clusters])].sort(), after: to.after };
  };
  const waiting = passes.findIndex(
    (pass) => isSameOwner(pass.owner, owner) && pass.from === undefined && pass.after.record === "",
  );
  if (waiting >= 0) return passes.with(waiting, added(passes[waiting]!));
  const pass =
    clusters === undefined ? { owner, after: fromStart } : { owner, clusters: [...clusters].sort(), after: fromStart };
  return [...passes, pass];
}

function freed({ held: _, ...pass }: Pass): Pass {
  return pass;
}

export function joinReview(reviews: readonly Review[], claims: string): readonly Review[] {
  const isWaiting = reviews.some((review) => review.claims === claims && review.after === "");
  return isWaiting ? reviews : [...reviews, { claims, after: "" }];
}

/** Whether there is a chunk to be rendered: a pass that is held waits, and so does one of an owner that is backfilled. */
export function isDue({ passes, reviews, backfill }: PendingWork): boolean {
  return reviews.length > 0 || passes.some((pass) => isRunnable(pass, backfill));
}

/** Whether there are passes that will come to their turn, those that wait for a backfill included. */
export function areAnyToCome({ passes, reviews }: PendingWork): boolean {
  return reviews.length > 0 || passes.some(({ held }) => held === undefined);
}

export function isRunnable({ held, owner, from = owner }: Pass, backfill: Backfill | undefined): boolean {
  const waits = backfill !== undefined && [owner, from].some((one) => isSameOwner(backfill.owner, one));
  return held === undefined && !waits;
}

/** Whether live deliveries of the stream pass the owner by, because it will come to them in the stream's order. */
export function isPassedBy({ backfill }: PendingWork, owner: Owner, stream: StreamName): boolean {
  return backfill?.cursors.has(stream) === true && isSameOwner(backfill.owner, owner);
}

/** The owner takes over the records of another one. */
export function joinAdoption(passes: readonly Pass[], owner: Owner, from: Owner): readonly Pass[] {
  const isThere = passes.some((pass) => isSameOwner(pass.owner, owner) && pass.from !== undefined);
  return isThere ? passes : [...passes, { owner, from, after: fromStart }];
}

/** What passes have not done yet for an entity's record. */
export interface WorkAhead {
  /** Undefined: none. */
  readonly clusters: "all" | ReadonlySet<ClusterKey> | undefined;
  /** Owners that it is still to be taken over from. */
  readonly from: readonly Owner[];
}

/** A delivery finds the record as the passes would have left it. */
export function workAhead({ passes }: PendingWork, owner: Owner, entityHash: string): WorkAhead {
  const clusters = new Set<ClusterKey>();
  const from: Owner[] = [];
  let [isAhead, isAll] = [false, false];
  for (const pass of passes) {
    const record = recordPath(pass.from ?? owner, entityHash);
    if (!isSameOwner(pass.owner, owner) || record < pass.after.record) continue;
    if (record === pass.after.record && pass.after.cluster === "") continue;
    isAhead = true;
    isAll ||= pass.clusters === undefined;
    if (pass.from !== undefined) from.push(pass.from);
    for (const cluster of pass.clusters ?? []) clusters.add(cluster);
  }
  return { clusters: isAll ? "all" : isAhead ? clusters : undefined, from };
}
