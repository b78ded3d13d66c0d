/**
 * Counts what a change of the catalog would take away and bring: a walk over the records that it concerns, folded in
 * memory on the state as it is, chunk by chunk; what goes with owners and clusters that are gone is counted by names.
 * Nothing is written, so it may run beside the service.
 */
import type { Catalog } from "../../model/catalog.ts";
import { findOwner, isInForce } from "../../model/catalog-owners.ts";
import type { ChangeSet, Checkpoint, Pass } from "../../model/change-set.ts";
import type { ClusterKey } from "../../model/cluster.ts";
import type { CountedEffect, DocumentChange, EffectCause } from "../../model/mass-change.ts";
import type { Owner } from "../../model/owner.ts";
import { affectedOwners } from "../../plan/affected-owners.ts";
import { causesIn } from "../../plan/compare-catalogs/causes.ts";
import { compareCatalogs } from "../../plan/compare-catalogs/compare-catalogs.ts";
import { settingEntries } from "../../plan/mass-change/catalog-settings.ts";
import { EffectCount, objectKey } from "../../plan/mass-change/count-effects.ts";
import { parseOwner } from "../../plan/owner-file.ts";
import { ownersFolder } from "../../plan/paths.ts";
import { planCatalogChange } from "../../plan/plan-catalog-change.ts";
import type { GitReader, ObjectId } from "../../ports/git.ts";
import type { RenderSettings } from "../../render/render-spec.ts";
import { CountedEntities } from "../aggregates/counted-entities.ts";
import { foldInputs } from "../fold-inputs.ts";
import { readFolder } from "../read-folder.ts";
import { chunkLimits, renderPendingChunk } from "../render-pending.ts";
import { renderingOf } from "../rendering-of.ts";
import { type RuleOptions, rulesOf } from "../rules-of.ts";
import type { Sealer } from "../seal-secrets.ts";
import { countGone, type GoneOwner, partGone } from "./count-gone.ts";
import { folderOf } from "./desired-folder.ts";

export interface CountScope {
  readonly git: GitReader;
  /** Of the state branch, as it is when counting begins. */
  readonly tree: ObjectId;
  readonly checkpoint: Checkpoint;
  readonly rules: RuleOptions;
  readonly render: RenderSettings;
  readonly outputPath: string;
  /** One that encrypts nothing. */
  readonly sealer?: Sealer;
}

export interface CountedChange {
  readonly effects: readonly CountedEffect[];
  /** What differs between the two catalogs, settings that are part of them among it. */
  readonly documents: ReadonlyMap<string, DocumentChange>;
}

/** Told while counting what has been counted so far, which may still turn out to have moved only; false: give up. */
export type OnCounted = (soFar: () => CountedChange) => Promise<boolean>;

/** How many objects are counted by name before it is told. */
const namesAtOnce = 1000;

/** Both catalogs with the owners that are withdrawn. Undefined: it was given up. */
export async function countChange(
  scope: CountScope,
  inForce: Catalog,
  wanted: Catalog,
  onCounted: OnCounted = async () => true,
): Promise<CountedChange | undefined> {
  const { git, tree, checkpoint, render, outputPath } = scope;
  const comparison = compareCatalogs(inForce, wanted);
  const owners = [];
  for await (const [path, text] of readFolder(git, tree, ownersFolder)) owners.push(parseOwner(text, path));
  const kept = { paths: [], owners, pending: { passes: [], reviews: [] }, minutes: checkpoint.minutes };
  const output = { stateId: checkpoint.stateId, outputPath, instance: render.instance };
  const { passes } = planCatalogChange(wanted, kept, affectedOwners(inForce, wanted), output).pending;

  const causes = causesIn(comparison);
  const causeOf: CauseOf = (owner, cluster) => ({
    documents: causes(owner, cluster),
    isKnown: isInForce(inForce, owner) && inForce.clusters.has(cluster),
  });
  const documents = new Map<string, DocumentChange>();
  for (const [key, { before, after }] of comparison.changedDocuments)
    documents.set(key, { key, before: before?.text, after: after?.text });
  const [was, is] = [settingEntries(inForce), settingEntries(wanted)];
  for (const key of comparison.changedSettings) documents.set(key, { key, before: was.get(key), after: is.get(key) });

  const count = new EffectCount();
  const soFar = () => ({ effects: count.effects(), documents });
  const { rendered, gone } = partGone(wanted, passes);
  // What comes with new owners first: it may be what goes with others. Then what is counted in no time.
  const isNew = ({ owner }: Pass) => findOwner(inForce, owner) === undefined;
  const isDone =
    (await countRendered(scope, wanted, rendered.filter(isNew), causeOf, count, () => onCounted(soFar))) &&
    (await countNames(scope, wanted, gone, causeOf, count, () => onCounted(soFar))) &&
    (await countRendered(
      scope,
      wanted,
      rendered.filter((pass) => !isNew(pass)),
      causeOf,
      count,
      () => onCounted(soFar),
    ));
  return isDone ? soFar() : undefined;
}

type CauseOf = (owner: Owner, cluster: ClusterKey) => Pick<EffectCause, "documents" | "isKnown">;

/** What these passes would take and bring with the catalog. */
export async function countPasses(
  scope: CountScope,
  catalog: Catalog,
  passes: readonly Pass[],
  causeOf: CauseOf,
): Promise<readonly CountedEffect[]> {
  const count = new EffectCount();
  await countRendered(scope, catalog, passes, causeOf, count, async () => true);
  return count.effects();
}

/** Renders and folds in memory, chunk by chunk. False: it was given up. */
async function countRendered(
  scope: CountScope,
  catalog: Catalog,
  passes: readonly Pass[],
  causeOf: CauseOf,
  count: EffectCount,
  onCounted: () => Promise<boolean>,
): Promise<boolean> {
  const { git, tree, checkpoint, render } = scope;
  const rules = rulesOf(scope.rules, catalog);
  const settings = renderingOf(render, catalog);
  const read = { git, tree, catalog, settings, counted: new CountedEntities() };
  const sealing = scope.sealer === undefined ? {} : { sealer: scope.sealer };
  for (let pending = { ...checkpoint.pending, passes, reviews: [] as typeof checkpoint.pending.reviews }; ; ) {
    const [pass] = pending.passes;
    if (pass === undefined) return true;
    const chunk = await renderPendingChunk(read, pending, chunkLimits);
    const { changeSet } = await foldInputs({ ...read, ...sealing, rules }, chunk.inputs, checkpoint, checkpoint);
    for (const { owner, cluster, key, action } of objectEffects(changeSet)) {
      const cause = { ...causeOf(pass.owner, cluster), owner, cluster };
      if (action === "delete") count.goes(key, cause);
      else count.comes(key, cause);
    }
    pending = { passes: chunk.pending.passes, reviews: [] };
    if (pending.passes.length > 0 && !(await onCounted())) return false;
  }
}

/** What goes with owners and clusters that are gone. False: it was given up. */
async function countNames(
  { git, tree }: CountScope,
  wanted: Catalog,
  gone: readonly GoneOwner[],
  causeOf: CauseOf,
  count: EffectCount,
  onCounted: () => Promise<boolean>,
): Promise<boolean> {
  let isWanted = true;
  let untold = 0;
  await countGone(git, tree, wanted, gone, async ({ owner, place, cluster, files }) => {
    const cause = { ...causeOf(owner, cluster), owner: place, cluster };
    for (const file of files) count.goes(objectKey(cluster, file), cause);
    untold += files.length;
    if (untold >= namesAtOnce) {
      untold = 0;
      isWanted = await onCounted();
    }
    return isWanted;
  });
  return isWanted;
}

interface ObjectEffect {
  readonly action: "create" | "delete";
  /** Whose folder the object stands in: an owner's key. */
  readonly owner: string;
  readonly cluster: ClusterKey;
  /** The same for an object wherever its file stands. */
  readonly key: string;
}

/** Objects that come and go; those of Sluice's own, below `base/`, are nobody's. */
function objectEffects({ objects }: Pick<ChangeSet, "objects">): readonly ObjectEffect[] {
  return objects.flatMap(({ path, action }) => {
    if (action === "update") return [];
    const slash = path.lastIndexOf("/");
    const folder = folderOf(path.slice(0, slash));
    if (folder === undefined) return [];
    const { owner, cluster, place } = folder;
    return [{ action, owner, cluster, key: objectKey(cluster, `${place}${path.slice(slash)}`) }];
  });
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
