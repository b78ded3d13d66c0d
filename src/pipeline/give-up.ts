/**
 * What people give up: objects that LeavePolicies left, and clusters that are in no document any more. Both are inputs of
 * the fold, committed in pieces; what is in the clusters stays.
 */
import { chartOfDelivered } from "../delivery/charts/deliver-chart.ts";
import type { Catalog } from "../model/catalog.ts";
import type { ClusterKey } from "../model/cluster.ts";
import { countOf } from "../model/count-of.ts";
import { clustersWithFolders } from "../model/local-object.ts";
import { formatPlace, SluiceError } from "../model/problem.ts";
import {
  clusterDeliveryCharts,
  clusterFilePath,
  clusterFolder,
  clusterHubFile,
  desiredFolder,
  unitDepthMax,
  unitFileName,
} from "../plan/paths.ts";
import type { PlanInput } from "../plan/state-fold.ts";
import type { GitReader, ObjectId } from "../ports/git.ts";
import { listLeft } from "./list-left.ts";
import { listRecords } from "./list-state.ts";

/** Inputs of one commit. */
const inputsMax = 1000;

export interface GiveUpScope {
  readonly git: GitReader;
  /** Of the state branch. */
  readonly tree: ObjectId | undefined;
  readonly catalog: Catalog;
  readonly commit: (inputs: readonly PlanInput[]) => Promise<void>;
}

/** Takes away what was left, of one trigger or of all. Throws a SluiceError (NOT_FOUND) where there is nothing. */
export async function forgetLeft({ git, tree, commit }: GiveUpScope, trigger: string | undefined): Promise<string> {
  const inputs: PlanInput[] = [];
  for await (const { cluster, identity } of listLeft(git, tree, trigger === undefined ? {} : { trigger })) {
    inputs.push({ kind: "forget-left", cluster, identity });
  }
  if (inputs.length === 0) {
    const message = `nothing is left${trigger === undefined ? "" : ` of EventTrigger ${trigger}`}`;
    throw new SluiceError({ code: "NOT_FOUND", message, hint: "See sluice show addons --left." });
  }
  await commitAll(inputs, commit);
  return `took away ${countOf(inputs.length, "object that was", "objects that were")} left`;
}

/** Throws a SluiceError: USAGE for a cluster in a document, NOT_FOUND for one without a folder. */
export async function checkRetired({ git, tree, catalog }: GiveUpScope, cluster: ClusterKey): Promise<void> {
  const inForce = clustersWithFolders(catalog).get(cluster);
  if (inForce?.isHub) {
    const message = `${cluster} is the hub, and owners put objects there`;
    throw new SluiceError({
      code: "USAGE",
      message,
      hint: "Remove deploymentType: Local first; what it had goes then.",
    });
  }
  if (inForce !== undefined) {
    const at = catalog.documents.get(inForce.documentKey)?.at;
    throw new SluiceError({
      code: "USAGE",
      message: `cluster ${cluster} is in a document${at === undefined ? "" : ` (${formatPlace(at)})`}`,
      hint: "Remove it there first. Where that is held, let it go in force with sluice approve; what it had goes then by itself.",
    });
  }
  const folder = `${desiredFolder}/${clusterFolder(cluster)}`;
  if (tree !== undefined && (await git.findEntry(tree, folder)) !== undefined) return;
  throw new SluiceError({
    code: "NOT_FOUND",
    message: `there is no folder of a cluster ${cluster}`,
    hint: "As <namespace>/<name>.",
  });
}

/**
 * Takes the folder of a cluster that is in no document, with all that is in it. Records stay, so that a cluster that comes
 * back gets everything back. Throws as {@link checkRetired}.
 */
export async function retireCluster(scope: GiveUpScope, cluster: ClusterKey): Promise<string> {
  const { git, tree, commit } = scope;
  await checkRetired(scope, cluster);
  const inputs: PlanInput[] = [];
  for await (const { owner, entity } of listRecords(git, tree, { cluster })) {
    const clusters = [{ cluster, event: undefined, rendering: { action: "withdraw" as const } }];
    inputs.push({ kind: "replay", owner, entity, syncMode: "Continuous", continueOnConflict: false, clusters });
  }
  const entities = inputs.length;
  for await (const { identity } of listLeft(git, tree, { cluster })) {
    inputs.push({ kind: "forget-left", cluster, identity });
  }
  const left = inputs.length - entities;
  inputs.push({ kind: "file", path: clusterFilePath(cluster), text: undefined });
  // Who delivered to it has let go by now; units' files are not what anybody claims.
  for (const path of await ownFiles(git, tree!, cluster)) inputs.push({ kind: "file", path, text: undefined });
  await commitAll(inputs, commit);
  const had = `${countOf(entities, "entity")} and ${countOf(left, "left object")}`;
  return `gave up ${cluster}: its folder goes, with what ${had} had there; what is in the cluster stays`;
}

/** What a hub has for the cluster, and the files that keep its units' folders. */
async function ownFiles(git: GitReader, tree: ObjectId, cluster: ClusterKey): Promise<readonly string[]> {
  const paths: string[] = [clusterHubFile(cluster)];
  for await (const path of git.listFiles(tree, clusterDeliveryCharts(cluster))) {
    // What is of a chart goes with it.
    if (chartOfDelivered(path) === undefined && path.endsWith(`/${unitFileName}`)) paths.push(path);
  }
  const folder = `${desiredFolder}/${clusterFolder(cluster)}`;
  for await (const path of git.listFiles(tree, folder)) {
    const depth = path.slice(folder.length + 1).split("/").length;
    if (path.endsWith(`/${unitFileName}`) && depth <= unitDepthMax) paths.push(path);
  }
  return paths;
}

async function commitAll(inputs: readonly PlanInput[], commit: GiveUpScope["commit"]): Promise<void> {
  for (let at = 0; at < inputs.length; at += inputsMax) await commit(inputs.slice(at, at + inputsMax));
}
