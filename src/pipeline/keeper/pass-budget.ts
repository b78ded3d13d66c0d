/**
 * Passes take their removals from a budget, chunk by chunk, each in its own commit. A pass that would take more than is
 * left stops there, held under an id of its own, until a person approves it; everything else goes on.
 */
import type { Pass } from "../../model/change-set.ts";
import { countOf } from "../../model/count-of.ts";
import { ownerKey } from "../../model/owner.ts";
import type { Problem } from "../../model/problem.ts";
import { changeId } from "../../plan/mass-change/change-id.ts";
import { readGuardState, writeGuardState } from "../../plan/mass-change/guard-state.ts";
import { addRemovals, sumOfHour } from "../../plan/mass-change/removals-of-hour.ts";
import { areAnyToCome, isRunnable } from "../../plan/pending-work.ts";
import { countPasses, countRemovals } from "../mass-change/count-change.ts";
import type { PendingChunk } from "../render-pending.ts";
import type { StateCommits } from "./state-commits.ts";

export class PassBudget {
  readonly #commits: StateCommits;

  constructor(commits: StateCommits) {
    this.#commits = commits;
  }

  /** Passes that would have taken more than they may. */
  get heldPasses(): readonly Pass[] {
    return this.#commits.checkpoint.pending.passes.filter(({ held }) => held !== undefined);
  }

  /** Commits a chunk and takes its removals from the budget; one that would take more is not committed. */
  async commitChunk({ inputs, pending }: Pick<PendingChunk, "inputs" | "pending">): Promise<void> {
    const commits = this.#commits;
    commits.countMinutes();
    const { tree } = commits;
    const folded = await commits.fold(inputs, { pending }, tree);
    const removals = countRemovals(folded.changeSet);
    const total = removals.reduce((sum, effect) => sum + effect.removals, 0);
    const { minutes, parts: before, pending: pendingBefore } = commits.checkpoint;
    const state = readGuardState(before);
    const left = state.budget ?? Math.max(0, commits.catalog.guard.removals - sumOfHour(state.hour, minutes).total);
    const running =
      pendingBefore.reviews.length > 0
        ? undefined
        : pendingBefore.passes.find((pass) => isRunnable(pass, pendingBefore.backfill));
    if (total > left && running !== undefined) return this.#hold(running, total, left);
    const taken = { ...state, budget: Math.max(0, left - total), hour: addRemovals(state.hour, minutes, removals) };
    const parts = total === 0 ? before : writeGuardState(before, taken);
    // The last chunk may have found objects to look at again: they take from the same budget.
    const isDone = !areAnyToCome(folded.checkpoint.pending);
    const rest = isDone ? writeGuardState(parts, { ...readGuardState(parts), budget: undefined }) : parts;
    // Most chunks take nothing: what was folded to count them is what is committed.
    if (rest === before) await commits.store(folded, { mayWait: false, base: tree });
    else await commits.commit(inputs, { pending, parts: rest });
  }

  /** Lets a held pass go on, with what it takes and a tenth more. False: there is none of that id. */
  async approve(id: string): Promise<boolean> {
    const commits = this.#commits;
    const scope = commits.countScope;
    const { pending, parts } = commits.checkpoint;
    const pass = pending.passes.find(({ held }) => held === id);
    if (scope === undefined || pass === undefined) return false;
    const { held: _, ...freed } = pass;
    const none = { documents: [], isKnown: true };
    const effects = await countPasses(scope, commits.catalog, [freed], () => none);
    const counted = effects.reduce((sum, { removals }) => sum + removals, 0);
    const state = readGuardState(parts);
    const budget = (state.budget ?? 0) + counted + Math.ceil(counted / 10);
    await commits.commit([], {
      pending: { ...pending, passes: pending.passes.map((other) => (other === pass ? freed : other)) },
      parts: writeGuardState(parts, { ...state, budget }),
    });
    return true;
  }

  async #hold(running: Pass, removals: number, left: number): Promise<void> {
    const { catalog, pending } = this.#commits.checkpoint;
    const key = ownerKey(running.owner);
    const id = changeId([{ key, before: JSON.stringify(running.after), after: catalog }]);
    const passes = pending.passes.map((pass) => (pass === running ? { ...pass, held: id } : pass));
    await this.#commits.commit([], { pending: { ...pending, passes } });
    this.#commits.ports.log.problem(passHeld(id, key, removals, left));
  }
}

function passHeld(id: string, owner: string, removals: number, left: number): Problem {
  return {
    code: "CHANGE_HELD",
    severity: "error",
    message: `rendering the entities of ${owner} again would remove ${countOf(removals, "object")}, ${countOf(left, "was", "were")} allowed: held as ${id}`,
    hint: `See sluice status; allow it with: sluice approve ${id}`,
  };
}
