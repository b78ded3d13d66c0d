/**
 * Lists, as `kubectl get -o yaml` prints them: their items are documents of the file, each at its own place.
 *
 * `kind: List` holds anything. Of a list of one kind, such as ClusterSetList, an item may leave out kind and apiVersion.
 */
import { isJsonObject, type Json } from "../model/json.ts";
import type { Problem } from "../model/problem.ts";
import { memberText, type YamlDocument } from "./yaml-document.ts";

export interface TakenApart {
  readonly documents: readonly YamlDocument[];
  /** What is wrong with the list itself, placed there. */
  readonly problems: readonly Problem[];
}

const depthMax = 10;
const known = new Set(["apiVersion", "kind", "metadata", "items"]);

/** `isKnown`: whether a kind is one of those that lists are taken apart of. Anything but a list is its own document. */
export function takeApart(document: YamlDocument, isKnown: (kind: string) => boolean, depth = 0): TakenApart {
  const { value } = document;
  const kind = memberText(value, "kind");
  if (!isJsonObject(value) || kind === undefined || document.syntaxErrors.length > 0 || !kind.endsWith("List")) {
    return { documents: [document], problems: [] };
  }
  const itemKind = kind.slice(0, -"List".length);
  if (itemKind !== "" && !isKnown(itemKind)) return { documents: [document], problems: [] };
  const items = value.get("items") ?? [];
  if (!Array.isArray(items) || depth > depthMax) {
    const message = Array.isArray(items) ? `more than ${depthMax} lists stand in each other` : "items must be a list";
    return { documents: [], problems: [document.problem("DOCUMENT_INVALID", message, document.placeOf(["items"]))] };
  }
  const problems = [...value.keys()]
    .filter((key) => !known.has(key))
    .map((key) => document.problem("FIELD_UNKNOWN", `unknown field ${key} of a ${kind}`, document.keyPlaceOf([key])));
  const documents: YamlDocument[] = [];
  for (const [index, item] of items.entries()) {
    const whole = itemKind === "" ? item : withKind(item, itemKind, memberText(value, "apiVersion") ?? "");
    const part = takeApart(document.documentAt(["items", index], whole, whole === item), isKnown, depth + 1);
    for (const inner of part.documents) documents.push(inner);
    for (const problem of part.problems) problems.push(problem);
  }
  return { documents, problems };
}

function withKind(item: Json, kind: string, apiVersion: string): Json {
  if (!isJsonObject(item) || (item.has("kind") && item.has("apiVersion"))) return item;
  return new Map<string, Json>([["apiVersion", apiVersion], ["kind", kind], ...item]);
}
