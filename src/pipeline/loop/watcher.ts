/** Looks from time to time what people have changed, on the target and among the documents, and follows. */
import { dispositionOf } from "../../model/disposition.ts";
import { type Problem, SluiceError } from "../../model/problem.ts";
import type { Clock, Log } from "../../ports/system.ts";
import type { Branches } from "../branches/branches.ts";
import type { Absences } from "./absences.ts";
import type { Documents } from "./documents.ts";
import type { InForce } from "./in-force.ts";
import type { Requests } from "./requests.ts";

/** Files outside the repository count when they are the same after so long. */
const settleMs = 2_000;

export interface WatcherParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly absences: Absences;
  readonly documents: Documents;
  readonly requests: Requests;
  readonly inForce: () => InForce;
  /** Pushes what is to be put right; false: stopped before that. */
  readonly push: (signal: AbortSignal) => Promise<boolean>;
  /** After each look, between two pushes. */
  readonly onLooked: (signal: AbortSignal) => Promise<void>;
}

export class Watcher {
  readonly #parts: WatcherParts;
  #hasten: () => void = () => undefined;
  /** The last look saw something that the next one has to see as well. */
  #isUnsettled = false;

  constructor(parts: WatcherParts) {
    this.#parts = parts;
  }

  /** Looks at once. */
  hint(): void {
    this.#hasten();
  }

  /** Looks until the signal aborts. Throws what the service can't go on with. */
  async run(stopped: AbortSignal): Promise<void> {
    const { clock, inForce, requests } = this.#parts;
    for (;;) {
      const waiting = new AbortController();
      this.#hasten = () => waiting.abort();
      const { lookMs } = inForce().options;
      const waitMs = this.#isUnsettled ? settleMs : lookMs;
      await clock.sleep(waitMs, AbortSignal.any([waiting.signal, stopped]));
      if (stopped.aborted) return;
      await requests.add((signal) => this.#look(signal));
    }
  }

  /** The first look, before anything is read. */
  async begin(): Promise<void> {
    const { documents, inForce } = this.#parts;
    this.#tellTarget(inForce().branches);
    this.#isUnsettled = await documents.follow(true);
  }

  async #look(signal: AbortSignal): Promise<void> {
    const { documents, inForce, log, onLooked, push } = this.#parts;
    const { branches, review } = inForce();
    try {
      const hasMoved = await branches.refreshTarget();
      this.#tellTarget(branches);
      this.#isUnsettled = await documents.follow();
      review?.hint(false);
      await onLooked(signal);
      // What people did to files that are Sluice's is undone; by the next push, where there is one to come.
      if (hasMoved && !branches.hasUnpushed) await push(signal);
    } catch (error) {
      if (!(error instanceof SluiceError) || dispositionOf(error, "run") !== "wait") throw error;
      log.problem(error.problem);
    }
  }

  #tellTarget(branches: Branches): void {
    const { absences } = this.#parts;
    if (branches.isTargetMissing) absences.raise("target", targetMissing(branches.names.target));
    else absences.clear("target");
  }
}

export function targetMissing(branch: string): Problem {
  return {
    code: "TARGET_MISSING",
    severity: "error",
    message: `the repository has no branch ${branch}, which the clusters are synced from`,
    hint: "What is in force stays, and the state goes on alone. Push the branch again, or correct repository.branch.",
  };
}
