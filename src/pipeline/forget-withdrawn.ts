/** What is left of clusters and owners that are in no document any more, and can go because it is nothing. */
import { chartUnit, findChartUnits, findUnits, ownerUnit } from "../delivery/unit.ts";
import { writeDelivery } from "../delivery/write-delivery.ts";
import type { Catalog } from "../model/catalog.ts";
import { isInForce } from "../model/catalog-owners.ts";
import { clusterKey } from "../model/cluster.ts";
import type { HubDelivery } from "../model/hub-delivery.ts";
import { clustersWithFolders } from "../model/local-object.ts";
import type { Owner, OwnerKind } from "../model/owner.ts";
import { fileInputs } from "../plan/hub-file.ts";
import { parseOwner } from "../plan/owner-file.ts";
import {
  baseFolder,
  chartsFolder,
  clusterDeliveryCharts,
  clusterFileName,
  clusterFolder,
  clusterHubFile,
  clusterOfFolder,
  deliveryChartsFolder,
  deliveryFolder,
  deliveryPath,
  desiredFolder,
  generatorPrefix,
  ownerOfFolder,
  ownersFolder,
  profileAreas,
  recordFolder,
  triggerFolders,
  unitDepthMax,
  unitFileName,
} from "../plan/paths.ts";
import { parseRecord } from "../plan/record-file.ts";
import type { PlanInput } from "../plan/state-fold.ts";
import type { GitReader, ObjectId } from "../ports/git.ts";
import { listFolder, namesIn, readFolder } from "./read-folder.ts";

/** Deletions of the files that clusters' folders have from the beginning, and of what a hub has for them, where the cluster is gone and has no objects left. */
export async function findEmptyClusters(
  git: GitReader,
  tree: ObjectId,
  catalog: Catalog,
): Promise<readonly PlanInput[]> {
  const inputs: PlanInput[] = [];
  for (const namespace of await namesIn(git, tree, desiredFolder)) {
    for (const name of await namesIn(git, tree, `${desiredFolder}/${namespace}`)) {
      if (clustersWithFolders(catalog).has(clusterOfFolder(namespace, name))) continue;
      if ((await git.findEntry(tree, `${chartsFolder}/${namespace}/${name}`)) !== undefined) continue;
      const ours = await ownFilesAlone(git, tree, `${desiredFolder}/${namespace}/${name}`);
      if (ours.length === 0) continue;
      const ofCharts = await listFolder(git, tree, `${deliveryChartsFolder}/${namespace}/${name}`);
      for (const path of [...ours, clusterHubFile(clusterOfFolder(namespace, name)), ...ofCharts])
        inputs.push({ kind: "file", path, text: undefined });
    }
  }
  return inputs;
}

/** Whether there is still something on the target in the folder that this one of the state is of: people may not have agreed yet that it goes. */
export type IsStillThere = (folder: string) => Promise<boolean>;

/**
 * Deletions of the units of owners that are not for their cluster any more, where nothing is left of their objects: of
 * profiles, and of triggers where each has units of its own.
 */
export async function findEmptyUnits(
  git: GitReader,
  tree: ObjectId,
  catalog: Catalog,
  isStillThere: IsStillThere = async () => false,
): Promise<readonly PlanInput[]> {
  const gone: string[] = [];
  const { delivery } = catalog;
  if (delivery === undefined) return [];
  const areas: (readonly [OwnerKind, string])[] = [...profileAreas];
  if (delivery.split === "owner") for (const area of triggerFolders(delivery)) areas.push(["EventTrigger", area]);
  const unitsOf = findUnits(catalog, delivery);
  gone.push(...(await findStaleGenerators(git, tree, catalog, delivery)));
  for (const cluster of clustersWithFolders(catalog).values()) {
    const key = clusterKey(cluster);
    const folder = `${desiredFolder}/${clusterFolder(key)}`;
    const wanted = new Set(unitsOf(cluster).map((unit) => `${desiredFolder}/${unit.folder}`));
    for (const [kind, area] of areas) {
      for (const name of await namesIn(git, tree, `${folder}/${area}`)) {
        const own = `${folder}/${area}/${name}`;
        const owner = ownerOfFolder(kind, name, key);
        if (owner === undefined || wanted.has(own)) continue;
        const charts = `${chartsFolder}${own.slice(desiredFolder.length)}`;
        if ((await git.findEntry(tree, charts)) !== undefined) continue;
        const files = await listFolder(git, tree, own);
        if (files.length !== 1 || files[0] !== `${own}/${unitFileName}` || (await isStillThere(own))) continue;
        gone.push(files[0], deliveryPath(key, ownerUnit(owner, key, area)));
      }
    }
  }
  gone.push(...(await findEmptyChartUnits(git, tree, catalog, isStillThere)));
  return fileInputs(gone.map((path) => [path, undefined] as const));
}

/** Deletions of what brings charts of owners that ask for none on the cluster, where nothing is left of those that there were. */
async function findEmptyChartUnits(
  git: GitReader,
  tree: ObjectId,
  catalog: Catalog,
  isStillThere: IsStillThere,
): Promise<readonly string[]> {
  const gone: string[] = [];
  const unitsOf = findChartUnits(catalog);
  for (const cluster of clustersWithFolders(catalog).values()) {
    const key = clusterKey(cluster);
    const wanted = new Set(unitsOf(cluster).map(({ folder }) => `${deliveryChartsFolder}/${folder}`));
    const units = triggerFolders({ buckets: 1 }).map((area) => [area, area]);
    for (const [kind, area] of profileAreas) {
      for (const name of await namesIn(git, tree, `${clusterDeliveryCharts(key)}/${area}`)) {
        const owner = ownerOfFolder(kind, name, key);
        if (owner !== undefined) units.push([`${area}/${name}`, ownerUnit(owner, key)]);
      }
    }
    for (const [folder, unit] of units) {
      const own = `${clusterDeliveryCharts(key)}/${folder}`;
      if (wanted.has(own)) continue;
      if ((await git.findEntry(tree, `${chartsFolder}/${clusterFolder(key)}/${folder}`)) !== undefined) continue;
      const files = await listFolder(git, tree, own);
      if (files.length !== 1 || files[0] !== `${own}/${unitFileName}` || (await isStillThere(own))) continue;
      gone.push(files[0], deliveryPath(key, chartUnit(unit!)));
    }
  }
  return gone;
}

/** Deletions of what makes artifacts for nobody: of namespaces without clusters, and of a number of parts that is no more. */
async function findStaleGenerators(
  git: GitReader,
  tree: ObjectId,
  catalog: Catalog,
  delivery: HubDelivery,
): Promise<readonly string[]> {
  const stale: string[] = [];
  let wanted: ReadonlySet<string> | undefined;
  const hub = `${deliveryFolder}/hub`;
  for (const namespace of await namesIn(git, tree, hub)) {
    for (const name of await namesIn(git, tree, `${hub}/${namespace}`)) {
      if (!name.startsWith(generatorPrefix)) continue;
      // Which they are depends on nothing but the units.
      wanted ??= new Set(writeDelivery(catalog, delivery, { stateId: "", outputPath: "", instance: "" }).keys());
      const path = `${hub}/${namespace}/${name}`;
      if (!wanted.has(path)) stale.push(path);
    }
  }
  return stale;
}

/** Withdrawn owners that nothing remembers any object of; `until`: withdrawn at this minute of the checkpoint's, or before. */
export async function findPurgeable(
  git: GitReader,
  tree: ObjectId,
  catalog: Catalog,
  until: number,
): Promise<readonly Owner[]> {
  const purgeable: Owner[] = [];
  if (until < 0) return purgeable;
  for await (const [path, text] of readFolder(git, tree, ownersFolder)) {
    const { owner, withdrawnAt } = parseOwner(text, path);
    if (withdrawnAt === undefined || withdrawnAt > until) continue;
    if (isInForce(catalog, owner) || (await hasObjects(git, tree, owner))) continue;
    purgeable.push(owner);
  }
  return purgeable;
}

/** The files that a cluster's folder has from the beginning; none, where there is something else too. */
async function ownFilesAlone(git: GitReader, tree: ObjectId, folder: string): Promise<readonly string[]> {
  const own: string[] = [];
  for await (const path of git.listFiles(tree, folder)) {
    const within = path.slice(folder.length + 1).split("/");
    // An object may be called like a unit's file; it stands deeper.
    const isUnitFile = within.at(-1) === unitFileName && within.length <= unitDepthMax;
    if (!isUnitFile && path !== `${folder}/${baseFolder}/${clusterFileName}`) return [];
    own.push(path);
  }
  return own;
}

async function hasObjects(git: GitReader, tree: ObjectId, owner: Owner): Promise<boolean> {
  for await (const [path, text] of readFolder(git, tree, recordFolder(owner))) {
    for (const { objects, waiting } of parseRecord(text, path).clusters.values()) {
      if (objects.size > 0 || waiting.size > 0) return true;
    }
  }
  return false;
}
