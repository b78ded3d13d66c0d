/**
 * Fields that somebody else has for himself, left out of what is applied: only where they are not ours any more, since a
 * field that is ours and left out would be taken away.
 */
import { isJsonObject, type Json, type JsonObject } from "../model/json.ts";
import { targetMatches } from "../model/patch.ts";
import type { LiveMetadata } from "../ports/cluster.ts";
import type { DesiredObject } from "./desired-object.ts";
import { ownFields } from "./own-fields.ts";
import type { DriftExclusion } from "./owner-policies.ts";

export function leaveOutExclusions(
  desired: DesiredObject,
  live: LiveMetadata,
  manager: string,
  exclusions: readonly DriftExclusion[],
): JsonObject {
  const subject = { ...desired.identity, ...desired };
  const meant = exclusions.filter(({ target }) => targetMatches(target, subject));
  if (meant.length === 0) return desired.object;
  const owned = JSON.parse(ownFields(live, manager)) as unknown;
  let object = desired.object;
  for (const path of meant.flatMap(({ paths }) => paths)) {
    const steps = readPointer(path);
    if (steps.length > 0 && !isOwned(owned, steps, desired.object)) object = without(object, steps);
  }
  return object;
}

function readPointer(pointer: string): readonly string[] {
  return pointer
    .split("/")
    .slice(1)
    .map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"));
}

/**
 * Whether a set of fields, as the server writes it, has this one or anything below it. Items of lists are known there by their
 * keys, as `value` has them at their places; where the place has none of these keys nothing is left out.
 */
function isOwned(fields: unknown, steps: readonly string[], value: Json | undefined): boolean {
  const [step, ...rest] = steps;
  if (step === undefined) return true;
  if (typeof fields !== "object" || fields === null) return false;
  const members = fields as Readonly<Record<string, unknown>>;
  if (Array.isArray(value)) {
    const item = (value as readonly Json[])[Number(step)];
    const keys = Object.keys(members);
    if (item === undefined || keys.some((key) => key.startsWith("v:"))) return true;
    const key = keys.find((name) => name.startsWith("k:") && isKeyOf(name.slice("k:".length), item));
    return key === undefined ? keys.some((name) => name.startsWith("k:")) : isOwned(members[key], rest, item);
  }
  const inner = value !== undefined && isJsonObject(value) ? value.get(step) : undefined;
  return `f:${step}` in members && isOwned(members[`f:${step}`], rest, inner);
}

/** Whether an item of a list is the one with this key, such as `{"name":"main"}`. */
function isKeyOf(key: string, item: Json): boolean {
  const wanted = Object.entries(JSON.parse(key) as Readonly<Record<string, unknown>>);
  return isJsonObject(item) && wanted.every(([name, value]) => String(item.get(name)) === String(value));
}

function without(value: JsonObject, [step = "", ...rest]: readonly string[]): JsonObject {
  const inner = value.get(step);
  if (inner === undefined) return value;
  if (rest.length === 0) return new Map([...value].filter(([key]) => key !== step));
  if (Array.isArray(inner)) {
    const [place = "", ...below] = rest;
    // A whole item is left where it is: lists have no holes.
    const items = (inner as readonly Json[]).map((item, index) =>
      String(index) === place && below.length > 0 && isJsonObject(item) ? without(item, below) : item,
    );
    return new Map<string, Json>([...value, [step, items]]);
  }
  if (!isJsonObject(inner)) return value;
  return new Map<string, Json>([...value, [step, without(inner, rest)]]);
}
