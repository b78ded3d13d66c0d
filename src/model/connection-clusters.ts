/** Which clusters a connection serves, by the connection's name. */
import type { Catalog } from "./catalog.ts";
import { type ClusterKey, clusterKey } from "./cluster.ts";
import { type ClusterPredicate, selectorMatches } from "./select-clusters.ts";

/**
 * The name of a connection that is made of a Secret on a cluster. It serves that cluster alone; configured names have no
 * slash.
 */
export function derivedConnectionName(name: string, cluster: ClusterKey): string {
  return `${name}/${cluster}`;
}

/** All clusters, unless the settings give it a selector or it is made of a Secret. */
export function connectionServes(
  { connectionClusters }: Pick<Catalog, "connectionClusters">,
  connection: string,
): ClusterPredicate {
  const slash = connection.indexOf("/");
  const selector = connectionClusters.get(slash < 0 ? connection : connection.slice(0, slash));
  const only = slash < 0 ? undefined : connection.slice(slash + 1);
  return (cluster) =>
    (only === undefined || clusterKey(cluster) === only) &&
    (selector === undefined || selectorMatches(selector, cluster.labels));
}
