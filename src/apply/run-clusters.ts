/** Which clusters are worked on: as the catalog in force has them, from the target's first look until the signal aborts. */
import type { ClusterKey } from "../model/cluster.ts";
import { type Checked, type Problem, SluiceError } from "../model/problem.ts";
import type { TargetFollower, TargetHead } from "./target-follower.ts";

export interface RunClustersParts<T> {
  readonly target: TargetFollower;
  /** The clusters, each with what it is reached by. */
  readonly find: (head: TargetHead) => Promise<Checked<ReadonlyMap<ClusterKey, T>>>;
  /** Another text where a cluster is reached in another way. */
  readonly idOf: (reachedBy: T) => string;
  /** Works on one cluster until the signal aborts. */
  readonly work: (cluster: ClusterKey, reachedBy: T, signal: AbortSignal) => Promise<void>;
  /** Told once for each text. */
  readonly onProblem: (problem: Problem) => void;
}

/** Where the catalog could not be read. */
const retryMs = 5_000;

interface Worked {
  readonly id: string;
  readonly end: AbortController;
  readonly ended: Promise<void>;
}

/**
 * A cluster that the catalog has no more is worked on all the same, for as long as this process is there: what is withdrawn
 * from it has still to go. Throws what `work` throws.
 */
export async function runClusters<T>(parts: RunClustersParts<T>, signal: AbortSignal): Promise<void> {
  const { target, find, idOf, work, onProblem } = parts;
  const worked = new Map<ClusterKey, Worked>();
  const failed = new AbortController();
  const either = AbortSignal.any([signal, failed.signal]);
  let told: ReadonlySet<string> = new Set();
  let failure: { readonly error: unknown } | undefined;
  const tell = (problems: readonly Problem[]) => {
    for (const problem of problems) if (!told.has(problem.message)) onProblem(problem);
    told = new Set(problems.map(({ message }) => message));
  };
  const begin = (cluster: ClusterKey, reachedBy: T, before: Worked | undefined) => {
    const end = new AbortController();
    const run = async () => {
      before?.end.abort();
      await before?.ended;
      if (!end.signal.aborted) await work(cluster, reachedBy, end.signal);
    };
    const ended = run().catch((error: unknown) => {
      failure ??= { error };
      failed.abort();
    });
    worked.set(cluster, { id: idOf(reachedBy), end, ended });
  };
  while (!either.aborted) {
    const { rings } = target.moved;
    const { head } = target;
    let waitMs = Number.POSITIVE_INFINITY;
    try {
      const found = head === undefined ? undefined : await find(head);
      for (const [cluster, reachedBy] of found?.value ?? []) {
        const before = worked.get(cluster);
        if (before?.id !== idOf(reachedBy)) begin(cluster, reachedBy, before);
      }
      if (found !== undefined) tell(found.problems);
    } catch (error) {
      if (!(error instanceof SluiceError)) throw error;
      tell([error.problem]);
      waitMs = retryMs;
    }
    await target.moved.wait(rings, waitMs, either);
  }
  for (const { end } of worked.values()) end.abort();
  await Promise.all([...worked.values()].map(({ ended }) => ended));
  if (failure !== undefined) throw failure.error;
}
