/** Which clusters documents mean: label selectors and ClusterSets. */
import type { Catalog, EventTrigger } from "./catalog.ts";
import { type Cluster, clusterKey, type LabelRequirement, type LabelSelector } from "./cluster.ts";

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

/**
 * The clusters that an event counts for under a trigger, before its connection is looked at: those of its selector and
 * of its ClusterSets, or all where it has neither. In the catalog's order.
 */
export function clustersOfTrigger(
  trigger: SelectsClusters,
  catalog: Pick<Catalog, "clusters" | "clusterSets">,
): Cluster[] {
  const selects = clusterSelection(trigger, catalog.clusterSets);
  return [...catalog.clusters.values()].filter(selects);
}

/** Whether an event counts for a cluster under a trigger, as {@link clustersOfTrigger} has it. */
export function clusterSelection(
  { sourceClusterSelector: selector, clusterSetRefs }: SelectsClusters,
  clusterSets: Catalog["clusterSets"],
): (cluster: Cluster) => boolean {
  if (selector === undefined && clusterSetRefs.length === 0) return () => true;
  const sets = clusterSetRefs.flatMap((name) => clusterSets.get(name) ?? []);
  const named = new Set(sets.flatMap(({ clusterRefs }) => clusterRefs.map(clusterKey)));
  const selectors = [selector, ...sets.map(({ clusterSelector }) => clusterSelector)].filter(
    (one) => one !== undefined,
  );
  return (cluster) => named.has(clusterKey(cluster)) || selectors.some((one) => selectorMatches(one, cluster.labels));
}

type SelectsClusters = Pick<EventTrigger, "sourceClusterSelector" | "clusterSetRefs">;
