/** Which clusters documents mean: label selectors and ClusterSets. */
import type { Catalog, ClusterSet, EventTrigger } from "./catalog.ts";
import { type Cluster, type ClusterKey, clusterKey, type LabelRequirement, type LabelSelector } from "./cluster.ts";

/** As Kubernetes does it: NotIn and DoesNotExist also hold for a label that isn't there. */
export function selectorMatches(selector: LabelSelector, labels: ReadonlyMap<string, string>): boolean {
  return selector.requirements.every((requirement) => requirementHolds(requirement, labels.get(requirement.key)));
}

function requirementHolds({ operator, values }: LabelRequirement, value: string | undefined): boolean {
  switch (operator) {
    case "In":
      return value !== undefined && values.includes(value);
    case "NotIn":
      return value === undefined || !values.includes(value);
    case "Exists":
      return value !== undefined;
    case "DoesNotExist":
      return value === undefined;
  }
}

/** The clusters of a ClusterSet: those its selector takes and those it names. */
export function clustersOfSet(set: ClusterSet, clusters: ReadonlyMap<ClusterKey, Cluster>): Cluster[] {
  const named = new Set(set.clusterRefs.map(clusterKey));
  return [...clusters.values()].filter(
    (cluster) =>
      named.has(clusterKey(cluster)) ||
      (set.clusterSelector !== undefined && selectorMatches(set.clusterSelector, cluster.labels)),
  );
}

/**
 * The clusters that an event counts for under a trigger, before its connection is looked at: those of its selector and
 * of its ClusterSets, or all where it has neither. In the catalog's order.
 */
export function clustersOfTrigger(
  trigger: SelectsClusters,
  catalog: Pick<Catalog, "clusters" | "clusterSets">,
): Cluster[] {
  const { sourceClusterSelector: selector, clusterSetRefs } = trigger;
  const clusters = [...catalog.clusters.values()];
  if (selector === undefined && clusterSetRefs.length === 0) return clusters;
  const inSets = new Set<Cluster>();
  for (const name of clusterSetRefs) {
    const set = catalog.clusterSets.get(name);
    if (set !== undefined) for (const cluster of clustersOfSet(set, catalog.clusters)) inSets.add(cluster);
  }
  return clusters.filter(
    (cluster) => inSets.has(cluster) || (selector !== undefined && selectorMatches(selector, cluster.labels)),
  );
}

type SelectsClusters = Pick<EventTrigger, "sourceClusterSelector" | "clusterSetRefs">;
