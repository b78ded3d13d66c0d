/**
 * What a recorded entity rendered again does to the state. It takes and gives objects, and forgets nothing: events, ranks
 * and the record itself stay, so that a change that is taken back brings everything back.
 */
import type { SyncMode } from "../model/catalog.ts";
import type { Entity } from "../model/cloud-event.ts";
import type { ClusterKey } from "../model/cluster.ts";
import type { ClusterRendering } from "../model/manifest.ts";
import type { Owner } from "../model/owner.ts";
import type { ClusterRecord, EntityRecord } from "../model/record.ts";
import { inClaimOrder, isRendered, withoutFailure } from "./apply-event.ts";
import { EntityOnCluster, type EntityScope, noHoldings } from "./entity-on-cluster.ts";

/** What becomes of an entity on a cluster that a pass is for. */
export interface ReplayedCluster {
  readonly cluster: ClusterKey;
  /** Which of the record's events it was rendered from; undefined: its objects go or stay without any. */
  readonly event: number | undefined;
  /** `withdraw`: the objects go, because the owner or the cluster does not match any more; `leave`: they stay, marked. */
  readonly rendering: ClusterRendering | { readonly action: "withdraw" | "leave" };
}

/** A record's own events rendered once more, for some clusters; of others it says nothing. */
export interface ReplayInput {
  readonly kind: "replay";
  readonly owner: Owner;
  readonly entity: Entity;
  readonly syncMode: SyncMode;
  readonly continueOnConflict: boolean;
  readonly clusters: readonly ReplayedCluster[];
  /** What the record's events say may stand in a Secret, which must not be in clear anywhere: they are forgotten. */
  readonly isPrivate?: true;
}

/** `renderedAt`: what dates the rendering of an owner without events. */
export function applyReplay(
  scope: EntityScope,
  record: EntityRecord,
  input: ReplayInput,
  renderedAt?: string,
): EntityRecord {
  const clusters = new Map(record.clusters);
  for (const replayed of inClaimOrder(input.clusters, record.clusters)) {
    const on = record.clusters.get(replayed.cluster);
    const after = replayCluster(scope, input, replayed, on);
    const isDated = renderedAt !== undefined && replayed.rendering.action === "Create" && after !== on;
    if (after !== undefined) clusters.set(replayed.cluster, isDated ? { ...after, renderedAt } : after);
  }
  return { ...record, clusters };
}

/** Undefined: nothing is remembered of the cluster, and nothing to be. */
function replayCluster(
  scope: EntityScope,
  input: ReplayInput,
  { cluster, event, rendering }: ReplayedCluster,
  on: ClusterRecord | undefined,
): ClusterRecord | undefined {
  if (on === undefined && rendering.action !== "Create" && rendering.action !== "fail") return undefined;
  const held = on ?? { ...noHoldings, event, action: "Create" as const };
  const there = new EntityOnCluster(scope, cluster, held);
  switch (rendering.action) {
    case "leave":
      return { ...withoutFailure(held), ...there.leave() };
    case "none":
    case "withdraw":
    case "Delete":
      return { ...withoutFailure(held), ...there.takeAway() };
    case "fail":
      return { ...held, event, failure: rendering.problem };
    case "Create": {
      if (input.syncMode === "OneTime" && isRendered(on)) return on;
      const manifests = input.syncMode === "DryRun" ? [] : rendering.manifests;
      const { conflict, ...holdings } = there.place(manifests, input.continueOnConflict);
      return { event, action: "Create", ...holdings, ...(conflict === undefined ? {} : { failure: conflict }) };
    }
    default:
      return rendering satisfies never;
  }
}

/** Gives up all that an entity has, for good. */
export function removeEntity(scope: EntityScope, record: EntityRecord): void {
  for (const [cluster, on] of record.clusters) new EntityOnCluster(scope, cluster, on).takeAway();
}

/** Forgets why a record failed, its objects staying as they are; undefined: it had nothing else to remember. */
export function discardFailures(record: EntityRecord, isAggregate = false): EntityRecord | undefined {
  const isUsed = ({ objects, waiting, withdrawn }: ClusterRecord) => objects.size + waiting.size + withdrawn.size > 0;
  if (![...record.clusters.values()].some(isUsed)) return isAggregate ? discardAmongOthers(record) : undefined;
  return { ...record, clusters: new Map([...record.clusters].map(([cluster, on]) => [cluster, withoutFailure(on)])) };
}

/** Of an entity among others no object is remembered: where it had an event before the one that failed, it stays by that. */
function discardAmongOthers(record: EntityRecord): EntityRecord | undefined {
  const stays = [...record.clusters].filter(([, { event, failure }]) => failure === undefined || event !== undefined);
  if (stays.length === 0) return undefined;
  return { ...record, clusters: new Map(stays.map(([cluster, on]) => [cluster, withoutFailure(on)])) };
}
