/**
 * Putting a catalog in force: the copy that the state branch keeps of it, a folder for each cluster, what owners ask
 * for, and whose entities have to be rendered again.
 *
 * Nothing is removed here: entities follow one by one, from their records, in bounded chunks.
 */
import type { Catalog } from "../model/catalog.ts";
import { findOwner, isWithdrawn, ownersOf } from "../model/catalog-owners.ts";
import type { PendingWork } from "../model/change-set.ts";
import { clustersWithFolders } from "../model/local-object.ts";
import { isSameOwner, type OwnerKey, ownerKey, triggerOwner } from "../model/owner.ts";
import { findRenamed } from "./adopt-record.ts";
import type { AffectedClusters } from "./affected-owners.ts";
import { type OutputOwner, writeClusterFile } from "./cluster-file.ts";
import { writeKeptDocument } from "./kept-document.ts";
import { type OwnerRecord, writeOwner } from "./owner-file.ts";
import { clusterFilePath, documentPath, ownerPath } from "./paths.ts";
import { joinAdoption, joinPass } from "./pending-work.ts";
import type { PlanInput } from "./state-fold.ts";

export interface CatalogChange {
  readonly inputs: readonly PlanInput[];
  readonly pending: PendingWork;
}

/** What the state has of the catalog that was in force. */
export interface KeptCatalog {
  /** Files of the documents. */
  readonly paths: readonly string[];
  readonly owners: readonly OwnerRecord[];
  readonly pending: PendingWork;
  /** The checkpoint's: when owners that are gone were withdrawn. */
  readonly minutes: number;
}

/** `catalog` has the owners whose documents are gone too, as withdrawn; `affected`: whose rendering may differ. */
export function planCatalogChange(
  catalog: Catalog,
  kept: KeptCatalog,
  affected: ReadonlyMap<OwnerKey, AffectedClusters>,
  output: OutputOwner,
): CatalogChange {
  const inputs: PlanInput[] = [];
  const paths = new Set<string>();
  // One document a file: of a bad one it is the last good version, which a restart has to know.
  for (const document of catalog.documents.values()) {
    const { apiVersion, kind, namespace, name } = document;
    const isSet = kind === "ClusterSet" || kind === "Set";
    const set = isSet ? catalog.clusterSets.get(namespace === "" ? name : `${namespace}/${name}`) : undefined;
    const path = documentPath(apiVersion, kind, namespace, name);
    paths.add(path);
    inputs.push(file(path, writeKeptDocument(document, set?.chosen)));
  }
  for (const path of kept.paths) if (!paths.has(path)) inputs.push(file(path, undefined));
  for (const [key, cluster] of clustersWithFolders(catalog))
    inputs.push(file(clusterFilePath(key), writeClusterFile(cluster, output)));

  let { passes } = kept.pending;
  const known = new Map(kept.owners.map((one) => [ownerKey(one.owner), one]));
  for (const { owner, spec } of ownersOf(catalog)) {
    const key = ownerKey(owner);
    const before = known.get(key);
    const isGone = isWithdrawn(spec);
    const { stopMatchingBehavior } = spec;
    const withdrawnAt = isGone ? { withdrawnAt: before?.withdrawnAt ?? kept.minutes } : {};
    inputs.push(file(ownerPath(owner), writeOwner({ owner, stopMatchingBehavior, ...withdrawnAt })));
    // A trigger that was not there before has no records: it sees later events only. A profile waits for none.
    if (before === undefined && owner.kind === "EventTrigger") continue;
    const hasTurned = before === undefined || (before.withdrawnAt !== undefined) !== isGone;
    const clusters = hasTurned ? "all" : affected.get(key);
    if (clusters !== undefined) passes = joinPass(passes, owner, clusters === "all" ? undefined : clusters);
  }
  const renamed = findRenamed(catalog);
  const former = new Set(renamed.values());
  for (const [name, from] of renamed) {
    const owner = triggerOwner(from);
    if (known.has(ownerKey(owner))) passes = joinAdoption(passes, triggerOwner(name), owner);
  }
  // Withdrawn, and nothing is left of its documents: its objects follow what it last asked for.
  for (const { owner, stopMatchingBehavior, withdrawnAt } of kept.owners) {
    const isFormer = owner.kind === "EventTrigger" && former.has(owner.name);
    if (findOwner(catalog, owner) !== undefined || withdrawnAt !== undefined || isFormer) continue;
    inputs.push(file(ownerPath(owner), writeOwner({ owner, stopMatchingBehavior, withdrawnAt: kept.minutes })));
    if (!passes.some((pass) => isSameOwner(pass.owner, owner))) passes = joinPass(passes, owner);
  }
  return { inputs, pending: { ...kept.pending, passes, ...renamedBackfill(kept.pending, renamed) } };
}

/** What passed an owner by meanwhile is still to come to whoever takes over from it. */
function renamedBackfill({ backfill }: PendingWork, renamed: ReadonlyMap<string, string>): Partial<PendingWork> {
  if (backfill === undefined) return {};
  const taker = [...renamed].find(([, from]) => isSameOwner(backfill.owner, triggerOwner(from)));
  return taker === undefined ? {} : { backfill: { ...backfill, owner: triggerOwner(taker[0]) } };
}

function file(path: string, text: string | undefined): PlanInput {
  return { kind: "file", path, text };
}
