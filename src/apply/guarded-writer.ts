/** A cluster that is written to only while the lease is ours, and not any more once we have done with it. */
import { SluiceError } from "../model/problem.ts";
import type { Cluster, ClusterWriter } from "../ports/cluster.ts";
import type { Clock } from "../ports/system.ts";

/** What was sent and got no answer has arrived by then, or never will. */
export const lostWriteMs = 45_000;

export interface GuardedWriter extends ClusterWriter {
  /** What is not sent yet never is; resolves when nothing is under way any more, so that others may write. */
  end(): Promise<void>;
  /** Something that got no answer may still arrive, and take back what is written by then. */
  mayStillWrite(): boolean;
}

/** `assertHeld` throws where the lease is not ours; it is asked right before each request. */
export function guardWriter(cluster: Cluster, assertHeld: () => void, clock: Clock): GuardedWriter {
  let isEnded = false;
  let lostAt = Number.NEGATIVE_INFINITY;
  const underWay = new Set<Promise<unknown>>();
  const writer = cluster.guardedBy(() => {
    if (isEnded) throw new SluiceError({ code: "APPLIER_ELSEWHERE", message: "this pass over the cluster has ended" });
    assertHeld();
  });
  /** A pass that was cut short leaves writes behind that nobody waits for. */
  const follow = <T>(writing: Promise<T>): Promise<T> => {
    const settled = writing.then(
      () => undefined,
      (error: unknown) => {
        if (error instanceof SluiceError && error.problem.code === "CLUSTER_UNAVAILABLE") lostAt = clock.monotonic();
      },
    );
    underWay.add(settled);
    void settled.then(() => underWay.delete(settled));
    return writing;
  };
  return {
    apply: (ref, object, manager, meant) => follow(writer.apply(ref, object, manager, meant)),
    remove: (ref, uid, order) => follow(writer.remove(ref, uid, order)),
    patch: (ref, uid, change) => follow(writer.patch(ref, uid, change)),
    renameManager: (ref, from, to) => follow(writer.renameManager(ref, from, to)),
    mayStillWrite: () => clock.monotonic() - lostAt < lostWriteMs,
    end: async () => {
      isEnded = true;
      await cluster.endWork();
      while (underWay.size > 0) await Promise.all(underWay);
    },
  };
}
