/** Truth, order and equality of values as text/template and fmt have them. */
import { encodeBytes } from "./bytes.ts";
import {
  GoComplex,
  GoInteger,
  GoMap,
  type GoObject,
  GoPointer,
  GoSlice,
  GoStruct,
  type GoValue,
  MarkedText,
} from "./value.ts";

/** Whether a value counts as true in if, with, and, or, not: not the zero of its type; structs always. */
export function isTrue(value: GoValue): boolean {
  switch (typeof value) {
    case "boolean":
      return value;
    case "string":
      return value !== "";
    case "number":
      return value !== 0;
    case "bigint":
      return value !== 0n;
    case "undefined":
      return false;
  }
  if (value === null) return false;
  if (value instanceof Map) return value.size > 0;
  if (Array.isArray(value)) return value.length > 0;
  if (value instanceof MarkedText) return value.text !== "";
  if (value instanceof GoInteger) return value.value !== 0n;
  if (value instanceof GoSlice) return value.items !== null && value.items.length > 0;
  if (value instanceof GoMap) return value.entries !== null && value.entries.size > 0;
  if (value instanceof GoPointer) return value.target !== null;
  if (value instanceof GoComplex) return value.real !== 0 || value.imaginary !== 0;
  return true;
}

/** nil of any type, or no value. */
export function isNil(value: GoValue): boolean {
  if (value === undefined || value === null) return true;
  if (value instanceof GoPointer) return value.target === null;
  if (value instanceof GoSlice) return value.items === null;
  return value instanceof GoMap && value.entries === null;
}

/** Strings by their bytes, as Go's < does: -1, 0 or 1. UTF-16 order differs only where surrogates take part. */
export function compareStrings(left: string, right: string): number {
  if (left === right) return 0;
  const length = Math.min(left.length, right.length);
  for (let index = 0; index < length; index++) {
    const a = left.charCodeAt(index);
    const b = right.charCodeAt(index);
    if (a === b) continue;
    if (a < 0xd800 && b < 0xd800) return a < b ? -1 : 1;
    return Buffer.compare(encodeBytes(left), encodeBytes(right));
  }
  return left.length < right.length ? -1 : 1;
}

/** The keys of a map in the order in which templates and fmt go through it. */
export function sortedKeys(entries: GoObject): string[] {
  return sortTexts([...entries.keys()], compareStrings);
}

/** Up to so many are put in order faster by hand than by a call of sort. */
const handSortedMax = 12;

/** Sorts in place. */
export function sortTexts(texts: string[], compare: (left: string, right: string) => number): string[] {
  if (texts.length > handSortedMax) return texts.sort(compare);
  for (let index = 1; index < texts.length; index++) {
    const text = texts[index]!;
    let at = index;
    for (; at > 0 && compare(texts[at - 1]!, text) > 0; at--) texts[at] = texts[at - 1]!;
    texts[at] = text;
  }
  return texts;
}

/** Go's == of two interface{} values: types must be identical. Lists and maps do not compare: `undefined`. */
export function isSame(left: GoValue, right: GoValue): boolean | undefined {
  if (left === null || left === undefined || right === null || right === undefined)
    return (left ?? null) === (right ?? null);
  if (typeof left !== "object" || typeof right !== "object") return left === right;
  if (left instanceof GoInteger && right instanceof GoInteger) {
    return left.type.name === right.type.name && left.value === right.value;
  }
  if (left instanceof GoComplex && right instanceof GoComplex) {
    return left.real === right.real && left.imaginary === right.imaginary;
  }
  if (left instanceof GoPointer && right instanceof GoPointer) {
    return left.type.name === right.type.name && left.target === right.target;
  }
  if (left instanceof GoStruct && right instanceof GoStruct) return areSameStructs(left, right);
  if (typeName(left) !== typeName(right)) return false;
  return undefined;
}

function areSameStructs(left: GoStruct, right: GoStruct): boolean | undefined {
  if (left.type.name !== right.type.name) return false;
  if (left.type.equals !== undefined) return left.type.equals(left as never, right as never);
  for (const [name, field] of left.fields) {
    const same = isSame(field, right.fields.get(name));
    if (same !== true) return same;
  }
  return true;
}

function typeName(value: object): string {
  if (value instanceof Map) return "map[string]interface {}";
  if (Array.isArray(value)) return "[]interface {}";
  return (value as GoSlice).type.name;
}
