/** From who is alive on a cluster to the input that brings the cluster to it. */
import type { EventTrigger } from "../../model/catalog.ts";
import type { Entity } from "../../model/cloud-event.ts";
import type { ClusterKey } from "../../model/cluster.ts";
import { type Owner, type OwnerKey, ownerKey } from "../../model/owner.ts";
import { findPause, findPauseOn } from "../../model/pauses.ts";
import type { Problem } from "../../model/problem.ts";
import type { EntityRecord, RecordedEvent } from "../../model/record.ts";
import type { AggregateInput } from "../../plan/apply-aggregate.ts";
import { aggregateEntity, hashEntity, recordPath } from "../../plan/paths.ts";
import { parseRecord } from "../../plan/record-file.ts";
import type { Touched } from "../../plan/state-fold.ts";
import { renderAggregate, tooManyAlive } from "../../render/render-aggregate.ts";
import { countEntity } from "./count-entity.ts";
import type { AggregateScope, CountedEntity } from "./counted-entities.ts";

/** Who is alive on a cluster, and by which of its record's events. */
interface Alive {
  readonly entities: { readonly counted: CountedEntity; readonly event: number }[];
  /** Some are on record there, and the cluster does not match any more: what is there stays. */
  isLeft: boolean;
  /** Why nobody can tell of one of them whether it is alive there: what is there stays. */
  untold: Problem | undefined;
}

/** The owner's trigger, where it renders all its entities together. */
export function aggregateTrigger({ catalog }: AggregateScope, { kind, name }: Owner): EventTrigger | undefined {
  const trigger = kind === "EventTrigger" ? catalog.eventTriggers.get(name) : undefined;
  return trigger === undefined || trigger.oneForEvent ? undefined : trigger;
}

/**
 * The end of a batch: inputs for the clusters where inputs of the batch may have changed who is alive. `recordOf`: an
 * entity's record as the batch leaves it.
 */
export async function renderTouched(
  scope: AggregateScope,
  touched: readonly Touched[],
  recordOf: (owner: Owner, entity: Entity) => Promise<EntityRecord | undefined>,
): Promise<readonly AggregateInput[]> {
  const inputs: AggregateInput[] = [];
  for (const [, ofOwner] of groupByOwner(touched)) {
    const { owner } = ofOwner[0]!;
    const trigger = aggregateTrigger(scope, owner);
    // A withdrawn owner keeps what it has.
    if (trigger === undefined || trigger.withdrawn === true) continue;
    const ranks = new Map<ClusterKey, number>();
    const changed = new Map<string, EntityRecord | undefined>();
    for (const { entity, clusters, rank } of ofOwner) {
      for (const cluster of clusters) if (!ranks.has(cluster)) ranks.set(cluster, rank);
      changed.set(recordPath(owner, hashEntity(entity)), await recordOf(owner, entity));
    }
    const alive = await AliveOnClusters.read(scope, owner, new Set(ranks.keys()), changed);
    for (const [cluster, rank] of ranks) inputs.push(await alive.render(trigger, cluster, rank));
  }
  return inputs;
}

/** As a pass has it; undefined: the owner renders nothing so. */
export async function renderOnCluster(
  scope: AggregateScope,
  owner: Owner,
  cluster: ClusterKey,
): Promise<AggregateInput | undefined> {
  const trigger = aggregateTrigger(scope, owner);
  if (trigger === undefined || trigger.withdrawn === true) return undefined;
  const alive = await AliveOnClusters.read(scope, owner, new Set([cluster]));
  return alive.render(trigger, cluster, undefined);
}

function groupByOwner(touched: readonly Touched[]): ReadonlyMap<OwnerKey, readonly Touched[]> {
  const groups = new Map<OwnerKey, Touched[]>();
  for (const one of touched) {
    const group = groups.get(ownerKey(one.owner));
    if (group === undefined) groups.set(ownerKey(one.owner), [one]);
    else group.push(one);
  }
  return groups;
}

export class AliveOnClusters {
  readonly #scope: AggregateScope;
  readonly #owner: Owner;
  readonly #clusters: ReadonlyMap<ClusterKey, Alive>;

  private constructor(scope: AggregateScope, owner: Owner, clusters: ReadonlyMap<ClusterKey, Alive>) {
    this.#scope = scope;
    this.#owner = owner;
    this.#clusters = clusters;
  }

  /** `changed`: records that are other than in the tree, by path; undefined: gone. */
  static async read(
    scope: AggregateScope,
    owner: Owner,
    wanted: "all" | ReadonlySet<ClusterKey>,
    changed: ReadonlyMap<string, EntityRecord | undefined> = new Map(),
  ): Promise<AliveOnClusters> {
    const { catalog, settings, counted: cache } = scope;
    const clusters = new Map<ClusterKey, Alive>();
    const add = (counted: CountedEntity) => {
      for (const [cluster, event] of counted.count) {
        if (wanted !== "all" && !wanted.has(cluster)) continue;
        const alive = clusters.get(cluster) ?? nobody();
        clusters.set(cluster, alive);
        if (typeof event === "number") alive.entities.push({ counted, event });
        alive.isLeft ||= event === "left";
        if (typeof event === "object") alive.untold ??= event;
      }
    };
    for (const counted of await cache.read(scope, owner)) if (!changed.has(counted.path)) add(counted);
    for (const [path, record] of changed) {
      if (record === undefined) continue;
      add({ path, entity: record.entity, count: countEntity(catalog, record, settings), record });
    }
    return new AliveOnClusters(scope, owner, clusters);
  }

  /** Where any entity on record is, was or could be alive. */
  get clusters(): Iterable<ClusterKey> {
    return this.#clusters.keys();
  }

  countOn(cluster: ClusterKey): number {
    return this.#clusters.get(cluster)?.entities.length ?? 0;
  }

  /** `rank`: of the input that asks for it; undefined: a pass does. */
  async render(trigger: EventTrigger, cluster: ClusterKey, rank: number | undefined): Promise<AggregateInput> {
    const { syncMode, continueOnConflict } = trigger;
    const shared = { kind: "aggregate", owner: this.#owner, cluster, syncMode, continueOnConflict, rank } as const;
    const { entities, isLeft, untold } = this.#clusters.get(cluster) ?? nobody();
    const { catalog, settings } = this.#scope;
    const document = catalog.clusters.get(cluster);
    const pause =
      document === undefined
        ? findPause(catalog, this.#owner, trigger)
        : findPauseOn(catalog, this.#owner, trigger, document);
    const problem = trigger.broken ?? pause ?? untold ?? tooManyAlive(trigger, cluster, entities.length);
    if (problem !== undefined)
      return { ...shared, rendering: { cluster, action: "fail", problem }, changedAt: undefined };
    if (entities.length === 0 || document === undefined) {
      return { ...shared, rendering: { action: isLeft ? "leave" : "withdraw" }, changedAt: undefined };
    }
    const events = await this.#readEvents(entities);
    const key = hashEntity(aggregateEntity(cluster));
    const { rendering } = renderAggregate(catalog, trigger, document, events, key, settings);
    return { ...shared, rendering, changedAt: newestTime(events) };
  }

  /** In the order of sources and subjects. */
  async #readEvents(entities: Alive["entities"]): Promise<readonly RecordedEvent[]> {
    const { git, tree } = this.#scope;
    const unread = entities.filter(({ counted }) => counted.record === undefined).map(({ counted }) => counted.path);
    const texts = tree === undefined ? new Map<string, string>() : await git.readFiles(tree, unread);
    const sorted = [...entities].sort((a, b) => compareEntities(a.counted.entity, b.counted.entity));
    return sorted.flatMap(({ counted: { record, path }, event }) => {
      const text = texts.get(path);
      const read = record ?? (text === undefined ? undefined : parseRecord(text, path));
      return read?.events[event] ?? [];
    });
  }
}

function nobody(): Alive {
  return { entities: [], isLeft: false, untold: undefined };
}

/** By code unit, so that equal sets are in one order on every machine. */
function compareEntities(a: Entity, b: Entity): number {
  for (const key of ["source", "subject", "connection"] as const)
    if (a[key] !== b[key]) return a[key] < b[key] ? -1 : 1;
  return 0;
}

function newestTime(events: readonly RecordedEvent[]): string {
  return events.reduce((newest, { message: { time } }) => (time > newest ? time : newest), "");
}
