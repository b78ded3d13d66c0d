/**
 * What a change of the catalog affects (design-state.md, "Only what is affected"): told by comparing two catalogs in
 * memory. Nothing is read, rendered for an event or kept for it.
 */
import type { Catalog, EventTrigger, Profile } from "../../model/catalog.ts";
import { isProfile, isWithdrawn, ownersByKey } from "../../model/catalog-owners.ts";
import { type ClusterKey, clusterKey } from "../../model/cluster.ts";
import type { CustomKind } from "../../model/custom-kind.ts";
import { writeJson } from "../../model/json.ts";
import type { Owner } from "../../model/owner.ts";
import { isSameFault } from "../../model/problem.ts";
import { selectorMatches } from "../../model/select-clusters.ts";
import { changedSettings } from "../mass-change/catalog-settings.ts";
import { type ChangedDocument, findChangedClusters, findChangedDocuments } from "./changed-documents.ts";
import { type Comparison, compareOwner, type OwnerChange } from "./compare-owner.ts";
import { compareProfile } from "./compare-profile.ts";

/** An owner that was in force, and may render otherwise now. */
export interface AffectedOwner extends OwnerChange {
  readonly owner: Owner;
}

export interface CatalogComparison extends Comparison {
  /** By name. Those that are withdrawn or back are among them, those that are new are not. */
  readonly owners: readonly AffectedOwner[];
  readonly addedClusters: readonly ClusterKey[];
  readonly goneClusters: readonly ClusterKey[];
  /** Owners whose documents are gone now. */
  readonly withdrawnOwners: readonly Owner[];
  /** Owners that were withdrawn and have their documents again. */
  readonly returnedOwners: readonly Owner[];
  /** Owners of which nothing was known: they have no records. */
  readonly addedOwners: readonly Owner[];
  /** Settings that differ and are part of the catalog, as keys beside those of documents. */
  readonly changedSettings: readonly string[];
}

export function compareCatalogs(inForce: Catalog, wanted: Catalog): CatalogComparison {
  const changedDocuments = findChangedDocuments(inForce, wanted);
  const comparison: Comparison = {
    inForce,
    wanted,
    changedDocuments,
    changedContents: findChangedContents(inForce, wanted, changedDocuments),
    changedClusters: findChangedClusters(inForce, wanted),
    reconnected: findReconnected(inForce, wanted),
    haveKindsChanged: kindsText(inForce) !== kindsText(wanted),
    allClusters: [...new Set([...inForce.clusters.keys(), ...wanted.clusters.keys()])].sort(),
  };
  const [before, after] = [ownersByKey(inForce), ownersByKey(wanted)];
  const owners: AffectedOwner[] = [];
  const withdrawnOwners: Owner[] = [];
  const returnedOwners: Owner[] = [];
  const addedOwners: Owner[] = [];
  for (const key of [...new Set([...before.keys(), ...after.keys()])].sort()) {
    const [one, other] = [before.get(key), after.get(key)];
    const { owner } = (one ?? other)!;
    const [was, is] = [one, other].map((found) => found !== undefined && !isWithdrawn(found.spec));
    if (one === undefined) addedOwners.push(owner);
    else if (was && !is) withdrawnOwners.push(owner);
    else if (!was && is) returnedOwners.push(owner);
    const change = one === undefined ? undefined : compareSpec(one.spec, other?.spec, comparison);
    if (change !== undefined) owners.push({ owner, ...change });
  }
  return {
    ...comparison,
    owners,
    addedClusters: comparison.allClusters.filter((key) => !inForce.clusters.has(key)),
    goneClusters: comparison.allClusters.filter((key) => !wanted.clusters.has(key)),
    withdrawnOwners,
    returnedOwners,
    addedOwners,
    changedSettings: changedSettings(inForce, wanted),
  };
}

/** `after` undefined: its documents are gone. */
function compareSpec(before: Spec, after: Spec | undefined, comparison: Comparison): OwnerChange | undefined {
  if (after === undefined) return { clusters: "all", reason: "its documents are gone" };
  if (isProfile(before) && isProfile(after)) return compareProfile(before, after, comparison);
  if (!isProfile(before) && !isProfile(after)) return compareOwner(before, after, comparison);
  return undefined;
}

type Spec = EventTrigger | Profile;

function kindsText({ customKinds }: Catalog): string {
  const versions = (kind: CustomKind) => [...kind.versions].map(([name, schema]) => [name, writeJson(schema ?? null)]);
  return JSON.stringify([...customKinds].map(([key, kind]) => [key, kind.scope, versions(kind)]));
}

/** ConfigMaps and Secrets: what they say, or whether it may be rendered. */
function findChangedContents(
  inForce: Catalog,
  wanted: Catalog,
  changedDocuments: ReadonlyMap<string, ChangedDocument>,
): ReadonlySet<string> {
  const changed = new Set<string>();
  for (const key of changedDocuments.keys()) if (/^(?:ConfigMap|Secret)\//.test(key)) changed.add(key);
  for (const [key, content] of wanted.contents) {
    const before = inForce.contents.get(key);
    if (before !== undefined && !isSameFault(before.broken, content.broken)) changed.add(key);
  }
  return changed;
}

/** Clusters that one of the connections serves in one of the catalogs and not in the other. */
function findReconnected(inForce: Catalog, wanted: Catalog): ReadonlySet<ClusterKey> {
  const changed = new Set<ClusterKey>();
  for (const connection of new Set([...inForce.connectionClusters.keys(), ...wanted.connectionClusters.keys()])) {
    const [before, after] = [inForce.connectionClusters.get(connection), wanted.connectionClusters.get(connection)];
    for (const is of wanted.clusters.values()) {
      const was = inForce.clusters.get(clusterKey(is));
      if (was === undefined) continue;
      const isServed = after === undefined || selectorMatches(after, is.labels);
      const wasServed = before === undefined || selectorMatches(before, was.labels);
      if (isServed !== wasServed) changed.add(clusterKey(is));
    }
  }
  return changed;
}
