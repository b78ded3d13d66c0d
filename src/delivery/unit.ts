/**
 * Units: the folders that a consumer applies and prunes as one.
 *
 * They follow from settings and the cluster alone, never from how many objects there are or what refers to what: what
 * moves from one unit to another is deleted by the first before the second has it, so nothing moves by itself.
 */
import { type Cluster, clusterKey } from "../model/cluster.ts";
import type { HubDelivery } from "../model/hub-delivery.ts";
import type { OutputOwner } from "../plan/cluster-file.ts";
import { baseFolder, clusterFolder, outputId, triggerFolders } from "../plan/paths.ts";
import { toDnsName } from "../render/dns-name.ts";

export interface Unit {
  readonly cluster: Cluster;
  /** Among the cluster's. */
  readonly name: string;
  /** Below the output path. */
  readonly folder: string;
  /** Of the hub's object for it: no two units of one output have the same. */
  readonly objectName: string;
}

/** What Sluice itself puts on the cluster, and what its triggers render. */
export function unitsOf(cluster: Cluster, { buckets }: Pick<HubDelivery, "buckets">): readonly Unit[] {
  const key = clusterKey(cluster);
  return [baseFolder, ...triggerFolders({ buckets })].map((folder) => {
    const name = folder.replace("/_", "-");
    return { cluster, name, folder: `${clusterFolder(key)}/${folder}`, objectName: toDnsName(`${key}/${name}`) };
  });
}

/** The name of the ConfigMap on the cluster that keeps a unit's folder from vanishing. */
export function keeperName(unit: Unit, owner: OutputOwner): string {
  return toDnsName(`sluice-${outputId(owner.stateId, owner.outputPath)}-${unit.name}`);
}
