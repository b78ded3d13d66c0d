/** One pass over one cluster, as `sluice apply` makes it. */
import type { PassReport } from "./cluster-applier.ts";
import { type ClusterParts, findFolder, openApplier } from "./open-applier.ts";
import { isTrouble, type ObjectOutcome } from "./outcome.ts";
import type { TargetHead } from "./target-follower.ts";
import type { UnhealthyObject } from "./wait-until-healthy.ts";

export interface OnceOptions {
  /** Every object is applied again, whatever was applied before. */
  readonly isFull: boolean;
  /**
   * For how many milliseconds it is waited until every object is well; what is to be tried again is tried meanwhile.
   * Undefined: for nothing.
   */
  readonly waitMsMax?: number;
}

export interface OnceReport extends PassReport {
  /** What was not well when time was up. */
  readonly unhealthy: readonly UnhealthyObject[];
}

/** Throws what keeps the cluster from being worked on as a whole; what single objects come to is in the report. */
export async function applyOnce(
  parts: ClusterParts,
  head: TargetHead,
  { isFull, waitMsMax }: OnceOptions,
  signal: AbortSignal,
): Promise<OnceReport> {
  const { clock } = parts;
  const revision = await findFolder(parts, head);
  const { applier, lease, close } = await openApplier(parts, revision);
  const ended = new AbortController();
  const both = AbortSignal.any([signal, ended.signal]);
  let keeping: Promise<void> | undefined;
  try {
    await lease.acquire(false, signal);
    keeping = lease.keep(both);
    const until = clock.monotonic() + (waitMsMax ?? 0);
    const report = (await applier.step(revision, isFull ? "apply-all" : "look"))!;
    const outcomes = new Map<string, ObjectOutcome>();
    const note = (told: readonly ObjectOutcome[]) => {
      for (const one of told) {
        const key = JSON.stringify(one.identity);
        const before = outcomes.get(key);
        // What was done to it and had to wait for something is what was done to it.
        if (before === undefined || isTrouble(before) || isTrouble(one)) outcomes.set(key, one);
      }
    };
    note(report.outcomes);
    while (waitMsMax !== undefined && !both.aborted && applier.nextRetryAt <= until) {
      await clock.sleep(Math.max(0, applier.nextRetryAt - clock.monotonic()), both);
      note((await applier.step(revision, "if-needed"))?.outcomes ?? []);
    }
    const leftMs = Math.max(0, until - clock.monotonic());
    const unhealthy = waitMsMax === undefined ? [] : await applier.waitUntilHealthy(leftMs, both);
    return { ...report, unhealthy, outcomes: [...outcomes.values()] };
  } finally {
    ended.abort();
    await keeping;
    await close();
  }
}
