/**
 * The guard on mass changes (design-state.md): what of the wanted documents may be put in force, with how large a budget,
 * and what is held until somebody approves it or takes it back.
 */
import type { Catalog, ConfigFile } from "../../model/catalog.ts";
import { countOf } from "../../model/count-of.ts";
import type { CountedEffect, HeldChange, TargetPlace } from "../../model/mass-change.ts";
import { keepWithdrawn } from "../../plan/keep-withdrawn.ts";
import { keepSettings } from "../../plan/mass-change/catalog-settings.ts";
import { changeId } from "../../plan/mass-change/change-id.ts";
import {
  budgetOf,
  chooseHeld,
  exceededLimits,
  type GuardScope,
  mayShareExceed,
} from "../../plan/mass-change/choose-held.ts";
import { groupHeld } from "../../plan/mass-change/group-held.ts";
import { readGuardState } from "../../plan/mass-change/guard-state.ts";
import { keepHeld } from "../../plan/mass-change/keep-held.ts";
import type { LoadCatalog } from "../loop/in-force.ts";
import { type CountedChange, type CountScope, countChange, type OnCounted } from "./count-change.ts";
import { countTotals } from "./count-totals.ts";
import { heldRenames } from "./held-renames.ts";

export interface JudgeScope extends CountScope {
  /** With the owners that are withdrawn, and as it was loaded. */
  readonly inForce: Catalog;
  readonly loaded: Catalog;
  readonly loadCatalog: LoadCatalog;
  /** Ids that people have approved by now; absent: those that the checkpoint has. */
  readonly approvals?: () => readonly string[];
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

/** Looks on while a change is counted. */
export interface Onlooker {
  /** Told once, as soon as what was counted is beyond a limit: it is held from then on, and counted on to tell. */
  readonly onHeld: (held: readonly HeldChange[]) => void;
  /** Asked between chunks; false: nobody wants to know any more. */
  readonly isWanted: () => boolean;
}

/** Undefined: the onlooker wanted to know no more. */
export async function judgeChange(
  scope: JudgeScope,
  wanted: Wanted,
  onlooker?: Onlooker,
): Promise<Verdict | undefined> {
  const approvalsNow = scope.approvals ?? (() => readGuardState(scope.checkpoint.parts).approvals);
  if (wanted.catalog.documents.size === 0 && scope.loaded.documents.size > 0) {
    return judgeEmpty(wanted.catalog, scope.loaded, approvalsNow());
  }
  const guard = new Guard(scope);
  const withWithdrawn = (catalog: Catalog) => keepWithdrawn(catalog, scope.inForce);
  const onCounted = onlooker === undefined ? undefined : holdAtOnce(guard, onlooker, approvalsNow);
  const counted = await countChange(scope, scope.inForce, withWithdrawn(wanted.catalog), onCounted);
  if (counted === undefined) return undefined;
  const approvals = approvalsNow();
  const whole = await guard.scopeFor(counted.effects);
  const groups = heldGroups(counted, whole);
  const approved = groups.filter(({ id }) => approvals.includes(id));
  const renames = heldRenames(scope.checkpoint, scope.inForce, wanted.catalog);
  const held = [...groups.filter(({ id }) => !approvals.includes(id)), ...renames];
  const approvedIds = approved.map(({ id }) => id);
  if (held.length === 0) {
    const budget = budgetOf(removalsOf(counted.effects), approved.length > 0, whole);
    return { catalog: wanted.catalog, budget, held: [], approved: approvedIds };
  }
  const documents = new Set(held.flatMap((change) => change.documents));
  const files = keepHeld(wanted.files, wanted.catalog, scope.loaded, documents);
  const settings = keepSettings(wanted.catalog, scope.inForce, documents);
  const { value: partial } = scope.loadCatalog(files, scope.loaded, settings);
  const isWanted = onlooker === undefined ? undefined : async () => onlooker.isWanted();
  const rest = await countChange(scope, scope.inForce, withWithdrawn(partial), isWanted);
  if (rest === undefined) return undefined;
  const approvedDocuments = new Set(approved.flatMap((change) => change.documents));
  const unapproved = rest.effects.filter(
    (effect) => !effect.documents.every((document) => approvedDocuments.has(document)),
  );
  const limits = await guard.scopeFor(rest.effects);
  if (exceededLimits(unapproved, limits).length > 0) return holdAll(counted, approvals, whole, wanted.catalog);
  const budget = budgetOf(removalsOf(rest.effects), approved.length > 0, limits);
  return { catalog: partial, budget, held, approved: approvedIds };
}

/** What of a change is beyond the limits, as changes of their own. */
function heldGroups({ effects, documents }: CountedChange, guard: GuardScope): readonly HeldChange[] {
  const chosen = chooseHeld(effects, guard);
  return groupHeld(chosen.documents, effects, documents, chosen.exceeded);
}

/** Holds what is beyond the limits by what was counted so far, once. */
function holdAtOnce(guard: Guard, { onHeld, isWanted }: Onlooker, approvals: () => readonly string[]): OnCounted {
  let isHeld = false;
  return async (soFar) => {
    if (!isHeld) {
      const counted = soFar();
      const held = heldGroups(counted, await guard.scopeFor(counted.effects, true))
        .filter(({ id }) => !approvals().includes(id))
        .map((change) => ({ ...change, isCounting: true as const }));
      isHeld = held.length > 0;
      if (isHeld) onHeld(held);
    }
    return isWanted();
  };
}

/** The limits, and what they are held against: totals are counted when a share may be too large, and once. */
class Guard {
  readonly #scope: JudgeScope;
  #totals: ReadonlyMap<string, number> | undefined;

  constructor(scope: JudgeScope) {
    this.#scope = scope;
  }

  /** `isQuick`: where so much goes already that no share matters, none is looked at. */
  async scopeFor(effects: readonly CountedEffect[], isQuick = false): Promise<GuardScope> {
    const { git, tree, checkpoint } = this.#scope;
    const limits = this.#scope.inForce.guard;
    const { hour } = readGuardState(checkpoint.parts);
    const without = { limits, hour, minute: checkpoint.minutes, totals: () => Number.POSITIVE_INFINITY };
    if (!mayShareExceed(effects, without) || (isQuick && exceededLimits(effects, without).length > 0)) return without;
    this.#totals ??= await countTotals(git, tree);
    const totals = this.#totals;
    return { ...without, totals: (key) => totals.get(key) ?? 0 };
  }
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
  { effects, documents }: CountedChange,
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

function removalsOf(effects: readonly CountedEffect[]): number {
  return effects.reduce((sum, { removals }) => sum + removals, 0);
}

/** One line that says what a held change would do, and to whom. */
export function describeHeld(change: HeldChange): string {
  const { id, removals, additions, moves, owners, clusters, documents, isCounting, handOver } = change;
  if (handOver !== undefined) {
    const what =
      handOver === "delivery" ? documents.join(", ") : `EventTrigger ${handOver.from} becomes ${handOver.to}`;
    return `change ${id} is held: ${what}: it moves objects from unit to unit, and is a hand-over in steps`;
  }
  const effect = [
    ...(moves === undefined
      ? []
      : [`move ${countOf(moves.objects, "object")} from ${placeText(moves.from)} to ${placeText(moves.to)}`]),
    ...(removals > 0 ? [`remove ${countOf(removals, "object")}`] : []),
    ...(additions > 0 ? [`add ${countOf(additions, "object")}`] : []),
  ].join(" and ");
  const what = effect === "" ? "empty the config folder" : `${effect}${isCounting === true ? " and more" : ""}`;
  const whom = `${some(owners)}${clusters.length === 0 ? "" : ` on ${some(clusters)}`}`;
  const counting = isCounting === true ? "; it is being counted on" : "";
  return `change ${id} is held: it would ${what}${owners.length === 0 ? "" : ` of ${whom}`} (${some(documents)})${counting}`;
}

function placeText({ branch, path }: TargetPlace): string {
  return `${path}/ on ${branch}`;
}

function some(names: readonly string[]): string {
  return names.length <= 3 ? names.join(", ") : `${names.slice(0, 3).join(", ")} and ${names.length - 3} more`;
}
