/**
 * What an owner's charts come to for one event and cluster: data, in a canonical form, that delivery makes a release of.
 *
 * An event may name the release and say values. What a release is of and where it goes is the author's: chart, repository,
 * version, path, source, credentials, what values are taken from, the namespace.
 */
import {
  type ChartRef,
  chartApiVersion,
  chartGroup,
  isTemplateList,
  isTemplateMap,
  printedReferences,
  sealedValues,
  type TemplateTree,
  valuesKey,
} from "../model/chart.ts";
import type { DocumentRef } from "../model/document-ref.ts";
import { isJsonObject, type Json, type JsonObject } from "../model/json.ts";
import { memberOf, textOf } from "../model/json-members.ts";
import { localProvenance } from "../model/local-object.ts";
import { identityKey, type Manifest, type ObjectIdentity } from "../model/manifest.ts";
import { type Problem, SluiceError, type SourcePlace } from "../model/problem.ts";
import type { RenderContext, RenderedText, Template, TemplateSource } from "../model/template.ts";
import { toDnsName } from "./dns-name.ts";
import { findContent, resolveRef } from "./find-document.ts";
import { readGuardedDocuments } from "./guard/read-guarded-documents.ts";
import { mayHoldBrokenText } from "./manifests/carry-text.ts";
import { faultOfNamespace, faultOfReleaseName } from "./manifests/check-names.ts";
import { targetOf } from "./manifests/find-objects.ts";
import { ObjectReport } from "./manifests/object-report.ts";
import { entityAnnotation, provenanceLabels } from "./manifests/provenance.ts";
import { readValue, ValueError } from "./manifests/read-value.ts";
import { looksPosition } from "./manifests/string-positions.ts";
import { renderContent } from "./render-content.ts";
import type { RenderScope } from "./render-spec.ts";
import { placeOfSource } from "./template-place.ts";
import { maskedValue } from "./unseal-secret.ts";
import { withoutQuotes } from "./without-quotes.ts";
import { writeCanonicalYaml } from "./yaml/write-canonical-yaml.ts";

/** What of the owner concerns its charts as a whole. */
export interface ChartSurroundings {
  readonly extraLabels: ReadonlyMap<string, string>;
  readonly extraAnnotations: ReadonlyMap<string, string>;
  /** How releases are kept; `undefined` members say nothing. */
  readonly upkeep: JsonObject;
}

/** What no API server stores. */
const chartLengthMax = 1024 * 1024;

/** In the order of the entries. Throws a SluiceError where one can't be made. */
export function renderCharts(
  charts: readonly ChartRef[],
  scope: RenderScope,
  around: ChartSurroundings,
): readonly Manifest[] {
  const seen = new Set<string>();
  return charts.flatMap((chart) => {
    const manifest = renderChart(chart, scope, around);
    if (manifest === undefined) return [];
    const key = identityKey(manifest.identity);
    if (!seen.has(key)) {
      seen.add(key);
      return [manifest];
    }
    const { namespace, name } = manifest.identity;
    throw new SluiceError({
      code: "MANIFEST_INVALID",
      message: `${chart.kind === "HelmChart" ? "the release" : "the kustomization"} ${namespace}/${name} is rendered twice`,
      at: chart.at,
    });
  });
}

function renderChart(chart: ChartRef, scope: RenderScope, around: ChartSurroundings): Manifest | undefined {
  const { data, context, trigger } = scope;
  if (trigger !== undefined) refusePrintedReferences(chart);
  const fields = renderTree(chart.fields, data, context) as JsonObject;
  const { values, secret } = mergeValues(chart, scope);
  const isToSeal = secret !== undefined && scope.settings.secrets === "sops" && values.size > 0;
  const own = chart.kind === "HelmChart" ? identifyRelease(fields, chart) : identifyKustomization(fields, scope);
  const identity: ObjectIdentity = chart.isLocal ? { ...own, isLocal: true } : own;
  const spec = new Map<string, Json>(
    [...fields, ...around.upkeep].filter(([key]) => key !== "releaseName" && key !== "releaseNamespace"),
  );
  if (chart.field === "policyRefs") spec.set("isPlain", true);
  if (chart.kind === "Kustomization") spec.set("namespace", textOf(fields, "namespace") || scope.cluster.namespace);
  if (isToSeal) spec.set(sealedValues, new Map([["stringData", new Map([[valuesKey, maskedValue]])]]));
  else if (values.size > 0) spec.set(secret === undefined ? "values" : "secretValues", values);
  const metadata = commonMetadata(around);
  if (metadata.size > 0) spec.set("commonMetadata", metadata);
  const text = writeChart(chart, identity, spec, scope);
  return {
    ...{ identity, text, at: chart.at },
    ...(makesNamespace(chart, fields) ? { skipsNamespace: true } : {}),
    ...(isToSeal ? { unsealed: { object: secretOf(values, identity, chart), isConstant: secret.isConstant } } : {}),
  };
}

/** A Secret of values, as it is encrypted. */
function secretOf(values: JsonObject, { namespace, name }: ObjectIdentity, { at }: ChartRef): JsonObject {
  const text = writeCanonicalYaml(values);
  checkLength(text, at);
  return new Map<string, Json>([
    ["apiVersion", "v1"],
    ["kind", "Secret"],
    [
      "metadata",
      new Map([
        ["name", name],
        ["namespace", namespace],
      ]),
    ],
    ["stringData", new Map([[valuesKey, text]])],
  ]);
}

function writeChart(
  { kind, isLocal, at }: ChartRef,
  identity: ObjectIdentity,
  spec: JsonObject,
  scope: RenderScope,
): string {
  const { settings } = scope;
  const provenance = isLocal ? localProvenance(scope.provenance, scope.cluster) : scope.provenance;
  const { namespace, name } = identity;
  const metadata = new Map<string, Json>([["name", name]]);
  if (namespace !== "") metadata.set("namespace", namespace);
  metadata
    .set("labels", new Map(provenanceLabels(provenance)))
    .set("annotations", new Map([[entityAnnotation, provenance.entity]]));
  const text = writeCanonicalYaml(
    new Map<string, Json>([
      ["apiVersion", chartApiVersion],
      ["kind", kind],
      ["metadata", metadata],
      ["spec", spec],
    ]),
  );
  if (settings.isReadAsWritten !== true && mayHoldBrokenText(text)) {
    const message = `a text of ${namespace}/${name} begins with a tab or holds control characters, which kustomize can't read again`;
    throw new SluiceError({ code: "MANIFEST_INVALID", message, at });
  }
  checkLength(text, at);
  return text;
}

function checkLength(text: string, at: SourcePlace): void {
  if (text.length <= chartLengthMax) return;
  throw new SluiceError({ code: "MANIFEST_INVALID", message: "this chart's values are larger than 1 MiB", at });
}

/** References are never an event's: told by what the templates read, so that every event fails alike. */
function refusePrintedReferences(chart: ChartRef): void {
  const [printed] = printedReferences(chart);
  if (printed !== undefined) throw new SluiceError(describePrintedReference(chart, ...printed));
}

export function describePrintedReference(
  { field }: ChartRef,
  path: string,
  { source }: Template,
): Omit<Problem, "severity"> {
  return {
    code: "POLICY_VIOLATION",
    message: `${path} of ${field} is printed from what an event says: it decides what another program does (built-in: references)`,
    at: placeOfSource(source),
    hint: "Write it out, or print only fields of .Cluster there, as {{ .Cluster.metadata.labels.channel }}.",
  };
}

function renderTree(tree: TemplateTree, data: JsonObject, context: RenderContext): Json {
  if (typeof tree !== "object" || tree === null) return tree;
  if (isTemplateMap(tree)) {
    return new Map([...tree].map(([key, member]) => [key, renderTree(member, data, context)]));
  }
  if (isTemplateList(tree)) return tree.map((item) => renderTree(item, data, context));
  return tree.render(data, context).text.trim();
}

function identifyRelease(fields: JsonObject, { at }: ChartRef): ObjectIdentity {
  const [name, namespace] = [textOf(fields, "releaseName"), textOf(fields, "releaseNamespace")];
  const fault = faultOfReleaseName(name);
  if (fault !== undefined) {
    const message = `the release name ${JSON.stringify(name.slice(0, 100))} ${fault}`;
    throw new SluiceError({ code: "NAME_INVALID", message, at, hint: "dnsName makes a valid name of any text." });
  }
  const namespaceFault = faultOfNamespace(namespace);
  if (namespaceFault !== undefined) {
    const message = `the release namespace ${JSON.stringify(namespace.slice(0, 100))} ${namespaceFault}`;
    throw new SluiceError({ code: "NAME_INVALID", message, at });
  }
  return { group: chartGroup, kind: "HelmChart", namespace, name };
}

/** By what is built and for which namespace: two owners that ask for the same have one between them. */
function identifyKustomization(fields: JsonObject, { cluster }: RenderScope): ObjectIdentity {
  const [kind, name, path, namespace] = ["kind", "name", "path", "targetNamespace"].map((key) => textOf(fields, key));
  const source = [kind, textOf(fields, "namespace") || cluster.namespace, name, path].join("/");
  return { group: chartGroup, kind: "Kustomization", namespace: namespace!, name: toDnsName(source.toLowerCase()) };
}

/** Whether who deploys it sees to its Namespace. */
function makesNamespace({ kind }: ChartRef, fields: JsonObject): boolean {
  if (kind === "Kustomization") return fields.get("skipNamespaceCreation") === true;
  return memberOf(memberOf(fields, "options"), "installOptions").get("createNamespace") !== false;
}

interface MergedValues {
  readonly values: JsonObject;
  /** Some are a Secret's; `isConstant`: nothing of them is printed. */
  readonly secret?: { readonly isConstant: boolean };
}

/** `values`, and over them what valuesFrom names, as Sveltos has it. */
function mergeValues(chart: ChartRef, scope: RenderScope): MergedValues {
  let values: JsonObject = new Map();
  let isSecret = false;
  let isConstant = chart.values?.source.text.includes("{{") !== true;
  if (chart.values !== undefined) {
    values = readValues(renderContent(chart.values, scope.data, scope.context), chart.values.source, scope);
  }
  if (chart.kind !== "HelmChart") return { values };
  for (const reference of chart.valuesFrom) {
    const document = findContent(reference as Parameters<typeof findContent>[0], resolveRef(reference, scope), scope);
    if (document === undefined) continue;
    if (document.kind === "Secret") {
      refuseInClear(reference, !document.isTemplate && document.isHidden !== true, scope);
      isSecret = true;
    }
    if (document.isTemplate) isConstant = false;
    for (const { content } of document.entries) {
      const rendered = renderContent(content, scope.data, scope.context);
      values = mergeMaps(values, readValues(rendered, content.source, scope));
    }
  }
  return { values, ...(isSecret ? { secret: { isConstant } } : {}) };
}

/** What a Secret holds reaches a branch in clear only where it stands in clear there already, or settings say so. */
function refuseInClear({ at }: DocumentRef, isConstant: boolean, { settings }: RenderScope): void {
  if (settings.secrets !== "refuse" || (isConstant && settings.commitsConstants === true)) return;
  throw new SluiceError({
    code: "SECRET_REFUSED",
    message: "values of a Secret would be committed in plain text",
    at,
    hint: "Set output.secrets to sops, or name an existing Secret in the chart's own values.",
  });
}

/** One mapping in YAML; blank is none. */
function readValues(rendered: RenderedText, source: TemplateSource, { trigger }: RenderScope): JsonObject {
  const documents = readGuardedDocuments(rendered, source);
  if ("code" in documents) {
    throw new SluiceError(source.confidential === true ? withoutQuotes(documents, true) : documents);
  }
  const [first, ...more] = documents.filter((document) => document !== undefined);
  if (first === undefined) return new Map();
  const at = placeOfSource(source);
  const root = targetOf(first);
  if (root.kind === "scalar" && root.text === "" && more.length === 0) return new Map();
  if (root.kind !== "mapping" || more.length > 0) {
    throw new SluiceError({ code: "MANIFEST_INVALID", message: "values are one mapping in YAML", at });
  }
  const report = new ObjectReport(rendered, source);
  if (trigger !== undefined) {
    for (const key of root.keys) {
      if (!report.isPrintedByEvent(key)) continue;
      const message = "a key at the root of a chart's values is printed, where keys must be written out";
      throw new SluiceError({ code: "GUARD_VIOLATION", message, at });
    }
  }
  try {
    return readValue(first, looksPosition) as JsonObject;
  } catch (error) {
    if (!(error instanceof ValueError)) throw error;
    throw new SluiceError({ code: "MANIFEST_INVALID", message: "a value is not what its tag says", at });
  }
}

/** As Helm does: mappings are merged, anything else takes the place of what was there. */
function mergeMaps(under: JsonObject, over: JsonObject): JsonObject {
  const merged = new Map(under);
  for (const [key, value] of over) {
    const before = merged.get(key);
    merged.set(key, isJsonObject(before) && isJsonObject(value) ? mergeMaps(before, value) : value);
  }
  return merged;
}

function commonMetadata({ extraLabels, extraAnnotations }: ChartSurroundings): JsonObject {
  const metadata = new Map<string, Json>();
  if (extraLabels.size > 0) metadata.set("labels", new Map(extraLabels));
  if (extraAnnotations.size > 0) metadata.set("annotations", new Map(extraAnnotations));
  return metadata;
}
