/** Waiting between attempts: doubling from a tenth of a second to five, with jitter, so that many do not come as one. */
import { setTimeout as sleep } from "node:timers/promises";

const delayMsMin = 100;
const delayMsMax = 5_000;

export interface Backoff {
  /** Resolves when the next attempt is due, or at once when the signal aborts. */
  wait(signal: AbortSignal): Promise<void>;
  /** What was attempted went well: the next wait is a short one again. */
  reset(): void;
}

export function createBackoff(): Backoff {
  let delayMs = delayMsMin;
  return {
    async wait(signal) {
      const jittered = delayMs * (0.5 + Math.random() / 2);
      delayMs = Math.min(delayMs * 2, delayMsMax);
      await sleep(jittered, undefined, { signal }).catch(() => undefined);
    },
    reset() {
      delayMs = delayMsMin;
    },
  };
}
