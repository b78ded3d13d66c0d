/** copystructure: lists and maps are copied at every depth and keep their types. */
import { GoMap, type GoObject, GoSlice, type GoValue } from "../value.ts";

/** Charges one item for each element copied. */
export function deepCopy(value: GoValue, charge: (items: number) => void): GoValue {
  if (typeof value !== "object" || value === null) return value;
  const copyItems = (items: readonly GoValue[]) => {
    charge(items.length);
    return items.map((item) => deepCopy(item, charge));
  };
  const copyEntries = (entries: GoObject) => {
    charge(entries.size);
    const copy = new Map<string, GoValue>();
    for (const [key, entry] of entries) copy.set(key, deepCopy(entry, charge));
    return copy;
  };
  if (Array.isArray(value)) return copyItems(value);
  if (value instanceof Map) return copyEntries(value);
  if (value instanceof GoSlice) return value.items === null ? value : new GoSlice(value.type, copyItems(value.items));
  if (value instanceof GoMap) return value.entries === null ? value : new GoMap(value.type, copyEntries(value.entries));
  return value;
}
