/** Selectors that no cluster matches: nearly always a misspelt label, and nothing would ever say so. */
import type { Catalog, EventTrigger } from "../model/catalog.ts";
import type { Problem } from "../model/problem.ts";
import { clustersOfTrigger, selectorMatches } from "../model/select-clusters.ts";

/** Warnings for triggers, ClusterSets and connections; none where the catalog has no clusters at all. */
export function checkSelectors(catalog: Catalog): Problem[] {
  if (catalog.clusters.size === 0) return [];
  const clusters = [...catalog.clusters.values()];
  const triggers = [...catalog.eventTriggers.values()].flatMap((trigger) => {
    const selector = trigger.destinationClusterSelector;
    const hasDestination = selector === undefined || clusters.some(({ labels }) => selectorMatches(selector, labels));
    return [
      ...(clustersOfTrigger(trigger, catalog).length === 0 ? [warn(trigger, "no cluster matches it")] : []),
      ...(hasDestination ? [] : [warn(trigger, "no cluster matches its destinationClusterSelector")]),
    ];
  });
  const sets = [...catalog.clusterSets.values()].flatMap(({ name, at, clusterSelector: selector, clusterRefs }) => {
    const isEmpty =
      !clusterRefs.some(({ namespace, name: cluster }) => catalog.clusters.has(`${namespace}/${cluster}`)) &&
      !(selector !== undefined && clusters.some(({ labels }) => selectorMatches(selector, labels)));
    const message = `ClusterSet ${name} has no cluster: none has its labels or names`;
    return isEmpty ? [{ code: "SELECTOR_UNMATCHED" as const, severity: "warning" as const, message, at, hint }] : [];
  });
  const connections = [...catalog.connectionClusters].flatMap(([name, selector]) => {
    if (clusters.some(({ labels }) => selectorMatches(selector, labels))) return [];
    const message = `connection ${name} serves no cluster: none has the labels that the settings give it`;
    return [{ code: "SELECTOR_UNMATCHED" as const, severity: "warning" as const, message, hint }];
  });
  return [...triggers, ...sets, ...connections];
}

const hint = "`sluice validate` counts the clusters that there are; compare their labels.";

function warn({ name, at }: EventTrigger, what: string): Problem {
  const message = `EventTrigger ${name} has no effect: ${what}`;
  return { code: "SELECTOR_UNMATCHED", severity: "warning", message, at, hint };
}
