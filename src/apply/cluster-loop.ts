/**
 * One cluster, for as long as it is to be kept in line with its folder: whoever else works on it is waited for, trouble is
 * waited out with growing pauses, and it concerns no other cluster.
 */
import { type Problem, SluiceError } from "../model/problem.ts";
import type { Chance } from "../ports/system.ts";
import { Bell } from "./bell.ts";
import type { Correction, PassReport } from "./cluster-applier.ts";
import { lostWriteMs } from "./guarded-writer.ts";
import { type ClusterParts, findFolder, openApplier } from "./open-applier.ts";
import type { ObjectOutcome } from "./outcome.ts";
import type { TargetFollower } from "./target-follower.ts";

const fullEveryMs = 30 * 60_000;
const backoffMsMin = 1_000;
const backoffMsMax = 60_000;

export interface ClusterLoopParts extends ClusterParts {
  readonly target: TargetFollower;
  readonly chance: Chance;
  readonly onPass: (report: PassReport, troubles: readonly ObjectOutcome[], milliseconds: number) => void;
  /** The folder of this commit is applied, as far as it can be; how many objects are left to others that fight for them. */
  readonly onSettled: (commit: string, troubles: readonly ObjectOutcome[], fights: number) => void;
  /** Told once for each kind of trouble, and undefined when it is over. */
  readonly onTrouble: (problem: Problem | undefined) => void;
  /** Objects whose drift is watched, at most. */
  readonly watchedMax: number;
  readonly onCorrected: (correction: Correction) => void;
}

export async function runClusterLoop(parts: ClusterLoopParts, signal: AbortSignal): Promise<void> {
  const { clock, chance, target, onTrouble } = parts;
  let delayMs = backoffMsMin;
  let told: string | undefined;
  const times: PassTimes = { fullAt: Number.POSITIVE_INFINITY };
  const settle = () => {
    delayMs = backoffMsMin;
    if (told !== undefined) onTrouble(undefined);
    told = undefined;
  };
  while (!signal.aborted) {
    const { rings } = target.moved;
    try {
      if (target.head === undefined) await target.moved.wait(rings, Number.POSITIVE_INFINITY, signal);
      else await workOnCluster(parts, times, signal, settle);
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof SluiceError)) throw error;
      if (told !== error.problem.message) onTrouble(error.problem);
      told = error.problem.message;
      await clock.sleep(delayMs * (0.5 + chance.next() / 2), signal);
      delayMs = Math.min(delayMs * 2, backoffMsMax);
    }
  }
}

/** What outlasts the trouble that work on a cluster ends by. */
interface PassTimes {
  /** Monotonic milliseconds when the next full pass is due, besides the one that work begins with. */
  fullAt: number;
}

/** From taking the lease to losing it. Throws what has to be waited out. */
async function workOnCluster(
  parts: ClusterLoopParts,
  times: PassTimes,
  signal: AbortSignal,
  settle: () => void,
): Promise<void> {
  const { clock, target, onPass, onTrouble, onCorrected, watchedMax } = parts;
  const ended = new AbortController();
  const both = AbortSignal.any([signal, ended.signal]);
  const bell = new Bell(clock);
  bell.follow(target.moved, both);
  const drift = { watchedMax, bell, signal: both, onTrouble, onCorrected };
  const { applier, lease, close } = await openApplier(parts, await findFolder(parts, target.head!), drift);
  let keeping: Promise<void> | undefined;
  // A pass that is under way need not come to its end.
  const closeEarly = () => void Promise.allSettled([keeping]).then(close);
  signal.addEventListener("abort", closeEarly, { once: true });
  try {
    const acquired = await lease.acquire(true, signal);
    keeping = lease.keep(both).finally(() => ended.abort());
    const now = clock.monotonic();
    // One that is due sooner stays due: who had it before may still be heard of, and so may we ourselves.
    if (acquired === "taken-over") times.fullAt = now + lostWriteMs;
    else times.fullAt = Math.min(times.fullAt, now + fullEveryMs);
    while (!both.aborted) {
      const { rings } = bell;
      const started = clock.monotonic();
      const isFullDue = started >= times.fullAt;
      const revision = await findFolder(parts, target.head!);
      const report = await applier.step(revision, isFullDue ? "look" : "if-needed");
      settle();
      parts.onSettled(revision.commit, applier.troubles, applier.fights);
      if (report !== undefined) onPass(report, applier.troubles, clock.monotonic() - started);
      if (isFullDue) times.fullAt = clock.monotonic() + fullEveryMs;
      const dueMs = Math.max(0, Math.min(times.fullAt, applier.nextRetryAt) - clock.monotonic());
      await bell.wait(rings, dueMs, both);
    }
    if (!signal.aborted) lease.assertHeld();
  } finally {
    signal.removeEventListener("abort", closeEarly);
    ended.abort();
    await Promise.all([keeping, applier.ended()]);
    await close();
    // What it was cut short by may have kept an answer from us, and not the write.
    if (!signal.aborted) times.fullAt = Math.min(times.fullAt, clock.monotonic() + lostWriteMs);
  }
}
