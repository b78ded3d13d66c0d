/**
 * Patches on an object that a template printed. A patch is guarded in its own language: what an event says may be a value, and
 * never an operation, a path or a key; nor may it tell consumers what to do.
 */
import { isJsonObject, type Json, type JsonObject } from "../../model/json.ts";
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

/** A patch as it came out for one event and cluster. */
export interface RenderedPatch extends Pick<Patch, "target"> {
  readonly rendered: RenderedText;
  readonly source: TemplateSource;
}

export interface PatchedObject {
  readonly value: JsonObject;
  /** Of the last patch that changed it: where its faults are told. */
  readonly source: TemplateSource;
  /** Whether an event had a say in it. */
  readonly isPrinted: boolean;
}

/** `isOfEvent`: whether the object holds what an event says. Undefined: no patch is meant for it. Throws a SluiceError (GUARD_VIOLATION, MANIFEST_SYNTAX, MANIFEST_INVALID). */
export function patchObject(
  value: JsonObject,
  subject: PatchSubject,
  patches: readonly RenderedPatch[],
  isOfEvent: boolean,
): PatchedObject | undefined {
  let patched: PatchedObject | undefined;
  for (const { target, rendered, source } of patches) {
    if (!targetMatches(target, subject)) continue;
    const operations = readOperations(rendered, source, rootPosition(subject.group, subject.kind));
    const wasPrinted = rendered.printed.length > 0 || patched?.isPrinted === true;
    const moved = operations.filter(({ op }) => op === "copy" || op === "move");
    // What the object holds of an event is put where the author says: there it counts as printed.
    const isPrinted = wasPrinted || (isOfEvent && moved.length > 0);
    if ((isOfEvent || wasPrinted) && moved.some(({ path }) => mayBringSwitch(parsePointer(path)))) refuse(source);
    patched = { value: apply(patched?.value ?? value, operations, source), source, isPrinted };
  }
  return patched;
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

function readOperations(rendered: RenderedText, source: TemplateSource, root: Position): readonly Operation[] {
  const documents = readGuardedDocuments(rendered, source);
  if ("code" in documents) throw new SluiceError(documents);
  const report = new ObjectReport(rendered, source);
  const [list, ...more] = documents;
  if (list?.kind !== "sequence" || more.length > 0) throw invalid(source, "a patch is a list of operations");
  return list.items.map((item) => readOperation(targetOf(item), source, report, root));
}

function readOperation(node: YamlNode, source: TemplateSource, report: ObjectReport, root: Position): Operation {
  if (node.kind !== "mapping") throw invalid(source, "each operation of a patch is a mapping");
  const [op, path, from] = ["op", "path", "from"].map((key) => textOf(node, key, source, report));
  for (const key of node.keys) refusePrinted(key, source, report);
  if (path === undefined) throw invalid(source, "an operation lacks its path");
  for (const pointer of [path, from ?? ""])
    if (pointer !== "" && !pointer.startsWith("/")) throw invalid(source, "a path of a patch begins with /");
  const value = memberOf(node, "value");
  switch (op) {
    case "add":
    case "replace":
    case "test": {
      if (value === undefined) throw invalid(source, `the operation ${op} lacks its value`);
      const steps = parsePointer(path);
      checkValue(value, steps, source, report);
      return { op, path, value: readPatchValue(value, positionAt(root, steps), source) };
    }
    case "remove":
      return { op, path };
    case "move":
    case "copy":
      if (from === undefined) throw invalid(source, `the operation ${op} lacks its from`);
      return { op, path, from };
    default:
      throw invalid(source, `${JSON.stringify(op ?? "")} is no operation: add, remove, replace, move, copy or test`);
  }
}

function readPatchValue(node: YamlNode, position: Position, source: TemplateSource): Json {
  try {
    return readValue(node, position);
  } catch (error) {
    if (!(error instanceof ValueError)) throw error;
    throw invalid(source, "a value of the patch is not what its tag says");
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
  if (member.kind !== "scalar") throw invalid(source, `${key} of an operation is a text`);
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

function invalid(source: TemplateSource, message: string): SluiceError {
  return new SluiceError({ code: "MANIFEST_INVALID", message, at: placeOfSource(source) });
}

/** The texts of a mapping of texts, such as labels. */
export function textsOf(value: Json | undefined): ReadonlyMap<string, string> {
  return new Map(
    [...(value !== undefined && isJsonObject(value) ? value : [])].map(([key, text]) => [key, String(text)]),
  );
}
