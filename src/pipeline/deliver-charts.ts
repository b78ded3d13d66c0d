/**
 * Keeps what a hub is told of charts in line with them: of those that a commit changes, and of all of a cluster where it
 * is reached in another way. What is left is a function of the charts, however their changes were cut into commits.
 */
import { chartSurroundings, deliverChart, deliveredPaths, sourceFileName } from "../delivery/charts/deliver-chart.ts";
import type { Catalog } from "../model/catalog.ts";
import type { FileChange } from "../model/change-set.ts";
import { type Cluster, clusterKey } from "../model/cluster.ts";
import { chartsFolder, clusterFolder, decodePathPart } from "../plan/paths.ts";
import type { PlanInput } from "../plan/state-fold.ts";
import type { GitReader, ObjectId } from "../ports/git.ts";
import { readFolder } from "./read-folder.ts";

export interface ChartDeliveryScope {
  readonly git: GitReader;
  /** Of the state as it is before the commit; undefined: there is none. */
  readonly tree: ObjectId | undefined;
  /** The one in force. */
  readonly catalog: Catalog;
  /** Settings' `name`. */
  readonly instance: string;
}

/** What follows of changes of the state's files for `delivery/`. */
export async function followCharts(
  scope: ChartDeliveryScope,
  changes: readonly FileChange[],
): Promise<readonly FileChange[]> {
  const { git, tree, catalog } = scope;
  const changed = changes.filter(({ path }) => path.startsWith(`${chartsFolder}/`));
  if (catalog.delivery === undefined || changed.length === 0) return [];
  const before =
    tree === undefined
      ? new Map<string, string>()
      : await git.readFiles(
          tree,
          changed.map(({ path }) => path),
        );
  const gone = new Set<string>();
  const written = new Map<string, string>();
  const thinned = new Set<string>();
  for (const change of changed) {
    const isWritten = change.action === "write";
    const delivered = isWritten ? deliver(scope, change.path, change.text) : undefined;
    // A cluster that can't be told of any more keeps what it has.
    if (isWritten && delivered === undefined) continue;
    const was = before.get(change.path);
    if (was !== undefined) {
      const { folder, paths } = deliveredPaths(change.path, was);
      for (const path of paths) gone.add(path);
      thinned.add(folder);
    }
    if (delivered === undefined) continue;
    for (const [path, text] of delivered.files) written.set(path, text);
    if (delivered.source !== undefined) written.set(`${delivered.folder}/${sourceFileName}`, delivered.source);
  }
  const removed = await existing(
    scope,
    [...gone].filter((path) => !written.has(path)),
  );
  for (const folder of thinned) {
    const source = `${folder}/${sourceFileName}`;
    if (!written.has(source) && (await isLastOf(scope, source, removed))) removed.add(source);
  }
  return [
    ...[...written].map(([path, text]): FileChange => ({ path, action: "write", text })),
    ...[...removed].map((path): FileChange => ({ path, action: "delete" })),
  ];
}

/** What of the charts on record changes because a catalog reaches their clusters otherwise. `before` undefined: all. */
export async function redeliverCharts(
  scope: ChartDeliveryScope,
  before: Catalog | undefined,
): Promise<readonly PlanInput[]> {
  const { git, tree, catalog } = scope;
  const inputs: PlanInput[] = [];
  if (catalog.delivery === undefined || tree === undefined) return inputs;
  for (const cluster of catalog.clusters.values()) {
    const surroundings = chartSurroundings(catalog, cluster);
    const known = before?.clusters.get(clusterKey(cluster));
    const was = before === undefined || known === undefined ? undefined : chartSurroundings(before, known);
    if (surroundings === undefined || surroundings === was) continue;
    for await (const [path, text] of readFolder(git, tree, `${chartsFolder}/${clusterFolder(clusterKey(cluster))}`)) {
      const delivered = deliver(scope, path, text);
      if (delivered === undefined) continue;
      const files = new Map(delivered.files);
      if (delivered.source !== undefined) files.set(`${delivered.folder}/${sourceFileName}`, delivered.source);
      for (const [file, written] of files) inputs.push({ kind: "file", path: file, text: written });
    }
  }
  return inputs;
}

function deliver({ catalog, instance }: ChartDeliveryScope, path: string, text: string) {
  const cluster = clusterOf(catalog, path);
  const { delivery } = catalog;
  if (delivery === undefined || cluster === undefined || chartSurroundings(catalog, cluster) === undefined)
    return undefined;
  return deliverChart(path, text, cluster, delivery, instance);
}

function clusterOf({ clusters }: Catalog, path: string): Cluster | undefined {
  const [, namespace = "", name = ""] = path.split("/");
  return clusters.get(`${decodePathPart(namespace)}/${decodePathPart(name)}`);
}

async function existing({ git, tree }: ChartDeliveryScope, paths: readonly string[]): Promise<Set<string>> {
  return new Set(tree === undefined ? [] : (await git.findIds(tree, paths)).keys());
}

/** Whether nothing is of a source any more but its own file. */
async function isLastOf(
  { git, tree }: ChartDeliveryScope,
  source: string,
  removed: ReadonlySet<string>,
): Promise<boolean> {
  if (tree === undefined) return false;
  let isThere = false;
  for await (const path of git.listFiles(tree, source.slice(0, -sourceFileName.length - 1))) {
    if (path === source) isThere = true;
    else if (!removed.has(path)) return false;
  }
  return isThere;
}
