/**
 * Starts the state branch anew, without history: when people ask for it, and where `state.history` bounds it each time it
 * has come to that age, in minutes during which a leader ran. It is a commit of the state like any, but for having no parent.
 */
import { SluiceError } from "../../model/problem.ts";
import { readHistoryStart, writeHistoryStart } from "../../plan/history-start.ts";
import type { StateCommits } from "./state-commits.ts";

export class HistoryBound {
  readonly #commits: StateCommits;

  constructor(commits: StateCommits) {
    this.#commits = commits;
  }

  /**
   * To be called while nothing is being pushed. A server that refuses is told of once: what there is of history counts as
   * begun now, and is tried again when it has come to its age once more.
   */
  async follow(signal: AbortSignal): Promise<void> {
    const commits = this.#commits;
    const { historyMinutesMax } = commits.options;
    if (historyMinutesMax === undefined || commits.tree === undefined) return;
    commits.countMinutes();
    const { minutes, parts } = commits.checkpoint;
    const start = readHistoryStart(parts);
    if (start === undefined) {
      // Nothing goes that nobody was told of: what is there already counts as of now.
      commits.amend({ parts: writeHistoryStart(parts, minutes) });
      return;
    }
    if (minutes - start < historyMinutesMax) return;
    try {
      await this.startAnew(signal);
      commits.ports.log.info("the state branch starts anew: its history came to the age that state.history allows");
    } catch (error) {
      if (!(error instanceof SluiceError) || error.problem.code !== "GIT_REFUSED") throw error;
      commits.ports.log.problem(error.problem);
    }
  }

  /** Throws a SluiceError (GIT_REFUSED, GIT_MOVED, GIT_UNAVAILABLE): everything is as it was then. */
  async startAnew(signal: AbortSignal): Promise<void> {
    const commits = this.#commits;
    const before = commits.checkpoint.parts;
    commits.countMinutes();
    // Counted as a commit: a leader that began meanwhile finds that the former one went on, not that it was set back.
    await commits.commit([], { parts: writeHistoryStart(before, commits.checkpoint.minutes) });
    try {
      await commits.branches.startAnew(signal);
    } catch (error) {
      const isRefused = error instanceof SluiceError && error.problem.code === "GIT_REFUSED";
      if (!isRefused) this.#forgetStart(readHistoryStart(before));
      throw error;
    }
  }

  /** It is due as it was: the server did not say no. */
  #forgetStart(start: number | undefined): void {
    if (start === undefined) return;
    const commits = this.#commits;
    commits.amend({ parts: writeHistoryStart(commits.checkpoint.parts, start) });
  }
}
