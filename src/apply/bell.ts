/** Wakes those who wait: what happened they look up themselves. */
import type { Clock } from "../ports/system.ts";

export class Bell {
  readonly #clock: Clock;
  #waiting = new AbortController();
  #rings = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Rises with every ring: whoever compares it with what it was misses none. */
  get rings(): number {
    return this.#rings;
  }

  ring(): void {
    this.#rings++;
    const waiting = this.#waiting;
    this.#waiting = new AbortController();
    waiting.abort();
  }

  /** Resolves when it has rung since `rings`, after so many milliseconds, or when the signal aborts. */
  async wait(rings: number, milliseconds: number, signal: AbortSignal): Promise<void> {
    if (rings !== this.#rings || signal.aborted) return;
    const either = AbortSignal.any([this.#waiting.signal, signal]);
    await this.#clock.sleep(Math.min(milliseconds, sleepMsMax), either);
  }
}

/** Timers take no more than 2^31 milliseconds; whoever waits looks again. */
const sleepMsMax = 3_600_000;
