/**
 * Units: the folders that a consumer applies and prunes as one.
 *
 * They follow from settings and documents alone, never from how many objects there are: what moves from one unit to
 * another is deleted by the first before the second has it, so nothing moves by itself.
 */
import type { Catalog, Profile } from "../model/catalog.ts";
import { type Cluster, clusterKey } from "../model/cluster.ts";
import type { HubDelivery } from "../model/hub-delivery.ts";
import { type Owner, ownerKey, triggerOwner } from "../model/owner.ts";
import { prerequisitesOf, profileClusters } from "../model/profile-clusters.ts";
import { clusterSelection } from "../model/select-clusters.ts";
import type { OutputOwner } from "../plan/cluster-file.ts";
import { baseFolder, clusterFolder, outputId, profileFolder, triggerFolders } from "../plan/paths.ts";
import { toDnsName } from "../render/dns-name.ts";

export interface Unit {
  readonly cluster: Cluster;
  /** Among the cluster's. */
  readonly name: string;
  /** Below the output path. */
  readonly folder: string;
  /** Of the hub's object for it: no two units of one output have the same. */
  readonly objectName: string;
  /** Names of the hub's objects that have to be ready before. */
  readonly dependsOn: readonly string[];
  /** Others depend on it: it is ready when its objects are. */
  readonly isAwaited: boolean;
  /** An owner of it wants drift corrected (ContinuousWithDriftDetection). */
  readonly corrects: boolean;
}

/** What Sluice itself puts on the cluster, what its triggers render, and each profile's objects. */
export function unitsOf(
  cluster: Cluster,
  catalog: Catalog,
  { buckets }: Pick<HubDelivery, "buckets">,
): readonly Unit[] {
  const profiles = profilesOn(cluster, catalog);
  const triggers = triggersOn(cluster, catalog);
  const folders: readonly UnitFolder[] = [
    { name: baseFolder, folder: baseFolder, owners: [] },
    ...triggerFolders({ buckets }).map((folder) => ({ name: folder.replace("/_", "-"), folder, owners: triggers })),
    ...profiles.map((one) => ({ name: profileUnit(one.owner), folder: profileFolder(one.owner), owners: [one] })),
  ];
  const present = new Set(profiles.map(({ owner }) => ownerKey(owner)));
  const waitsFor = ({ owners }: UnitFolder) => {
    const prerequisites = owners.flatMap(({ owner }) => prerequisitesOf(catalog, owner));
    return new Set(prerequisites.filter((owner) => present.has(ownerKey(owner))).map(profileUnit));
  };
  const awaited = new Set(folders.flatMap((one) => [...waitsFor(one)]));
  const objectName = (name: string) => toDnsName(`${clusterKey(cluster)}/${name}`);
  return folders.map((one) => ({
    cluster,
    name: one.name,
    folder: `${clusterFolder(clusterKey(cluster))}/${one.folder}`,
    objectName: objectName(one.name),
    dependsOn: [...waitsFor(one)].map(objectName).sort(),
    isAwaited: awaited.has(one.name),
    corrects: one.owners.some(({ syncMode }) => syncMode === "ContinuousWithDriftDetection"),
  }));
}

type UnitOwner = Pick<Profile, "owner" | "syncMode">;

interface UnitFolder {
  readonly name: string;
  /** Below the cluster's. */
  readonly folder: string;
  readonly owners: readonly UnitOwner[];
}

function triggersOn(cluster: Cluster, { eventTriggers, clusterSets }: Catalog): readonly UnitOwner[] {
  return [...eventTriggers.values()]
    .filter((trigger) => clusterSelection(trigger, clusterSets)(cluster))
    .map(({ name, syncMode }) => ({ owner: triggerOwner(name), syncMode }));
}

/** The profiles that are for a cluster, prerequisites among them. */
export function profilesOn(cluster: Cluster, catalog: Catalog): readonly Profile[] {
  const clusters = profileClusters(catalog);
  const isOn = ({ owner }: Profile) => clusters.get(ownerKey(owner))?.has(clusterKey(cluster)) === true;
  return [...catalog.profiles.values()].filter(isOn);
}

/** The name of a profile's unit. */
export function profileUnit({ kind, name }: Owner): string {
  return `${kind.toLowerCase()}.${name}`;
}

/** The name of the ConfigMap on the cluster that keeps a unit's folder from vanishing. */
export function keeperName(unit: Unit, owner: OutputOwner): string {
  return toDnsName(`sluice-${outputId(owner.stateId, owner.outputPath)}-${unit.name}`);
}
