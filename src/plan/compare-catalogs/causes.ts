/**
 * Which changed documents an effect is put down to (design-state.md, the guard): what changes on a cluster that itself
 * changed for the owner, to that cluster's document; anything else to the changed documents that the owner refers to.
 */
import { type EventTrigger, type Profile, referencesOf } from "../../model/catalog.ts";
import { findOwner, isProfile } from "../../model/catalog-owners.ts";
import type { ClusterKey } from "../../model/cluster.ts";
import { mayRefer, namingOf } from "../../model/document-ref.ts";
import { documentKeyOf, type Owner, ownerKey, ownerKinds } from "../../model/owner.ts";
import { isPrerequisite } from "../../model/profile-clusters.ts";
import { isOfClusters } from "../mass-change/catalog-settings.ts";
import type { CatalogComparison } from "./compare-catalogs.ts";
import { clusterChange } from "./compare-owner.ts";
import { profileClusterChange } from "./compare-profile.ts";

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
  const causesOf = (owner: Owner): OwnerCauses => {
    const key = ownerKey(owner);
    let causes = owners.get(key);
    if (causes === undefined) {
      const [before, after] = [findOwner(inForce, owner), findOwner(wanted, owner)];
      causes = {
        isClusterChanged:
          before === undefined || after === undefined ? () => false : changeOf(before, after, comparison),
        referred: findReferred(
          [before, after].filter((one) => one !== undefined),
          comparison,
        ),
      };
      owners.set(key, causes);
    }
    return causes;
  };
  const everything = [...changedDocuments.keys(), ...changedSettings].sort();
  return (owner, cluster) => {
    const { isClusterChanged, referred } = causesOf(owner);
    const documents = documentsOfCluster(cluster, comparison);
    if (documents.length > 0 && isClusterChanged(cluster)) return documents;
    // Which clusters a connection serves is behind what changes on those alone.
    const settings = comparison.reconnected.has(cluster) ? changedSettings.filter(isOfClusters) : [];
    if (referred.length + settings.length > 0) return [...referred, ...settings].sort();
    return documents.length > 0 ? documents : everything;
  };
}

function changeOf(before: Spec, after: Spec, comparison: CatalogComparison): (cluster: ClusterKey) => boolean {
  if (isProfile(after)) return profileClusterChange(after, comparison);
  return isProfile(before) ? () => false : clusterChange(before, after, comparison);
}

type Spec = EventTrigger | Profile;

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
function findReferred(versions: readonly Spec[], comparison: CatalogComparison): readonly string[] {
  const found = new Set(comparison.changedSettings.filter((key) => !isOfClusters(key)));
  for (const key of [...comparison.changedDocuments.keys(), ...comparison.changedContents]) {
    if (versions.some((spec) => refersTo(spec, key, comparison))) found.add(key);
  }
  return [...found].sort();
}

function refersTo(spec: Spec, key: string, comparison: CatalogComparison): boolean {
  if (key.startsWith("CustomResourceDefinition/")) return true;
  if (referencesOf(spec).some((ref) => mayRefer(ref, key))) return true;
  return isProfile(spec) ? profileRefersTo(spec, key, comparison) : triggerRefersTo(spec, key);
}

function triggerRefersTo(trigger: EventTrigger, key: string): boolean {
  const [kind = "", , name = ""] = key.split("/");
  switch (kind) {
    case "EventTrigger":
      return name === trigger.name;
    case "EventSource":
      return namingOf(trigger.eventSourceName) !== "constant" || trigger.eventSourceName.source.text.trim() === name;
    case "ClusterSet":
      return trigger.clusterSetRefs.includes(name);
    default:
      return false;
  }
}

/** What depends on it may be the reason that it is somewhere. */
function profileRefersTo({ owner, setRefs }: Profile, key: string, { inForce, wanted }: CatalogComparison): boolean {
  if (key === documentKeyOf(owner)) return true;
  const [kind = "", namespace = "", name = ""] = key.split("/");
  if (kind === "ClusterSet" || kind === "Set") return namespace === owner.namespace && setRefs.includes(name);
  const other = ownerKinds.find((one) => one === kind);
  if (other === undefined) return false;
  return [inForce, wanted].some((catalog) => isPrerequisite(catalog, owner, { kind: other, namespace, name }));
}
