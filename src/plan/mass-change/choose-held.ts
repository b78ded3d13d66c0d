/**
 * Which of the changed documents are held (design-state.md, the guard on mass changes).
 *
 * Documents whose own effect is beyond a limit stay as they were, the others may go in force; if no document alone is
 * beyond and all together are, all are held. What several documents share in counts for each of them.
 */
import { type CountedEffect, type GuardLimits, type LimitExceeded, shareRemovalsMin } from "../../model/mass-change.ts";
import { type RemovalsOfHour, sumOfHour } from "./removals-of-hour.ts";

/** How many objects an owner's folder, or a cluster, has as it is. */
export type ObjectTotals = (ownerOrCluster: string) => number;

export interface GuardScope {
  readonly limits: GuardLimits;
  readonly hour: RemovalsOfHour;
  /** Of the checkpoint. */
  readonly minute: number;
  readonly totals: ObjectTotals;
}

export interface Held {
  /** Keys of documents. */
  readonly documents: ReadonlySet<string>;
  /** By which limits. */
  readonly exceeded: readonly LimitExceeded[];
}

const nothingHeld: Held = { documents: new Set(), exceeded: [] };

export function chooseHeld(effects: readonly CountedEffect[], scope: GuardScope): Held {
  const inAll = exceededLimits(effects, scope);
  if (inAll.length === 0) return nothingHeld;
  const documents = new Set<string>();
  const exceeded: LimitExceeded[] = [];
  for (const document of new Set(effects.flatMap((effect) => effect.documents))) {
    const alone = exceededLimits(
      effects.filter((effect) => effect.documents.includes(document)),
      scope,
    );
    if (alone.length === 0) continue;
    documents.add(document);
    exceeded.push(...alone);
  }
  if (documents.size > 0) return { documents, exceeded: uniqueLimits(exceeded) };
  return { documents: new Set(effects.flatMap((effect) => effect.documents)), exceeded: inAll };
}

/** The limits that these effects are beyond, together with what went within the hour. */
export function exceededLimits(
  effects: readonly CountedEffect[],
  { limits, hour, minute, totals }: GuardScope,
): readonly LimitExceeded[] {
  const past = sumOfHour(hour, minute);
  const exceeded: LimitExceeded[] = [];
  const going = sum(effects.map(({ removals }) => removals));
  // What went before is no reason to hold a change that takes nothing.
  if (going > 0 && past.total + going > limits.removals) {
    exceeded.push({ limit: "removals", counted: past.total + going, allowed: limits.removals });
  }
  const coming = sum(effects.filter(({ isKnown }) => isKnown).map(({ additions }) => additions));
  if (coming > limits.additions) exceeded.push({ limit: "additions", counted: coming, allowed: limits.additions });
  for (const [key, before] of [
    ["owner", past.owners],
    ["cluster", past.clusters],
  ] as const) {
    for (const [of, removals] of sumBy(effects, key)) {
      const gone = before.get(of) ?? 0;
      const counted = gone + removals;
      // What it had at the beginning of the hour: what it has now, and what went since.
      const allowed = limits.share * (totals(of) + gone);
      if (removals > 0 && counted >= shareRemovalsMin && counted > allowed) {
        exceeded.push({ limit: "share", of, counted, allowed: Math.floor(allowed) });
      }
    }
  }
  return exceeded;
}

/** Whether so much goes that a share may be too large: only then do totals have to be known. */
export function mayShareExceed(
  effects: readonly CountedEffect[],
  { hour, minute }: Pick<GuardScope, "hour" | "minute">,
): boolean {
  const going = sum(effects.map(({ removals }) => removals));
  return going > 0 && sumOfHour(hour, minute).total + going >= shareRemovalsMin;
}

/**
 * How many objects a change may take once it is in force: what the limits leave, or what was approved and a tenth more.
 * No count needs to be believed: a pass that would take more stops.
 */
export function budgetOf(counted: number, approved: boolean, { limits, hour, minute }: GuardScope): number {
  if (approved) return counted + Math.ceil(counted / 10);
  return Math.max(0, limits.removals - sumOfHour(hour, minute).total);
}

function sumBy(effects: readonly CountedEffect[], key: "owner" | "cluster"): ReadonlyMap<string, number> {
  const sums = new Map<string, number>();
  for (const effect of effects) sums.set(effect[key], (sums.get(effect[key]) ?? 0) + effect.removals);
  return sums;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

function uniqueLimits(exceeded: readonly LimitExceeded[]): readonly LimitExceeded[] {
  return [...new Map(exceeded.map((limit) => [JSON.stringify([limit.limit, limit.of]), limit])).values()];
}
