/** From a YAML node to one manifest: read, checked, marked as Sluice's, written canonically. */
import { customKindKey } from "../../model/custom-kind.ts";
import type { Json, JsonObject } from "../../model/json.ts";
import { groupOf, type Manifest, type ObjectIdentity } from "../../model/manifest.ts";
import type { PatchSubject } from "../../model/patch.ts";
import { type PatchedObject, patchObject, textsOf } from "../patches/patch-object.ts";
import type { YamlMapping, YamlNode } from "../yaml/node.ts";
import { parseYaml } from "../yaml/parse-yaml.ts";
import { writeCanonicalYaml } from "../yaml/write-canonical-yaml.ts";
import { scopeOf } from "./api-scope.ts";
import { carryText, mayHoldBrokenText } from "./carry-text.ts";
import {
  faultOfAnnotationKey,
  faultOfApiVersion,
  faultOfKind,
  faultOfLabelKey,
  faultOfLabelValue,
} from "./check-names.ts";
import { checkObject, checkPrintedKeys, isKind, membersOf } from "./check-object.ts";
import { checkReferences, isConsumersKind } from "./check-references.ts";
import { memberOf } from "./find-objects.ts";
import type { ManifestOptions } from "./manifest-options.ts";
import { markForced } from "./mark-forced.ts";
import { ObjectReport } from "./object-report.ts";
import { entityAnnotation, ownPrefix, provenanceLabels, substituteAnnotation } from "./provenance.ts";
import { readValue, ValueError } from "./read-value.ts";
import { checkSchema } from "./schema/check-schema.ts";
import { rootPosition } from "./string-positions.ts";

/** Reads one object; undefined where the report says what is wrong with it. */
export function readManifest(node: YamlNode, options: ManifestOptions, report: ObjectReport): Manifest | undefined {
  const before = report.errors;
  report.begin(node.kind === "mapping" && /secret/i.test(textMember(node, "kind") ?? "secret"));
  if (node.kind !== "mapping") {
    report.addAt("MANIFEST_INVALID", node, "this is no object, but a list or a single value");
    return undefined;
  }
  checkPrintedKeys(node, report);
  const type = readType(node, report);
  if (type === undefined) return undefined;

  const value = readObject(node, type, report);
  if (value === undefined) return undefined;
  const read = { node, value, ...type };
  checkObject(read, report);
  checkExtras(options, report);
  if (options.isOfEvent === true) checkReferences(node, type.group, type.kind, report);
  if (report.errors === before) checkSchema(read, options, report);
  if (report.errors > before || report.isFull) return undefined;

  if (options.patches !== undefined && options.patches.length > 0) {
    const { patches, ...unpatched } = options;
    const isPrinted = options.isOfEvent === true && report.isPrintedByEvent(node);
    const patched = patchObject(value, subjectOf(value, type, options), patches, isPrinted);
    if (patched?.value !== undefined) return readPatched({ ...patched, value: patched.value }, type, unpatched, report);
    if (patched !== undefined) return undefined;
  }

  const { identity, isScopeKnown } = identify(value, type, options);
  if (!isScopeKnown && options.isValidation === true && !membersOf(value.get("metadata")).has("namespace")) {
    const message = `it is not known whether a ${type.kind} of ${type.group} lives in a namespace, and none is given`;
    const hint = "Give it a namespace, or put the CustomResourceDefinition into the config folder.";
    report.warnAtPath("KIND_UNKNOWN", node, ["kind"], message, hint);
  }
  const hasNamespace = identity.namespace !== "" && (isScopeKnown || membersOf(value.get("metadata")).has("namespace"));
  let object = markObject(value, hasNamespace ? identity.namespace : "", options);
  let text = writeCanonicalYaml(object);
  if (options.isReadAsWritten !== true && mayHoldBrokenText(text)) {
    object = carryText(object, carriedType(type), node, report);
    text = writeCanonicalYaml(object);
  }
  if (text.length > manifestLengthMax) {
    report.addAt("MANIFEST_INVALID", node, `this ${type.kind} is larger than 1 MiB, which no API server stores`);
  }
  return report.errors > before
    ? undefined
    : { identity, text: protectFromSubstitution(text, object), at: report.start };
}

/** Labels and annotations that the owner adds are there already, as they are where kustomize patches. */
function subjectOf(value: JsonObject, type: ObjectType, options: ManifestOptions): PatchSubject {
  const metadata = membersOf(value.get("metadata"));
  return {
    ...identify(value, type, options).identity,
    version: type.version,
    labels: new Map([...textsOf(metadata.get("labels")), ...options.extraLabels]),
    annotations: new Map([...textsOf(metadata.get("annotations")), ...options.extraAnnotations]),
  };
}

/** Reads what patches made of an object, as if it had been written so: whatever is refused of a template is of a patch. */
function readPatched(
  { value, source, isPrinted }: PatchedObject & { readonly value: JsonObject },
  { group, version, kind }: ObjectType,
  options: ManifestOptions,
  report: ObjectReport,
): Manifest | undefined {
  const text = writeCanonicalYaml(value);
  const own = new ObjectReport({ text, printed: [] }, source, !report.quotes);
  const [node] = parseYaml(text);
  const manifest = node === undefined ? undefined : readManifest(node, options, own);
  const isSame = manifest === undefined || isSameType(manifest.identity, { group, version, kind });
  if (!isSame) own.addOutside("MANIFEST_INVALID", `a patch must not make another kind of a ${kind}`);
  // What only another version may take an event must not say.
  const isStrict = options.isOfEvent === true && isPrinted;
  if (isStrict && isConsumersKind(group)) {
    own.addOutside("POLICY_VIOLATION", `what an event says must not be patched into a ${kind} (built-in: references)`);
  }
  report.adopt(isStrict ? own.problems.map((problem) => ({ ...problem, severity: "error" })) : own.problems);
  return own.errors > 0 || !isSame || manifest === undefined ? undefined : { ...manifest, at: report.start };
}

function isSameType(identity: ObjectIdentity, { group, kind }: ObjectType): boolean {
  return identity.group === group && identity.kind === kind;
}

/** What etcd takes in one request, less what the API server adds. */
const manifestLengthMax = 1024 * 1024;

function carriedType({ group, kind }: { group: string; kind: string }): "configMap" | "secret" | "other" {
  if (group !== "") return "other";
  return isKind(kind, "ConfigMap") ? "configMap" : isKind(kind, "Secret") ? "secret" : "other";
}

interface ObjectType {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

function readType(node: YamlMapping, report: ObjectReport): ObjectType | undefined {
  const kind = textMember(node, "kind");
  const apiVersion = textMember(node, "apiVersion");
  const kindFault = kind === undefined ? "is missing" : faultOfKind(kind);
  if (kindFault !== undefined) {
    report.addAtPath("MANIFEST_INVALID", node, ["kind"], `the kind ${quoteMissing(kind, report)}${kindFault}`);
  }
  const versionFault = apiVersion === undefined ? "is missing" : faultOfApiVersion(apiVersion);
  if (versionFault !== undefined) {
    report.addAtPath(
      "MANIFEST_INVALID",
      node,
      ["apiVersion"],
      `the apiVersion ${quoteMissing(apiVersion, report)}${versionFault}`,
    );
  }
  if (kindFault !== undefined || versionFault !== undefined) return undefined;
  const group = groupOf(apiVersion!);
  return { group, version: apiVersion!.slice(group === "" ? 0 : group.length + 1), kind: kind! };
}

function textMember(node: YamlMapping, key: string): string | undefined {
  const member = memberOf(node, key);
  return member?.kind === "scalar" ? member.text : undefined;
}

function quoteMissing(value: string | undefined, report: ObjectReport): string {
  return value === undefined ? "" : `${report.quote(value)} `;
}

function readObject(node: YamlMapping, { group, kind }: ObjectType, report: ObjectReport): JsonObject | undefined {
  try {
    return readValue(node, rootPosition(group, kind)) as JsonObject;
  } catch (error) {
    if (!(error instanceof ValueError)) throw error;
    report.addAt("MANIFEST_INVALID", error.node, report.quotes ? error.message : "a value is not what its tag says");
    return undefined;
  }
}

function checkExtras({ extraLabels, extraAnnotations }: ManifestOptions, report: ObjectReport): void {
  for (const [key, value] of extraLabels) {
    const fault = faultOfLabelKey(key) ?? faultOfOwnPrefix(key);
    if (fault !== undefined) report.addOutside("LABEL_INVALID", `the extra label ${report.quote(key)} ${fault}`);
    const valueFault = faultOfLabelValue(value);
    if (valueFault === undefined) continue;
    report.addOutside("LABEL_INVALID", `the value ${report.quote(value)} of the extra label ${key} ${valueFault}`);
  }
  for (const key of extraAnnotations.keys()) {
    const fault = faultOfAnnotationKey(key) ?? faultOfOwnPrefix(key);
    if (fault !== undefined) report.addOutside("LABEL_INVALID", `the extra annotation ${report.quote(key)} ${fault}`);
  }
}

function faultOfOwnPrefix(key: string): string | undefined {
  return key.startsWith(ownPrefix) ? "is one of Sluice's own" : undefined;
}

/**
 * What identifies an object in its cluster. A namespaced kind without namespace is in `default`, a cluster-scoped one in
 * none whatever it says. Where nobody knows, none given counts as `default` too: there it meets what says so.
 */
function identify(
  object: JsonObject,
  { group, kind }: ObjectType,
  { customKinds }: ManifestOptions,
): { identity: ObjectIdentity; isScopeKnown: boolean } {
  const metadata = membersOf(object.get("metadata"));
  const given = textOf(metadata.get("namespace"));
  const scope = scopeOf(group, kind) ?? customKinds?.get(customKindKey(group, kind))?.scope;
  const namespace = scope === "cluster" ? "" : given === "" ? "default" : given;
  const identity = { group, kind, namespace, name: textOf(metadata.get("name")) };
  return { identity, isScopeKnown: scope !== undefined };
}

function textOf(value: Json | undefined): string {
  return typeof value === "string" ? value : "";
}

/** The object as it is written: with provenance, extra labels and annotations, and its namespace. */
function markObject(value: JsonObject, namespace: string, options: ManifestOptions): JsonObject {
  const { provenance, extraLabels, extraAnnotations } = options;
  const object = new Map(value);
  const metadata = new Map(membersOf(value.get("metadata")));
  const labels = new Map(membersOf(metadata.get("labels")));
  for (const [key, value] of extraLabels) labels.set(key, value);
  for (const [key, value] of provenanceLabels(provenance)) labels.set(key, value);
  const annotations = new Map(membersOf(metadata.get("annotations")));
  for (const [key, value] of extraAnnotations) annotations.set(key, value);
  annotations.set(entityAnnotation, provenance.entity);
  if (options.isForced === true) markForced(annotations);
  object.set("metadata", metadata);
  metadata.set("labels", labels);
  metadata.set("annotations", annotations);
  if (namespace === "") metadata.delete("namespace");
  else metadata.set("namespace", namespace);

  return object;
}

/**
 * Flux's postBuild substitutes `${name}` and makes one dollar sign of two, in all of an object, unless an annotation says
 * no (fluxcd/pkg/envsubst). What the template's author wrote there stands; an event can't have written it.
 */
function protectFromSubstitution(text: string, object: JsonObject): string {
  if (!text.includes("${") && !text.includes("$$")) return text;
  const metadata = membersOf(object.get("metadata"));
  const annotations = membersOf(metadata.get("annotations"));
  if (annotations.has(substituteAnnotation) || membersOf(metadata.get("labels")).has(substituteAnnotation)) return text;
  const marked = new Map([...annotations, [substituteAnnotation, "disabled"] as const]);
  return writeCanonicalYaml(new Map([...object, ["metadata", new Map([...metadata, ["annotations", marked]])]]));
}
