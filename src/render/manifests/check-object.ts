/** Whether an API server would take an object, as far as that can be said without its schema. */
import { isJsonObject, type Json, type JsonObject } from "../../model/json.ts";
import type { YamlMapping, YamlNode, YamlScalar } from "../yaml/node.ts";
import {
  type Fault,
  faultOfAnnotationKey,
  faultOfBase64,
  faultOfDataKey,
  faultOfLabelKey,
  faultOfLabelValue,
  faultOfName,
  faultOfNamespace,
  isBuiltInNamespace,
} from "./check-names.ts";
import { memberOf, mergedMappings, targetOf } from "./find-objects.ts";
import type { ObjectReport } from "./object-report.ts";
import { isOwnKey, isSwitch, mayBePrinted } from "./switches.ts";

/** Of all annotations together, in bytes. */
const annotationsBytesMax = 256 * 1024;

/** An object, and the node that it was read from. */
export interface ReadObject {
  readonly node: YamlMapping;
  readonly value: JsonObject;
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

const noMembers: JsonObject = new Map();
const metadataPath: readonly string[] = ["metadata"];
/** Metadata that a controller copies onto other objects. */
const templateMetadataPaths: readonly (readonly string[])[] = [
  ["spec", "template", "metadata"],
  ["spec", "jobTemplate", "metadata"],
  ["spec", "jobTemplate", "spec", "template", "metadata"],
];

/**
 * Refuses keys that an event has named where a key decides what the object is: at the root, and directly under metadata,
 * also that of a pod template.
 */
export function checkPrintedKeys(node: YamlMapping, report: ObjectReport): void {
  refusePrintedKeys(node, [], "at the root of an object", report);
  refuseUnder(node, metadataPath, report);
  if (memberOf(node, "spec") !== undefined) for (const path of templateMetadataPaths) refuseUnder(node, path, report);
}

function refuseUnder(node: YamlMapping, path: readonly string[], report: ObjectReport): void {
  let found: YamlNode | undefined = node;
  for (const key of path) found = found?.kind === "mapping" ? memberOf(found, key) : undefined;
  if (found?.kind === "mapping") refusePrintedKeys(found, path, "directly under metadata", report);
}

function refusePrintedKeys(mapping: YamlMapping, path: readonly string[], where: string, report: ObjectReport): void {
  for (const { keys } of [mapping, ...mergedMappings(mapping)]) {
    for (const key of keys) {
      if (!report.isKeyPrinted(key, path)) continue;
      const message = `the key ${report.quote(key.text)} is printed ${where}, where keys must be written out`;
      report.addAt("GUARD_VIOLATION", key, message);
    }
  }
}

/** Checks name, namespace, labels, annotations and data; everything that is wrong goes to the report. */
export function checkObject(object: ReadObject, report: ObjectReport): void {
  const { node, value, group, kind } = object;
  const metadata = value.get("metadata");
  if (!isJsonObject(metadata)) {
    report.addAtPath("MANIFEST_INVALID", node, metadataPath, `this ${kind} has no metadata`);
    return;
  }
  checkConsumers(object, report);
  const name = metadata.get("name") ?? "";
  const nameFault = typeof name === "string" ? faultOfName(group, kind, name) : "is no string";
  if (name === "" && metadata.has("generateName")) {
    const message = `this ${kind} has generateName and no name: a file holds one object, whose name must be known`;
    report.addAtPath("NAME_INVALID", node, ["metadata", "generateName"], message, nameHint);
  } else if (nameFault !== undefined) {
    report.addAtPath(
      "NAME_INVALID",
      node,
      ["metadata", "name"],
      `the name ${describe(name, report)} of this ${kind} ${nameFault}`,
      nameHint,
    );
  }
  if (group === "" && isKind(kind, "Namespace") && typeof name === "string" && isBuiltInNamespace(name)) {
    const message = `the Namespace ${report.quote(name)} is the cluster's own: whoever applies this could delete it`;
    report.addAtPath("NAME_INVALID", node, ["metadata", "name"], message);
  }
  const namespace = metadata.get("namespace") ?? "";
  const namespaceFault =
    namespace === "" ? undefined : typeof namespace === "string" ? faultOfNamespace(namespace) : "is no string";
  if (namespaceFault !== undefined) {
    const message = `the namespace ${describe(namespace, report)} of this ${kind} ${namespaceFault}`;
    report.addAtPath("NAME_INVALID", node, ["metadata", "namespace"], message, nameHint);
  }
  checkLabels(object, metadata, metadataPath, report);
  if (isJsonObject(value.get("spec"))) checkTemplates(object, report);
  if (group !== "") return;
  if (isKind(kind, "ConfigMap")) checkData(object, ["data", "binaryData"], report);
  if (isKind(kind, "Secret")) checkData(object, ["data", "stringData"], report);
}

/** Kinds are one whatever the case of their letters: so paths are told apart, and so is a Secret known that is misspelt. */
export function isKind(kind: string, wanted: "ConfigMap" | "Secret" | "Namespace"): boolean {
  return kind === wanted || kind.toLowerCase() === wanted.toLowerCase();
}

const nameHint =
  "Give it a name that follows from the event: dnsName makes one of any text, as in {{ dnsName .CloudEvent.subject }}.";

/** Refuses what consumers of the repository would not take for one object, or would take as an order. */
function checkConsumers({ node, value, group, kind }: ReadObject, report: ObjectReport): void {
  if (Array.isArray(value.get("items"))) {
    const message = `this ${kind} has a list \`items\` at its root, of which consumers would make objects of their own`;
    report.addAtPath("MANIFEST_INVALID", node, ["items"], message, "Render each item as a document.");
  }
  if (group === "kustomize.config.k8s.io") {
    const message = `a ${kind} of ${group} is for kustomize itself, no object of a cluster`;
    report.addAtPath("MANIFEST_INVALID", node, ["apiVersion"], message);
  }
  const metadata = memberOf(node, "metadata");
  if (metadata?.kind !== "mapping") return;
  for (const field of ["labels", "annotations"] as const) {
    const map = memberOf(metadata, field);
    if (map?.kind !== "mapping") continue;
    for (const { keys, values } of [map, ...mergedMappings(map)]) {
      for (let index = 0; index < keys.length; index++) {
        const [key, member] = [keys[index]!, targetOf(values[index]!)];
        if (isOwnKey(key.text)) {
          report.addAt("LABEL_INVALID", key, `${field} below sluice.dev/ are Sluice's own: ${report.quote(key.text)}`);
        } else if (isSwitch(key.text)) checkSwitch(key, member, field, report);
      }
    }
  }
}

function checkSwitch(key: YamlScalar, value: YamlNode, field: "labels" | "annotations", report: ObjectReport): void {
  const isPrintedKey = report.printedIn(key) !== undefined;
  const text = value.kind === "scalar" ? value.text : "";
  if (!isPrintedKey && (report.printedIn(value) === undefined || mayBePrinted(key.text, text))) return;
  const what = isPrintedKey ? "is printed" : "has a value that is printed";
  const message = `${report.quote(key.text)} of ${field} ${what}: it tells those who apply the object what to do with it`;
  report.addAt("GUARD_VIOLATION", isPrintedKey ? key : value, message, "Write it out in the template.");
}

function checkTemplates(object: ReadObject, report: ObjectReport): void {
  for (const path of templateMetadataPaths) {
    let found: Json | undefined = object.value;
    for (const key of path) found = isJsonObject(found) ? found.get(key) : undefined;
    if (isJsonObject(found)) checkLabels(object, found, path, report);
  }
}

function byteLength(text: string): number {
  // Most are short: their bytes are counted only where these could matter.
  return text.length < 1000 ? text.length : encoder.encode(text).length;
}

const encoder = new TextEncoder();

function checkLabels({ node }: ReadObject, metadata: JsonObject, path: readonly string[], report: ObjectReport): void {
  for (const [key, value] of stringMembers(node, metadata, [...path, "labels"], report)) {
    const at = [...path, "labels", key];
    const keyFault = faultOfLabelKey(key);
    if (keyFault !== undefined)
      report.addAtPath("LABEL_INVALID", node, at, `the label ${report.quote(key)} ${keyFault}`);
    const fault = faultOfLabelValue(value);
    if (fault !== undefined) {
      report.addAtPath("LABEL_INVALID", node, at, `the value ${report.quote(value)} of the label ${key} ${fault}`);
    }
  }
  let length = 0;
  for (const [key, value] of stringMembers(node, metadata, [...path, "annotations"], report)) {
    const fault = faultOfAnnotationKey(key);
    length += byteLength(key) + byteLength(value);
    if (fault === undefined) continue;
    report.addAtPath(
      "LABEL_INVALID",
      node,
      [...path, "annotations", key],
      `the annotation ${report.quote(key)} ${fault}`,
    );
  }
  if (length > annotationsBytesMax) {
    const message = `the annotations are longer than ${annotationsBytesMax} bytes`;
    report.addAtPath("LABEL_INVALID", node, [...path, "annotations"], message);
  }
}

/** Checks keys, and that the values are strings; binary ones as base64. */
function checkData({ node, value, kind }: ReadObject, fields: readonly string[], report: ObjectReport): void {
  const [first, second] = fields.map((field) => value.get(field));
  if (kind.toLowerCase() === "configmap" && isJsonObject(first) && isJsonObject(second)) {
    for (const key of second.keys()) {
      if (!first.has(key)) continue;
      const message = `the key ${report.quote(key)} stands in data and in binaryData`;
      report.addAtPath("MANIFEST_INVALID", node, ["binaryData", key], message);
    }
  }
  for (const field of fields) {
    const isBase64 = field === "binaryData" || (isKind(kind, "Secret") && field === "data");
    for (const [key, content] of stringMembers(node, value, [field], report)) {
      const fault: Fault = faultOfDataKey(key);
      if (fault !== undefined)
        report.addAtPath("MANIFEST_INVALID", node, [field, key], `the key ${report.quote(key)} of ${field} ${fault}`);
      // The value is not named: it may be a secret.
      const contentFault = isBase64 ? faultOfBase64(content) : undefined;
      if (contentFault !== undefined) {
        report.addAtPath(
          "MANIFEST_INVALID",
          node,
          [field, key],
          `the value of ${field} ${report.quote(key)} ${contentFault}`,
        );
      }
    }
  }
}

/** The members of the map of strings at a path of the object, of which `parent` holds the last key. */
function stringMembers(
  node: YamlMapping,
  parent: JsonObject,
  path: readonly string[],
  report: ObjectReport,
): Iterable<readonly [string, string]> {
  const map = parent.get(path.at(-1)!);
  if (map === undefined || map === null) return [];
  if (!isJsonObject(map)) {
    report.addAtPath("MANIFEST_INVALID", node, path, `${path.join(".")} is no mapping`);
    return [];
  }
  const strings: [string, string][] = [];
  for (const [key, value] of map) {
    if (typeof value === "string") strings.push([key, value]);
    else
      report.addAtPath("MANIFEST_INVALID", node, [...path, key], `${path.join(".")} ${report.quote(key)} is no string`);
  }
  return strings;
}

export function membersOf(value: Json | undefined): JsonObject {
  return isJsonObject(value) ? value : noMembers;
}

function describe(value: Json, report: ObjectReport): string {
  return typeof value === "string" ? report.quote(value) : "(a collection)";
}
