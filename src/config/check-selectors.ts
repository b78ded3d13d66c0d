/** Selectors that no cluster matches: nearly always a misspelt label, and nothing would ever say so. */
import type { Catalog, EventTrigger } from "../model/catalog.ts";
import type { Problem, SourcePlace } from "../model/problem.ts";
import { profileClusters } from "../model/profile-clusters.ts";
import { clustersOfTrigger, selectorMatches, setSelection } from "../model/select-clusters.ts";

/** Warnings for owners, sets and connections; none where the catalog has no clusters at all. */
export function checkSelectors(catalog: Catalog): Problem[] {
  if (catalog.clusters.size === 0) return [];
  const clusters = [...catalog.clusters.values()];
  const triggers = [...catalog.eventTriggers.values()].flatMap((trigger) => {
    const selector = trigger.destinationClusterSelector;
    const hasDestination = selector === undefined || clusters.some(({ labels }) => selectorMatches(selector, labels));
    return [
      ...(clustersOfTrigger(trigger, catalog).length === 0 ? [warnOf(trigger, "no cluster matches it")] : []),
      ...(hasDestination ? [] : [warnOf(trigger, "no cluster matches its destinationClusterSelector")]),
    ];
  });
  const own = profileClusters(catalog);
  const profiles = [...catalog.profiles].flatMap(([key, { owner, at }]) => {
    if (own.get(key)!.size > 0) return [];
    const { kind, namespace, name } = owner;
    const title = namespace === "" ? `${kind} ${name}` : `${kind} ${namespace}/${name}`;
    return [warn(title, "it has no cluster, and nothing that depends on it has one", at)];
  });
  const sets = [...catalog.clusterSets.values()].flatMap((set) => {
    const { namespace, name, at } = set;
    const isEmpty = !clusters.some(setSelection(set));
    const title = namespace === "" ? `ClusterSet ${name}` : `Set ${namespace}/${name}`;
    const message = `${title} has no cluster: none has its labels or names`;
    return isEmpty ? [{ code: "SELECTOR_UNMATCHED" as const, severity: "warning" as const, message, at, hint }] : [];
  });
  const connections = [...catalog.connectionClusters].flatMap(([name, selector]) => {
    if (clusters.some(({ labels }) => selectorMatches(selector, labels))) return [];
    const message = `connection ${name} serves no cluster: none has the labels that the settings give it`;
    return [{ code: "SELECTOR_UNMATCHED" as const, severity: "warning" as const, message, hint }];
  });
  return [...triggers, ...profiles, ...sets, ...connections];
}

const hint = "`sluice validate` counts the clusters that there are; compare their labels.";

function warnOf({ name, at }: EventTrigger, what: string): Problem {
  return warn(`EventTrigger ${name}`, what, at);
}

function warn(title: string, what: string, at: SourcePlace): Problem {
  const message = `${title} has no effect: ${what}`;
  return { code: "SELECTOR_UNMATCHED", severity: "warning", message, at, hint };
}
