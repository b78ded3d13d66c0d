/**
 * Keeps what a hub is told of charts in line with them: of those that a commit changes, and of all of a cluster where it
 * is reached in another way. What is left is a function of the charts, however their changes were cut into commits.
 */
import {
  chartOfDelivered,
  chartSurroundings,
  type DeliveredChart,
  deliverChart,
  deliveredPaths,
  sourceFileName,
} from "../delivery/charts/deliver-chart.ts";
import { releaseChart } from "../delivery/hand-over/let-go.ts";
import type { Catalog } from "../model/catalog.ts";
import type { FileChange } from "../model/change-set.ts";
import { type Cluster, clusterKey } from "../model/cluster.ts";
import { clustersWithFolders } from "../model/local-object.ts";
import {
  chartsFolder,
  clusterDeliveryCharts,
  clusterFolder,
  clusterOfFolder,
  leavingChartsFolder,
} from "../plan/paths.ts";
import type { PlanInput } from "../plan/state-fold.ts";
import type { GitReader, ObjectId } from "../ports/git.ts";
import { listFolder, readFolder } from "./read-folder.ts";

export interface ChartDeliveryScope {
  readonly git: GitReader;
  /** Of the state as it is before the commit; undefined: there is none. */
  readonly tree: ObjectId | undefined;
  /** The one in force. */
  readonly catalog: Catalog;
  /** Settings' `name`. */
  readonly instance: string;
  /** Units are handed over: what is deleted stays until {@link sweepCharts}, since who applies it deletes nothing now. */
  readonly holdsBack?: boolean;
  /** The hand-over that what a hub has of charts lets go for: what comes meanwhile is to have nothing either. */
  readonly lettingGo?: string;
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
    if (was !== undefined && (isWritten || scope.holdsBack !== true)) {
      const { folder, paths } = deliveredPaths(change.path, was);
      for (const path of paths) gone.add(path);
      thinned.add(folder);
    }
    if (delivered === undefined) continue;
    for (const [path, text] of delivered.files) written.set(path, text);
    if (delivered.source !== undefined) written.set(`${delivered.folder}/${sourceFileName}`, delivered.source);
  }
  // What was held back of a chart goes where it comes again.
  if (scope.holdsBack === true) {
    for (const path of await findOthers(scope, written)) {
      gone.add(path);
      thinned.add(path.split("/").slice(0, sourceDepth).join("/"));
    }
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

/** Deletions of what the hub still has of charts that are gone: held back, or of a place that they are not taken from any more. */
export async function sweepCharts(scope: ChartDeliveryScope): Promise<readonly PlanInput[]> {
  const { git, tree, catalog } = scope;
  const inputs: PlanInput[] = [];
  if (tree === undefined) return inputs;
  for (const cluster of clustersWithFolders(catalog).values()) {
    const key = clusterKey(cluster);
    // Where nobody can be told of anything, what there is stays.
    if (chartSurroundings(catalog, cluster) === undefined) continue;
    const wanted = new Set<string>();
    const untold = new Set<string>();
    for await (const [path, text] of readFolder(git, tree, `${chartsFolder}/${clusterFolder(key)}`)) {
      const delivered = deliver(scope, path, text);
      for (const file of delivered?.files.keys() ?? []) wanted.add(file);
      if (delivered === undefined)
        for (const file of deliveredPaths(path, text).paths) untold.add(chartOfDelivered(file)!);
    }
    const present = await listFolder(git, tree, clusterDeliveryCharts(key));
    const kept = new Set(present.filter((path) => wanted.has(path) || untold.has(chartOfDelivered(path) ?? "")));
    for (const path of present) {
      const isSource = chartOfDelivered(path) === undefined && path.endsWith(`/${sourceFileName}`);
      const folder = path.slice(0, -sourceFileName.length);
      const isOver = isSource
        ? ![...kept].some((one) => one.startsWith(folder))
        : chartOfDelivered(path) !== undefined && !kept.has(path);
      if (isOver) inputs.push({ kind: "file", path, text: undefined });
    }
  }
  return inputs;
}

/** What of the charts on record changes because a catalog reaches their clusters otherwise. `before` undefined: all. */
export async function redeliverCharts(
  scope: ChartDeliveryScope,
  before: Catalog | undefined,
): Promise<readonly PlanInput[]> {
  const { git, tree, catalog } = scope;
  const inputs: PlanInput[] = [];
  if (catalog.delivery === undefined || tree === undefined) return inputs;
  for (const cluster of clustersWithFolders(catalog).values()) {
    const surroundings = chartSurroundings(catalog, cluster);
    const known = before === undefined ? undefined : clustersWithFolders(before).get(clusterKey(cluster));
    const was = before === undefined || known === undefined ? undefined : chartSurroundings(before, known);
    if (surroundings === undefined || surroundings === was) continue;
    const files = new Map<string, string>();
    // What was deleted while units were handed over is deleted by who has it then.
    for (const folder of [leavingChartsFolder, chartsFolder]) {
      for await (const [path, text] of readFolder(git, tree, `${folder}/${clusterFolder(clusterKey(cluster))}`)) {
        const delivered = deliver(scope, path, text);
        if (delivered === undefined) continue;
        for (const [file, written] of delivered.files) files.set(file, written);
        if (delivered.source !== undefined) files.set(`${delivered.folder}/${sourceFileName}`, delivered.source);
      }
    }
    for (const [path, text] of files) inputs.push({ kind: "file", path, text });
    // Where nobody could be told, a chart may have come from elsewhere since.
    for (const path of await findOthers(scope, files)) inputs.push({ kind: "file", path, text: undefined });
  }
  return inputs;
}

/** Files of the same charts of the same clusters that stand elsewhere. */
async function findOthers(
  { git, tree }: ChartDeliveryScope,
  written: ReadonlyMap<string, string>,
): Promise<readonly string[]> {
  const others: string[] = [];
  const charts = new Map<string, Set<string>>();
  for (const path of written.keys()) {
    const chart = chartOfDelivered(path);
    const cluster = path.split("/").slice(0, clusterDepth).join("/");
    if (chart !== undefined) charts.set(cluster, (charts.get(cluster) ?? new Set()).add(chart));
  }
  if (tree === undefined) return others;
  for (const [cluster, own] of charts) {
    for await (const path of git.listFiles(tree, cluster)) {
      if (!written.has(path) && own.has(chartOfDelivered(path) ?? "")) others.push(path);
    }
  }
  return others;
}

/** Names in `delivery/charts/<namespace>/<cluster>`, and in that of a source: `…/<area>/<owner>/<source>`. */
const clusterDepth = 4;
const sourceDepth = 7;

function deliver(
  { catalog, instance, lettingGo }: ChartDeliveryScope,
  path: string,
  text: string,
): DeliveredChart | undefined {
  const cluster = clusterOf(catalog, path);
  const { delivery } = catalog;
  if (delivery === undefined || cluster === undefined || chartSurroundings(catalog, cluster) === undefined)
    return undefined;
  const delivered = deliverChart(path, text, cluster, delivery, instance);
  if (delivered === undefined || lettingGo === undefined) return delivered;
  const files = [...delivered.files].map(([file, written]) => [file, releaseChart(written, lettingGo)] as const);
  return { ...delivered, files: new Map(files) };
}

function clusterOf(catalog: Catalog, path: string): Cluster | undefined {
  const [, namespace = "", name = ""] = path.split("/");
  return clustersWithFolders(catalog).get(clusterOfFolder(namespace, name));
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
