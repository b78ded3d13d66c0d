/** Looks from time to time what people have changed, on the target and among the documents, and follows. */
import { dispositionOf } from "../../model/disposition.ts";
import { type Problem, SluiceError } from "../../model/problem.ts";
import type { Clock, Log } from "../../ports/system.ts";
import type { Branches } from "../branches/branches.ts";
import type { Absences } from "./absences.ts";
import type { Documents, WantedCatalog } from "./documents.ts";
import type { InForce } from "./in-force.ts";
import type { Requests } from "./requests.ts";
import { Restoring } from "./restoring.ts";

/** How often files outside the repository are looked at that have changed, until they stay the same. */
const settleLookMs = 400;
/** A start waits for the count of what is wanted for so long; then it goes on with what is in force, and counts beside. */
const startCountMsMax = 2000;

export interface WatcherParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly absences: Absences;
  readonly documents: Documents;
  readonly requests: Requests;
  readonly readCommit: (
    commit: string,
  ) => Promise<{ readonly message: string; readonly author: { readonly name: string } }>;
  readonly inForce: () => InForce;
  /** Pushes what is to be put right; false: stopped before that. */
  readonly push: (signal: AbortSignal) => Promise<boolean>;
  /** After each look, between two pushes. */
  readonly onLooked: (signal: AbortSignal) => Promise<void>;
}

export class Watcher {
  readonly #parts: WatcherParts;
  readonly #restoring: Restoring;
  #hasten: () => void = () => undefined;
  /** The last look saw something that the next one has to see as well. */
  #isUnsettled = false;
  /** What was wanted at the start is to be judged at once. */
  #isDue = false;

  constructor(parts: WatcherParts) {
    this.#parts = parts;
    this.#restoring = new Restoring(parts);
  }

  /** Looks at once. */
  hint(): void {
    this.#hasten();
  }

  /** The next look judges what is wanted, and comes at once: other settings want it. */
  judgeAtOnce(): void {
    this.#parts.documents.judgeAgain();
    this.#isDue = true;
    this.#hasten();
  }

  /** Looks until the signal aborts. Throws what the service can't go on with. */
  async run(stopped: AbortSignal): Promise<void> {
    let wanted: WantedCatalog | undefined;
    let wasCut = false;
    for (;;) {
      if (wanted === undefined) {
        await this.#untilLook(stopped);
        if (stopped.aborted) return;
        wanted = await this.#look();
      }
      if (wanted === undefined) continue;
      const newer = await this.#follow(wanted, stopped, !wasCut);
      if (stopped.aborted) return;
      wasCut = newer !== undefined;
      wanted = newer;
    }
  }

  async #untilLook(stopped: AbortSignal): Promise<void> {
    const { clock, inForce } = this.#parts;
    if (this.#isDue) return;
    const waiting = new AbortController();
    this.#hasten = () => waiting.abort();
    const waitMs = this.#isUnsettled ? settleLookMs : inForce().options.lookMs;
    await clock.sleep(waitMs, AbortSignal.any([waiting.signal, stopped]));
  }

  /** The first look, before anything is read. */
  async begin(): Promise<void> {
    const { clock, documents, inForce } = this.#parts;
    this.#tellTarget(inForce().branches);
    const look = await documents.look();
    this.#isUnsettled = look === "again";
    if (typeof look === "string") return;
    await this.#approveByTrailer();
    const began = clock.monotonic();
    const verdict = await documents.judge(look, () => clock.monotonic() - began < startCountMsMax);
    if (verdict === undefined) this.#isDue = true;
    else await documents.putInForce(look, verdict, true);
  }

  /**
   * Counts beside the loop what is wanted, looking on meanwhile, and puts it in force between two pushes. What is held
   * already is counted no further where something newer is wanted, which is the answer then; unless `mayCut` is false: what
   * changes all the time would never be counted to its end.
   */
  async #follow(wanted: WantedCatalog, stopped: AbortSignal, mayCut: boolean): Promise<WantedCatalog | undefined> {
    const { documents, log, onLooked, requests } = this.#parts;
    try {
      let newer: WantedCatalog | undefined;
      let isCounted = false;
      const judging = documents.judge(wanted, () => newer === undefined && !stopped.aborted);
      const counting = judging.finally(() => {
        isCounted = true;
        this.#hasten();
      });
      // Looked at below.
      counting.catch(() => undefined);
      while (!isCounted && newer === undefined && !stopped.aborted) {
        await Promise.race([counting, this.#untilLook(stopped)]).catch(() => undefined);
        if (isCounted || stopped.aborted) break;
        const seen = await this.#look();
        if (mayCut && documents.held.some(({ isCounting }) => isCounting === true)) newer = seen;
      }
      const verdict = await counting;
      if (stopped.aborted) return undefined;
      if (verdict === undefined || newer !== undefined) return newer;
      await requests.add(async (signal) => {
        this.#isUnsettled = !(await documents.putInForce(wanted, verdict));
        await onLooked(signal);
      });
    } catch (error) {
      if (!(error instanceof SluiceError) || dispositionOf(error, "run") !== "wait") throw error;
      log.problem(error.problem);
    }
    return undefined;
  }

  /** Who may push to the target may change the documents as well: a trailer of the head commit approves. */
  async #approveByTrailer(): Promise<void> {
    const { branches, keeper } = this.#parts.inForce();
    if (branches.targetCommit === undefined) return;
    for (const id of approvalsIn((await this.#parts.readCommit(branches.targetCommit)).message)) {
      if (!keeper.approvals.includes(id)) await keeper.approve(id);
    }
  }

  /** What is wanted, where that is something new. */
  #look(): Promise<WantedCatalog | undefined> {
    const isQuick = this.#isUnsettled || this.#isDue;
    this.#isDue = false;
    return this.#parts.requests.add((signal) => this.#lookNow(signal, isQuick));
  }

  /** `isQuick`: only the documents are looked at. */
  async #lookNow(signal: AbortSignal, isQuick: boolean): Promise<WantedCatalog | undefined> {
    const { absences, documents, inForce, log, onLooked, push } = this.#parts;
    const { branches, review } = inForce();
    try {
      const hasMoved = !isQuick && (await branches.look(signal));
      if (!isQuick) for (const part of ["repository", "state"] as const) absences.clear(part);
      this.#tellTarget(branches);
      if (hasMoved) {
        await this.#restoring.noteMoved(branches);
        await this.#approveByTrailer();
      }
      const look = await documents.look();
      this.#isUnsettled = look === "again";
      review?.hint(false);
      await onLooked(signal);
      // What people did to files that are Sluice's is undone; by the next push, where there is one to come.
      if (branches.hasUnpushed) this.#restoring.leaveToOthers();
      else if (this.#restoring.isDue) await this.#restoring.restore(branches, () => push(signal));
      return typeof look === "string" ? undefined : look;
    } catch (error) {
      if (!(error instanceof SluiceError) || dispositionOf(error, "run") !== "wait") throw error;
      // Given up for the stop: that says nothing of the server.
      if (signal.aborted) return undefined;
      if (stateCodes.has(error.problem.code)) {
        this.#tellTarget(branches);
        absences.raise("state", error.problem);
      } else if (error.problem.code.startsWith("GIT_")) absences.raise("repository", error.problem);
      else log.problem(error.problem);
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
