/** What concerns the process as a whole: its memory, its secrets, the files that it watches. */
import { fingerprintFiles } from "../../adapters/system/fingerprint-files.ts";
import { systemClock } from "../../adapters/system/system-clock.ts";

/** Looks at files now and then. */
export function fileWatch() {
  return {
    fingerprint: fingerprintFiles,
    /** Resolves to true after a while, to false when the signal aborts. */
    tick: async (signal: AbortSignal) => {
      await systemClock.sleep(watchMs, signal);
      return !signal.aborted;
    },
  };
}

const watchMs = 1000;

export { limitHeapGrowth } from "../../adapters/system/heap-growth.ts";
export { createRedactor as createCliRedactor } from "../../adapters/system/redactor.ts";
