/**
 * Which changed documents an effect is put down to (design-state.md, the guard): what changes on a cluster that itself
 * changed for the owner, to that cluster's document; anything else to the changed documents that the owner refers to.
 */
import { type EventTrigger, referencesOf } from "../../model/catalog.ts";
import type { ClusterKey } from "../../model/cluster.ts";
import { mayRefer, namingOf } from "../../model/document-ref.ts";
import type { Owner } from "../../model/owner.ts";
import { isOfClusters } from "../mass-change/catalog-settings.ts";
import type { CatalogComparison } from "./compare-catalogs.ts";
import { clusterChange } from "./compare-owner.ts";

/** Keys of the documents behind an effect of the change on what the owner has on the cluster; sorted, never none. */
export type CausesOf = (owner: Owner, cluster: ClusterKey) => readonly string[];

/** What is known of one owner, worked out when it is first asked for. */
interface OwnerCauses {
  readonly isClusterChanged: (cluster: ClusterKey) => boolean;
  readonly referred: readonly string[];
}

export function causesIn(comparison: CatalogComparison): CausesOf {
  const { inForce, wanted, changedDocuments, changedSettings } = comparison;
  const owners = new Map<string, OwnerCauses>();
  const causesOf = (name: string): OwnerCauses => {
    let causes = owners.get(name);
    if (causes === undefined) {
      const [before, after] = [inForce.eventTriggers.get(name), wanted.eventTriggers.get(name)];
      causes = {
        isClusterChanged:
          before === undefined || after === undefined ? () => false : clusterChange(before, after, comparison),
        referred: findReferred(
          [before, after].filter((one) => one !== undefined),
          comparison,
        ),
      };
      owners.set(name, causes);
    }
    return causes;
  };
  const everything = [...changedDocuments.keys(), ...changedSettings].sort();
  return ({ name }, cluster) => {
    const { isClusterChanged, referred } = causesOf(name);
    const documents = documentsOfCluster(cluster, comparison);
    if (documents.length > 0 && isClusterChanged(cluster)) return documents;
    // Which clusters a connection serves is behind what changes on those alone.
    const settings = comparison.reconnected.has(cluster) ? changedSettings.filter(isOfClusters) : [];
    if (referred.length + settings.length > 0) return [...referred, ...settings].sort();
    return documents.length > 0 ? documents : everything;
  };
}

/** The cluster's own documents that changed: two where another kind describes it now. */
function documentsOfCluster(
  key: ClusterKey,
  { inForce, wanted, changedClusters, changedDocuments }: CatalogComparison,
): readonly string[] {
  if (!changedClusters.has(key)) return [];
  const keys = [inForce.clusters.get(key), wanted.clusters.get(key)].flatMap((cluster) => cluster?.documentKey ?? []);
  return [...new Set(keys)].filter((document) => changedDocuments.has(document)).sort();
}

/** Changed documents and settings that the owner depends on, whatever the cluster. */
function findReferred(versions: readonly EventTrigger[], comparison: CatalogComparison): readonly string[] {
  const found = new Set(comparison.changedSettings.filter((key) => !isOfClusters(key)));
  for (const key of [...comparison.changedDocuments.keys(), ...comparison.changedContents]) {
    if (versions.some((trigger) => refersTo(trigger, key))) found.add(key);
  }
  return [...found].sort();
}

function refersTo(trigger: EventTrigger, key: string): boolean {
  if (referencesOf(trigger).some((ref) => mayRefer(ref, key))) return true;
  const [kind = "", , name = ""] = key.split("/");
  switch (kind) {
    case "EventTrigger":
      return name === trigger.name;
    case "EventSource":
      return namingOf(trigger.eventSourceName) !== "constant" || trigger.eventSourceName.source.text.trim() === name;
    case "ClusterSet":
      return trigger.clusterSetRefs.includes(name);
    case "CustomResourceDefinition":
      return true;
    default:
      return false;
  }
}
