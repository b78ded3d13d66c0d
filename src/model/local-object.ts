/**
 * Objects that `deploymentType: Local` puts on the hub: each is rendered for a cluster, is in that cluster's part of the
 * record, and stands in the folder of the hub. What is rendered for two clusters is two claims, since each ends with its own.
 */
import type { Catalog, OwnerSpec } from "./catalog.ts";
import { ownersOf } from "./catalog-owners.ts";
import { type Cluster, type ClusterKey, clusterKey, managementCluster } from "./cluster.ts";
import type { ObjectIdentity, Provenance } from "./manifest.ts";

/** Where an object stands that is rendered for `cluster`. */
export function siteOf(cluster: ClusterKey, { isLocal }: Pick<ObjectIdentity, "isLocal">): ClusterKey {
  return isLocal ? managementCluster : cluster;
}

/** No entity's hash and no part of a path has it. */
const separator = "@";

/** Stands for an entity as rendered for one of its clusters: in an object on the hub, and in claims on it. */
export function localEntity(entityHash: string, cluster: ClusterKey): string {
  return `${entityHash}${separator}${cluster}`;
}

/** The entity's own hash, and the cluster of {@link localEntity}; undefined: of an object that stands on its cluster. */
export function readLocalEntity(text: string): {
  readonly entityHash: string;
  readonly cluster: ClusterKey | undefined;
} {
  const at = text.indexOf(separator);
  if (at < 0) return { entityHash: text, cluster: undefined };
  return { entityHash: text.slice(0, at), cluster: text.slice(at + separator.length) };
}

/** Of what is put on the hub for a cluster. */
export function localProvenance(provenance: Provenance, cluster: Cluster): Provenance {
  return { ...provenance, entity: localEntity(provenance.entity, clusterKey(cluster)) };
}

/** Whether an owner may put objects on the hub. */
export function isLocalOwner({ policyRefs, charts }: Pick<OwnerSpec, "policyRefs" | "charts">): boolean {
  return policyRefs.some(({ isLocal }) => isLocal) || charts.some(({ isLocal }) => isLocal);
}

/** By catalog: what it says does not change. */
const known = new WeakMap<Catalog, ReadonlyMap<ClusterKey, Cluster>>();

/**
 * The clusters that have a folder: those of the catalog and, where an owner puts objects there, the hub. It is in no
 * document, nothing selects it, and who applies its folder is on it already; a document that describes it makes it a
 * cluster like any other, as `sveltosctl register mgmt-cluster` does.
 */
export function clustersWithFolders(catalog: Catalog): ReadonlyMap<ClusterKey, Cluster> {
  let found = known.get(catalog);
  if (found === undefined) {
    const isNeeded =
      !catalog.clusters.has(managementCluster) && ownersOf(catalog).some(({ spec }) => isLocalOwner(spec));
    found = isNeeded ? new Map([...catalog.clusters, [clusterKey(hub), hub]]) : catalog.clusters;
    known.set(catalog, found);
  }
  return found;
}

const [namespace = "", name = ""] = managementCluster.split("/");
const hub: Cluster = { namespace, name, labels: new Map(), document: new Map(), documentKey: "", isHub: true };
