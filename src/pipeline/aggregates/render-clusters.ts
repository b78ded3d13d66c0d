/**
 * The end of a pass: behind the owner's records, what it renders once for each cluster over all entities that are alive
 * there. An owner that renders each entity by itself, or is gone, gives up what it had rendered so.
 */
import type { StopMatchingBehavior } from "../../model/catalog.ts";
import type { Pass } from "../../model/change-set.ts";
import type { ClusterKey } from "../../model/cluster.ts";
import type { AggregateInput } from "../../plan/apply-aggregate.ts";
import { aggregatesFolder, behindRecords } from "../../plan/paths.ts";
import { parseRecord } from "../../plan/record-file.ts";
import { readFolder } from "../read-folder.ts";
import type { AggregateScope } from "./counted-entities.ts";
import { AliveOnClusters, aggregateTrigger } from "./render-aggregates.ts";

export interface RenderedClusters {
  readonly inputs: readonly AggregateInput[];
  /** Events that were rendered, cluster by cluster. */
  readonly pairs: number;
  /** Undefined: the pass has come to its end. */
  readonly left: Pass | undefined;
}

/** `behavior`: what becomes of the objects of an owner that is not in the catalog any more. */
export async function renderClusters(
  scope: AggregateScope,
  pass: Pass,
  limits: { readonly pairsMax: number; readonly bytesMax: number },
  behavior: StopMatchingBehavior = "WithdrawPolicies",
): Promise<RenderedClusters> {
  const { owner } = pass;
  const trigger = aggregateTrigger(scope, owner);
  const isWanted = (cluster: ClusterKey) => pass.clusters === undefined || pass.clusters.includes(cluster);
  const after = pass.after.record === behindRecords(owner) ? pass.after.cluster : "";
  const onRecord = new Set<ClusterKey>();
  for await (const [path, text] of readFolder(scope.git, scope.tree, aggregatesFolder(owner))) {
    onRecord.add(parseRecord(text, path).entity.subject);
  }
  const alive =
    trigger === undefined || trigger.withdrawn === true ? undefined : await AliveOnClusters.read(scope, owner, "all");
  const clusters = [...new Set([...onRecord, ...(alive?.clusters ?? [])])]
    .filter((cluster) => isWanted(cluster) && cluster > after)
    .sort();
  const inputs: AggregateInput[] = [];
  let [pairs, bytes] = [0, 0];
  for (const cluster of clusters) {
    const rank = undefined;
    if (alive === undefined || trigger === undefined) {
      const isLeft =
        (trigger?.stopMatchingBehavior ?? behavior) === "LeavePolicies" && !isOneForEvent(scope, owner.name);
      const rendering = { action: isLeft ? ("leave" as const) : ("withdraw" as const) };
      const modes = { syncMode: "Continuous", continueOnConflict: false } as const;
      inputs.push({ kind: "aggregate", owner, cluster, ...modes, rendering, changedAt: undefined, rank });
      continue;
    }
    const input = await alive.render(trigger, cluster, rank);
    inputs.push(input);
    pairs += Math.max(1, alive.countOn(cluster));
    bytes += bytesOf(input);
    const isLast = cluster === clusters.at(-1);
    if (!isLast && (pairs >= limits.pairsMax || bytes >= limits.bytesMax)) {
      const { from: _, ...own } = pass;
      return { inputs, pairs, left: { ...own, after: { record: behindRecords(owner), cluster } } };
    }
  }
  return { inputs, pairs, left: undefined };
}

/** It is in force, and renders each entity by itself now. */
function isOneForEvent({ catalog }: AggregateScope, name: string): boolean {
  return catalog.eventTriggers.get(name)?.oneForEvent === true;
}

function bytesOf({ rendering }: AggregateInput): number {
  if (rendering.action !== "Create") return 0;
  return rendering.manifests.reduce((sum, { text }) => sum + text.length, 0);
}
