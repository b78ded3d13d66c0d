/** copystructure: lists and maps are copied at every depth and keep their types. */
import { GoMap, type GoObject, GoPointer, GoSlice, GoStruct, type GoValue, typeOf, zeroValue } from "../value.ts";

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
  if (value instanceof GoPointer && value.target !== null) {
    return new GoPointer(value.type, deepCopy(value.target, charge));
  }
  return value instanceof GoStruct && value.fields.size > 0 ? copyStruct(value, charge) : value;
}

/** What is not exported copystructure cannot reach: the copy of a semver.Version is 0.0.0. */
function copyStruct(struct: GoStruct, charge: (items: number) => void): GoStruct {
  const fields = new Map<string, GoValue>();
  for (const [name, field] of struct.fields) {
    const isExported = /^[A-Z]/.test(name);
    const type = typeOf(field);
    fields.set(name, isExported || type === undefined ? deepCopy(field, charge) : zeroValue(type));
  }
  return new GoStruct(struct.type, fields);
}
