/**
 * Strategic merge as kustomize does it (kyaml v0.21, merge2 and walk): maps member by member, a null takes a member away,
 * lists of Kubernetes' own kinds item by item where their OpenAPI says so, any other list whole. What a patch brings to such
 * a list stands before what was there. `$patch: delete`, `replace` and `merge` are heeded.
 */
import { isJsonObject, type Json, type JsonObject } from "../../model/json.ts";
import { definitionLines, kindLines } from "./merge-keys.ts";

/** Why a patch can't be merged. */
export class MergeError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "MergeError";
  }
}

/** How a member is merged, and what it is. */
export interface MemberRule {
  /** Of a list that is merged: its keys, none for scalars. */
  readonly keys?: readonly string[];
  readonly definition?: string;
}

const directive = "$patch";

type Node = MutableMap | Node[] | Exclude<Json, JsonObject | readonly Json[]>;
type MutableMap = Map<string, Node>;

const definitions = new Map<string, ReadonlyMap<string, MemberRule>>();
const kinds = new Map<string, string>();

/** The definition of an object's kind; undefined: one that Kubernetes does not have, or that merges no list. */
export function definitionOf(apiVersion: string, kind: string): string | undefined {
  if (kinds.size === 0) {
    for (const line of kindLines) {
      const space = line.indexOf(" ");
      kinds.set(line.slice(0, space), line.slice(space + 1));
    }
  }
  return kinds.get(`${apiVersion}/${kind}`);
}

/** How a definition's member is merged; undefined: a map member by member, a list whole. */
export function ruleOf(definition: string | undefined, member: string): MemberRule | undefined {
  if (definition === undefined) return undefined;
  if (definitions.size === 0) for (const line of definitionLines) readDefinition(line);
  return definitions.get(definition)?.get(member);
}

function readDefinition(line: string): void {
  const [name = "", ...fields] = line.split(" ");
  const rules = fields.map((field): [string, MemberRule] => {
    const [, member = "", keys, definition] = /^([^=>]+)(?:=([^>]*))?(?:>(.*))?$/.exec(field)!;
    return [
      member,
      {
        ...(keys === undefined ? {} : { keys: keys === "" ? [] : keys.split("+") }),
        ...(definition === undefined ? {} : { definition }),
      },
    ];
  });
  definitions.set(name, new Map(rules));
}

/** The object with a patch merged into it; undefined: the patch deletes it. Throws a MergeError. */
export function mergeStrategically(
  object: JsonObject,
  patch: JsonObject,
  definition: string | undefined,
): JsonObject | undefined {
  const merged = merge(copy(object), copy(patch), definition === undefined ? undefined : { definition }, "");
  return merged instanceof Map ? (merged as JsonObject) : undefined;
}

function copy(value: Json): Node {
  if (isJsonObject(value)) return new Map([...value].map(([key, member]) => [key, copy(member)]));
  if (Array.isArray(value)) return (value as readonly Json[]).map(copy);
  return value as Node;
}

/** Undefined: there is nothing any more. `into` is changed. */
function merge(
  into: Node | undefined,
  patch: Node | undefined,
  rule: MemberRule | undefined,
  path: string,
): Node | undefined {
  const first = into ?? patch;
  if (first === undefined || first === null) return patch === undefined ? into : undefined;
  const isList = Array.isArray(first);
  for (const node of [into, patch]) {
    const isAlike = Array.isArray(node) === isList && node instanceof Map === first instanceof Map;
    if (node !== undefined && node !== null && !isAlike)
      throw new MergeError(`${path || "it"} is of another type there`);
  }
  if (first instanceof Map) return mergeMaps(into as MutableMap, patch as MutableMap, rule, path);
  if (!isList || rule?.keys === undefined) return patch === undefined ? into : patch;
  return mergeLists(into as Node[] | undefined, patch as Node[] | undefined, { ...rule, keys: rule.keys }, path);
}

function mergeMaps(
  into: MutableMap | null | undefined,
  patch: MutableMap | null | undefined,
  rule: MemberRule | undefined,
  path: string,
): Node | undefined {
  if (patch === null) return undefined;
  const wish = patch === undefined ? "merge" : takeDirective(patch);
  if (wish === "delete") return undefined;
  // What is new, or takes the place of what was there, is gone through as well: nulls and directives are not kept.
  const target = into === undefined || into === null || wish === "replace" ? patch! : into;
  const names = new Set([...target.keys(), ...(patch?.keys() ?? [])]);
  for (const name of [...names].sort()) {
    const [was, is] = [target.get(name), patch?.get(name)];
    // A null that was there, and of which the patch says nothing, stays.
    if (was === null && is === undefined && patch?.has(name) !== true) continue;
    const value = merge(was, is, ruleOf(rule?.definition, name), path === "" ? name : `${path}.${name}`);
    if (value === undefined || value === null) target.delete(name);
    else target.set(name, value);
  }
  return target;
}

function takeDirective(patch: MutableMap): "merge" | "replace" | "delete" {
  const wish = patch.get(directive);
  if (wish === undefined || wish === null) return "merge";
  if (wish !== "merge" && wish !== "replace" && wish !== "delete") throw unknownDirective(wish);
  patch.delete(directive);
  return wish;
}

function unknownDirective(wish: Node): MergeError {
  return new MergeError(
    `${directive} is ${typeof wish === "string" ? wish : "no text"}: there are delete, replace and merge`,
  );
}

interface ListRule extends MemberRule {
  readonly keys: readonly string[];
}

function mergeLists(
  into: Node[] | null | undefined,
  patch: Node[] | null | undefined,
  rule: ListRule,
  path: string,
): Node[] | undefined {
  if (patch === null) return undefined;
  let target = into;
  if (target === undefined || target === null) target = patch!;
  else if (patch !== undefined) {
    const wish = takeListDirective(patch);
    if (wish === "delete") return undefined;
    if (wish === "replace") target = patch;
  }
  const keys = rule.keys.length === 0 ? [""] : rule.keys;
  // What the patch has comes first.
  const tuples = distinct([patch, target].flatMap((list) => (list ?? []).map((item) => tupleOf(item, keys, path))));
  const wanted = keys.length > 1 ? joinAlike(tuples) : tuples;
  if (wanted.length === 0) return target;
  const items: Node[] = [];
  let usable: KeyValues = { keys, values: [] };
  for (const values of wanted) {
    usable = usableKeys(wanted, values, keys);
    const own = usableKeys([usable.values], usable.values, usable.keys);
    const [was, is] = [find(target, own), patch === undefined ? undefined : find(patch, own)];
    const item = merge(was, is, rule.definition === undefined ? undefined : { definition: rule.definition }, path);
    if (item === undefined || item === null || (item instanceof Map && item.size === 0)) {
      putItem(target, usable, undefined);
      continue;
    }
    if (item instanceof Map) {
      for (const [index, key] of usable.keys.entries()) {
        const value = usable.values[index];
        if (!item.has(key) && value !== undefined && value !== "") item.set(key, value);
      }
    }
    putItem(items, usable, item);
  }
  for (const item of [...target]) putBehind(items, item, usable.keys);
  return items;
}

/** A directive for the whole list is an item with nothing else in it. */
function takeListDirective(patch: Node[]): "merge" | "replace" | "delete" {
  const index = patch.findIndex((item) => item instanceof Map && item.size === 1 && item.has(directive));
  if (index < 0) return "merge";
  return takeDirective(patch.splice(index, 1)[0] as MutableMap);
}

interface KeyValues {
  readonly keys: readonly string[];
  readonly values: readonly string[];
}

function tupleOf(item: Node, keys: readonly string[], path: string): readonly string[] {
  if (keys[0] === "") {
    if (item instanceof Map || Array.isArray(item)) throw new MergeError(`${path} is a list of texts`);
    return [textOf(item)];
  }
  const values = keys.map((key) => (item instanceof Map ? textOf(item.get(key)) : ""));
  // By what it lacks it can't be told from others.
  if (values[0] === "") throw new MergeError(`an item of ${path} lacks ${keys[0]}, by which the list is merged`);
  return values;
}

function textOf(node: Node | undefined): string {
  return node === undefined || node === null || typeof node === "object" ? "" : String(node);
}

function distinct(tuples: readonly (readonly string[])[]): (readonly string[])[] {
  return [...new Map(tuples.map((tuple) => [JSON.stringify(tuple), tuple])).values()];
}

/** Items that differ only in what one of them leaves out are the same item. */
function joinAlike(tuples: (readonly string[])[]): (readonly string[])[] {
  for (const i of tuples.keys()) {
    // As it was when its turn came, whatever it has been joined with since.
    const one = tuples[i]!;
    for (const j of tuples.keys()) {
      const joined = joinTwo(one, tuples[j]!);
      if (joined === undefined) continue;
      tuples[i] = joined;
      tuples[j] = joined;
    }
  }
  return tuples;
}

function joinTwo(one: readonly string[], other: readonly string[]): readonly string[] | undefined {
  const isApart = one.some((value, index) => value !== other[index] && value !== "" && other[index] !== "");
  if (isApart || !one.some((value, index) => value === other[index])) return undefined;
  return one.map((value, index) => (value === "" ? other[index]! : value));
}

/** Keys that no item has a value for play no part. */
function usableKeys(
  all: readonly (readonly string[])[],
  values: readonly string[],
  keys: readonly string[],
): KeyValues {
  const used = new Set(all.flatMap((tuple) => tuple.flatMap((value, index) => (value === "" ? [] : [keys[index]!]))));
  if (used.size === 0) return { keys, values };
  return {
    keys: keys.filter((key) => used.has(key)),
    values: values.filter((value, index) => value !== "" || used.has(keys[index]!)),
  };
}

function isItem(item: Node, { keys, values }: KeyValues): boolean {
  if (keys[0] === "") return textOf(item) === values[0];
  return item instanceof Map && keys.every((key, index) => hasValue(item, key, values[index] ?? ""));
}

/** No value asked for: any will do. */
function hasValue(item: MutableMap, key: string, value: string): boolean {
  return item.has(key) && (value === "" || textOf(item.get(key)) === value);
}

function find(list: readonly Node[], which: KeyValues): Node | undefined {
  return list.find((item) => isItem(item, which));
}

/** In place of those that are it, else at the end; `undefined`: they go. */
function putItem(list: Node[], which: KeyValues, item: Node | undefined): void {
  let isThere = false;
  const kept = list.flatMap((other) => {
    if (other === null || (other instanceof Map && other.size === 0)) return [];
    if (!isItem(other, which)) return [other];
    isThere = true;
    return item === undefined ? [] : [item];
  });
  if (!isThere && item !== undefined) kept.push(item);
  list.splice(0, list.length, ...kept);
}

/** What was there before, behind what the patch brought. Keys that it lacks play no part. */
function putBehind(items: Node[], item: Node, keys: readonly string[]): void {
  const all = keys.map((key) => (key === "" ? textOf(item) : item instanceof Map ? textOf(item.get(key)) : ""));
  const values = keys.length === 1 ? all : all.filter((value) => value !== "");
  const which = { keys: keys.slice(0, values.length), values };
  if (keys.length > 1) putItem(items, which, undefined);
  putItem(items, which, item);
}
