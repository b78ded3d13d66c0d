/** How cases of serialization are written down: values with Go's types in JSON, and what was decoded as a short text. */
import { decodeBytes } from "../../../src/go-template/bytes.ts";
import { sortedKeys } from "../../../src/go-template/compare.ts";
import { timeToString } from "../../../src/go-template/functions/time/format-time.ts";
import { GoTime } from "../../../src/go-template/functions/time/go-time.ts";
import { formatFloat } from "../../../src/go-template/numbers.ts";
import type { Budget } from "../../../src/go-template/serialize/limits.ts";
import { GoMap, GoSlice, type GoValue } from "../../../src/go-template/value.ts";
import { isJsonObject, type Json } from "../../../src/model/json.ts";

/** `{"$m": [key, value, ...]}` is a map, `{"$b": base64}` a string of any bytes; all else is what it is in JSON. */
export function readValue(json: Json): GoValue {
  if (Array.isArray(json)) return json.map(readValue);
  if (!isJsonObject(json)) return json as GoValue;
  const bytes = json.get("$b");
  if (typeof bytes === "string") return decodeBytes(Buffer.from(bytes, "base64"));
  const members = (json.get("$m") as readonly Json[]).map(readValue);
  const map = new Map<string, GoValue>();
  for (let index = 0; index < members.length; index += 2) map.set(members[index] as string, members[index + 1]);
  return map;
}

/** `i1` is an int64, `f1` a float64, `tables[...]` a []map[string]interface{}. */
export function showValue(value: GoValue): string {
  if (value === null) return "nil";
  if (typeof value === "bigint") return `i${value}`;
  if (typeof value === "number") return `f${formatFloat(value, "g", -1)}`;
  if (Array.isArray(value)) return `[${value.map(showValue).join(" ")}]`;
  if (value instanceof Map) {
    return `{${sortedKeys(value)
      .map((key) => `${JSON.stringify(key)}:${showValue(value.get(key))}`)
      .join(" ")}}`;
  }
  if (value instanceof GoTime) return `t${timeToString(value)}`;
  if (value instanceof GoMap && value.entries === null) return "nilmap";
  if (value instanceof GoSlice)
    return value.items === null ? "nillist" : `tables[${value.items.map(showValue).join(" ")}]`;
  return JSON.stringify(value);
}

export const unlimited: Budget = { chargeItems() {}, chargeBytes() {} };

/** A budget like an execution's, small. */
export function limitedBudget(itemsMax: number, bytesMax: number): Budget {
  let items = 0;
  let bytes = 0;
  return {
    chargeItems(count) {
      items += count;
      if (items > itemsMax) throw new RangeError("items");
    },
    chargeBytes(count) {
      bytes += count;
      if (bytes > bytesMax) throw new RangeError("bytes");
    },
  };
}
