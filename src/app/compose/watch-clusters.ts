/** Clusters that are kept in line with the target until the process is asked to stop. */
import { systemChance, systemClock } from "../../adapters/system/system-clock.ts";
import { runClusterLoop } from "../../apply/cluster-loop.ts";
import type { Adoption } from "../../apply/decide.ts";
import { FullPasses } from "../../apply/full-passes.ts";
import { countActions, type ObjectOutcome } from "../../apply/outcome.ts";
import { runClusters } from "../../apply/run-clusters.ts";
import { TargetFollower } from "../../apply/target-follower.ts";
import type { ClusterKey } from "../../model/cluster.ts";
import type { ObjectIdentity } from "../../model/manifest.ts";
import type { Settings } from "../../model/settings.ts";
import type { Log, LogFields } from "../../ports/system.ts";
import type { CliContext, ExitCode } from "../cli/context.ts";
import type { ApplierStore, Kubeconfig, MeantCluster } from "./applier.ts";
import { ClusterStates } from "./cluster-states.ts";
import { findParentProcess } from "./parent-process.ts";

/** Where the settings name no applier, and only a command does. */
const watchedMaxDefault = 20_000;

/** So long a pass waits for helm: what takes longer goes on beside the next ones. */
const helmMsMax = 2_000;

export interface WatchedClusters {
  /** Undefined: all that the settings lead to. */
  readonly meant: MeantCluster | undefined;
  readonly adoption: Adoption;
}

export async function watchClusters(
  context: CliContext,
  settings: Settings,
  store: ApplierStore,
  { meant, adoption }: WatchedClusters,
  log: Log,
): Promise<ExitCode> {
  const parent = findParentProcess();
  const watchedMax = settings.delivery?.kind === "applier" ? settings.delivery.watchedMax : watchedMaxDefault;
  const stop = parent === undefined ? context.stop : AbortSignal.any([context.stop, parent.gone]);
  const target = new TargetFollower({
    fetch: (signal) => store.fetch(signal),
    clock: systemClock,
    pollMs: settings.repository.pollMs,
    onTrouble: (problem) => (problem === undefined ? log.info("the target can be read again") : log.problem(problem)),
  });
  parent?.onPushed(() => target.hint());
  parent?.tell({ applied: {}, isBegin: true });
  const states = new ClusterStates((clusters) => parent?.tell({ applied: {}, clusters }));
  const fullPasses = new FullPasses(systemClock);
  const work = (cluster: ClusterKey, kubeconfig: Kubeconfig, signal: AbortSignal) =>
    runClusterLoop(
      {
        ...store.openCluster(cluster, kubeconfig, adoption, helmMsMax),
        fullPasses,
        target,
        chance: systemChance,
        watchedMax,
        onCorrected: ({ outcome: { identity, owner, action }, truceMs, others }) => {
          const fields = { ...fieldsOf(cluster, identity, owner), action };
          parent?.tell({ applied: {}, corrected: 1 });
          const minutes = Math.round(truceMs / 60_000);
          const fight = { ...fields, minutes, others: others.join(", ") };
          if (truceMs > 0) log.warn("drift is corrected again and again: it is left to others for a while", fight);
          else log.info("drift corrected", fields);
        },
        onPass: ({ kind, commit, outcomes, problems }, troubles, milliseconds) => {
          for (const problem of problems) log.problem(problem, { cluster });
          tellOutcomes(log, cluster, outcomes);
          const counts = countActions(outcomes);
          parent?.tell({ applied: counts });
          const { created, configured, deleted } = counts;
          const changed = { created, configured, deleted, waiting: troubles.length };
          const fields = { cluster, commit, pass: kind, ...changed, milliseconds: Math.round(milliseconds) };
          // What is tried again and comes to nothing again is no news.
          const isNews = kind !== "retry" || created + configured + deleted > 0;
          if (isNews) log.info("applied", fields);
          else log.debug("tried again", fields);
        },
        onSettled: (commit, troubles, fights) => states.settle(cluster, commit, troubles, fights),
        onTrouble: (problem) => {
          states.trouble(cluster, problem);
          if (problem === undefined) log.info("the cluster is worked on again", { cluster });
          else log.problem(problem, { cluster });
        },
      },
      signal,
    );
  const clusters = runClusters(
    {
      target,
      find: (head) => {
        states.move(head.commit);
        return store.findClusters(head, meant);
      },
      idOf: ({ id }) => id,
      work,
      onProblem: (problem) => log.problem(problem),
    },
    stop,
  );
  await Promise.all([target.run(stop), clusters]);
  return 0;
}

function tellOutcomes(log: Log, cluster: string, outcomes: readonly ObjectOutcome[]): void {
  for (const { action, identity, owner, code, message } of outcomes) {
    const fields = fieldsOf(cluster, identity, owner);
    if (action === "failed" || action === "conflict") {
      log.warn(`${action}: ${message ?? ""}`, { ...fields, ...(code === undefined ? {} : { code }) });
    } else log.debug(action, fields);
  }
}

function fieldsOf(cluster: string, { group, kind, namespace, name }: ObjectIdentity, owner: string): LogFields {
  const object = `${kind.toLowerCase()}${group === "" ? "" : `.${group}`}/${name}`;
  return { cluster, object, ...(namespace === "" ? {} : { namespace }), ...(owner === "" ? {} : { owner }) };
}
