/** Sprig's functions for dicts, map[string]interface{}. Where Go's map order is by chance, keys are sorted here. */
import { sortedKeys } from "../compare.ts";
import { type GoArgument, GoMap, type GoObject, type GoValue, mapType, stringList, typeOf } from "../value.ts";
import { deepCopy } from "./deep-copy.ts";
import { mergeInto } from "./merge-maps.ts";
import { define, defineVariadic, type FunctionContext, type FunctionTable, GoFunctionError } from "./registry.ts";
import { strval } from "./strval.ts";

const noEntries: GoObject = new Map();

/** A nil map comes as null and goes out as what it is in Go. */
function asValue(map: GoObject | null): GoValue {
  return map ?? new GoMap(mapType, null);
}

/** Maps are read-only but to those functions that change them; the engine hands these a copy of the data. */
function writable(map: GoObject): Map<string, GoValue> {
  return map as Map<string, GoValue>;
}

function set(_: FunctionContext, map: GoObject | null, key: string, value: GoArgument): GoValue {
  if (map === null) throw new GoFunctionError("assignment to entry in nil map");
  writable(map).set(key, value);
  return map;
}

function unset(_: FunctionContext, map: GoObject | null, key: string): GoValue {
  if (map !== null) writable(map).delete(key);
  return asValue(map);
}

function pluck(context: FunctionContext, key: string, ...maps: (GoObject | null)[]): GoValue {
  context.chargeItems(maps.length);
  return maps.filter((map) => map?.has(key)).map((map) => map!.get(key));
}

function keys(context: FunctionContext, ...maps: (GoObject | null)[]): GoValue {
  const all: string[] = [];
  for (const map of maps) {
    if (map === null) continue;
    context.chargeItems(map.size);
    for (const key of sortedKeys(map)) all.push(key);
  }
  return stringList(all);
}

function pick(_: FunctionContext, map: GoObject | null, ...wanted: string[]): GoValue {
  const picked = new Map<string, GoValue>();
  for (const key of wanted) if (map?.has(key)) picked.set(key, map.get(key));
  return picked;
}

function omit(context: FunctionContext, map: GoObject | null, ...unwanted: string[]): GoValue {
  context.chargeItems(map?.size ?? 0);
  const kept = new Map(map ?? []);
  for (const key of unwanted) kept.delete(key);
  return kept;
}

/** Keys and values in turn; a last key without a value has "". */
function dict(_: FunctionContext, ...values: GoArgument[]): GoValue {
  const map = new Map<string, GoValue>();
  for (let index = 0; index < values.length; index += 2) {
    map.set(strval(values[index]), index + 1 < values.length ? values[index + 1] : "");
  }
  return map;
}

function merge(overwrite: boolean) {
  return defineVariadic(
    ["map", "map"],
    (context, target, ...sources) => {
      let merged = target;
      for (const source of sources) {
        if (source === null) continue;
        merged ??= new Map();
        mergeInto(writable(merged), source, { overwrite, charge: (steps) => context.chargeItems(steps) });
      }
      return asValue(merged);
    },
    { mutates: true },
  );
}

/** Looks a path of keys up; the default where one is missing, an error where there is something else on the way. */
function dig(_: FunctionContext, ...values: GoArgument[]): GoValue {
  if (values.length < 3) throw new GoFunctionError("dig needs at least three arguments");
  const path = values.slice(0, -2).map((key) => {
    if (typeof key !== "string") throw new GoFunctionError(conversionError(key, "string"));
    return key;
  });
  let found: GoValue = values.at(-1);
  for (const key of path) {
    const map = dictOf(found);
    if (!map.has(key)) return values.at(-2);
    found = map.get(key);
  }
  return found;
}

function dictOf(value: GoValue): GoObject {
  if (value instanceof Map) return value as GoObject;
  if (value instanceof GoMap && value.type.name === mapType.name) return value.entries ?? noEntries;
  throw new GoFunctionError(conversionError(value, mapType.name));
}

function conversionError(value: GoValue, wanted: string): string {
  return `interface conversion: interface {} is ${typeOf(value)?.name ?? "nil"}, not ${wanted}`;
}

const deepCopyFunction = define(["any"], (context, value) => {
  if (value === null) throw new GoFunctionError("reflect: call of reflect.Value.Type on zero Value");
  return deepCopy(value, (items) => context.chargeItems(items));
});
const mergeFunction = merge(false);
const mergeOverwrite = merge(true);

export const dictFunctions: FunctionTable = {
  dict: defineVariadic(["any"], dict),
  get: define(["map", "string"], (_, map, key) => (map?.has(key) ? map.get(key) : "")),
  set: define(["map", "string", "any"], set, { mutates: true }),
  unset: define(["map", "string"], unset, { mutates: true }),
  hasKey: define(["map", "string"], (_, map, key) => map?.has(key) ?? false),
  pluck: defineVariadic(["string", "map"], pluck),
  keys: defineVariadic(["map"], keys),
  values: define(["map"], (context, map) => {
    context.chargeItems(map?.size ?? 0);
    return sortedKeys(map ?? noEntries).map((key) => map!.get(key));
  }),
  pick: defineVariadic(["map", "string"], pick),
  omit: defineVariadic(["map", "string"], omit),
  merge: mergeFunction,
  mustMerge: mergeFunction,
  mergeOverwrite,
  mustMergeOverwrite: mergeOverwrite,
  dig: defineVariadic(["any"], dig),
  deepCopy: deepCopyFunction,
  mustDeepCopy: deepCopyFunction,
};
