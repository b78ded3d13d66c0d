/**
 * Values in Handlebars templates: those of the event, and what helpers make of them.
 *
 * Members are the entries of a Map and the items of an array. There is no prototype that a name could reach.
 */
import { MarkedText } from "../../go-template/index.ts";
import { isJsonObject, type Json, type JsonObject } from "../../model/json.ts";

/** `undefined` is what is not there. */
export type HandlebarsValue = Json | MarkedText | undefined;

/** What kind of value it is, for messages. */
export function describeKind(value: HandlebarsValue): string {
  if (value === undefined) return "nothing";
  if (value === null) return "null";
  if (isJsonObject(value)) return "a mapping";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "bigint" || typeof value === "number") return "a number";
  return typeof value === "boolean" ? "a boolean" : "a string";
}

export function isList(value: HandlebarsValue): value is readonly Json[] {
  return Array.isArray(value);
}

/** What has members: a mapping its keys, a list its indexes and `length`. */
export function isCollection(value: HandlebarsValue): value is readonly Json[] | JsonObject {
  return isList(value) || isJsonObject(value);
}

const listIndex = /^(?:0|[1-9][0-9]{0,8})$/;

export function memberOf(collection: readonly Json[] | JsonObject, key: string): Json | undefined {
  if (isJsonObject(collection)) return collection.get(key);
  if (listIndex.test(key)) return collection[Number(key)];
  return key === "length" ? BigInt(collection.length) : undefined;
}

/** Handlebars' empty: false, null, nothing, the empty string and the empty list; of numbers none. */
export function isEmpty(value: HandlebarsValue): boolean {
  if (isList(value)) return value.length === 0;
  return value === false || value === null || value === undefined || value === "" || Number.isNaN(value);
}

export function isZero(value: HandlebarsValue): boolean {
  return value === 0n || value === 0;
}

/** A value as a mustache prints it; `undefined` where it can't be printed. Floats are written as JavaScript does. */
export function printedText(value: HandlebarsValue): string | undefined {
  if (typeof value === "string") return value;
  if (value === null) return "";
  if (value instanceof MarkedText) return value.text;
  return value === undefined || isCollection(value) ? undefined : String(value);
}
