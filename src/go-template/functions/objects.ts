/**
 * Sveltos' functions on Kubernetes objects (event-manager's template_helper.go). All of them change the object that
 * they are given, and what they print is yaml.v3's, indented by four.
 */
import { copyValue } from "../copy-value.ts";
import { NestingError, nestingMax } from "../serialize/limits.ts";
import { toYamlV3, YamlEncodeError } from "../serialize/to-yaml-v3.ts";
import { type GoArgument, GoBoxed, GoMap, type GoObject, type GoValue, MarkedText, mapType } from "../value.ts";
import { define, type FunctionContext, type FunctionTable, GoFunctionError } from "./registry.ts";

type WritableObject = Map<string, GoValue>;

/** Maps are read-only but to functions that say so; the engine hands these a copy of the data. */
function writable(object: GoObject): WritableObject {
  return object as WritableObject;
}

/** The fields that belong to the cluster an object came from. */
const clusterFields = ["managedFields", "resourceVersion", "uid"];

function resetFields(object: GoObject | null): void {
  const metadata = object?.get("metadata");
  if (!(metadata instanceof Map)) return;
  for (const field of clusterFields) metadata.delete(field);
}

function getResource(_: FunctionContext, object: GoObject | null): GoValue {
  resetFields(object);
  return asValue(object);
}

function asValue(object: GoObject | null): GoValue {
  return object ?? new GoMap(mapType, null);
}

function dump(context: FunctionContext, object: GoObject | null): GoValue {
  resetFields(object);
  const value = object ?? new Map();
  try {
    const text = toYamlV3(value, context).replace(/\n$/, "");
    // The object may be changed again before this is looked at.
    return new MarkedText(text, copyValue(value) as GoObject);
  } catch (error) {
    if (error instanceof YamlEncodeError || error instanceof NestingError) throw new GoFunctionError(error.message);
    throw error;
  }
}

/** unstructured.NestedFieldCopy: what is not there, or not to be reached, is "". */
function getField(context: FunctionContext, object: GoObject | null, path: string): GoValue {
  let value: GoValue = object;
  for (const field of path.split(".")) {
    if (!(value instanceof Map) || !value.has(field)) return "";
    value = (value as GoObject).get(field);
  }
  return deepCopyJson(value, context, 0);
}

/** runtime.DeepCopyJSONValue: what JSON in Kubernetes holds, and no other type, not even int. */
function deepCopyJson(value: GoValue, context: FunctionContext, depth: number): GoValue {
  if (typeof value !== "object" || value === null) return value ?? null;
  if (depth > nestingMax) throw new GoFunctionError(new NestingError().message);
  if (Array.isArray(value)) {
    context.chargeItems(value.length);
    return value.map((item) => deepCopyJson(item, context, depth + 1));
  }
  if (value instanceof Map) {
    context.chargeItems(value.size);
    const copy: WritableObject = new Map();
    for (const [key, member] of value as GoObject) copy.set(key, deepCopyJson(member, context, depth + 1));
    return copy;
  }
  const { type } = value as GoBoxed;
  const isNilJson = type.name === "map[string]interface {}" || type.name === "[]interface {}";
  if (isNilJson) return value;
  throw new GoFunctionError(`cannot deep copy ${type.name}`);
}

/** unstructured.SetNestedField; `false` where something on the way is no map. */
function setNestedField(context: FunctionContext, object: GoObject | null, path: string, value: GoArgument): boolean {
  const copy = deepCopyJson(value, context, 0);
  const fields = path.split(".");
  const last = fields.pop()!;
  let target: GoValue = object;
  for (const field of fields) {
    const inner: GoValue = target === null ? undefined : (target as GoObject).get(field);
    if (target instanceof Map && target.has(field)) {
      if (!(inner instanceof Map || isNilMap(inner))) return false;
      target = inner instanceof Map ? inner : null;
    } else {
      const made: WritableObject = new Map();
      assign(target as GoObject | null, field, made);
      target = made;
    }
  }
  assign(target as GoObject | null, last, copy);
  return true;
}

function isNilMap(value: GoValue): boolean {
  return value instanceof GoBoxed && value.type.name === "map[string]interface {}";
}

function assign(object: GoObject | null, field: string, value: GoValue): void {
  if (object === null) throw new GoFunctionError("assignment to entry in nil map");
  writable(object).set(field, value);
}

function setField(context: FunctionContext, object: GoObject | null, path: string, value: GoArgument): GoValue {
  return setNestedField(context, object, path, value) ? dump(context, object) : "";
}

function chainSetField(context: FunctionContext, object: GoObject | null, path: string, value: GoArgument): GoValue {
  return setNestedField(context, object, path, value) ? asValue(object) : new GoMap(mapType, null);
}

/** unstructured.RemoveNestedField: what is not there is removed already. */
function removeNestedField(object: GoObject | null, path: string): void {
  const fields = path.split(".");
  const last = fields.pop()!;
  let target: GoValue = object;
  for (const field of fields) {
    if (!(target instanceof Map)) return;
    target = (target as GoObject).get(field);
  }
  if (target instanceof Map) target.delete(last);
}

function removeField(context: FunctionContext, object: GoObject | null, path: string): GoValue {
  removeNestedField(object, path);
  return dump(context, object);
}

function chainRemoveField(_: FunctionContext, object: GoObject | null, path: string): GoValue {
  removeNestedField(object, path);
  return asValue(object);
}

const changesObject = { mutates: true };

export const objectFunctions: FunctionTable = {
  getResource: define(["map"], getResource, changesObject),
  copy: define(["map"], dump, changesObject),
  getField: define(["map", "string"], getField),
  setField: define(["map", "string", "any"], setField, changesObject),
  removeField: define(["map", "string"], removeField, changesObject),
  chainSetField: define(["map", "string", "any"], chainSetField, changesObject),
  chainRemoveField: define(["map", "string"], chainRemoveField, changesObject),
};
