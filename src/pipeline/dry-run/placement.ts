/** Where manifests stand on the target, by the settings of one side of a comparison. */
import type { Layout } from "../../model/change-set.ts";
import { chartsFolder, layOutPath, readOwnedPath, targetPath } from "../../plan/paths.ts";

export interface Placement {
  readonly outputPath: string;
  readonly layout: Layout;
}

/** From a path of the desired tree, however that is laid out, to where it stands on the target; of a chart, in the state. */
export function placeOnTarget(path: string, { outputPath, layout }: Placement): string {
  const [root, namespace, cluster, ...below] = path.split("/");
  const owned = readOwnedPath(below.join("/"));
  if (owned === undefined) return targetPath(path, outputPath);
  const folder = root === chartsFolder ? chartsFolder : outputPath;
  return [folder, namespace, cluster, layOutPath(owned, layout)].join("/");
}

export function isSamePlacement(one: Placement, other: Placement): boolean {
  const { shards, buckets } = other.layout;
  return one.outputPath === other.outputPath && one.layout.shards === shards && one.layout.buckets === buckets;
}
