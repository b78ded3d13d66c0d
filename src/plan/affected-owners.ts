/** Whose rendering may differ under another catalog, and on which clusters. */
import type { Catalog } from "../model/catalog.ts";
import { ownersOf } from "../model/catalog-owners.ts";
import type { ClusterKey } from "../model/cluster.ts";
import { type OwnerKey, ownerKey } from "../model/owner.ts";
import { compareCatalogs } from "./compare-catalogs/compare-catalogs.ts";

/** Clusters for which an owner may render otherwise. */
export type AffectedClusters = "all" | readonly ClusterKey[];

/** `inForce` undefined: nothing is known of what was, so everything may differ. */
export function affectedOwners(inForce: Catalog | undefined, wanted: Catalog): ReadonlyMap<OwnerKey, AffectedClusters> {
  if (inForce === undefined) {
    return new Map(ownersOf(wanted).map(({ owner }) => [ownerKey(owner), "all"]));
  }
  const { owners } = compareCatalogs(inForce, wanted);
  return new Map(owners.map(({ owner, clusters }) => [ownerKey(owner), clusters]));
}
