/**
 * What an owner's `spec` renders for one cluster: its references, labels and annotations, whether an event or a cluster
 * asks for it.
 */
import type { Catalog, ContentEntry, OwnerSpec, PolicyRef, TemplateField } from "../model/catalog.ts";
import { isChart } from "../model/chart.ts";
import { type Cluster, managementCluster } from "../model/cluster.ts";
import type { JsonObject } from "../model/json.ts";
import { localProvenance } from "../model/local-object.ts";
import { identityKey, isCoreKind, type Manifest, type Provenance } from "../model/manifest.ts";
import { findViolation } from "../model/policy.ts";
import { type Problem, SluiceError, type SourcePlace } from "../model/problem.ts";
import type { SecretsPolicy } from "../model/secrets-policy.ts";
import type { RenderContext } from "../model/template.ts";
import { findContent, findResource, resolveRef } from "./find-document.ts";
import { generateDocuments } from "./generate-documents.ts";
import type { ManifestOptions } from "./manifests/manifest-options.ts";
import { isSwitch, mayBePrinted } from "./manifests/switches.ts";
import { renderPatchesFrom } from "./patches/render-patches-from.ts";
import { readManifests } from "./read-manifests.ts";
import { renderCharts } from "./render-charts.ts";
import { renderContent } from "./render-content.ts";
import { placeOfSource } from "./template-place.ts";
import { unsealSecret } from "./unseal-secret.ts";
import { withoutQuotes } from "./without-quotes.ts";

export interface RenderSettings {
  readonly secrets: SecretsPolicy;
  /** Whether a Secret that is no template is committed all the same: it stands in the same repository already. */
  readonly commitsConstants?: boolean;
  /** Nothing of an event is quoted in what is said of a failure, as `records: identity` has it. */
  readonly hidesEvents?: boolean;
  /** No kustomize reads what is rendered, so that texts which it breaks need no care. */
  readonly isReadAsWritten?: boolean;
  /** Settings' `name`, as every object says it. */
  readonly instance: string;
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
  /** The trigger whose events it is rendered for: then the policy has a say. */
  readonly trigger?: string;
}

export interface RenderedSpec {
  readonly manifests: readonly Manifest[];
  /** What the version shipped of Kubernetes would not take, and others may; the first ones. */
  readonly warnings: readonly Problem[];
}

/** Throws a SluiceError for what fails: all or nothing. */
export function renderSpec(spec: OwnerSpec, scope: RenderScope): RenderedSpec {
  // What is quoted of a template that reads a Secret may be the Secret's.
  const isConfidential = spec.templateResourceRefs.some(({ kind }) => kind === "Secret");
  const documents = resolveDocuments(spec, scope);
  try {
    return renderDocuments(spec, documents, scope, isConfidential);
  } catch (error) {
    if (!isConfidential || !(error instanceof SluiceError)) throw error;
    throw new SluiceError(withoutQuotes(error.problem));
  }
}

/** What is rendered of a document. */
interface Policy {
  readonly reference: PolicyRef;
  readonly entries: readonly ContentEntry[];
  /** Whether it is the config folder's as it is: no template, and not made by a generator. */
  readonly isConstant: boolean;
  /** Whether the config folder has it as it is, in clear. */
  readonly isInClear: boolean;
}

/** What an owner's references name for one event and cluster. */
interface Documents {
  /** In the order of the references, without those that are not there and need not be. */
  readonly policies: readonly Policy[];
  readonly resources: ReadonlyMap<string, JsonObject | null>;
}

function resolveDocuments(spec: OwnerSpec, scope: RenderScope): Documents {
  const generated = generateDocuments(spec.generators, scope);
  const resources = spec.templateResourceRefs.map((ref): [string, JsonObject | null] => {
    const resolved = resolveRef(ref, scope);
    return [ref.identifier, generated.get(resolved.key)?.resource ?? findResource(ref, resolved, scope)];
  });
  const policies = spec.policyRefs.flatMap((reference) => {
    const resolved = resolveRef(reference, scope);
    const made = generated.get(resolved.key);
    if (made !== undefined) return [{ reference, entries: made.entries, isConstant: false, isInClear: false }];
    const document = findContent(reference, resolved, scope);
    if (document === undefined) return [];
    const isInClear = !document.isTemplate && document.isHidden !== true;
    return [{ reference, entries: document.entries, isConstant: !document.isTemplate, isInClear }];
  });
  return { policies, resources: new Map(resources) };
}

function renderDocuments(
  spec: OwnerSpec,
  { policies, resources }: Documents,
  scope: RenderScope,
  isConfidential: boolean,
): RenderedSpec {
  const { catalog, data, provenance, settings } = scope;
  const context = resources.size === 0 ? scope.context : { ...scope.context, resources };
  const extraLabels = renderFields(spec.extraLabels, data, context);
  const extraAnnotations = renderFields(spec.extraAnnotations, data, context);
  const written = spec.patches.map(({ content, ...patch }) => {
    return { ...patch, source: content.source, rendered: renderContent(content, data, context) };
  });
  const patches = [...written, ...renderPatchesFrom(spec.patchesFrom, scope, context)];
  // What is printed into a Secret stands nowhere in clear yet.
  const isPatched = patches.some(
    ({ target, rendered }) => rendered.printed.length > 0 && target?.kind?.matches("Secret") !== false,
  );
  const options: ManifestOptions = {
    provenance,
    extraLabels,
    extraAnnotations,
    isOfEvent: scope.trigger !== undefined,
    ...(patches.length === 0 ? {} : { patches }),
    documents: [...resources.values()].filter((resource) => resource !== null),
    isConfidential: isConfidential || settings.hidesEvents === true,
    customKinds: catalog.customKinds,
    checks: catalog.checks,
    isReadAsWritten: settings.isReadAsWritten === true,
    ...(settings.isValidation === undefined ? {} : { isValidation: settings.isValidation }),
  };
  const optionsOf = ({ isLocal, force }: PolicyRef): ManifestOptions => {
    const own = isLocal ? { ...options, provenance: localProvenance(provenance, scope.cluster) } : options;
    return force ? { ...own, isForced: true } : own;
  };
  const manifests: Manifest[] = [];
  const warnings: Problem[] = [];
  const seen = new Set<string>();
  for (const { reference, entries, isConstant, isInClear } of policies) {
    const isCommitted = isInClear && !isPatched && settings.commitsConstants === true;
    for (const { content } of entries) {
      const rendered = renderContent(content, data, context);
      const { value, problems } = readManifests(rendered, content.source, optionsOf(reference));
      for (const problem of problems) {
        if (problem.severity === "error") throw new SluiceError(problem);
        if (warnings.length < warningsMax) warnings.push(problem);
      }
      for (const read of value) {
        const isToSeal = settings.secrets === "sops" && isCoreKind(read.identity, "Secret");
        const placed = reference.isLocal ? { ...read, identity: { ...read.identity, isLocal: true as const } } : read;
        const manifest = isToSeal ? unsealSecret(placed, isConstant && !isPatched) : placed;
        checkManifest(manifest, seen, settings.secrets === "plain" || isCommitted || isToSeal);
        refuseForbidden(manifest, scope);
        manifests.push({
          ...manifest,
          ...(reference.skipNamespaceCreation ? { skipsNamespace: true } : {}),
          ...(reference.tier === undefined ? {} : { tier: reference.tier }),
        });
      }
    }
  }
  if (spec.charts.length === 0) return { manifests, warnings };
  const charts = renderCharts(
    spec.charts,
    { ...scope, context },
    { extraLabels, extraAnnotations, upkeep: new Map([...spec.upkeep, ["syncMode", spec.syncMode]]) },
  );
  for (const chart of charts) refuseForbidden(chart, scope);
  return { manifests: [...manifests, ...charts], warnings };
}

const warningsMax = 20;

/** `isAllowed`: whether a Secret may be committed as it is, or will be encrypted before. */
function checkManifest({ identity, at }: Manifest, seen: Set<string>, isAllowed: boolean): void {
  const { kind, namespace, name } = identity;
  const key = identityKey(identity);
  if (seen.has(key)) {
    throw new SluiceError({ code: "MANIFEST_INVALID", message: `${kind} ${namespace}/${name} is rendered twice`, at });
  }
  seen.add(key);
  if (isChart(identity)) {
    const message = `${kind} of ${identity.group} is Sluice's own and not for templates`;
    throw new SluiceError({ code: "MANIFEST_INVALID", message, at, hint: "Use helmCharts and kustomizationRefs." });
  }
  if (isCoreKind(identity, "Secret") && !isAllowed) {
    throw new SluiceError({
      code: "SECRET_REFUSED",
      message: `Secret ${namespace}/${name} would be committed in plain text`,
      at,
      hint: "Set output.secrets to sops, or render an ExternalSecret or a SealedSecret instead.",
    });
  }
}

function refuseForbidden({ identity, at }: Manifest, { trigger, catalog, cluster }: RenderScope): void {
  if (trigger === undefined) return;
  const { policy, delivery } = catalog;
  const delivererNamespace = delivery?.kind === "flux" ? delivery.source.namespace : delivery?.namespace;
  const verdict = findViolation(policy, {
    trigger,
    // The hub has no labels, unless a document describes it.
    labels: (identity.isLocal ? catalog.clusters.get(managementCluster) : cluster)?.labels ?? new Map(),
    identity,
    ...(delivererNamespace === undefined ? {} : { delivererNamespace }),
  });
  if (verdict === undefined) return;
  const { kind, namespace, name } = identity;
  throw new SluiceError({
    code: "POLICY_VIOLATION",
    message: `${kind} ${namespace === "" ? name : `${namespace}/${name}`} must not come of an event: ${verdict.why} (${verdict.rule})`,
    at,
    hint: "Put it into a profile, or allow it in the settings' policy.",
  });
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

/** A failure that nobody foresaw fails the record like any other, or one event could stop the service for good. */
export function problemOf(error: unknown, at: SourcePlace): Problem {
  if (error instanceof SluiceError) return error.problem;
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return { code: "INTERNAL", severity: "error", message: `a bug in Sluice: ${message}`, at };
}
