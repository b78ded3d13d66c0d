/** A clock that stands still until somebody waits for it: sleeping takes no time, and moves it. */
import type { Clock } from "../../src/ports/system.ts";

export interface FakeClock extends Clock {
  /** Milliseconds that were slept, in order. */
  readonly sleeps: readonly number[];
  advance(milliseconds: number): void;
  /** Sets the wall clock, by so much from where it is; what has passed meanwhile stays what it was. */
  setBy(milliseconds: number): void;
  /** From now on sleepers wait until the clock is advanced past their time, or until they are woken. */
  holdSleepers(): void;
}

interface Sleeper {
  readonly until: number;
  readonly wake: () => void;
}

export function createFakeClock(start = Date.UTC(2026, 0, 1)): FakeClock {
  const sleeps: number[] = [];
  const sleepers = new Set<Sleeper>();
  let time = start;
  let shift = 0;
  let isHolding = false;

  return {
    sleeps,
    now: () => time + shift,
    monotonic: () => time - start,
    turn: () => new Promise((resolve) => setImmediate(resolve)),
    sleep(milliseconds, signal) {
      sleeps.push(milliseconds);
      if (signal?.aborted) return Promise.resolve();
      const until = time + milliseconds;
      if (!isHolding) {
        time = until;
        // A turn of the event loop, or a loop of retries would let nothing else happen.
        return new Promise((resolve) => setImmediate(resolve));
      }
      return new Promise((resolve) => {
        const wake = () => {
          sleepers.delete(sleeper);
          signal?.removeEventListener("abort", wake);
          resolve();
        };
        const sleeper = { until, wake };
        sleepers.add(sleeper);
        signal?.addEventListener("abort", wake, { once: true });
      });
    },
    advance(milliseconds) {
      time += milliseconds;
      for (const { until, wake } of [...sleepers].sort((a, b) => a.until - b.until)) if (until <= time) wake();
    },
    setBy(milliseconds) {
      shift += milliseconds;
    },
    holdSleepers() {
      isHolding = true;
    },
  };
}
