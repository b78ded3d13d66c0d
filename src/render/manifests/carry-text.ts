/**
 * Text that kustomize, and so Flux, can't carry: what it reads it writes in a form that it then can't read, or reads as
 * something else (kustomize#4374, and found by trying: test/contract/consumers.test.ts).
 *
 * One such text stops a whole cluster. In a ConfigMap's or Secret's data it is carried as bytes; elsewhere it is refused.
 */
import { isJsonObject, type Json, type JsonObject } from "../../model/json.ts";
import { encodeBase64 } from "../encode-base64.ts";
import type { YamlMapping } from "../yaml/node.ts";
import type { ObjectReport } from "./object-report.ts";

/** Control characters that it writes as they are (U+0085 even becomes a blank), and two that are no characters. */
const brokenCharacter = /[\x7f-\x9f\ufffe\uffff]/;
const keyLengthMax = 1000;

/** Whether canonical YAML may hold such text: a quick look that is sometimes wrong, but never where it says no. */
export function mayHoldBrokenText(yaml: string): boolean {
  return suspicious.test(yaml);
}

const suspicious = /\\u(?:00[789]|fff[ef]|202[89]")|\|2[-+]?\n *\t|"\\t|<<|\? /;

/** What is wrong with a text, as the end of a sentence. */
function faultOfText(text: string): string | undefined {
  const broken = brokenCharacter.exec(text);
  if (broken !== null) {
    const code = broken[0].charCodeAt(0).toString(16).toUpperCase().padStart(4, "0");
    return `holds the character U+${code}, which kustomize can't read again`;
  }
  if (text.startsWith("\t") && text.includes("\n")) {
    return "begins with a tab and has a line break, which kustomize can't read again (kustomize#4374)";
  }
  if (text.includes("\n") && /[\u2028\u2029]$/.test(text)) {
    return "ends in U+2028 or U+2029 after a line break, behind which Flux loses the next object";
  }
  return undefined;
}

function faultOfKey(key: string): string | undefined {
  if (key === "<<") return "is taken for a merge by kustomize, which drops it";
  if (key.length > keyLengthMax) return `is longer than ${keyLengthMax} characters, which kustomize can't read again`;
  return faultOfText(key);
}

/** The object with all text in a form that every consumer carries; what can't be goes to the report. */
export function carryText(
  object: JsonObject,
  type: "configMap" | "secret" | "other",
  node: YamlMapping,
  report: ObjectReport,
): JsonObject {
  let carried = object;
  if (type !== "other") {
    const [from, to] = type === "configMap" ? ["data", "binaryData"] : ["stringData", "data"];
    carried = moveToBytes(object, from!, to!);
  }
  refuseBroken(carried, [], node, report);
  return carried;
}

function moveToBytes(object: JsonObject, from: string, to: string): JsonObject {
  const texts = object.get(from);
  if (!isJsonObject(texts)) return object;
  const kept = new Map<string, Json>();
  const moved = new Map<string, Json>();
  for (const [key, value] of texts) {
    if (typeof value === "string" && faultOfText(value) !== undefined) moved.set(key, encodeBase64(value));
    else kept.set(key, value);
  }
  if (moved.size === 0) return object;
  const changed = new Map(object);
  const bytes = object.get(to);
  changed.set(to, new Map([...(isJsonObject(bytes) ? bytes : []), ...moved]));
  if (kept.size === 0) changed.delete(from);
  else changed.set(from, kept);
  return changed;
}

function refuseBroken(value: Json, path: readonly string[], node: YamlMapping, report: ObjectReport): void {
  if (typeof value === "string") {
    const fault = faultOfText(value);
    if (fault !== undefined)
      report.addAtPath("MANIFEST_INVALID", node, path, `the value of ${path.join(".")} ${fault}`);
  } else if (isJsonObject(value)) {
    for (const [key, member] of value) {
      const fault = faultOfKey(key);
      const at = [...path, key];
      if (fault === undefined) refuseBroken(member, at, node, report);
      else report.addAtPath("MANIFEST_INVALID", node, at, `a key of ${path.join(".") || "the object"} ${fault}`);
    }
  } else if (Array.isArray(value)) {
    (value as readonly Json[]).forEach((item, index) => {
      refuseBroken(item, [...path, String(index)], node, report);
    });
  }
}
