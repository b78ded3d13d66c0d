/** A copy of a value that a template may change. */
import { GoMap, type GoObject, GoPointer, GoSlice, GoStruct, type GoValue } from "./value.ts";

/** Copies maps and lists, however deep; all other values cannot be changed. */
export function copyValue(value: GoValue): GoValue {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(copyValue);
  if (value instanceof Map) return copyEntries(value as GoObject);
  if (value instanceof GoMap) return new GoMap(value.type, value.entries === null ? null : copyEntries(value.entries));
  if (value instanceof GoSlice)
    return new GoSlice(value.type, value.items === null ? null : value.items.map(copyValue));
  if (value instanceof GoPointer) return new GoPointer(value.type, copyValue(value.target));
  // Subclasses (times, versions) have contents of their own, which nothing changes.
  if (value instanceof GoStruct && value.constructor === GoStruct) {
    return new GoStruct(value.type, copyEntries(value.fields));
  }
  return value;
}

function copyEntries(entries: GoObject): GoObject {
  const copy = new Map<string, GoValue>();
  for (const [key, member] of entries) copy.set(key, copyValue(member));
  return copy;
}
