/** Which clusters documents mean: label selectors and ClusterSets. */
import type { Catalog, ClusterSet, EventTrigger, Profile } from "./catalog.ts";
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
  { sourceClusterSelector, clusterSetRefs }: SelectsClusters,
  clusterSets: Catalog["clusterSets"],
): ClusterPredicate {
  if (sourceClusterSelector === undefined && clusterSetRefs.length === 0) return () => true;
  const sets = clusterSetRefs.flatMap((name) => clusterSets.get(name) ?? []);
  return isAnyOf([sourceClusterSelector, ...sets]);
}

/** Whether a cluster is in a ClusterSet or Set. */
export function setSelection(set: ClusterSet): ClusterPredicate {
  const isSelected = isAnyOf([set]);
  return (cluster) => (set.namespace === "" || cluster.namespace === set.namespace) && isSelected(cluster);
}

/** Whether a cluster is one of a profile's own, those of its dependents left out. */
export function profileSelection(
  { owner: { namespace }, clusterSelector, clusterRefs, setRefs }: Profile,
  clusterSets: Catalog["clusterSets"],
): ClusterPredicate {
  const sets = setRefs.flatMap((name) => clusterSets.get(namespace === "" ? name : `${namespace}/${name}`) ?? []);
  const isSelected = isAnyOf([clusterSelector, { clusterRefs }, ...sets]);
  // A Profile, and so a Set, is for the clusters of its namespace.
  return (cluster) => (namespace === "" || cluster.namespace === namespace) && isSelected(cluster);
}

export type ClusterPredicate = (cluster: Cluster) => boolean;
type SelectsClusters = Pick<EventTrigger, "sourceClusterSelector" | "clusterSetRefs">;
type Selection = LabelSelector | Partial<Pick<ClusterSet, "clusterSelector" | "clusterRefs" | "chosen">> | undefined;

/** Of selectors, and of what has selectors and names clusters. */
function isAnyOf(selections: readonly Selection[]): ClusterPredicate {
  const named = new Set<ClusterKey>();
  const selectors: LabelSelector[] = [];
  for (const selection of selections) {
    if (selection === undefined) continue;
    if ("requirements" in selection) selectors.push(selection);
    else if (selection.chosen !== undefined) for (const key of selection.chosen) named.add(key);
    else {
      if (selection.clusterSelector !== undefined) selectors.push(selection.clusterSelector);
      for (const name of selection.clusterRefs ?? []) named.add(clusterKey(name));
    }
  }
  return (cluster) => named.has(clusterKey(cluster)) || selectors.some((one) => selectorMatches(one, cluster.labels));
}
