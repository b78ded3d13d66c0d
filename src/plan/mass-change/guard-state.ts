/** What the guard keeps in the checkpoint's parts: approvals, the budget of what is in force, what went within the hour. */
import type { Json, JsonObject } from "../../model/json.ts";
import { type RemovalsOfHour, removalsFromJson, removalsToJson } from "./removals-of-hour.ts";

export interface GuardState {
  /** Ids of held changes that a person has approved and that are not in force yet. */
  readonly approvals: readonly string[];
  /** How many objects passes may still take; undefined: as many as the limits leave. */
  readonly budget: number | undefined;
  readonly hour: RemovalsOfHour;
  /** What of the settings shaped the catalog in force, as text; undefined: not known. */
  readonly settings: string | undefined;
}

export function readGuardState(parts: JsonObject): GuardState {
  const approvals = parts.get("approvals");
  const budget = parts.get("budget");
  const settings = parts.get("settings");
  return {
    approvals: Array.isArray(approvals) ? (approvals as readonly Json[]).map(String) : [],
    budget: budget === undefined ? undefined : Number(budget),
    hour: removalsFromJson(parts.get("removals")),
    settings: typeof settings === "string" ? settings : undefined,
  };
}

/** The parts with the guard's as given; what others keep there stays. */
export function writeGuardState(parts: JsonObject, { approvals, budget, hour, settings }: GuardState): JsonObject {
  const written = new Map(parts);
  const set = (key: string, value: Json | undefined) => {
    if (value === undefined) written.delete(key);
    else written.set(key, value);
  };
  set("approvals", approvals.length === 0 ? undefined : [...approvals].sort());
  set("budget", budget === undefined ? undefined : BigInt(budget));
  const removals = removalsToJson(hour);
  set("removals", removals.size === 0 ? undefined : removals);
  set("settings", settings);
  return written;
}
