/**
 * Fields that somebody else has for himself, left out of what is applied: only where they are not ours any more, since a
 * field that is ours and left out would be taken away.
 */
import { isJsonObject, type Json, type JsonObject } from "../model/json.ts";
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
  const meant = exclusions.filter((exclusion) => isMeant(exclusion, desired));
  if (meant.length === 0) return desired.object;
  const owned = JSON.parse(ownFields(live, manager)) as unknown;
  let object = desired.object;
  for (const path of meant.flatMap(({ paths }) => paths)) {
    const steps = readPointer(path);
    if (steps.length > 0 && !isOwned(owned, steps)) object = without(object, steps);
  }
  return object;
}

function isMeant({ target = {} }: DriftExclusion, { identity, version }: DesiredObject): boolean {
  const values = { ...identity, version };
  return (["group", "version", "kind", "namespace", "name"] as const).every((key) => {
    const pattern = target[key];
    return pattern === undefined || matchesWhole(pattern, values[key]);
  });
}

/** Patterns are kustomize's, of people who write the catalog; one that is none stands for itself. */
function matchesWhole(pattern: string, value: string): boolean {
  try {
    return new RegExp(`^(?:${pattern})$`).test(value);
  } catch {
    return pattern === value;
  }
}

function readPointer(pointer: string): readonly string[] {
  return pointer
    .split("/")
    .slice(1)
    .map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"));
}

/** Whether a set of fields, as the server writes it, has this one or anything below it. */
function isOwned(fields: unknown, steps: readonly string[]): boolean {
  let at: unknown = fields;
  for (const step of steps) {
    if (typeof at !== "object" || at === null) return false;
    const members = at as Readonly<Record<string, unknown>>;
    const inner = members[`f:${step}`];
    // Items of lists are known by their keys, not by their place: where it leads through one nothing is left out.
    if (inner === undefined) return Object.keys(members).some((key) => key.startsWith("k:") || key.startsWith("v:"));
    at = inner;
  }
  return true;
}

function without(value: JsonObject, [step = "", ...rest]: readonly string[]): JsonObject {
  const inner = value.get(step);
  if (inner === undefined) return value;
  if (rest.length === 0) return new Map([...value].filter(([key]) => key !== step));
  if (!isJsonObject(inner)) return value;
  const left: Json = without(inner, rest);
  return new Map([...value, [step, left]]);
}
