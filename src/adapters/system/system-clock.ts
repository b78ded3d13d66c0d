/** Real time and real chance. */
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Chance, Clock } from "../../ports/system.ts";

export const systemClock: Clock = {
  now: () => Date.now(),
  turn: () => nextTurn(),
  monotonic: () => performance.now(),
  sleep: (milliseconds, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted) {
        resolve();
        return;
      }
      const timer = setTimeout(done, milliseconds);
      function done(): void {
        clearTimeout(timer);
        signal?.removeEventListener("abort", done);
        resolve();
      }
      signal?.addEventListener("abort", done, { once: true });
    }),
};

export const systemChance: Chance = { next: () => Math.random() };
