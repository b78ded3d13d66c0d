/**
 * Putting back what others changed of Sluice's on the target: at once, unless it is changed again as often as it is put back. A
 * program that formats whatever is committed does so, and the two would fill the branch with commits for ever: then it is put back
 * more and more rarely. What events bring goes on, and puts it back besides.
 */
import type { Clock, Log } from "../../ports/system.ts";
import type { Branches } from "../branches/branches.ts";

/** So often in a row it is put back at once. */
const freelyMax = 3;
const waitMsFirst = 60_000;
const waitMsMax = 60 * 60_000;
/** What stayed put back for so long, and for twice the last wait, was a change like any other. */
const peaceMsMin = 10 * 60_000;

export interface RestoringParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly readCommit: (commit: string) => Promise<{ readonly author: { readonly name: string } }>;
}

export class Restoring {
  readonly #parts: RestoringParts;
  /** The target was moved, and not looked through since. */
  #isWanted = false;
  #streak = 0;
  #lastAt = Number.NEGATIVE_INFINITY;
  #notBefore = Number.NEGATIVE_INFINITY;

  constructor(parts: RestoringParts) {
    this.#parts = parts;
  }

  /** Somebody moved the target. */
  async noteMoved({ targetCommit, names }: Branches): Promise<void> {
    const { clock, log, readCommit } = this.#parts;
    if (this.#isWanted) return;
    this.#isWanted = true;
    const waitMs = this.#notBefore - clock.monotonic();
    if (waitMs <= 0 || targetCommit === undefined) return;
    const { author } = await readCommit(targetCommit);
    log.problem({
      code: "GIT_MOVED",
      severity: "warning",
      message: `what is Sluice's on ${names.target} was changed ${this.#streak} times, each time soon after it had been put back, the last commit being ${author.name}'s: if it was again, it is put back in ${Math.ceil(waitMs / 1000)} s, or with the next event`,
      hint: "Leave Sluice's folders out of what formats or generates files in the repository. `sluice repair` puts them back at once.",
    });
  }

  /** A push is to come that does it, whatever else it brings. */
  leaveToOthers(): void {
    this.#isWanted = false;
  }

  get isDue(): boolean {
    return this.#isWanted && this.#parts.clock.monotonic() >= this.#notBefore;
  }

  /** `push` makes the target as it should be. */
  async restore(branches: Branches, push: () => Promise<boolean>): Promise<void> {
    const { targetCommit } = branches;
    if (!(await push())) return;
    this.#isWanted = false;
    if (branches.targetCommit === targetCommit) return;
    const now = this.#parts.clock.monotonic();
    const waitMs = waitAfter(this.#streak);
    this.#streak = now - this.#lastAt > Math.max(peaceMsMin, 2 * waitMs) ? 1 : this.#streak + 1;
    this.#lastAt = now;
    this.#notBefore = now + waitAfter(this.#streak);
  }
}

/** After so many in a row. */
function waitAfter(streak: number): number {
  return streak < freelyMax ? 0 : Math.min(waitMsMax, waitMsFirst * 2 ** (streak - freelyMax));
}
