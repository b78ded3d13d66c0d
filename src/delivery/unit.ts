/**
 * Units: the folders that a consumer applies and prunes as one.
 *
 * They follow from settings and documents alone, never from how many objects there are: what moves from one unit to
 * another is deleted by the first before the second has it, so nothing moves by itself.
 */
import type { Catalog, Profile } from "../model/catalog.ts";
import { type Cluster, clusterKey } from "../model/cluster.ts";
import type { HubDelivery } from "../model/hub-delivery.ts";
import { type Owner, ownerKey } from "../model/owner.ts";
import { profileClusters } from "../model/profile-clusters.ts";
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
  const key = clusterKey(cluster);
  const profiles = profilesOn(cluster, catalog);
  const triggers = [...catalog.eventTriggers.values()].filter((one) =>
    clusterSelection(one, catalog.clusterSets)(cluster),
  );
  const objectName = (name: string) => toDnsName(`${key}/${name}`);
  const awaited = new Set([...triggers, ...profiles].flatMap((one) => prerequisites(one, profiles).map(ownerKey)));
  const dependsOn = (dependents: readonly (Profile | (typeof triggers)[number])[]) =>
    [
      ...new Set(
        dependents.flatMap((one) => prerequisites(one, profiles).map((owner) => objectName(profileUnit(owner)))),
      ),
    ].sort();
  const unit = (name: string, folder: string, rest: Pick<Unit, "dependsOn" | "isAwaited" | "corrects">): Unit => ({
    cluster,
    name,
    folder: `${clusterFolder(key)}/${folder}`,
    objectName: objectName(name),
    ...rest,
  });
  const corrects = (owners: readonly { readonly syncMode: string }[]) =>
    owners.some(({ syncMode }) => syncMode === "ContinuousWithDriftDetection");
  const ofTriggers = { dependsOn: dependsOn(triggers), isAwaited: false, corrects: corrects(triggers) };
  return [
    unit(baseFolder, baseFolder, { dependsOn: [], isAwaited: false, corrects: false }),
    ...triggerFolders({ buckets }).map((folder) => unit(folder.replace("/_", "-"), folder, ofTriggers)),
    ...profiles.map((profile) =>
      unit(profileUnit(profile.owner), profileFolder(profile.owner), {
        dependsOn: dependsOn([profile]),
        isAwaited: awaited.has(ownerKey(profile.owner)),
        corrects: corrects([profile]),
      }),
    ),
  ];
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

/** What an owner depends on, of the profiles that are on its cluster. */
function prerequisites(
  { dependsOn, ...rest }: Pick<Profile, "dependsOn"> & { readonly owner?: Owner },
  profiles: readonly Profile[],
): readonly Owner[] {
  const kind = rest.owner?.kind === "Profile" ? "Profile" : "ClusterProfile";
  const owners = profiles.map(({ owner }) => owner);
  return dependsOn.flatMap((name) => owners.filter((owner) => owner.kind === kind && owner.name === name));
}

/** The name of the ConfigMap on the cluster that keeps a unit's folder from vanishing. */
export function keeperName(unit: Unit, owner: OutputOwner): string {
  return toDnsName(`sluice-${outputId(owner.stateId, owner.outputPath)}-${unit.name}`);
}
