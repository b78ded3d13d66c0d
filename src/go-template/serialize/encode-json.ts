/** Values as JSON text, byte for byte as Go's encoding/json writes them. */
import { sortedKeys } from "../compare.ts";
import { formatFloat } from "../numbers.ts";
import type { GoList, GoObject, GoValue } from "../value.ts";
import { JsonEncodeError, JsonStruct, type JsonView, viewAsJson } from "./json-view.ts";
import { type Budget, NestingError, nestingMax } from "./limits.ts";

export interface JsonStyle {
  /** Writes `<`, `>` and `&` as escapes, so that the text can stand in HTML. */
  readonly escapesHtml: boolean;
  /** Spaces a level; 0 for everything on one line. */
  readonly indent: number;
}

/**
 * Throws a {@link JsonEncodeError} with Go's words for what JSON cannot say, a {@link NestingError} for what is nested
 * too deeply.
 */
export function encodeJson(value: GoValue, style: JsonStyle, budget: Budget): string {
  return encode(viewAsJson(value), { ...style, budget }, style.indent === 0 ? "" : "\n", 0);
}

function encode(value: JsonView, style: JsonStyle & { budget: Budget }, newline: string, depth: number): string {
  if (value === null) return "null";
  switch (typeof value) {
    case "string":
      return encodeText(value, style.escapesHtml);
    case "number":
      return encodeFloat(value);
    case "boolean":
    case "bigint":
      return String(value);
  }
  if (depth >= nestingMax) throw new NestingError();
  const inner = style.indent === 0 ? "" : newline + " ".repeat(style.indent);
  const count = value instanceof JsonStruct ? value.members.size : "size" in value ? value.size : value.length;
  style.budget.chargeItems(count);
  style.budget.chargeBytes(count * inner.length);
  if (Array.isArray(value)) {
    if (value.length === 0) return "[]";
    let items = "";
    for (const item of value as GoList) items += `,${inner}${encode(viewAsJson(item), style, inner, depth + 1)}`;
    return `[${items.slice(1)}${newline}]`;
  }
  const entries = value instanceof JsonStruct ? value.members : (value as GoObject);
  if (entries.size === 0) return "{}";
  const colon = style.indent === 0 ? ":" : ": ";
  let members = "";
  for (const key of value instanceof JsonStruct ? entries.keys() : sortedKeys(entries)) {
    const member = encode(viewAsJson(entries.get(key)), style, inner, depth + 1);
    members += `,${inner}${encodeText(key, style.escapesHtml)}${colon}${member}`;
  }
  return `{${members.slice(1)}${newline}}`;
}

/** A finite float as JSON has it: without a point where it is whole, with an exponent from 1e21 on and below 1e-6. */
export function encodeFloat(value: number): string {
  if (!Number.isFinite(value)) throw new JsonEncodeError(`json: unsupported value: ${formatFloat(value, "g", -1)}`);
  return Object.is(value, -0) ? "-0" : String(value);
}

/** Printable ASCII without what JSON or HTML escape. */
const harmless = /^[ !#-%'-;=?-[\]-~]*$/;
const loneSurrogate = /[\ud800-\udfff]/u;
const separators = /[\u2028\u2029]/g;
const separatorsAndMarkup = /[<>&\u2028\u2029]/g;

function encodeText(text: string, escapesHtml: boolean): string {
  if (harmless.test(text)) return `"${text}"`;
  if (!text.isWellFormed()) {
    const parts = text.split(loneSurrogate).map((part) => encodeText(part, escapesHtml).slice(1, -1));
    return `"${parts.join("\\ufffd")}"`;
  }
  return JSON.stringify(text).replace(
    escapesHtml ? separatorsAndMarkup : separators,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
