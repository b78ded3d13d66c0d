/**
 * The guard on mass changes (design-state.md): what of the wanted documents may be put in force, with how large a budget,
 * and what is held until somebody approves it or takes it back.
 */
import type { Catalog, ConfigFile } from "../../model/catalog.ts";
import type { CountedEffect, DocumentChange, GuardLimits, HeldChange } from "../../model/mass-change.ts";
import { keepWithdrawn } from "../../plan/keep-withdrawn.ts";
import { keepSettings } from "../../plan/mass-change/catalog-settings.ts";
import { changeId } from "../../plan/mass-change/change-id.ts";
import { budgetOf, chooseHeld, exceededLimits, type GuardScope } from "../../plan/mass-change/choose-held.ts";
import { groupHeld } from "../../plan/mass-change/group-held.ts";
import { readGuardState } from "../../plan/mass-change/guard-state.ts";
import { keepHeld } from "../../plan/mass-change/keep-held.ts";
import type { LoadCatalog } from "../loop/in-force.ts";
import { type CountScope, countChange } from "./count-change.ts";
import { countTotals } from "./count-totals.ts";

export interface JudgeScope extends CountScope {
  readonly limits: GuardLimits;
  /** With the owners that are withdrawn, and as it was loaded. */
  readonly inForce: Catalog;
  readonly loaded: Catalog;
  readonly loadCatalog: LoadCatalog;
}

export interface Wanted {
  readonly catalog: Catalog;
  /** What it was loaded from. */
  readonly files: readonly ConfigFile[];
}

export interface Verdict {
  /** What may be put in force; undefined: nothing of what is wanted. */
  readonly catalog: Catalog | undefined;
  /** How many objects its passes may take. */
  readonly budget: number;
  readonly held: readonly HeldChange[];
  /** Ids of approvals that are used up. */
  readonly approved: readonly string[];
}

export async function judgeChange(scope: JudgeScope, wanted: Wanted): Promise<Verdict> {
  if (wanted.catalog.documents.size === 0 && scope.loaded.documents.size > 0) {
    return judgeEmpty(wanted.catalog, scope.loaded, readGuardState(scope.checkpoint.parts).approvals);
  }
  const counted = await countChange(scope, scope.inForce, keepWithdrawn(wanted.catalog, scope.inForce));
  const { approvals } = readGuardState(scope.checkpoint.parts);
  const guard = await guardScope(scope, counted.effects);
  const chosen = chooseHeld(counted.effects, guard);
  const groups = groupHeld(chosen.documents, counted.effects, counted.documents, chosen.exceeded);
  const approved = groups.filter(({ id }) => approvals.includes(id));
  const held = groups.filter(({ id }) => !approvals.includes(id));
  const approvedIds = approved.map(({ id }) => id);
  if (held.length === 0) {
    const budget = budgetOf(removalsOf(counted.effects), approved.length > 0, guard);
    return { catalog: wanted.catalog, budget, held: [], approved: approvedIds };
  }
  const allHeld = () => holdAll(counted, approvals, guard, wanted.catalog);
  const documents = new Set(held.flatMap((change) => change.documents));
  const files = keepHeld(wanted.files, wanted.catalog, scope.loaded, documents);
  const settings = keepSettings(wanted.catalog, scope.inForce, documents);
  const { value: partial } = scope.loadCatalog(files, scope.loaded, settings);
  const rest = await countChange(scope, scope.inForce, keepWithdrawn(partial, scope.inForce));
  const approvedDocuments = new Set(approved.flatMap((change) => change.documents));
  const unapproved = rest.effects.filter(
    (effect) => !effect.documents.every((document) => approvedDocuments.has(document)),
  );
  if (exceededLimits(unapproved, guard).length > 0) return allHeld();
  const budget = budgetOf(removalsOf(rest.effects), approved.length > 0, guard);
  return { catalog: partial, budget, held, approved: approvedIds };
}

/** A folder without any document takes everything away, however little that is: somebody has to say so. */
function judgeEmpty(catalog: Catalog, { documents }: Catalog, approvals: readonly string[]): Verdict {
  const changes = [...documents].map(([key, { text }]) => ({ key, before: text, after: undefined }));
  const id = changeId(changes);
  if (approvals.includes(id)) return { catalog, budget: Number.MAX_SAFE_INTEGER, held: [], approved: [id] };
  const names = [...documents.keys()];
  const held = { id, documents: names, removals: 0, additions: 0, owners: [], clusters: [], exceeded: [] };
  return { catalog: undefined, budget: 0, held: [held], approved: [] };
}

/** All that changed as one change: nothing of it goes in force until that is approved. */
function holdAll(
  {
    effects,
    documents,
  }: { readonly effects: readonly CountedEffect[]; readonly documents: ReadonlyMap<string, DocumentChange> },
  approvals: readonly string[],
  guard: GuardScope,
  catalog: Catalog,
): Verdict {
  const together = effects.map((effect) => ({ ...effect, documents: [...documents.keys()] }));
  const [change] = groupHeld(new Set(documents.keys()), together, documents, exceededLimits(effects, guard));
  if (change === undefined || approvals.includes(change.id)) {
    return {
      catalog,
      budget: budgetOf(removalsOf(effects), true, guard),
      held: [],
      approved: change ? [change.id] : [],
    };
  }
  return { catalog: undefined, budget: 0, held: [change], approved: [] };
}

async function guardScope(scope: JudgeScope, effects: readonly CountedEffect[]): Promise<GuardScope> {
  const { git, tree, checkpoint, limits } = scope;
  const { hour } = readGuardState(checkpoint.parts);
  return { limits, hour, minute: checkpoint.minutes, totals: await countTotals(git, tree, effects) };
}

function removalsOf(effects: readonly CountedEffect[]): number {
  return effects.reduce((sum, { removals }) => sum + removals, 0);
}

/** One line that says what a held change would do, and to whom. */
export function describeHeld({ id, removals, additions, owners, clusters, documents }: HeldChange): string {
  const effect = [
    ...(removals > 0 ? [`remove ${removals} objects`] : []),
    ...(additions > 0 ? [`add ${additions} objects`] : []),
  ].join(" and ");
  const whom = `${some(owners)}${clusters.length === 0 ? "" : ` on ${some(clusters)}`}`;
  const put = `${some(documents)}`;
  return `change ${id} is held: it would ${effect === "" ? "empty the config folder" : effect}${owners.length === 0 ? "" : ` of ${whom}`} (${put})`;
}

function some(names: readonly string[]): string {
  return names.length <= 3 ? names.join(", ") : `${names.slice(0, 3).join(", ")} and ${names.length - 3} more`;
}
