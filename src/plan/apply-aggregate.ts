/**
 * What an owner renders once for each cluster, over all its entities that are alive there (`oneForEvent: false`): its
 * objects, their claims, and the record that has them.
 */
import type { SyncMode } from "../model/catalog.ts";
import type { ClusterKey } from "../model/cluster.ts";
import type { ClusterRendering } from "../model/manifest.ts";
import type { Owner } from "../model/owner.ts";
import type { ClusterRecord, EntityRecord } from "../model/record.ts";
import { isRendered, withoutFailure } from "./apply-event.ts";
import { EntityOnCluster, type EntityScope, noHoldings } from "./entity-on-cluster.ts";
import { aggregateEntity } from "./paths.ts";

/** An input at the end of a batch: what the entities that are alive on a cluster come to by then. */
export interface AggregateInput {
  readonly kind: "aggregate";
  readonly owner: Owner;
  readonly cluster: ClusterKey;
  readonly syncMode: SyncMode;
  readonly continueOnConflict: boolean;
  /** `withdraw`: nobody is alive there, or the cluster does not match any more; `leave`: the objects stay, and are marked. */
  readonly rendering: ClusterRendering | { readonly action: "withdraw" | "leave" };
  /** Time of the newest event of those that are alive; undefined: nobody is. */
  readonly changedAt: string | undefined;
  /** Of what is claimed anew: the number of the event that asked for it. Undefined: a pass does, which remembers ranks. */
  readonly rank: number | undefined;
}

/** Undefined: there is nothing to remember. */
export function applyAggregate(
  scope: EntityScope,
  record: EntityRecord | undefined,
  input: AggregateInput,
): EntityRecord | undefined {
  const { owner, cluster, changedAt } = input;
  const on = record?.clusters.get(cluster);
  const after = settle(scope, input, on);
  const { objects, waiting, withdrawn, failure } = after;
  if (objects.size + waiting.size + withdrawn.size === 0 && failure === undefined && changedAt === undefined) {
    return undefined;
  }
  return {
    owner,
    entity: aggregateEntity(cluster),
    events: [],
    clusters: new Map([[cluster, after]]),
    changedAt: changedAt ?? record?.changedAt ?? "",
  };
}

function settle(scope: EntityScope, input: AggregateInput, on: ClusterRecord | undefined): ClusterRecord {
  const held = on ?? { ...noHoldings, event: undefined, action: "Create" as const };
  const there = new EntityOnCluster(scope, input.cluster, held);
  const { rendering } = input;
  switch (rendering.action) {
    case "leave":
      return { ...withoutFailure(held), ...there.leave() };
    case "fail":
      return { ...held, failure: rendering.problem };
    case "none":
    case "Delete":
    case "withdraw":
      return { ...withoutFailure(held), ...there.takeAway() };
    case "Create": {
      if (input.syncMode === "OneTime" && isRendered(on) && on.objects.size > 0) return on;
      const manifests = input.syncMode === "DryRun" ? [] : rendering.manifests;
      const { conflict, ...holdings } = there.place(manifests, input.continueOnConflict);
      return {
        event: undefined,
        action: "Create",
        ...holdings,
        ...(conflict === undefined ? {} : { failure: conflict }),
      };
    }
    default:
      return rendering satisfies never;
  }
}
