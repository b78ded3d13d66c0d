/** Members of objects, by their path; undefined where there is none of that type. */
import { isJsonObject, type Json, type JsonObject } from "../model/json.ts";

export function memberAt(value: Json | undefined, ...path: readonly string[]): Json | undefined {
  let at: Json | undefined = value;
  for (const key of path) at = at !== undefined && isJsonObject(at) ? at.get(key) : undefined;
  return at;
}

export function textAt(value: Json | undefined, ...path: readonly string[]): string | undefined {
  const member = memberAt(value, ...path);
  return typeof member === "string" ? member : undefined;
}

export function objectAt(value: Json | undefined, ...path: readonly string[]): JsonObject | undefined {
  const member = memberAt(value, ...path);
  return member !== undefined && isJsonObject(member) ? member : undefined;
}

export function listAt(value: Json | undefined, ...path: readonly string[]): readonly Json[] {
  const member = memberAt(value, ...path);
  return Array.isArray(member) ? (member as readonly Json[]) : [];
}

/** A count that the API server may leave out where it is the fallback. */
export function numberAt(value: Json | undefined, fallback: number, ...path: readonly string[]): number {
  const member = memberAt(value, ...path);
  return typeof member === "bigint" || typeof member === "number" ? Number(member) : fallback;
}

/** A mapping of texts to texts, as labels and annotations are. */
export function textsAt(value: Json | undefined, ...path: readonly string[]): ReadonlyMap<string, string> {
  const entries = [...(objectAt(value, ...path) ?? [])];
  return new Map(entries.filter((entry): entry is [string, string] => typeof entry[1] === "string"));
}

/** The object with its member at the path replaced; objects on the way are made. */
export function withMember(object: JsonObject, path: readonly string[], member: Json): JsonObject {
  const [key = "", ...rest] = path;
  const inner = object.get(key);
  const below = inner !== undefined && isJsonObject(inner) ? inner : new Map<string, Json>();
  return new Map([...object, [key, rest.length === 0 ? member : withMember(below, rest, member)]]);
}
