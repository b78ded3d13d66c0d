/** Wakes those who wait: what happened they look up themselves. */
import type { Clock } from "../ports/system.ts";

export class Bell {
  readonly #clock: Clock;
  readonly #waiting = new Set<() => void>();
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
    for (const wake of [...this.#waiting]) wake();
  }

  /** Whenever it rings, this one does. */
  follow(other: Bell, signal: AbortSignal): void {
    if (signal.aborted) return;
    const ring = () => this.ring();
    other.#waiting.add(ring);
    signal.addEventListener("abort", () => other.#waiting.delete(ring), { once: true });
  }

  /** Resolves when it has rung since `rings`, after so many milliseconds, or when the signal aborts. */
  async wait(rings: number, milliseconds: number, signal: AbortSignal): Promise<void> {
    if (rings !== this.#rings || signal.aborted) return;
    // Not a signal made of others: hundreds of clusters wait for one bell, and are woken by every push.
    const woken = new AbortController();
    const wake = () => woken.abort();
    this.#waiting.add(wake);
    signal.addEventListener("abort", wake, { once: true });
    await this.#clock.sleep(Math.min(milliseconds, sleepMsMax), woken.signal);
    this.#waiting.delete(wake);
    signal.removeEventListener("abort", wake);
  }
}

/** Timers take no more than 2^31 milliseconds; whoever waits looks again. */
const sleepMsMax = 3_600_000;
