/** Looks from time to time what people have changed, on the target and among the documents, and follows. */
import { dispositionOf } from "../../model/disposition.ts";
import { type Problem, SluiceError } from "../../model/problem.ts";
import type { Clock, Log } from "../../ports/system.ts";
import type { Branches } from "../branches/branches.ts";
import type { Absences } from "./absences.ts";
import type { Documents, WantedCatalog } from "./documents.ts";
import type { InForce } from "./in-force.ts";
import type { Requests } from "./requests.ts";

/** How often files outside the repository are looked at that have changed, until they stay the same. */
const settleLookMs = 400;

export interface WatcherParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly absences: Absences;
  readonly documents: Documents;
  readonly requests: Requests;
  readonly readCommit: (commit: string) => Promise<{ readonly message: string }>;
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
      const isQuick = this.#isUnsettled;
      const waitMs = isQuick ? settleLookMs : lookMs;
      await clock.sleep(waitMs, AbortSignal.any([waiting.signal, stopped]));
      if (stopped.aborted) return;
      const wanted = await requests.add((signal) => this.#look(signal, isQuick));
      if (wanted !== undefined) await this.#follow(wanted, stopped);
    }
  }

  /** The first look, before anything is read. */
  async begin(): Promise<void> {
    const { documents, inForce } = this.#parts;
    this.#tellTarget(inForce().branches);
    const look = await documents.look();
    this.#isUnsettled = look === "again";
    if (typeof look === "string") return;
    await this.#approveByTrailer();
    await documents.putInForce(look, await documents.judge(look), true);
  }

  /** Counts beside the loop what is wanted, and puts it in force between two pushes. */
  async #follow(wanted: WantedCatalog, stopped: AbortSignal): Promise<void> {
    const { documents, log, onLooked, requests } = this.#parts;
    try {
      const verdict = await documents.judge(wanted);
      if (stopped.aborted) return;
      await requests.add(async (signal) => {
        this.#isUnsettled = !(await documents.putInForce(wanted, verdict));
        await onLooked(signal);
      });
    } catch (error) {
      if (!(error instanceof SluiceError) || dispositionOf(error, "run") !== "wait") throw error;
      log.problem(error.problem);
    }
  }

  /** Who may push to the target may change the documents as well: a trailer of the head commit approves. */
  async #approveByTrailer(): Promise<void> {
    const { branches, keeper } = this.#parts.inForce();
    if (branches.targetCommit === undefined) return;
    for (const id of approvalsIn((await this.#parts.readCommit(branches.targetCommit)).message)) {
      if (!keeper.approvals.includes(id)) await keeper.approve(id);
    }
  }

  /** What is wanted, where that is something new. `isQuick`: only the documents are looked at. */
  async #look(signal: AbortSignal, isQuick: boolean): Promise<WantedCatalog | undefined> {
    const { absences, documents, inForce, log, onLooked, push } = this.#parts;
    const { branches, review } = inForce();
    try {
      const hasMoved = !isQuick && (await branches.look());
      if (!isQuick) absences.clear("state");
      this.#tellTarget(branches);
      if (hasMoved) await this.#approveByTrailer();
      const look = await documents.look();
      this.#isUnsettled = look === "again";
      review?.hint(false);
      await onLooked(signal);
      // What people did to files that are Sluice's is undone; by the next push, where there is one to come.
      if (hasMoved && !branches.hasUnpushed) await push(signal);
      return typeof look === "string" ? undefined : look;
    } catch (error) {
      if (!(error instanceof SluiceError) || dispositionOf(error, "run") !== "wait") throw error;
      if (stateCodes.has(error.problem.code)) {
        this.#tellTarget(branches);
        absences.raise("state", error.problem);
      } else log.problem(error.problem);
      return undefined;
    }
  }

  #tellTarget(branches: Branches): void {
    const { absences } = this.#parts;
    const { isTargetMissing, withheld } = branches;
    if (isTargetMissing) absences.raise("target", targetMissing(branches.names.target));
    else if (withheld !== undefined) absences.raise("target", withheld, true);
    else absences.clear("target");
  }
}

/** What is wrong with the state branch, for as long as it is. */
const stateCodes = new Set<Problem["code"]>(["STATE_MISSING", "STATE_BEHIND"]);

/** Ids that lines `Sluice-Approve: ID` of a commit's message name. */
function approvalsIn(message: string): readonly string[] {
  return [...message.matchAll(/^Sluice-Approve: ([0-9a-f]{12})\s*$/gm)].map(([, id = ""]) => id);
}

export function targetMissing(branch: string): Problem {
  return {
    code: "TARGET_MISSING",
    severity: "error",
    message: `the repository has no branch ${branch}, which the clusters are synced from`,
    hint: "What is in force stays, and the state goes on alone. Push the branch again, or correct repository.branch.",
  };
}
