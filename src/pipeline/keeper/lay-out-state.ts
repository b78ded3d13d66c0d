/** What a state that was just read may have to become before anything else is written to it. */
import { readDeliveryInForce } from "../../delivery/delivery-in-force.ts";
import type { Checkpoint } from "../../model/change-set.ts";
import { markWithdrawn } from "../../plan/keep-withdrawn.ts";
import { packHub } from "../pack-hub.ts";
import { readWithdrawn } from "../read-withdrawn.ts";
import { reshardTree } from "../reshard-tree.ts";
import { takeOverVersion1 } from "../take-over-version-1.ts";
import type { StateCommits } from "./state-commits.ts";

/**
 * Takes over a state that an older version wrote, and lays the desired tree out anew, in one commit, where the settings
 * ask for another layout than it has. Marks the owners whose documents are gone.
 */
export async function layOutState(commits: StateCommits): Promise<void> {
  const layout = { ...commits.options.layout, ...bucketsInForce(commits.checkpoint) };
  const { git, clock, log } = commits.ports;
  let base = commits.tree;
  const isTakenOver = base !== undefined && commits.checkpoint.stateId === "";
  if (base !== undefined && isTakenOver) {
    const kept = await commits.branches.keepStateAs("v1");
    log.warn("the state moves to format 2: versions before it can't go on from here", { kept });
    const taken = await takeOverVersion1(git, base, commits.checkpoint, clock.now());
    base = taken.tree;
    commits.takeOver(taken.checkpoint);
  }
  const packed = base === undefined ? undefined : await packHub(git, base, clock.now());
  if (packed !== undefined) {
    log.warn("the state moves to format 3: versions before it can't go on from here");
    base = packed;
  }
  const { shards, buckets } = commits.checkpoint.layout;
  const isLaidOut = shards === layout.shards && buckets === layout.buckets;
  if (!isLaidOut) {
    commits.amend({ layout });
    if (base !== undefined) base = await reshardTree(git, base, layout, clock.now());
  }
  commits.use(markWithdrawn(commits.catalog, await readWithdrawn(git, commits.tree)));
  if (base === undefined || (isLaidOut && !isTakenOver && packed === undefined)) return;
  // The clusters' own files have their new names at once.
  const { inputs } = isTakenOver ? await commits.planCatalog(commits.catalog, new Map()) : { inputs: [] };
  await commits.commit(inputs, {}, { base });
}

/** Where something is delivered, objects don't move from one bucket to another because settings say so. */
function bucketsInForce({ parts, layout: { buckets } }: Checkpoint): { readonly buckets?: number } {
  return readDeliveryInForce(parts) === undefined ? {} : { buckets };
}
