/**
 * Patches on an object that a template printed. A patch is guarded in its own language: what an event says may be a value, and
 * never an operation, a path or a key; nor may it tell consumers what to do.
 */
import { isJsonObject, type Json, type JsonObject } from "../../model/json.ts";
import { apiVersionOf } from "../../model/manifest.ts";
import { type Patch, type PatchSubject, targetMatches } from "../../model/patch.ts";
import { SluiceError } from "../../model/problem.ts";
import type { RenderedText, TemplateSource } from "../../model/template.ts";
import { readGuardedDocuments } from "../guard/read-guarded-documents.ts";
import { memberOf, targetOf } from "../manifests/find-objects.ts";
import { ObjectReport } from "../manifests/object-report.ts";
import { readValue, ValueError } from "../manifests/read-value.ts";
import { itemPosition, memberPosition, type Position, rootPosition } from "../manifests/string-positions.ts";
import { isSwitch } from "../manifests/switches.ts";
import { placeOfSource } from "../template-place.ts";
import type { YamlMapping, YamlNode } from "../yaml/node.ts";
import { applyOperations, type Operation, PatchError, parsePointer } from "./apply-operations.ts";
import { definitionOf, MergeError, mergeStrategically, ruleOf } from "./merge-strategically.ts";

/** A patch as it came out for one event and cluster. */
export interface RenderedPatch extends Pick<Patch, "target"> {
  readonly rendered: RenderedText;
  readonly source: TemplateSource;
}

export interface PatchedObject {
  /** Undefined: a patch has deleted it. */
  readonly value: JsonObject | undefined;
  /** Of the last patch that changed it: where its faults are told. */
  readonly source: TemplateSource;
  /** Whether an event had a say in it. */
  readonly isPrinted: boolean;
}

/**
 * `isOfEvent`: whether the object holds what an event says. Undefined: no patch is meant for it. Throws a SluiceError
 * (GUARD_VIOLATION, MANIFEST_SYNTAX, MANIFEST_INVALID).
 */
export function patchObject(
  value: JsonObject,
  subject: PatchSubject,
  patches: readonly RenderedPatch[],
  isOfEvent: boolean,
): PatchedObject | undefined {
  let patched: PatchedObject | undefined;
  for (const { target, rendered, source } of patches) {
    if (target !== undefined && !targetMatches(target, subject)) continue;
    const before: JsonObject | undefined = patched === undefined ? value : patched.value;
    if (before === undefined) return patched;
    const patch = readPatch(rendered, source, subject);
    const wasPrinted = rendered.printed.length > 0 || patched?.isPrinted === true;
    if (patch.kind === "merge") {
      const mine = patch.objects.filter((object) => target !== undefined || isNamed(object, subject));
      if (mine.length > 0)
        patched = { value: mergeAll(before, mine, patch.definition, source), source, isPrinted: wasPrinted };
      continue;
    }
    if (target === undefined) throw invalidPatch(source, "a list of operations needs a target");
    const { operations } = patch;
    const moved = operations.filter(({ op }) => op === "copy" || op === "move");
    // What the object holds of an event is put where the author says: there it counts as printed.
    const isPrinted = wasPrinted || (isOfEvent && moved.length > 0);
    if ((isOfEvent || wasPrinted) && moved.some(({ path }) => mayBringSwitch(parsePointer(path)))) refuse(source);
    patched = { value: apply(before, operations, source), source, isPrinted };
  }
  return patched;
}

/** Whether an object to be merged says itself that it is meant for this one. */
function isNamed(object: JsonObject, { group, version, kind, namespace, name }: PatchSubject): boolean {
  const metadata = object.get("metadata");
  const textIn = (key: string) => (isJsonObject(metadata) ? metadata.get(key) : undefined);
  const isSameType = object.get("apiVersion") === apiVersionOf({ group, version }) && object.get("kind") === kind;
  return isSameType && textIn("name") === name && (textIn("namespace") ?? "default") === (namespace || "default");
}

/** Whose an object is no patch changes, as kustomize has it. Undefined: one of them deletes it. */
function mergeAll(
  value: JsonObject,
  objects: readonly JsonObject[],
  definition: string | undefined,
  source: TemplateSource,
): JsonObject | undefined {
  let merged: JsonObject | undefined = value;
  for (const object of objects) {
    if (merged === undefined) return undefined;
    try {
      merged = mergeStrategically(merged, withIdentityOf(object, merged), definition);
    } catch (error) {
      if (!(error instanceof MergeError)) throw error;
      throw invalidPatch(source, `the patch can't be merged: ${error.message}`);
    }
  }
  return merged;
}

/** The patch with type, name and namespace of what it is merged into. */
function withIdentityOf(patch: JsonObject, value: JsonObject): JsonObject {
  const [metadata, own] = [patch, value].map((object): JsonObject => {
    const member = object.get("metadata");
    return isJsonObject(member) ? member : new Map();
  });
  const named = new Map(metadata);
  for (const key of ["name", "namespace"]) {
    if (own!.has(key)) named.set(key, own!.get(key)!);
    else named.delete(key);
  }
  const result = new Map(patch);
  for (const key of ["apiVersion", "kind"]) if (value.has(key)) result.set(key, value.get(key)!);
  return result.set("metadata", named);
}

/** Whether what is put at a path may be a switch's value, or have switches in it. */
function mayBringSwitch(path: readonly string[]): boolean {
  const [first = "metadata", second = "labels"] = path;
  const isMap = path.length <= 2 && first === "metadata" && (second === "labels" || second === "annotations");
  return isMap || path.some(isSwitch);
}

function apply(value: JsonObject, operations: readonly Operation[], source: TemplateSource): JsonObject {
  try {
    const result = applyOperations(value, operations);
    if (isJsonObject(result)) return result;
    throw new PatchError("it leaves no object", operations.length - 1);
  } catch (error) {
    if (!(error instanceof PatchError)) throw error;
    const message = `operation ${error.index} of the patch can't be applied: ${error.message}`;
    throw new SluiceError({ code: "MANIFEST_INVALID", message, at: placeOfSource(source) }, error);
  }
}

type ReadPatch =
  | { readonly kind: "operations"; readonly operations: readonly Operation[] }
  /** `definition`: of what they are merged into. */
  | { readonly kind: "merge"; readonly objects: readonly JsonObject[]; readonly definition: string | undefined };

function readPatch(rendered: RenderedText, source: TemplateSource, subject: PatchSubject): ReadPatch {
  const documents = readGuardedDocuments(rendered, source);
  if ("code" in documents) throw new SluiceError(documents);
  const report = new ObjectReport(rendered, source);
  const root = rootPosition(subject.group, subject.kind);
  const nodes = documents.flatMap((node) => (node === undefined ? [] : [node]));
  const [list] = nodes;
  if (list?.kind === "sequence" && nodes.length === 1) {
    const operations = list.items.map((item) => readOperation(targetOf(item), source, report, root));
    return { kind: "operations", operations };
  }
  if (nodes.length === 0 || nodes.some(({ kind }) => kind !== "mapping")) {
    throw invalidPatch(source, "a patch is a list of operations, or an object that is merged");
  }
  const definition = definitionOf(apiVersionOf(subject), subject.kind);
  const objects = nodes.map((node) => {
    checkMerged(node, [], definition, source, report);
    const object = readPatchValue(node, root, source) as JsonObject;
    const metadata = object.get("metadata");
    const isComplete = typeof object.get("kind") === "string" && isJsonObject(metadata) && metadata.has("name");
    if (!isComplete) throw invalidPatch(source, "an object that is merged needs kind and metadata.name");
    return object;
  });
  return { kind: "merge", objects, definition };
}

/** As of any value; besides, which item of a list is meant, and what becomes of it, is the author's to say. */
function checkMerged(
  node: YamlNode,
  path: readonly string[],
  definition: string | undefined,
  source: TemplateSource,
  report: ObjectReport,
): void {
  const target = targetOf(node);
  if (target.kind === "scalar" && path.some(isSwitch)) refusePrinted(target, source, report);
  if (target.kind === "sequence") for (const item of target.items) checkMerged(item, path, definition, source, report);
  if (target.kind !== "mapping") return;
  for (const [index, key] of target.keys.entries()) {
    const value = target.values[index]!;
    refusePrinted(key, source, report);
    if (key.text === "$patch") refusePrinted(targetOf(value), source, report);
    const rule = ruleOf(definition, key.text);
    if (rule?.keys !== undefined) refusePrintedKeys(targetOf(value), rule.keys, source, report);
    checkMerged(value, [...path, key.text], rule?.definition, source, report);
  }
}

function refusePrintedKeys(
  list: YamlNode,
  keys: readonly string[],
  source: TemplateSource,
  report: ObjectReport,
): void {
  if (list.kind !== "sequence") return;
  for (const item of list.items.map(targetOf)) {
    if (item.kind === "scalar") refusePrinted(item, source, report);
    if (item.kind !== "mapping") continue;
    for (const key of keys) {
      const member = memberOf(item, key);
      if (member !== undefined) refusePrinted(targetOf(member), source, report);
    }
  }
}

function readOperation(node: YamlNode, source: TemplateSource, report: ObjectReport, root: Position): Operation {
  if (node.kind !== "mapping") throw invalidPatch(source, "each operation of a patch is a mapping");
  const [op, path, from] = ["op", "path", "from"].map((key) => textOf(node, key, source, report));
  for (const key of node.keys) refusePrinted(key, source, report);
  if (path === undefined) throw invalidPatch(source, "an operation lacks its path");
  for (const pointer of [path, from ?? ""])
    if (pointer !== "" && !pointer.startsWith("/")) throw invalidPatch(source, "a path of a patch begins with /");
  const value = memberOf(node, "value");
  switch (op) {
    case "add":
    case "replace":
    case "test": {
      if (value === undefined) throw invalidPatch(source, `the operation ${op} lacks its value`);
      const steps = parsePointer(path);
      checkValue(value, steps, source, report);
      return { op, path, value: readPatchValue(value, positionAt(root, steps), source) };
    }
    case "remove":
      return { op, path };
    case "move":
    case "copy":
      if (from === undefined) throw invalidPatch(source, `the operation ${op} lacks its from`);
      return { op, path, from };
    default:
      throw invalidPatch(
        source,
        `${JSON.stringify(op ?? "")} is no operation: add, remove, replace, move, copy or test`,
      );
  }
}

function readPatchValue(node: YamlNode, position: Position, source: TemplateSource): Json {
  try {
    return readValue(node, position);
  } catch (error) {
    if (!(error instanceof ValueError)) throw error;
    throw invalidPatch(source, "a value of the patch is not what its tag says");
  }
}

/** Keys are the author's; so are the values of what tells consumers what to do. */
function checkValue(node: YamlNode, path: readonly string[], source: TemplateSource, report: ObjectReport): void {
  const target = targetOf(node);
  if (target.kind === "scalar" && path.some(isSwitch)) refusePrinted(target, source, report);
  if (target.kind === "sequence") for (const item of target.items) checkValue(item, path, source, report);
  if (target.kind !== "mapping") return;
  for (const [index, key] of target.keys.entries()) {
    refusePrinted(key, source, report);
    checkValue(target.values[index]!, [...path, key.text], source, report);
  }
}

function textOf(node: YamlMapping, key: string, source: TemplateSource, report: ObjectReport): string | undefined {
  const member = memberOf(node, key);
  if (member === undefined) return undefined;
  if (member.kind !== "scalar") throw invalidPatch(source, `${key} of an operation is a text`);
  refusePrinted(member, source, report);
  return member.text;
}

function refusePrinted(node: YamlNode, source: TemplateSource, report: ObjectReport): void {
  if (report.printedIn(node) !== undefined) refuse(source);
}

function refuse(source: TemplateSource): never {
  throw new SluiceError({
    code: "GUARD_VIOLATION",
    message: "operations, paths and keys of a patch, and what tells consumers what to do, must be written out",
    at: placeOfSource(source),
    hint: "Print values only.",
  });
}

function positionAt(root: Position, path: readonly string[]): Position {
  return path.reduce(
    (position, step) => (/^(?:-|-?[0-9]+)$/.test(step) ? itemPosition(position) : memberPosition(position, step)),
    root,
  );
}

export function invalidPatch(source: TemplateSource, message: string): SluiceError {
  return new SluiceError({ code: "MANIFEST_INVALID", message, at: placeOfSource(source) });
}

/** The texts of a mapping of texts, such as labels. */
export function textsOf(value: Json | undefined): ReadonlyMap<string, string> {
  return new Map(
    [...(value !== undefined && isJsonObject(value) ? value : [])].map(([key, text]) => [key, String(text)]),
  );
}
