/** How many objects owners and clusters have, by names in the desired tree. */
import type { GitReader, ObjectId } from "../../ports/git.ts";
import { walkObjects } from "./walk-objects.ts";

/** By owner's key, or as its folder is called where its name was cut, and by cluster; who has none is absent. */
export async function countTotals(git: GitReader, tree: ObjectId): Promise<ReadonlyMap<string, number>> {
  const totals = new Map<string, number>();
  await walkObjects(git, tree, ({ owner, cluster }, names) => {
    for (const key of [owner, cluster]) totals.set(key, (totals.get(key) ?? 0) + names.length);
    return true;
  });
  return totals;
}
