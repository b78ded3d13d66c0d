/** Members of objects, by what they have to be; what is missing or of another type counts as empty. */
import { isJsonObject, type Json, type JsonObject } from "./json.ts";

export function textOf(object: JsonObject, key: string): string {
  const value = object.get(key);
  return typeof value === "string" ? value : "";
}

/** Empty where there is none. */
export function memberOf(object: JsonObject, key: string): JsonObject {
  const value = object.get(key);
  return isJsonObject(value) ? value : new Map();
}

export function listOf(object: JsonObject, key: string): readonly Json[] {
  const value = object.get(key);
  return Array.isArray(value) ? (value as readonly Json[]) : [];
}

export function numberOf(object: JsonObject, key: string): number | undefined {
  const value = object.get(key);
  return typeof value === "bigint" || typeof value === "number" ? Number(value) : undefined;
}

export function isOn(object: JsonObject, key: string): boolean {
  return object.get(key) === true;
}
