/** Names that several clusters have: Argo CD knows a cluster by its name alone, and would take them all for one. */
import type { Catalog } from "../../model/catalog.ts";

/** Asked of each cluster and of each chart that changes; what a catalog's clusters are called does not change. */
const known = new WeakMap<Catalog["clusters"], ReadonlySet<string>>();

export function findSharedNames({ clusters }: Pick<Catalog, "clusters">): ReadonlySet<string> {
  const shared = known.get(clusters) ?? readSharedNames(clusters);
  known.set(clusters, shared);
  return shared;
}

function readSharedNames(clusters: Catalog["clusters"]): ReadonlySet<string> {
  const seen = new Set<string>();
  const shared = new Set<string>();
  for (const { name } of clusters.values()) {
    if (seen.has(name)) shared.add(name);
    seen.add(name);
  }
  return shared;
}
