/** How many objects an owner or a cluster has, for the owners and clusters that a change takes something from. */
import type { CountedEffect } from "../../model/mass-change.ts";
import { chartsFolder, decodePathPart, desiredFolder } from "../../plan/paths.ts";
import type { GitReader, ObjectId } from "../../ports/git.ts";
import { objectEffects } from "./count-change.ts";

/** By owner's key and by cluster; those that lose nothing are not counted. */
export async function countTotals(
  git: GitReader,
  tree: ObjectId,
  effects: readonly CountedEffect[],
): Promise<(ownerOrCluster: string) => number> {
  const losing = effects.filter(({ removals }) => removals > 0);
  const wanted = new Set(losing.flatMap(({ owner, cluster }) => [owner, cluster]));
  const totals = new Map<string, number>();
  if (wanted.size === 0) return () => Number.POSITIVE_INFINITY;
  for (const folder of [desiredFolder, chartsFolder]) {
    for await (const path of git.listFiles(tree, folder)) {
      const [, namespace = "", name = ""] = path.split("/");
      const cluster = `${decodePathPart(namespace)}/${decodePathPart(name)}`;
      for (const { owner } of objectEffects({ objects: [{ action: "create", path }] })) {
        for (const key of [owner, cluster]) if (wanted.has(key)) totals.set(key, (totals.get(key) ?? 0) + 1);
      }
    }
  }
  return (key) => (wanted.has(key) ? (totals.get(key) ?? 0) : Number.POSITIVE_INFINITY);
}
