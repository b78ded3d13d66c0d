/**
 * From an event to manifests: one EventTrigger's action and references, rendered for each cluster.
 *
 * (event, cluster, templates) → text and nothing else: equal inputs give equal bytes. A cluster whose rendering fails
 * says why and leaves the others alone.
 */
import type { Catalog, EventTrigger, TemplateField } from "../model/catalog.ts";
import type { ReceivedEvent } from "../model/cloud-event.ts";
import { type Cluster, type ClusterKey, clusterKey } from "../model/cluster.ts";
import { isJsonObject, type Json, type JsonObject } from "../model/json.ts";
import type { ClusterRendering } from "../model/manifest.ts";
import { triggerOwner } from "../model/owner.ts";
import { findPause, findPauseOn } from "../model/pauses.ts";
import { type Problem, SluiceError } from "../model/problem.ts";
import type { RenderContext } from "../model/template.ts";
import { mayRenderSecrets } from "./may-render-secrets.ts";
import { problemOf, type RenderSettings, renderSpec } from "./render-spec.ts";
import { eventData, withCluster } from "./template-data.ts";
import { placeOfSource } from "./template-place.ts";
import { withoutQuotes } from "./without-quotes.ts";

export interface RenderTargets {
  /** What to render for. */
  readonly clusters: readonly Cluster[];
  /** The clusters that the event counts for; the same unless the trigger names a destination. */
  readonly sources: readonly Cluster[];
}

export interface TriggerRendering {
  /** One for each cluster, in their order. */
  readonly renderings: readonly ClusterRendering[];
  /** What the event asks of clusters that are on record but do not match (any more). */
  readonly elsewhere: "Create" | "Delete" | "none";
  /** Of the first cluster that has some: what the version shipped of Kubernetes would not take, and others may. */
  readonly warnings: readonly Problem[];
}

/** `entityHash` stands for the event's entity in the provenance of what is rendered. */
export function renderTrigger(
  catalog: Catalog,
  trigger: EventTrigger,
  received: ReceivedEvent,
  { clusters, sources }: RenderTargets,
  entityHash: string,
  settings: RenderSettings,
): TriggerRendering {
  const event = catalog.compatibility === "sveltos" ? floatNumbers(received.event.document) : received.event.document;
  const shared = eventData(received, event);
  const clock = clockOf(received);
  const provenance = { owner: `EventTrigger/${trigger.name}`, entity: entityHash, instance: settings.instance };

  const owner = triggerOwner(trigger.name);
  const isStopped = trigger.broken !== undefined || findPause(catalog, owner, trigger) !== undefined;
  const hidesEvent = settings.hidesEvents === true || isPrivate(trigger, catalog, settings);
  let warnings: readonly Problem[] = [];
  const renderings = clusters.map((cluster): ClusterRendering => {
    const key = clusterKey(cluster);
    // With a destination `.Cluster` is still where the event came from, as in Sveltos.
    const shown =
      (trigger.destinationCluster ?? trigger.destinationClusterSelector) ? (sources[0] ?? cluster) : cluster;
    const data = withCluster(shared, shown);
    const draw = settings.drawBytes;
    const context: RenderContext = {
      clock,
      ...(draw === undefined
        ? {}
        : {
            drawBytes: (call: number, length: number) => draw([entityHash, trigger.name, key], call, length),
          }),
    };
    try {
      const action = renderAction(trigger.cloudEventAction, data, context);
      if (action === "none") return { cluster: key, action };
      // What all that are alive come to together is rendered at the end of the batch.
      if (!trigger.oneForEvent) return action === "Delete" ? { cluster: key, action } : noManifests(key);
      const stopped = trigger.broken ?? (trigger.withdrawn ? undefined : findPauseOn(catalog, owner, trigger, cluster));
      if (stopped !== undefined) return { cluster: key, action: "fail", problem: stopped };
      if (action === "Delete") return { cluster: key, action };
      if (trigger.withdrawn) return noManifests(key);
      const rendered = renderSpec(trigger, {
        catalog,
        cluster,
        data,
        context,
        provenance,
        settings: hidesEvent ? { ...settings, hidesEvents: true } : settings,
        trigger: trigger.name,
      });
      if (warnings.length === 0) warnings = rendered.warnings;
      return { cluster: key, action, manifests: rendered.manifests };
    } catch (error) {
      const problem = trigger.broken ?? problemOf(error, trigger.at);
      return {
        cluster: key,
        action: "fail",
        problem: hidesEvent ? withoutQuotes(problem) : problem,
      };
    }
  });
  return {
    renderings,
    elsewhere: isStopped && renderings.length === 0 ? "Create" : actionElsewhere(trigger, renderings, shared, clock),
    warnings,
  };
}

/** Whether the trigger's events may be printed into Secrets, where these must not stand in clear. */
export function isPrivate(trigger: EventTrigger, catalog: Catalog, { secrets }: RenderSettings): boolean {
  return secrets !== "plain" && mayRenderSecrets(trigger, catalog);
}

function noManifests(cluster: ClusterKey): ClusterRendering {
  return { cluster, action: "Create", manifests: [] };
}

/**
 * Clusters that no longer match have no document to render the action over. They follow the clusters that do match
 * where these agree, else what the action says without any cluster.
 */
function actionElsewhere(
  trigger: EventTrigger,
  renderings: readonly ClusterRendering[],
  data: JsonObject,
  clock: number,
): "Create" | "Delete" | "none" {
  const told = renderings.filter(({ action }) => action !== "none");
  if (told.length > 0) return told.every(({ action }) => action === "Delete") ? "Delete" : "Create";
  if (renderings.length > 0) return "none";
  try {
    return renderAction(trigger.cloudEventAction, data, { clock });
  } catch {
    return "Create";
  }
}

/** "none": blank, so the event is none of the trigger's. */
function renderAction(field: TemplateField, data: JsonObject, context: RenderContext): "Create" | "Delete" | "none" {
  const action = field.render(data, context).text.trim();
  if (action === "") return "none";
  if (action === "Create" || action === "Delete") return action;
  throw new SluiceError({
    code: "ACTION_INVALID",
    message: `cloudEventAction renders to ${JSON.stringify(action.slice(0, 100))}, which is neither Create nor Delete nor blank`,
    at: placeOfSource(field.source),
  });
}

/** Of the event itself, else of its message. A leap second, which JavaScript's times have not, is the second before it. */
export function clockOf({ event, message }: Pick<ReceivedEvent, "event" | "message">): number {
  const time = event.document.get("time");
  const own = typeof time === "string" ? Date.parse(time.replace(/:60(?=[.Zz+-])/, ":59")) : Number.NaN;
  return Number.isNaN(own) ? Date.parse(message.time) : own;
}

/** As encoding/json reads numbers. */
export function floatNumbers(value: JsonObject): JsonObject {
  const floatValue = (member: Json): Json => {
    if (typeof member === "bigint") return Number(member);
    if (isJsonObject(member)) return floatNumbers(member);
    if (Array.isArray(member)) return (member as readonly Json[]).map(floatValue);
    return member;
  };
  return new Map([...value].map(([key, member]) => [key, floatValue(member)]));
}
