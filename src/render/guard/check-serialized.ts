/**
 * Values that toYaml or toJson printed: what they printed may be structure, but only that of the value, at its node.
 */
import { isJsonObject, type Json } from "../../model/json.ts";
import type { PrintedRange } from "../../model/template.ts";
import { readScalarByLooks, ValueError } from "../manifests/read-value.ts";
import type { YamlMapping, YamlNode, YamlScalar, YamlSequence } from "../yaml/node.ts";
import { type Span, trimSpan } from "./placeholders.ts";

/**
 * What became of a serialized range: `structure`, exactly the value's; `text` of a single scalar (or of a comment), to be
 * guarded like any other; `violation`, anything else.
 */
export type SerializedOutcome = "structure" | "text" | "violation";

export function judgeSerialized(text: string, range: PrintedRange, documents: readonly YamlNode[]): SerializedOutcome {
  const span = trimSpan(text, range);
  // Go's toYaml prints nothing where it fails.
  if (span.start === span.end) return "violation";
  const document = documents[firstIndex(documents, ({ end }) => end >= span.start)];
  const outcome = document === undefined ? "text" : judgeWithin(document, span, range.serialized!);
  // Behind quotes and brackets a `#` of the template's begins a comment, behind other values it does not.
  return outcome === "structure" && text[range.end] === "#" ? "violation" : outcome;
}

function judgeWithin(node: YamlNode, span: Span, value: Json): SerializedOutcome {
  if (startsIn(node, span) && node.end <= span.end && equalsValue(node, value)) return "structure";
  if (node.kind === "alias") return overlaps(node, span) ? "violation" : "text";
  if (node.kind === "scalar") {
    if (!overlaps(node, span)) return "text";
    // All of a scalar must be the value; only a part of one is text.
    const isPart = node.start < span.start || node.end > span.end;
    return isPart && node.start <= span.start && node.end >= span.end ? "text" : "violation";
  }
  return node.kind === "mapping" ? judgeMapping(node, span, value) : judgeSequence(node, span, value);
}

function judgeMapping({ keys, values }: YamlMapping, span: Span, value: Json): SerializedOutcome {
  const first = firstIndex(keys, (key) => key.end > span.start || key.start >= span.start);
  // The range may begin within the value of the key before.
  const before = values[first - 1];
  if (before !== undefined && overlaps(before, span)) return judgeWithin(before, span, value);
  const key = keys[first];
  if (key === undefined || key.start >= span.end) return "text";
  if (values[first]!.start >= span.end || !startsIn(key, span)) return judgeWithin(key, span, value);

  const last = firstIndex(keys, ({ start }) => start >= span.end);
  const isWhole =
    isJsonObject(value) &&
    last - first === value.size &&
    values[last - 1]!.end <= span.end &&
    equalsMembers(keys.slice(first, last), values.slice(first, last), value);
  return isWhole ? "structure" : "violation";
}

function judgeSequence({ items }: YamlSequence, span: Span, value: Json): SerializedOutcome {
  const from = firstIndex(items, (item) => item.end > span.start || item.start >= span.start);
  const first = items[from];
  if (first === undefined || first.start >= span.end) return "text";
  const printed = items.slice(
    from,
    firstIndex(items, ({ start }) => start >= span.end),
  );
  const isWhole =
    Array.isArray(value) &&
    startsIn(first, span) &&
    printed.length === value.length &&
    printed.at(-1)!.end <= span.end &&
    printed.every((item, index) => equalsValue(item, value[index]!));
  if (isWhole) return "structure";
  return printed.length === 1 ? judgeWithin(first, span, value) : "violation";
}

/** The first of nodes in their order for which something holds that holds for all behind it; their number if for none. */
function firstIndex(nodes: readonly YamlNode[], holds: (node: YamlNode) => boolean): number {
  let low = 0;
  let high = nodes.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (holds(nodes[middle]!)) high = middle;
    else low = middle + 1;
  }
  return low;
}

function startsIn(node: YamlNode, { start, end }: Span): boolean {
  return node.start >= start && node.start < end;
}

function overlaps(node: YamlNode, { start, end }: Span): boolean {
  return node.start < end && node.end > start;
}

/** Whether a node says exactly what was serialized. Numbers are compared as numbers: `3.0` is printed as `3`. */
function equalsValue(node: YamlNode, value: Json): boolean {
  if (node.anchor !== undefined || node.tag !== undefined) return false;
  switch (node.kind) {
    case "scalar":
      return equalsScalar(node, value);
    case "mapping":
      return isJsonObject(value) && value.size === node.keys.length && equalsMembers(node.keys, node.values, value);
    case "sequence":
      return (
        Array.isArray(value) &&
        value.length === node.items.length &&
        node.items.every((item, index) => equalsValue(item, value[index]!))
      );
    case "alias":
      return false;
  }
}

/** As many keys as the value has members; no two are alike. */
function equalsMembers(
  keys: readonly YamlScalar[],
  values: readonly YamlNode[],
  object: ReadonlyMap<string, Json>,
): boolean {
  return keys.every(({ text, style }, index) => {
    const member = object.get(text);
    return member !== undefined && !(text === "<<" && style === "plain") && equalsValue(values[index]!, member);
  });
}

function equalsScalar(node: YamlScalar, value: Json): boolean {
  if (typeof value === "object" && value !== null) return false;
  let printed: Json;
  try {
    printed = readScalarByLooks(node);
  } catch (error) {
    if (error instanceof ValueError) return false;
    throw error;
  }
  if (typeof printed === "bigint" || typeof printed === "number") {
    return (typeof value === "bigint" || typeof value === "number") && Number(printed) === Number(value);
  }
  return printed === value;
}
