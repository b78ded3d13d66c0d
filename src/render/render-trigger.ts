/**
 * From an event to manifests: one EventTrigger's action and references, rendered for each cluster.
 *
 * (event, cluster, templates) → text and nothing else: equal inputs give equal bytes. A cluster whose rendering fails
 * says why and leaves the others alone.
 */
import type { Catalog, ContentDocument, EventTrigger, PolicyRef, TemplateField } from "../model/catalog.ts";
import type { ReceivedEvent } from "../model/cloud-event.ts";
import { type Cluster, clusterKey } from "../model/cluster.ts";
import { isJsonObject, type Json, type JsonObject } from "../model/json.ts";
import { type ClusterRendering, identityKey, isCoreKind, type Manifest, type Provenance } from "../model/manifest.ts";
import { type Problem, SluiceError, type SourcePlace } from "../model/problem.ts";
import type { RenderContext, RenderedText, Template } from "../model/template.ts";
import { isSwitch, mayBePrinted } from "./manifests/switches.ts";
import { readManifests } from "./read-manifests.ts";
import { eventData, withCluster } from "./template-data.ts";
import { mayHoldSecret, withoutQuotes } from "./without-quotes.ts";

export interface RenderSettings {
  /** `sveltos`: the numbers of an event are float64, as its encoding/json reads them. */
  readonly compatibility: "strict" | "sveltos";
  readonly secrets: "refuse" | "sops" | "plain";
  /** Nothing of an event is quoted in what is said of a failure, as `records: identity` has it. */
  readonly hidesEvents?: boolean;
  /** Settings' `name`, as every object says it. */
  readonly instance: string;
  /** How strictly objects are held against the schemas of their kinds; default `refuse`. */
  readonly checks?: "refuse" | "warn" | "off";
  /** Warns also of what is not known of a kind, for people who look at what a template renders. */
  readonly isValidation?: boolean;
  /** Bytes for functions of chance, by what asks for them; absent without `render.seedKey`. */
  readonly drawBytes?: (purpose: readonly string[], call: number, length: number) => Uint8Array;
}

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
  const event = settings.compatibility === "sveltos" ? floatNumbers(received.event.document) : received.event.document;
  const shared = eventData(received, event);
  const clock = clockOf(received);
  const provenance = { owner: `EventTrigger/${trigger.name}`, entity: entityHash, instance: settings.instance };

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
      if (trigger.broken !== undefined) return { cluster: key, action: "fail", problem: trigger.broken };
      if (action === "Delete") return { cluster: key, action };
      if (trigger.withdrawn) return { cluster: key, action, manifests: [] };
      const rendered = renderReferences(catalog, trigger, cluster, data, context, provenance, settings);
      if (warnings.length === 0) warnings = rendered.warnings;
      return { cluster: key, action, manifests: rendered.manifests };
    } catch (error) {
      const problem = trigger.broken ?? problemOf(error, trigger.at);
      return {
        cluster: key,
        action: "fail",
        problem: settings.hidesEvents === true ? withoutQuotes(problem) : problem,
      };
    }
  });
  return { renderings, elsewhere: actionElsewhere(trigger, renderings, shared, clock), warnings };
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
  if (trigger.broken !== undefined) return "Create";
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
    at: placeOf(field),
  });
}

function renderReferences(
  catalog: Catalog,
  trigger: EventTrigger,
  cluster: Cluster,
  data: JsonObject,
  context: RenderContext,
  provenance: Provenance,
  settings: RenderSettings,
): { readonly manifests: readonly Manifest[]; readonly warnings: readonly Problem[] } {
  const extraLabels = renderFields(trigger.extraLabels, data, context);
  const extraAnnotations = renderFields(trigger.extraAnnotations, data, context);
  const manifests: Manifest[] = [];
  const warnings: Problem[] = [];
  const seen = new Set<string>();
  for (const reference of trigger.policyRefs) {
    const document = findContent(catalog, reference, cluster, data, context);
    if (document === undefined) continue;
    for (const { content } of document.entries) {
      const rendered = renderContent(content, data, context);
      const { value, problems } = readManifests(rendered, content.source, {
        provenance,
        extraLabels,
        extraAnnotations,
        isConfidential: settings.hidesEvents === true,
        customKinds: catalog.customKinds,
        ...(settings.checks === undefined ? {} : { checks: settings.checks }),
        ...(settings.isValidation === undefined ? {} : { isValidation: settings.isValidation }),
      });
      for (const problem of problems) {
        if (problem.severity === "error") throw new SluiceError(problem);
        if (warnings.length < warningsMax) warnings.push(problem);
      }
      for (const manifest of value) {
        checkManifest(manifest, seen, settings);
        manifests.push(manifest);
      }
    }
  }
  return { manifests, warnings };
}

const warningsMax = 20;

/** What an engine says of a template that may print a Secret quotes nothing. */
function renderContent(content: Template, data: JsonObject, context: RenderContext): RenderedText {
  try {
    return content.render(data, context);
  } catch (error) {
    if (!(error instanceof SluiceError) || !mayHoldSecret(content.source.text)) throw error;
    throw new SluiceError(withoutQuotes(error.problem, true));
  }
}

function checkManifest({ identity, at }: Manifest, seen: Set<string>, { secrets }: RenderSettings): void {
  const { kind, namespace, name } = identity;
  const key = identityKey(identity);
  if (seen.has(key)) {
    throw new SluiceError({ code: "MANIFEST_INVALID", message: `${kind} ${namespace}/${name} is rendered twice`, at });
  }
  seen.add(key);
  if (isCoreKind(identity, "Secret") && secrets !== "plain") {
    throw new SluiceError({
      code: "SECRET_REFUSED",
      message: `Secret ${namespace}/${name} would be committed in plain text`,
      at,
      hint: "Render a SealedSecret or an ExternalSecret instead, or set output.secrets to plain.",
    });
  }
}

function renderFields(
  fields: ReadonlyMap<string, TemplateField>,
  data: JsonObject,
  context: RenderContext,
): ReadonlyMap<string, string> {
  if (fields.size === 0) return noFields;
  return new Map(
    [...fields].map(([key, field]) => {
      const { text, printed } = field.render(data, context);
      if (printed.length > 0 && isSwitch(key) && !mayBePrinted(key, text))
        throw new SluiceError(printedSwitch(key, field));
      return [key, text];
    }),
  );
}

function printedSwitch(key: string, field: TemplateField): Omit<Problem, "severity"> {
  return {
    code: "GUARD_VIOLATION",
    message: `${key} has a value that is printed: it tells those who apply the object what to do with it`,
    at: placeOf(field),
    hint: "Write it out in the trigger.",
  };
}

const noFields: ReadonlyMap<string, string> = new Map();

function findContent(
  catalog: Catalog,
  reference: PolicyRef,
  cluster: Cluster,
  data: JsonObject,
  context: RenderContext,
): ContentDocument | undefined {
  const name = reference.name.render(data, context);
  const namespace = reference.namespace.render(data, context);
  const resolved = `${namespace.text === "" ? cluster.namespace : namespace.text}/${name.text}`;
  const document = catalog.contents.get(`${reference.kind}/${resolved}`);
  if (document === undefined) {
    if (reference.optional) return undefined;
    throw new SluiceError({
      code: "REFERENCE_MISSING",
      message: `there is no ${reference.kind} ${resolved}`,
      at: reference.at,
      hint: "Add it to the config folder, or set optional: true on the reference.",
    });
  }
  // An event must not be able to have just any document rolled out by naming it.
  if (!document.isTemplate && (isNamedByEvent(reference.name) || isNamedByEvent(reference.namespace))) {
    throw new SluiceError({
      code: "REFERENCE_FORBIDDEN",
      message: `${reference.kind} ${resolved} is named by what an event says but is not annotated for it`,
      at: reference.at,
      hint: "Annotate the document with projectsveltos.io/instantiate if it may be chosen so.",
    });
  }
  return document;
}

/** What only the cluster's document goes into is said by those who write documents. */
function isNamedByEvent({ reads }: TemplateField): boolean {
  return reads.chains.some(([root]) => root !== "Cluster");
}

function placeOf(field: TemplateField): SourcePlace {
  const { file, line, column, part } = field.source;
  return { file, line, column, part };
}

/** A failure that nobody foresaw fails the record like any other, or one event could stop the service for good. */
function problemOf(error: unknown, at: SourcePlace): Problem {
  if (error instanceof SluiceError) return error.problem;
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return { code: "INTERNAL", severity: "error", message: `a bug in Sluice: ${message}`, at };
}

function clockOf({ event, message }: ReceivedEvent): number {
  const time = event.document.get("time");
  const own = typeof time === "string" ? Date.parse(time) : Number.NaN;
  return Number.isNaN(own) ? Date.parse(message.time) : own;
}

function floatNumbers(value: JsonObject): JsonObject {
  const floatValue = (member: Json): Json => {
    if (typeof member === "bigint") return Number(member);
    if (isJsonObject(member)) return floatNumbers(member);
    if (Array.isArray(member)) return (member as readonly Json[]).map(floatValue);
    return member;
  };
  return new Map([...value].map(([key, member]) => [key, floatValue(member)]));
}
