/** Recorded entities rendered again with the catalog in force, each cluster from the event that is its last one. */
import { matchEvent, type TriggerMatch } from "../events/match-event.ts";
import type { Catalog, EventTrigger, StopMatchingBehavior } from "../model/catalog.ts";
import type { ReceivedEvent } from "../model/cloud-event.ts";
import { type ClusterKey, clusterKey } from "../model/cluster.ts";
import type { ClusterRendering } from "../model/manifest.ts";
import { findPause, findPauseOn } from "../model/pauses.ts";
import type { Problem } from "../model/problem.ts";
import type { EntityRecord } from "../model/record.ts";
import type { ReplayedCluster, ReplayInput } from "../plan/apply-replay.ts";
import { hashEntity } from "../plan/paths.ts";
import { printsSecret } from "../render/may-render-secrets.ts";
import type { RenderSettings } from "../render/render-spec.ts";
import { isPrivate, renderTrigger } from "../render/render-trigger.ts";
import { type ChosenClusters, type ClusterRange, cutRange, type RenderedAgain } from "./cluster-range.ts";
import { renderProfileAgain } from "./render-profile-again.ts";

/** `behavior`: what becomes of the objects of an owner that is not in the catalog any more. */
export function renderAgain(
  catalog: Catalog,
  record: EntityRecord,
  range: ClusterRange,
  settings: RenderSettings,
  behavior: StopMatchingBehavior = "WithdrawPolicies",
): RenderedAgain {
  if (record.owner.kind !== "EventTrigger") return renderProfileAgain(catalog, record, range, settings, behavior);
  const trigger = catalog.eventTriggers.get(record.owner.name);
  const isGone = trigger === undefined || trigger.withdrawn === true;
  // Without its event an entity can only wait for the next one.
  if (!isGone && record.events.length === 0) return { input: undefined, pairs: 0 };
  const matches = isGone ? [] : record.events.map((recorded) => matchAgain(catalog, trigger, record, recorded));
  const { keys, last } = chooseClusters(record, matches, range);
  const clusters = new Map<ClusterKey, ReplayedCluster>();
  for (const [event, matched] of matches.entries()) {
    if (matched !== undefined && trigger !== undefined) {
      const isWanted = (key: ClusterKey) =>
        isEventOf(record, key, event, trigger) && !clusters.has(key) && !hasLeft(record, key, matches, trigger);
      const wanted = new Set(keys.filter(isWanted));
      for (const rendering of renderFor(catalog, trigger, matched, wanted, record, settings)) {
        const { cluster } = rendering;
        // Blank: what is on record no longer matches, and a cluster without an event of its own takes an older one.
        if (rendering.action === "none") continue;
        const isKept = rendering.action === "fail" && !trigger.oneForEvent;
        clusters.set(cluster, { cluster, event: isKept ? record.clusters.get(cluster)?.event : event, rendering });
      }
    }
  }
  const stopMatching = trigger?.stopMatchingBehavior ?? behavior;
  const isStopped =
    !isGone && (trigger.broken !== undefined || findPause(catalog, record.owner, trigger) !== undefined);
  const isTold = isGone || (!isStopped && matches.every((matched) => matched?.match.problem === undefined));
  const untold = new Map<ClusterKey, Problem>();
  for (const cluster of keys) {
    const recorded = record.clusters.get(cluster);
    if (clusters.has(cluster) || recorded === undefined) continue;
    const problem = matches[recorded.event ?? 0]?.match.problem;
    if (problem !== undefined) untold.set(cluster, problem);
    // What a broken trigger would match nobody knows.
    if (!isTold) continue;
    const on = catalog.clusters.get(cluster);
    if (!isGone && on !== undefined && findPauseOn(catalog, record.owner, trigger, on) !== undefined) continue;
    const action = stopMatching === "LeavePolicies" ? "leave" : "withdraw";
    clusters.set(cluster, { cluster, event: undefined, rendering: { action } });
  }
  const renderings = [...clusters.values()].flatMap(({ rendering }) => ("cluster" in rendering ? [rendering] : []));
  const input: ReplayInput = {
    kind: "replay",
    owner: record.owner,
    entity: record.entity,
    syncMode: trigger?.syncMode ?? "Continuous",
    continueOnConflict: trigger?.continueOnConflict ?? false,
    clusters: [...clusters.values()],
    ...(!isGone && (isPrivate(trigger, catalog, settings) || printsSecret(trigger, catalog, renderings))
      ? { isPrivate: true as const }
      : {}),
  };
  const rest = { ...(last === undefined ? {} : { last }), ...(untold.size === 0 ? {} : { untold }) };
  return { input: clusters.size === 0 ? undefined : input, pairs: renderings.length, ...rest };
}

interface MatchedEvent {
  readonly received: ReceivedEvent;
  readonly match: TriggerMatch;
}

function matchAgain(
  catalog: Catalog,
  trigger: EventTrigger,
  { entity }: EntityRecord,
  recorded: EntityRecord["events"][number],
): MatchedEvent | undefined {
  const received = { connection: entity.connection, ...recorded };
  const match = matchEvent(received, catalog).matches.find((one) => one.trigger === trigger);
  return match === undefined ? undefined : { received, match };
}

/** Where the destination can't be told, the failure is recorded for the clusters that the event counts for. */
function targetsOf({ match }: MatchedEvent) {
  return match.problem === undefined ? match.clusters : match.sources;
}

function chooseClusters(
  record: EntityRecord,
  matches: readonly (MatchedEvent | undefined)[],
  range: ClusterRange,
): ChosenClusters {
  const known = new Set(record.clusters.keys());
  for (const matched of matches)
    if (matched !== undefined) for (const one of targetsOf(matched)) known.add(clusterKey(one));
  return cutRange(known, range);
}

/**
 * Whether the cluster is to be rendered from this event: its own, or any where it has none. Among others an entity whose
 * newest event failed stays what it was by an older one; the newest is tried first.
 */
function isEventOf(
  { clusters }: EntityRecord,
  cluster: ClusterKey,
  event: number,
  { oneForEvent }: EventTrigger,
): boolean {
  const on = clusters.get(cluster);
  const isTriedFirst = !oneForEvent && on?.failure !== undefined && event === 0;
  return on === undefined || (on.event ?? 0) === event || isTriedFirst;
}

/**
 * Among others, where an entity stands by an older event because its newest could not be told: whether it can be told now,
 * and names other clusters.
 */
function hasLeft(
  { clusters }: EntityRecord,
  cluster: ClusterKey,
  [newest]: readonly (MatchedEvent | undefined)[],
  { oneForEvent }: EventTrigger,
): boolean {
  const on = clusters.get(cluster);
  if (oneForEvent || on?.failure === undefined || (on.event ?? 0) === 0) return false;
  if (newest === undefined || newest.match.problem !== undefined) return false;
  return !newest.match.clusters.some((one) => clusterKey(one) === cluster);
}

function renderFor(
  catalog: Catalog,
  trigger: EventTrigger,
  matched: MatchedEvent,
  wanted: ReadonlySet<ClusterKey>,
  record: EntityRecord,
  settings: RenderSettings,
): readonly ClusterRendering[] {
  const { match, received } = matched;
  const clusters = targetsOf(matched).filter((cluster) => wanted.has(clusterKey(cluster)));
  if (clusters.length === 0) return [];
  const { problem } = match;
  if (problem !== undefined) {
    return clusters.map((cluster) => ({ cluster: clusterKey(cluster), action: "fail", problem }));
  }
  const targets = { clusters, sources: match.sources };
  return renderTrigger(catalog, trigger, received, targets, hashEntity(record.entity), settings).renderings;
}
