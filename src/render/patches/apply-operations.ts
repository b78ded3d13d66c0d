/** RFC 6902 on an object, as kustomize applies it: an index may be negative, and counts from the end. */
import { isJsonObject, type Json, type JsonObject, writeJson } from "../../model/json.ts";

export type Operation =
  | { readonly op: "add" | "replace" | "test"; readonly path: string; readonly value: Json }
  | { readonly op: "remove"; readonly path: string }
  | { readonly op: "move" | "copy"; readonly path: string; readonly from: string };

/** Why an operation can't be applied. */
export class PatchError extends Error {
  readonly index: number;

  constructor(message: string, index: number) {
    super(message);
    this.name = "PatchError";
    this.index = index;
  }
}

class Unapplied extends Error {}

/** The object with all operations applied, in their order. Throws a PatchError at the first that fails. */
export function applyOperations(object: JsonObject, operations: readonly Operation[]): Json {
  let value: Json = object;
  for (const [index, operation] of operations.entries()) {
    try {
      value = applyOne(value, operation);
    } catch (error) {
      if (error instanceof Unapplied) throw new PatchError(error.message, index);
      throw error;
    }
  }
  return value;
}

function applyOne(value: Json, operation: Operation): Json {
  const path = parsePointer(operation.path);
  switch (operation.op) {
    case "add":
      return change(value, path, (parent, key) => insert(parent, key, operation.value), operation.value);
    case "replace":
      // A member that is not there is added, as kustomize does it; an item of a list must be there.
      return change(value, path, (parent, key) => put(parent, key, operation.value), operation.value);
    case "remove":
      valueAt(value, path);
      return change(value, path, removeFrom, undefined);
    case "test": {
      const found = valueAt(value, path);
      if (canonical(found) !== canonical(operation.value)) throw new Unapplied(`${operation.path} is another value`);
      return value;
    }
    case "move": {
      const from = parsePointer(operation.from);
      const moved = valueAt(value, from);
      const isBelow = path.length > from.length && from.every((step, index) => step === path[index]);
      if (isBelow) throw new Unapplied(`${operation.from} can't be moved into itself`);
      return change(
        change(value, from, removeFrom, undefined),
        path,
        (parent, key) => insert(parent, key, moved),
        moved,
      );
    }
    case "copy": {
      const copied = valueAt(value, parsePointer(operation.from));
      return change(value, path, (parent, key) => insert(parent, key, copied), copied);
    }
    default:
      return operation satisfies never;
  }
}

/** Steps of a JSON pointer; empty: the whole. */
export function parsePointer(pointer: string): readonly string[] {
  if (pointer === "") return [];
  if (!pointer.startsWith("/")) throw new Unapplied(`the path ${JSON.stringify(pointer)} does not begin with /`);
  return pointer
    .slice(1)
    .split("/")
    .map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"));
}

function valueAt(value: Json, path: readonly string[]): Json {
  let found = value;
  for (const [depth, step] of path.entries()) {
    const member = Array.isArray(found)
      ? (found as readonly Json[])[indexIn(found as readonly Json[], step, 0)]
      : isJsonObject(found)
        ? found.get(step)
        : undefined;
    if (member === undefined) throw new Unapplied(`there is no /${path.slice(0, depth + 1).join("/")}`);
    found = member;
  }
  return found;
}

type Change = (parent: JsonObject | readonly Json[], key: string) => Json;

/** A copy with the last step's parent changed; `whole`: what takes the place of everything. */
function change(value: Json, path: readonly string[], last: Change, whole: Json | undefined): Json {
  const [step, ...rest] = path;
  if (step === undefined) {
    if (whole === undefined) throw new Unapplied("an object can't be removed as a whole");
    return whole;
  }
  if (!isJsonObject(value) && !Array.isArray(value)) throw new Unapplied(`there is nothing that ${step} could be in`);
  const parent = value as JsonObject | readonly Json[];
  if (rest.length === 0) return last(parent, step);
  const inner = valueAt(value, [step]);
  return put(parent, step, change(inner, rest, last, whole));
}

function insert(parent: JsonObject | readonly Json[], key: string, value: Json): Json {
  if (!Array.isArray(parent)) return new Map(parent as JsonObject).set(key, value);
  const list = parent as readonly Json[];
  return list.toSpliced(key === "-" ? list.length : indexIn(list, key, 1), 0, value);
}

function put(parent: JsonObject | readonly Json[], key: string, value: Json): Json {
  if (!Array.isArray(parent)) return new Map(parent as JsonObject).set(key, value);
  const list = parent as readonly Json[];
  return list.with(indexIn(list, key, 0), value);
}

function removeFrom(parent: JsonObject | readonly Json[], key: string): Json {
  if (!Array.isArray(parent)) return new Map([...(parent as JsonObject)].filter(([other]) => other !== key));
  const list = parent as readonly Json[];
  return list.toSpliced(indexIn(list, key, 0), 1);
}

/** `more`: how many places behind the last item there are besides. */
function indexIn(list: readonly Json[], step: string, more: number): number {
  if (!/^(?:0|-?[1-9][0-9]*)$/.test(step)) throw new Unapplied(`${JSON.stringify(step)} is no index of a list`);
  const index = Number(step);
  const found = index < 0 ? list.length + more + index : index;
  if (found < 0 || found >= list.length + more) throw new Unapplied(`there is no item ${step}`);
  return found;
}

/** Equal for values that are equal, whatever the order of members. */
function canonical(value: Json): string {
  const sorted = (one: Json): Json => {
    if (Array.isArray(one)) return (one as readonly Json[]).map(sorted);
    if (!isJsonObject(one)) return typeof one === "bigint" ? Number(one) : one;
    return new Map([...one].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, member]) => [key, sorted(member)]));
  };
  return writeJson(sorted(value));
}
