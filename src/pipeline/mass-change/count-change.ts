/**
 * Counts what a change of the catalog would take away and bring: a walk over the records that it concerns, folded in
 * memory on the state as it is, chunk by chunk. Nothing is written, so it may run beside the service.
 */
import type { Catalog } from "../../model/catalog.ts";
import { isInForce } from "../../model/catalog-owners.ts";
import type { ChangeSet, Checkpoint, Pass } from "../../model/change-set.ts";
import type { ClusterKey } from "../../model/cluster.ts";
import type { CountedEffect, DocumentChange } from "../../model/mass-change.ts";
import { type Owner, ownerKey } from "../../model/owner.ts";
import { affectedOwners } from "../../plan/affected-owners.ts";
import { causesIn } from "../../plan/compare-catalogs/causes.ts";
import { compareCatalogs } from "../../plan/compare-catalogs/compare-catalogs.ts";
import { settingEntries } from "../../plan/mass-change/catalog-settings.ts";
import { EffectCount, objectKey } from "../../plan/mass-change/count-effects.ts";
import { parseOwner } from "../../plan/owner-file.ts";
import { decodePathPart, type OwnedPath, ownerOfFolder, ownersFolder, readOwnedPath } from "../../plan/paths.ts";
import { planCatalogChange } from "../../plan/plan-catalog-change.ts";
import type { GitReader, ObjectId } from "../../ports/git.ts";
import type { RenderSettings } from "../../render/render-spec.ts";
import { CountedEntities } from "../aggregates/counted-entities.ts";
import { foldInputs } from "../fold-inputs.ts";
import { readFolder } from "../read-folder.ts";
import { chunkLimits, renderPendingChunk } from "../render-pending.ts";
import { type RuleOptions, rulesOf } from "../rules-of.ts";

export interface CountScope {
  readonly git: GitReader;
  /** Of the state branch, as it is when counting begins. */
  readonly tree: ObjectId;
  readonly checkpoint: Checkpoint;
  readonly rules: RuleOptions;
  readonly render: RenderSettings;
  readonly outputPath: string;
}

export interface CountedChange {
  readonly effects: readonly CountedEffect[];
  /** What differs between the two catalogs, settings that are part of them among it. */
  readonly documents: ReadonlyMap<string, DocumentChange>;
}

/** Both catalogs with the owners that are withdrawn. */
export async function countChange(scope: CountScope, inForce: Catalog, wanted: Catalog): Promise<CountedChange> {
  const { git, tree, checkpoint, render, outputPath } = scope;
  const comparison = compareCatalogs(inForce, wanted);
  const owners = [];
  for await (const [path, text] of readFolder(git, tree, ownersFolder)) owners.push(parseOwner(text, path));
  const kept = { paths: [], owners, pending: { passes: [], reviews: [] }, minutes: checkpoint.minutes };
  const output = { stateId: checkpoint.stateId, outputPath, instance: render.instance };
  const { passes } = planCatalogChange(wanted, kept, affectedOwners(inForce, wanted), output).pending;

  const causes = causesIn(comparison);
  const effects = await countPasses(scope, wanted, passes, (owner, cluster) => ({
    documents: causes(owner, cluster),
    isKnown: isInForce(inForce, owner) && inForce.clusters.has(cluster),
  }));
  const documents = new Map<string, DocumentChange>();
  for (const [key, { before, after }] of comparison.changedDocuments)
    documents.set(key, { key, before: before?.text, after: after?.text });
  const [was, is] = [settingEntries(inForce), settingEntries(wanted)];
  for (const key of comparison.changedSettings) documents.set(key, { key, before: was.get(key), after: is.get(key) });
  return { effects, documents };
}

/** What these passes would take and bring with the catalog. */
export async function countPasses(
  scope: CountScope,
  catalog: Catalog,
  passes: readonly Pass[],
  causeOf: (owner: Owner, cluster: ClusterKey) => { readonly documents: readonly string[]; readonly isKnown: boolean },
): Promise<readonly CountedEffect[]> {
  const { git, tree, checkpoint, render } = scope;
  const rules = rulesOf(scope.rules, catalog);
  const read = { git, tree, catalog, settings: render, counted: new CountedEntities() };
  const count = new EffectCount();
  for (let pending = { ...checkpoint.pending, passes, reviews: [] as typeof checkpoint.pending.reviews }; ; ) {
    const [pass] = pending.passes;
    if (pass === undefined) return count.effects();
    const chunk = await renderPendingChunk(read, pending, chunkLimits);
    const { changeSet } = await foldInputs({ ...read, rules }, chunk.inputs, checkpoint, checkpoint);
    for (const { owner, cluster, key, action } of objectEffects(changeSet)) {
      const cause = { ...causeOf(pass.owner, cluster), owner, cluster };
      if (action === "delete") count.goes(key, cause);
      else count.comes(key, cause);
    }
    pending = { passes: chunk.pending.passes, reviews: [] };
  }
}

export interface ObjectEffect {
  readonly action: "create" | "delete";
  /** Whose folder the object stands in: an owner's key. */
  readonly owner: string;
  readonly cluster: ClusterKey;
  /** The same for an object wherever its file stands. */
  readonly key: string;
}

/** Objects that come and go; those of Sluice's own, below `base/`, are nobody's. */
export function objectEffects({ objects }: Pick<ChangeSet, "objects">): readonly ObjectEffect[] {
  return objects.flatMap(({ path, action }) => {
    if (action === "update") return [];
    const [, namespace = "", name = "", ...below] = path.split("/");
    const owned = readOwnedPath(below.join("/"));
    if (owned === undefined) return [];
    const cluster = `${decodePathPart(namespace)}/${decodePathPart(name)}`;
    return [{ action, owner: ownerName(owned, cluster), cluster, key: objectKey(cluster, owned.file) }];
  });
}

/** As owners are keyed; where the name had to be cut, as it stands in the path. */
function ownerName({ kind, ownerFolder }: OwnedPath, cluster: ClusterKey): string {
  const owner = ownerOfFolder(kind, ownerFolder, cluster);
  return owner === undefined ? `${kind}/${decodePathPart(ownerFolder)}` : ownerKey(owner);
}

/** How many objects go, those that only move left out, by owner and cluster. */
export function countRemovals(
  changeSet: Pick<ChangeSet, "objects">,
): readonly (Pick<ObjectEffect, "owner" | "cluster"> & { readonly removals: number })[] {
  const count = new EffectCount();
  for (const { action, owner, cluster, key } of objectEffects(changeSet)) {
    const cause = { documents: [], owner, cluster, isKnown: true };
    if (action === "delete") count.goes(key, cause);
    else count.comes(key, cause);
  }
  return count.effects().filter(({ removals }) => removals > 0);
}
