/**
 * What a contender has seen of the lease: for how long the server's answers have shown the same revision. Time without
 * answers does not count, nor does a stop of the process: both show as too long a pause between two answers.
 */
import type { LeaseEntry } from "../../ports/lease.ts";

export class LeaseSight {
  /** A pause between two answers that is longer than this, in milliseconds, does not count. */
  readonly #pauseMsMax: number;
  #last: { readonly entry: LeaseEntry | undefined; readonly at: number } | undefined;
  #unchangedMs = 0;
  #hasMissed = false;

  constructor(pauseMsMax: number) {
    this.#pauseMsMax = pauseMsMax;
  }

  /** The newest entry seen; undefined: nobody has written it, or nothing was seen yet. */
  get entry(): LeaseEntry | undefined {
    return this.#last?.entry;
  }

  /** For how many milliseconds of answers it has been what it is. */
  get unchangedMs(): number {
    return this.#unchangedMs;
  }

  /** An answer; `now`: when it was there, by the monotonic clock. */
  saw(entry: LeaseEntry | undefined, now: number): void {
    const last = this.#last;
    this.#last = { entry, at: now };
    if (last === undefined || last.entry?.revision !== entry?.revision) this.#unchangedMs = 0;
    else if (!this.#hasMissed && now - last.at <= this.#pauseMsMax) this.#unchangedMs += now - last.at;
    this.#hasMissed = false;
  }

  /** There was no answer: the time from the last one to the next does not count. */
  missed(): void {
    this.#hasMissed = true;
  }
}
