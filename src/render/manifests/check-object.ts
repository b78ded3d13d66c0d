/** Whether an API server would take an object, as far as that can be said without its schema. */
import { isJsonObject, type Json, type JsonObject } from "../../model/json.ts";
import { quoteValue } from "../output-place.ts";
import type { YamlMapping, YamlNode } from "../yaml/node.ts";
import {
  type Fault,
  faultOfAnnotationKey,
  faultOfBase64,
  faultOfDataKey,
  faultOfLabelKey,
  faultOfLabelValue,
  faultOfName,
  faultOfNamespace,
} from "./check-names.ts";
import { memberOf, mergedMappings } from "./find-objects.ts";
import type { ObjectReport } from "./object-report.ts";

const annotationsLengthMax = 256 * 1024;

/** An object, and the node that it was read from. */
export interface ReadObject {
  readonly node: YamlMapping;
  readonly value: JsonObject;
  readonly group: string;
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
  refusePrintedKeys(node, "at the root of an object", report);
  refuseUnder(node, metadataPath, report);
  if (memberOf(node, "spec") !== undefined) for (const path of templateMetadataPaths) refuseUnder(node, path, report);
}

function refuseUnder(node: YamlMapping, path: readonly string[], report: ObjectReport): void {
  let found: YamlNode | undefined = node;
  for (const key of path) found = found?.kind === "mapping" ? memberOf(found, key) : undefined;
  if (found?.kind === "mapping") refusePrintedKeys(found, "directly under metadata", report);
}

function refusePrintedKeys(mapping: YamlMapping, where: string, report: ObjectReport): void {
  for (const { keys } of [mapping, ...mergedMappings(mapping)]) {
    for (const key of keys) {
      if (report.printedIn(key) === undefined) continue;
      const message = `the key ${quoteValue(key.text)} is printed ${where}, where keys must be written out`;
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
  const name = metadata.get("name") ?? "";
  const nameFault = typeof name === "string" ? faultOfName(group, kind, name) : "is no string";
  if (nameFault !== undefined) {
    report.addAtPath(
      "NAME_INVALID",
      node,
      ["metadata", "name"],
      `the name ${describe(name)} of this ${kind} ${nameFault}`,
    );
  }
  const namespace = metadata.get("namespace") ?? "";
  const namespaceFault =
    namespace === "" ? undefined : typeof namespace === "string" ? faultOfNamespace(namespace) : "is no string";
  if (namespaceFault !== undefined) {
    const message = `the namespace ${describe(namespace)} of this ${kind} ${namespaceFault}`;
    report.addAtPath("NAME_INVALID", node, ["metadata", "namespace"], message);
  }
  checkLabels(object, metadata, metadataPath, report);
  if (isJsonObject(value.get("spec"))) checkTemplates(object, report);
  if (group === "" && kind === "ConfigMap") checkData(object, ["data", "binaryData"], report);
  if (group === "" && kind === "Secret") checkData(object, ["data", "stringData"], report);
}

function checkTemplates(object: ReadObject, report: ObjectReport): void {
  for (const path of templateMetadataPaths) {
    let found: Json | undefined = object.value;
    for (const key of path) found = isJsonObject(found) ? found.get(key) : undefined;
    if (isJsonObject(found)) checkLabels(object, found, path, report);
  }
}

function checkLabels({ node }: ReadObject, metadata: JsonObject, path: readonly string[], report: ObjectReport): void {
  for (const [key, value] of stringMembers(node, metadata, [...path, "labels"], report)) {
    const at = [...path, "labels", key];
    const keyFault = faultOfLabelKey(key);
    if (keyFault !== undefined) report.addAtPath("LABEL_INVALID", node, at, `the label ${quoteValue(key)} ${keyFault}`);
    const fault = faultOfLabelValue(value);
    if (fault !== undefined) {
      report.addAtPath("LABEL_INVALID", node, at, `the value ${quoteValue(value)} of the label ${key} ${fault}`);
    }
  }
  let length = 0;
  for (const [key, value] of stringMembers(node, metadata, [...path, "annotations"], report)) {
    const fault = faultOfAnnotationKey(key);
    length += key.length + value.length;
    if (fault === undefined) continue;
    report.addAtPath(
      "LABEL_INVALID",
      node,
      [...path, "annotations", key],
      `the annotation ${quoteValue(key)} ${fault}`,
    );
  }
  if (length > annotationsLengthMax) {
    const message = `the annotations are longer than ${annotationsLengthMax} characters`;
    report.addAtPath("LABEL_INVALID", node, [...path, "annotations"], message);
  }
}

/** Checks keys, and that the values are strings; binary ones as base64. */
function checkData({ node, value, kind }: ReadObject, fields: readonly string[], report: ObjectReport): void {
  for (const field of fields) {
    const isBase64 = field === "binaryData" || (kind === "Secret" && field === "data");
    for (const [key, content] of stringMembers(node, value, [field], report)) {
      const fault: Fault = faultOfDataKey(key);
      if (fault !== undefined)
        report.addAtPath("MANIFEST_INVALID", node, [field, key], `the key ${quoteValue(key)} of ${field} ${fault}`);
      // The value is not named: it may be a secret.
      const contentFault = isBase64 ? faultOfBase64(content) : undefined;
      if (contentFault !== undefined) {
        report.addAtPath(
          "MANIFEST_INVALID",
          node,
          [field, key],
          `the value of ${field} ${quoteValue(key)} ${contentFault}`,
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
      report.addAtPath("MANIFEST_INVALID", node, [...path, key], `${path.join(".")} ${quoteValue(key)} is no string`);
  }
  return strings;
}

export function membersOf(value: Json | undefined): JsonObject {
  return isJsonObject(value) ? value : noMembers;
}

function describe(value: Json): string {
  return typeof value === "string" ? quoteValue(value) : "(a collection)";
}
