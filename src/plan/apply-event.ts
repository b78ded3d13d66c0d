/** What one event does to the state: its entity's objects, their claims and its record. */
import type { StopMatchingBehavior, SyncMode } from "../model/catalog.ts";
import type { EventEffect } from "../model/change-set.ts";
import type { Entity } from "../model/cloud-event.ts";
import type { ClusterKey } from "../model/cluster.ts";
import type { ClusterRendering } from "../model/manifest.ts";
import type { Owner } from "../model/owner.ts";
import type { ClusterRecord, EntityRecord, RecordedEvent } from "../model/record.ts";
import { EntityOnCluster, type EntityScope, noHoldings } from "./entity-on-cluster.ts";

/** An entity's event under an owner, rendered; in the order of the deliveries. */
export interface EntityInput {
  readonly kind: "entity";
  readonly owner: Owner;
  readonly syncMode: SyncMode;
  readonly continueOnConflict: boolean;
  readonly entity: Entity;
  readonly last: RecordedEvent;
  /** One for each cluster that matches. */
  readonly renderings: readonly ClusterRendering[];
  /**
   * What the event asks for where no cluster matches: after Delete the entity is gone, after Create it is remembered;
   * "none": nothing, it is none of the owner's there.
   */
  readonly elsewhere: "Create" | "Delete" | "none";
  /**
   * What becomes of recorded clusters that do not match any more, unless the event asks for Delete. "keep": everything
   * stays as it is, since nobody can tell whether they match.
   */
  readonly stopMatching: StopMatchingBehavior | "keep";
  /** The owner renders all its entities together (`oneForEvent: false`): of one there is what it asks for, and no object. */
  readonly isAggregate?: true;
  /** The owner's documents are gone: what the event asks for is remembered, and no object is touched. */
  readonly isWithdrawn?: true;
  /** What the event says may stand in a Secret, which must not be in clear anywhere: nothing of it is remembered. */
  readonly isPrivate?: true;
  /** It is an event of old: what comes of it is rendered when all have been read, and nothing is told of it now. */
  readonly isBackfill?: true;
}

export interface EventOutcome {
  /** Undefined: the entity is forgotten. */
  readonly record: EntityRecord | undefined;
  /** Undefined where the event concerned no cluster. */
  readonly effect: EventEffect | undefined;
}

/** Undefined: the event is none of the owner's anywhere. */
export function applyEvent(
  scope: EntityScope,
  records: "full" | "identity",
  record: EntityRecord | undefined,
  input: EntityInput,
): EventOutcome | undefined {
  const told = input.renderings.filter(({ action }) => action !== "none");
  if (told.length === 0 && input.elsewhere === "none") return undefined;

  const keepsEvents = records === "full" && input.isPrivate !== true;
  const rendered = new Set(input.renderings.map(({ cluster }) => cluster));
  const clusters = new Map<ClusterKey, ClusterRecord>();
  const concerned = new Set(told.map(({ cluster }) => cluster));
  for (const [cluster, on] of record?.clusters ?? []) {
    const saysNothing = rendered.has(cluster)
      ? !told.some((one) => one.cluster === cluster)
      : input.elsewhere === "none";
    // Its own event is one further down in the list from now on.
    const event = on.event === undefined || !keepsEvents ? undefined : on.event + 1;
    if (saysNothing) clusters.set(cluster, { ...on, event });
    if (saysNothing || rendered.has(cluster)) continue;
    concerned.add(cluster);
    const after = leaveCluster(scope, input, cluster, on, keepsEvents);
    if (after !== undefined) clusters.set(cluster, after);
  }
  for (const rendering of inClaimOrder(told, record?.clusters)) {
    const { cluster } = rendering;
    clusters.set(cluster, settleCluster(scope, input, rendering, record?.clusters.get(cluster), keepsEvents));
  }

  const { owner, entity, last } = input;
  const isDeleted = [...clusters.values()].every(
    ({ action, failure, objects, waiting }) =>
      action === "Delete" && failure === undefined && objects.size === 0 && waiting.size === 0,
  );
  const isGone = isDeleted && input.elsewhere === "Delete";
  // Deleting what isn't there is nothing.
  if (isGone && record === undefined) return undefined;
  const events = keepsEvents ? [last, ...(record?.events ?? [])] : [];
  const kept = isGone ? undefined : dropUnused({ owner, entity, events, clusters, changedAt: last.message.time });
  const failures = told.flatMap(({ cluster }) => clusters.get(cluster)?.failure ?? []);
  const failed = failures.length;
  const [reason] = failures;
  const isThere = [...concerned].some((cluster) => clusters.get(cluster)?.action === "Create");
  if (concerned.size === 0) return { record: kept, effect: undefined };
  const { type, id } = last.event;
  const action = failed > 0 ? "failed" : isThere ? "Create" : "Delete";
  const effect = { owner, ...entity, type, id, action, clusters: concerned.size, failed } as const;
  return { record: kept, effect: reason === undefined ? effect : { ...effect, reason } };
}

/**
 * Clusters as they claimed what stands on the hub for them: of those that want one object there the first decides, and
 * those behind it agree with what it wants now.
 */
export function inClaimOrder<T extends { readonly cluster: ClusterKey }>(
  renderings: readonly T[],
  clusters: ReadonlyMap<ClusterKey, ClusterRecord> | undefined,
): readonly T[] {
  const ranks = new Map<T, number>();
  for (const rendering of renderings) {
    const objects = clusters?.get(rendering.cluster)?.objects.values() ?? [];
    const local = [...objects].filter(({ identity }) => identity.isLocal).map(({ rank }) => rank);
    if (local.length > 0) ranks.set(rendering, Math.min(...local));
  }
  if (ranks.size === 0) return renderings;
  const rankOf = (one: T) => ranks.get(one) ?? Number.MAX_SAFE_INTEGER;
  return renderings.toSorted((a, b) => rankOf(a) - rankOf(b));
}

/** A recorded cluster that does not match any more; undefined: nothing of it is remembered. */
function leaveCluster(
  scope: EntityScope,
  input: EntityInput,
  cluster: ClusterKey,
  on: ClusterRecord,
  keepsEvents: boolean,
): ClusterRecord | undefined {
  const event = keepsEvents ? 0 : undefined;
  if (input.isWithdrawn)
    return { ...withoutFailure(on), event, action: input.elsewhere === "Delete" ? "Delete" : "Create" };
  const isDelete = input.elsewhere === "Delete";
  if (!isDelete && input.stopMatching === "keep") {
    const [problem] = input.renderings.flatMap((one) => (one.action === "fail" ? [one.problem] : []));
    if (!input.isAggregate || problem === undefined) return { ...withoutFailure(on), event };
    // Among others it stays what it was by the event before.
    return { ...on, event: on.event === undefined ? undefined : on.event + 1, failure: problem };
  }
  const hadObjects = on.objects.size > 0 || on.waiting.size > 0;
  const there = new EntityOnCluster(scope, cluster, on);
  if (!isDelete && input.stopMatching === "LeavePolicies") there.leave();
  else there.takeAway();
  // What configuration has withdrawn stands where it stood when that is taken back; a Delete forgets it.
  if (isDelete || on.withdrawn.size === 0 || hadObjects) return undefined;
  return { event, action: "Create", ...noHoldings, withdrawn: on.withdrawn };
}

function settleCluster(
  scope: EntityScope,
  input: EntityInput,
  rendering: ClusterRendering,
  on: ClusterRecord | undefined,
  keepsEvents: boolean,
): ClusterRecord {
  const event = keepsEvents ? 0 : undefined;
  const held = on ?? { ...noHoldings, event: undefined, action: "Create" as const };
  if (rendering.action === "fail") {
    // Among others an entity stays what it was by the event before, which is one further down in the list from now on.
    const before = held.event === undefined ? undefined : held.event + 1;
    return { ...held, event: input.isAggregate ? before : event, failure: rendering.problem };
  }
  const action = rendering.action === "Delete" ? "Delete" : "Create";
  if (input.isWithdrawn) return { ...withoutFailure(held), event, action };
  const there = new EntityOnCluster(scope, rendering.cluster, held);
  if (rendering.action !== "Create") return { event, action, ...there.takeAway() };
  if (input.syncMode === "OneTime" && isRendered(on)) return { ...on, event };
  // A dry run shows what would be rendered; it claims nothing.
  const manifests = input.syncMode === "DryRun" ? [] : rendering.manifests;
  const { conflict, ...holdings } = there.place(manifests, input.continueOnConflict);
  return { event, action, ...holdings, ...(conflict === undefined ? {} : { failure: conflict }) };
}

/** Whether the entity has had its one rendering on a cluster, and still has what came of it. */
export function isRendered(on: ClusterRecord | undefined): on is ClusterRecord {
  return on !== undefined && on.action === "Create" && on.failure === undefined && on.withdrawn.size === 0;
}

export function withoutFailure({ failure: _, ...on }: ClusterRecord): ClusterRecord {
  return on;
}

/** Without any of its events: it can only wait for the next one. */
export function forgetEvents(record: EntityRecord): EntityRecord {
  const clusters = [...record.clusters].map(([key, on]) => [key, { ...on, event: undefined }] as const);
  return { ...record, events: [], clusters: new Map(clusters) };
}

/** Without events that no cluster needs any more; the newest stays for clusters to come. */
export function dropUnused(record: EntityRecord): EntityRecord {
  const used = new Set([0, ...[...record.clusters.values()].map(({ event }) => event)]);
  if (record.events.every((_, index) => used.has(index))) return record;
  const kept = [...record.events.keys()].filter((index) => used.has(index));
  const clusters = new Map<ClusterKey, ClusterRecord>();
  for (const [cluster, on] of record.clusters) {
    clusters.set(cluster, on.event === undefined ? on : { ...on, event: kept.indexOf(on.event) });
  }
  return { ...record, events: kept.map((index) => record.events[index]!), clusters };
}
