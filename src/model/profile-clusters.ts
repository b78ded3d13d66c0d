/**
 * Which clusters profiles are for: those that they select, and those of all that depend on them. A prerequisite is put
 * wherever a dependent may be, transitively, or that would wait for ever (design-delivery.md).
 */
import type { Catalog, EventTrigger } from "./catalog.ts";
import { findOwner } from "./catalog-owners.ts";
import { type ClusterKey, clusterKey } from "./cluster.ts";
import { isSameOwner, type Owner, type OwnerKey, ownerKey, triggerOwner } from "./owner.ts";
import { type ClusterPredicate, clusterSelection, profileSelection, selectorMatches } from "./select-clusters.ts";

/** By catalog: what it says does not change. */
const known = new WeakMap<Catalog, ReadonlyMap<OwnerKey, ReadonlySet<ClusterKey>>>();

/** Of each profile of the catalog, its clusters. */
export function profileClusters(catalog: Catalog): ReadonlyMap<OwnerKey, ReadonlySet<ClusterKey>> {
  let found = known.get(catalog);
  if (found === undefined) {
    found = findProfileClusters(catalog);
    known.set(catalog, found);
  }
  return found;
}

function findProfileClusters(catalog: Catalog): ReadonlyMap<OwnerKey, ReadonlySet<ClusterKey>> {
  const clusters = [...catalog.clusters.values()];
  const select = (selects: (cluster: (typeof clusters)[number]) => boolean) =>
    new Set(clusters.filter(selects).map(clusterKey));
  const found = new Map<OwnerKey, Set<ClusterKey>>();
  for (const [key, profile] of catalog.profiles) found.set(key, select(profileSelection(profile, catalog.clusterSets)));
  for (const trigger of catalog.eventTriggers.values()) {
    if (trigger.dependsOn.length === 0 || trigger.withdrawn === true) continue;
    const own = select(clustersWithObjects(trigger, catalog));
    for (const owner of prerequisitesOf(catalog, triggerOwner(trigger.name)))
      putPrerequisite(catalog, found, owner, own);
  }
  for (const [key, { owner }] of catalog.profiles) {
    const own = [...found.get(key)!];
    for (const other of prerequisitesOf(catalog, owner)) putPrerequisite(catalog, found, other, own);
  }
  return found;
}

/** Whether `dependent` depends on the profile, directly or through others. */
export function isPrerequisite(catalog: Catalog, profile: Owner, dependent: Owner): boolean {
  const seen = new Set<OwnerKey>();
  const waiting = [...prerequisitesOf(catalog, dependent)];
  for (let owner = waiting.pop(); owner !== undefined; owner = waiting.pop()) {
    if (isSameOwner(owner, profile)) return true;
    const key = ownerKey(owner);
    if (seen.has(key)) continue;
    seen.add(key);
    waiting.push(...prerequisitesOf(catalog, owner));
  }
  return false;
}

/** What an owner depends on directly: ClusterProfiles, or a Profile's of its own namespace. */
export function prerequisitesOf(catalog: Catalog, owner: Owner): readonly Owner[] {
  const kind = owner.kind === "Profile" ? "Profile" : "ClusterProfile";
  return (findOwner(catalog, owner)?.dependsOn ?? []).map((name) => ({ kind, namespace: owner.namespace, name }));
}

/** Puts a profile and its prerequisites on clusters where they are not yet; so a cycle ends. */
function putPrerequisite(
  catalog: Catalog,
  found: ReadonlyMap<OwnerKey, Set<ClusterKey>>,
  owner: Owner,
  clusters: Iterable<ClusterKey>,
): void {
  const key = ownerKey(owner);
  const has = found.get(key);
  if (has === undefined) return;
  const added = [...clusters].filter((cluster) => !has.has(cluster));
  if (added.length === 0) return;
  for (const cluster of added) has.add(cluster);
  for (const other of prerequisitesOf(catalog, owner)) putPrerequisite(catalog, found, other, added);
}

/** Where a trigger may put objects, whether or not it has any. One that events name can be any. */
export function clustersWithObjects(
  trigger: EventTrigger,
  { clusterSets }: Pick<Catalog, "clusterSets">,
): ClusterPredicate {
  const { destinationCluster, destinationClusterSelector: selector } = trigger;
  if (destinationCluster !== undefined) {
    const [namespace, name] = [destinationCluster.namespace, destinationCluster.name].map(({ source }) => source.text);
    if (`${namespace}${name}`.includes("{{")) return () => true;
    return (cluster) => cluster.name === name && (namespace === "" || cluster.namespace === namespace);
  }
  if (selector !== undefined) return ({ labels }) => selectorMatches(selector, labels);
  return clusterSelection(trigger, clusterSets);
}
