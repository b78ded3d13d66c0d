/** When the state branch's history began, as far as `state.history` has to know: kept in the checkpoint's parts, in its minutes. */
import type { JsonObject } from "../model/json.ts";

/** Undefined: not noted yet. */
export function readHistoryStart(parts: JsonObject): number | undefined {
  const start = parts.get("historyStart");
  return start === undefined ? undefined : Number(start);
}

export function writeHistoryStart(parts: JsonObject, minutes: number): JsonObject {
  return new Map(parts).set("historyStart", BigInt(minutes));
}
