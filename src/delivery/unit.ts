/**
 * Units: the folders that a consumer applies and prunes as one.
 *
 * They follow from settings and documents alone, never from how many objects there are: what moves from one unit to
 * another is deleted by the first before the second has it, so nothing moves by itself.
 */
import type { Catalog, EventTrigger, Profile } from "../model/catalog.ts";
import { type Cluster, type ClusterKey, clusterKey } from "../model/cluster.ts";
import type { HubDelivery } from "../model/hub-delivery.ts";
import type { Json } from "../model/json.ts";
import { listOf } from "../model/json-members.ts";
import { isLocalOwner } from "../model/local-object.ts";
import { type Owner, ownerKey, triggerOwner } from "../model/owner.ts";
import { clustersWithObjects, prerequisitesOf, profileClusters } from "../model/profile-clusters.ts";
import type { ClusterPredicate } from "../model/select-clusters.ts";
import type { OutputOwner } from "../plan/cluster-file.ts";
import {
  baseFolder,
  clusterFolder,
  outputId,
  ownerFolderName,
  ownerNameOn,
  profileFolder,
  triggerFolders,
} from "../plan/paths.ts";
import { toDnsName } from "../render/dns-name.ts";

export interface Unit {
  readonly cluster: Cluster;
  /** Among the cluster's. */
  readonly name: string;
  /** Below the output path. */
  readonly folder: string;
  /** What decides, besides the folder, which objects are in it: equal texts, equal objects. */
  readonly holds: string;
  /** The folder of a bucket or of all triggers, below the cluster's, that it is in or is; empty: neither. */
  readonly area: string;
  /** Whose objects alone are in it; undefined: several owners', or Sluice's own. */
  readonly owner?: Owner;
  /** Of the hub's object for it: no two units of one output have the same. */
  readonly objectName: string;
  /** Names of the hub's objects that have to be ready before. */
  readonly dependsOn: readonly string[];
  /** Others depend on it: it is ready when its objects are. */
  readonly isAwaited: boolean;
  /** What its owners say of when their objects are well (validateHealths), as it is written. */
  readonly healths: readonly Json[];
  /** An owner of it has charts, or had. */
  readonly hasCharts: boolean;
  /** It is of the hub's own objects for charts: applied on the hub, below the charts' folder of what is delivered. */
  readonly isOfCharts?: true;
  /** An owner of it wants drift corrected (ContinuousWithDriftDetection). */
  readonly corrects: boolean;
}

/** What of the settings parts the objects of a cluster. */
export type UnitSettings = Pick<HubDelivery, "buckets" | "split">;

/**
 * The units of each cluster of the catalog: what Sluice itself puts there, what its triggers render, and each profile's
 * objects. What holds for all clusters is found out once.
 */
export function findUnits(catalog: Catalog, settings: UnitSettings): (cluster: Cluster) => readonly Unit[] {
  const triggersOn = findTriggers(catalog, settings);
  const holds = `${settings.split}/${settings.buckets}`;
  return (cluster) => {
    const profiles = profilesOn(cluster, catalog);
    const folders: readonly UnitFolder[] = [
      { name: baseFolder, folder: baseFolder, holds: "", area: "", owners: [] },
      ...triggerUnits(triggersOn(cluster), settings).map((one) => ({ ...one, holds })),
      ...profiles.map((one) => ({
        name: ownerUnit(one.owner, clusterKey(cluster)),
        folder: profileFolder(one.owner, clusterKey(cluster)),
        holds: "",
        area: "",
        owner: one.owner,
        owners: [one],
      })),
    ];
    const present = new Set(profiles.map(({ owner }) => ownerKey(owner)));
    const waitsFor = ({ owners }: UnitFolder) => {
      const prerequisites = owners.flatMap(({ owner }) => prerequisitesOf(catalog, owner));
      return new Set(
        prerequisites
          .filter((owner) => present.has(ownerKey(owner)))
          .map((owner) => ownerUnit(owner, clusterKey(cluster))),
      );
    };
    const awaited = new Set(folders.flatMap((one) => [...waitsFor(one)]));
    const objectName = (name: string) => toDnsName(`${clusterKey(cluster)}/${name}`);
    const hasCharts = ({ owners }: UnitFolder) => owners.some(({ charts }) => charts.length > 0);
    const withCharts = new Set(folders.filter(hasCharts).map(({ name }) => name));
    const objectsOf = (name: string) => (withCharts.has(name) ? [name, chartUnit(name)] : [name]);
    return folders.map((one) => ({
      cluster,
      name: one.name,
      folder: `${clusterFolder(clusterKey(cluster))}/${one.folder}`,
      holds: one.holds,
      area: one.area,
      ...(one.owner === undefined ? {} : { owner: one.owner }),
      objectName: objectName(one.name),
      dependsOn: [...waitsFor(one)].flatMap(objectsOf).map(objectName).sort(),
      isAwaited: awaited.has(one.name),
      hasCharts: withCharts.has(one.name),
      healths: one.owners.flatMap(healthsOf),
      corrects: one.owners.some(isCorrected),
    }));
  };
}

type UnitOwner = Pick<Profile, "owner" | "syncMode" | "charts" | "upkeep">;

interface UnitFolder {
  readonly name: string;
  /** Below the cluster's. */
  readonly folder: string;
  readonly holds: string;
  readonly area: string;
  readonly owner?: Owner;
  readonly owners: readonly UnitOwner[];
}

function triggerUnits(
  triggers: readonly UnitOwner[],
  { split, buckets }: UnitSettings,
): readonly Omit<UnitFolder, "holds">[] {
  const areas = triggerFolders({ buckets });
  if (split === "cluster") {
    return areas.map((folder) => ({ name: folder.replace("/_", "-"), folder, area: folder, owners: triggers }));
  }
  return triggers.flatMap((one) =>
    areas.map((folder) => ({
      name: ownerUnit(one.owner, "", folder),
      // A trigger's is called alike on all clusters.
      folder: `${folder}/${ownerFolderName(one.owner, "")}`,
      area: folder,
      owner: one.owner,
      owners: [one],
    })),
  );
}

/**
 * The triggers that may have objects on a cluster, those that are withdrawn among them: what they had may be there still.
 * Where all are of one unit, only those that decide something of it: all others need not be selected for each cluster.
 */
function findTriggers(
  { eventTriggers, clusterSets }: Catalog,
  { split }: Pick<UnitSettings, "split">,
): (cluster: Cluster) => readonly UnitOwner[] {
  const all = [...eventTriggers.values()];
  const triggers = (split === "owner" ? all : all.filter(decidesOfUnit)).map((trigger) => ({
    isOn: isOnOrHub(trigger, clustersWithObjects(trigger, { clusterSets })),
    owner: triggerOwner(trigger.name),
    syncMode: trigger.syncMode,
    charts: trigger.charts,
    upkeep: trigger.upkeep,
  }));
  return (cluster) => triggers.filter(({ isOn }) => isOn(cluster));
}

/** What an owner may put on the hub, some cluster has it put there. */
function isOnOrHub(spec: Pick<EventTrigger, "policyRefs" | "charts">, isOn: ClusterPredicate): ClusterPredicate {
  const isLocal = isLocalOwner(spec);
  return (cluster) => (cluster.isHub ? isLocal : isOn(cluster));
}

/** Whether a unit that several owners share is another one because of this one. */
function decidesOfUnit({ dependsOn, charts, upkeep, syncMode }: EventTrigger): boolean {
  return dependsOn.length + charts.length + healthsOf({ upkeep }).length > 0 || isCorrected({ syncMode });
}

function healthsOf({ upkeep }: Pick<UnitOwner, "upkeep">): readonly Json[] {
  return listOf(upkeep, "validateHealths");
}

function isCorrected({ syncMode }: Pick<UnitOwner, "syncMode">): boolean {
  return syncMode === "ContinuousWithDriftDetection";
}

/** The profiles that are for a cluster, prerequisites among them. */
function profilesOn(cluster: Cluster, catalog: Catalog): readonly Profile[] {
  const clusters = profileClusters(catalog);
  const ownOf = ({ owner }: Profile) => clusters.get(ownerKey(owner)) ?? new Set();
  return [...catalog.profiles.values()].filter((profile) =>
    isOnOrHub(profile, (one) => ownOf(profile).has(clusterKey(one)))(cluster),
  );
}

/** The name of an owner's unit on a cluster; `area`: of a trigger, the folder that its objects of this unit are in. */
export function ownerUnit(owner: Owner, cluster: ClusterKey, area = ""): string {
  const [, bucket] = area.split("/_");
  return `${owner.kind.toLowerCase()}.${ownerNameOn(owner, cluster)}${bucket === undefined ? "" : `-${bucket}`}`;
}

/** The name of what brings a unit's charts, among a cluster's units: an owner may be called anything, so kinds tell them apart. */
export function chartUnit(name: string): string {
  return `charts.${name}`;
}

/**
 * What brings the charts of each cluster: one for all its triggers, however their objects are parted, and one for each
 * profile; so that no chart moves from one to another.
 */
export function findChartUnits(catalog: Catalog): (cluster: Cluster) => readonly Unit[] {
  const unitsOf = findUnits(catalog, { split: "cluster", buckets: 1 });
  return (cluster) =>
    unitsOf(cluster).flatMap((unit): Unit[] => {
      if (!unit.hasCharts) return [];
      const name = chartUnit(unit.name);
      const objectName = toDnsName(`${clusterKey(cluster)}/${name}`);
      return [{ ...unit, name, objectName, holds: "charts", area: "", isOfCharts: true }];
    });
}

/** The name of the ConfigMap on the cluster that keeps a unit's folder from vanishing. */
export function keeperName(unit: Unit, owner: OutputOwner): string {
  return toDnsName(`sluice-${outputId(owner.stateId, owner.outputPath)}-${unit.name}`);
}
