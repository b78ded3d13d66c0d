/** A brake on events themselves: beyond so many objects that they deleted within a minute the service pauses. */
import { type ChangeSet, isPaused } from "../../model/change-set.ts";
import { countOf } from "../../model/count-of.ts";
import type { Problem } from "../../model/problem.ts";
import { countRemovals } from "../mass-change/count-change.ts";
import type { StateCommits } from "./state-commits.ts";

const minuteMs = 60_000;

export class EventRemovals {
  readonly #commits: StateCommits;
  /** Objects that events deleted within the last minute, by the monotonic clock. */
  #deletions: { readonly at: number; readonly count: number }[] = [];

  constructor(commits: StateCommits) {
    this.#commits = commits;
  }

  /** Counts what a batch of deliveries deleted, and pauses where the settings say so. */
  async note(changeSet: ChangeSet): Promise<void> {
    const { options, ports, checkpoint } = this.#commits;
    const { eventRemovals } = options.guard;
    if (eventRemovals === 0) return;
    const now = ports.clock.monotonic();
    const count = countRemovals(changeSet).reduce((sum, { removals }) => sum + removals, 0);
    this.#deletions = this.#deletions.filter(({ at }) => at > now - minuteMs);
    if (count > 0) this.#deletions.push({ at: now, count });
    const total = this.#deletions.reduce((sum, deletion) => sum + deletion.count, 0);
    if (total <= eventRemovals || isPaused(checkpoint)) return;
    this.#deletions = [];
    await this.#commits.commit([], { pauses: [...checkpoint.pauses, {}] });
    ports.log.problem(pausedByEvents(total, eventRemovals));
  }
}

function pausedByEvents(removals: number, allowed: number): Problem {
  return {
    code: "CHANGE_HELD",
    severity: "error",
    message: `events deleted ${countOf(removals, "object")} within a minute, guard.eventRemovals allows ${allowed}: paused`,
    hint: "Look at who sends them; sluice resume lets the service go on.",
  };
}
