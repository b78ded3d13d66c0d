/**
 * What an owner's `spec` renders for one cluster: its references, labels and annotations, whether an event or a cluster
 * asks for it.
 */
import type { Catalog, ContentDocument, OwnerSpec, PolicyRef, TemplateField } from "../model/catalog.ts";
import type { Cluster } from "../model/cluster.ts";
import type { JsonObject } from "../model/json.ts";
import { identityKey, isCoreKind, type Manifest, type Provenance } from "../model/manifest.ts";
import { type Problem, SluiceError, type SourcePlace } from "../model/problem.ts";
import type { RenderContext, RenderedText, Template } from "../model/template.ts";
import { isSwitch, mayBePrinted } from "./manifests/switches.ts";
import { readManifests } from "./read-manifests.ts";
import { placeOfSource } from "./template-place.ts";
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

/** What it is rendered with. */
export interface RenderScope {
  readonly catalog: Catalog;
  /** Where the objects go. */
  readonly cluster: Cluster;
  /** What templates see. */
  readonly data: JsonObject;
  readonly context: RenderContext;
  readonly provenance: Provenance;
  readonly settings: RenderSettings;
}

export interface RenderedSpec {
  readonly manifests: readonly Manifest[];
  /** What the version shipped of Kubernetes would not take, and others may; the first ones. */
  readonly warnings: readonly Problem[];
}

/** Throws a SluiceError for what fails: all or nothing. */
export function renderSpec(spec: OwnerSpec, scope: RenderScope): RenderedSpec {
  const { catalog, data, context, provenance, settings } = scope;
  const extraLabels = renderFields(spec.extraLabels, data, context);
  const extraAnnotations = renderFields(spec.extraAnnotations, data, context);
  const manifests: Manifest[] = [];
  const warnings: Problem[] = [];
  const seen = new Set<string>();
  for (const reference of spec.policyRefs) {
    const document = findContent(reference, scope);
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
    at: placeOfSource(field.source),
    hint: "Write it out in the trigger.",
  };
}

const noFields: ReadonlyMap<string, string> = new Map();

function findContent(
  reference: PolicyRef,
  { catalog, cluster, data, context }: RenderScope,
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

/** A failure that nobody foresaw fails the record like any other, or one event could stop the service for good. */
export function problemOf(error: unknown, at: SourcePlace): Problem {
  if (error instanceof SluiceError) return error.problem;
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return { code: "INTERNAL", severity: "error", message: `a bug in Sluice: ${message}`, at };
}
