/** Decode, match, render: from a delivery to what planning folds in. Pure; the catalog decides everything. */
import { decodeDelivery } from "../events/decode-delivery.ts";
import { matchEvent, type TriggerMatch } from "../events/match-event.ts";
import type { Catalog } from "../model/catalog.ts";
import type { ReceivedEvent } from "../model/cloud-event.ts";
import { type ClusterKey, clusterKey } from "../model/cluster.ts";
import type { Delivery } from "../model/delivery.ts";
import type { ClusterRendering } from "../model/manifest.ts";
import { triggerOwner } from "../model/owner.ts";
import { findPause } from "../model/pauses.ts";
import type { Problem } from "../model/problem.ts";
import type { EntityInput } from "../plan/apply-event.ts";
import { makeDeadLetter } from "../plan/dead-letter-file.ts";
import { hashEntity } from "../plan/paths.ts";
import type { PlanInput } from "../plan/state-fold.ts";
import { printsSecret } from "../render/may-render-secrets.ts";
import type { RenderSettings } from "../render/render-spec.ts";
import { isPrivate, renderTrigger } from "../render/render-trigger.ts";

/** Says in a message's header of which state it is an outcome: whoever keeps that state never reads it as an event. */
export const outcomeHeader = "Sluice-Outcome-Of";

export interface ProcessedDelivery {
  readonly inputs: readonly PlanInput[];
  /** Of decoding and rendering: they are on record too; here they are for the log. */
  readonly problems: readonly Problem[];
  /** Of what was rendered all the same. */
  readonly warnings: readonly Problem[];
  /** EventSources that only unanchored patterns, as Sveltos has them, would have matched. */
  readonly nearMisses: readonly string[];
  /** It is no event: the server says with it that others are gone, or Sluice itself what became of one. */
  readonly marker?: string;
}

/** `stateId`: of the state that it is for; what that state's Sluice tells of outcomes is no event of its own. */
export function processDelivery(
  catalog: Catalog,
  delivery: Delivery,
  settings: RenderSettings,
  stateId?: string,
): ProcessedDelivery {
  if (stateId !== undefined && delivery.headers.get(outcomeHeader)?.includes(stateId) === true)
    return { inputs: [], problems: [], warnings: [], nearMisses: [], marker: outcomeHeader };
  const { events, problems: undecoded, marker } = decodeDelivery(delivery);
  const inputs: PlanInput[] = [];
  const problems: Problem[] = [...undecoded];
  const warnings: Problem[] = [];
  const nearMisses: string[] = [];
  for (const received of events) {
    const { matches, nearMisses: missed } = matchEvent(received, catalog);
    for (const { name } of missed) nearMisses.push(name);
    for (const match of matches) {
      const { input, warnings: told } = renderMatch(catalog, match, received, settings);
      inputs.push(input);
      warnings.push(...told);
      for (const rendering of input.renderings) if (rendering.action === "fail") problems.push(rendering.problem);
    }
  }
  undecoded.forEach((problem, index) => {
    inputs.push({ kind: "dead-letter", letter: makeDeadLetter(delivery, problem, index) });
  });
  return { inputs, problems, warnings, nearMisses, ...(marker === undefined ? {} : { marker }) };
}

/** One event that was decoded before, under all triggers of the catalog. */
export function processEvent(
  catalog: Catalog,
  received: ReceivedEvent,
  settings: RenderSettings,
): readonly EntityInput[] {
  return matchEvent(received, catalog).matches.map((match) => renderMatch(catalog, match, received, settings).input);
}

function failOn(cluster: ClusterKey, problem: Problem): ClusterRendering {
  return { cluster, action: "fail", problem };
}

function renderMatch(
  catalog: Catalog,
  { trigger, clusters, sources, problem }: TriggerMatch,
  received: ReceivedEvent,
  settings: RenderSettings,
): { readonly input: EntityInput; readonly warnings: readonly Problem[] } {
  const { connection, event, message } = received;
  const entity = { connection, source: event.source, subject: event.subject };
  // Where the destination can't be told, the failure is recorded for the clusters that the event counts for.
  const { renderings, elsewhere, warnings } =
    problem === undefined
      ? renderTrigger(catalog, trigger, received, { clusters, sources }, hashEntity(entity), settings)
      : {
          renderings: sources.map((cluster) => failOn(clusterKey(cluster), problem)),
          elsewhere: "Create" as const,
          warnings: [],
        };
  const { name, syncMode, continueOnConflict } = trigger;
  // Where nobody can tell which clusters the event counts for, none can be said to have stopped matching.
  const owner = triggerOwner(name);
  const isStopped = trigger.broken !== undefined || findPause(catalog, owner, trigger) !== undefined;
  const isTold = problem === undefined && !isStopped;
  const input: EntityInput = {
    kind: "entity",
    owner,
    syncMode,
    continueOnConflict,
    entity,
    last: { event, message },
    renderings,
    elsewhere,
    stopMatching: isTold ? trigger.stopMatchingBehavior : "keep",
    ...(trigger.oneForEvent ? {} : { isAggregate: true as const }),
    ...(trigger.withdrawn ? { isWithdrawn: true as const } : {}),
    ...(isPrivate(trigger, catalog, settings) || printsSecret(trigger, catalog, renderings)
      ? { isPrivate: true as const }
      : {}),
  };
  return { input, warnings };
}
