/** How the clusters of an applier are doing, told to the service that started it: what has changed, not more than once a second. */
import { systemClock } from "../../adapters/system/system-clock.ts";
import { isTrouble, type ObjectOutcome } from "../../apply/outcome.ts";
import type { ClusterKey } from "../../model/cluster.ts";
import type { Problem } from "../../model/problem.ts";
import type { AppliedCluster } from "../host/applier-snapshot.ts";

const tellMs = 1_000;

export class ClusterStates {
  readonly #tell: (states: readonly AppliedCluster[]) => void;
  readonly #states = new Map<ClusterKey, AppliedCluster>();
  readonly #changed = new Set<ClusterKey>();
  #timer: NodeJS.Timeout | undefined;
  #head = "";
  /** When the target came to it, in milliseconds since 1970. */
  #headAt = 0;

  constructor(tell: (states: readonly AppliedCluster[]) => void) {
    this.#tell = tell;
  }

  /** The target is at this commit: clusters that are not are behind from now on, unless they were before. */
  move(commit: string): void {
    if (commit === this.#head) return;
    this.#head = commit;
    this.#headAt = systemClock.now();
    for (const state of this.#states.values()) this.#put(state);
  }

  /** The cluster's folder of this commit is applied, as far as it can be. */
  settle(cluster: ClusterKey, commit: string, troubles: readonly ObjectOutcome[], fights: number): void {
    const count = (isOne: (outcome: ObjectOutcome) => boolean) => troubles.filter(isOne).length;
    this.#put({
      cluster,
      commit,
      conflicts: count(({ action }) => action === "conflict"),
      failed: count(({ action }) => action === "failed"),
      waiting: count((one) => one.action !== "conflict" && one.action !== "failed" && isTrouble(one)),
      fights,
    });
  }

  /** What keeps it from being worked on; undefined: it is over. */
  trouble(cluster: ClusterKey, problem: Problem | undefined): void {
    const { problem: _before, ...state } = this.#states.get(cluster) ?? emptyState(cluster);
    this.#put(problem === undefined ? state : { ...state, problem });
  }

  #put(state: AppliedCluster): void {
    const { behindSince: _before, ...rest } = state;
    const isBehind = this.#head !== "" && state.commit !== this.#head;
    const since = this.#states.get(state.cluster)?.behindSince ?? this.#headAt;
    this.#states.set(state.cluster, isBehind ? { ...rest, behindSince: since } : rest);
    this.#changed.add(state.cluster);
    this.#timer ??= setTimeout(() => this.#flush(), tellMs).unref();
  }

  #flush(): void {
    this.#timer = undefined;
    const states = [...this.#changed].flatMap((cluster) => this.#states.get(cluster) ?? []);
    this.#changed.clear();
    this.#tell(states);
  }
}

function emptyState(cluster: ClusterKey): AppliedCluster {
  return { cluster, commit: "", conflicts: 0, failed: 0, waiting: 0, fights: 0 };
}
