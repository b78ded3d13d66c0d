/** From a CustomResourceDefinition's structural schema to what values are checked against. */
import { RE2JS } from "re2js";
import type { CustomKind } from "../../../model/custom-kind.ts";
import { isJsonObject, type Json, type JsonObject } from "../../../model/json.ts";
import type { Limits, ListNode, ScalarNode, ScalarType, SchemaNode } from "./schema-node.ts";

const compiled = new WeakMap<CustomKind, Map<string, SchemaNode>>();
const any: ScalarNode = { kind: "scalar", type: "any" };

/** The schema of a version; undefined where the kind has no such version. Compiled once. */
export function customSchema(kind: CustomKind, version: string): SchemaNode | undefined {
  if (!kind.versions.has(version)) return undefined;
  let schemas = compiled.get(kind);
  if (schemas === undefined) {
    schemas = new Map();
    compiled.set(kind, schemas);
  }
  let schema = schemas.get(version);
  if (schema === undefined) {
    const structural = kind.versions.get(version);
    schema = structural === undefined ? any : readStructural(structural, true);
    schemas.set(version, schema);
  }
  return schema;
}

function readStructural(schema: JsonObject, isRoot: boolean): SchemaNode {
  // What has a default, null is replaced by.
  const isNullable = schema.get("nullable") === true || schema.has("default");
  if (schema.get("x-kubernetes-int-or-string") === true) return scalar("intOrString", schema, isNullable);
  switch (schema.get("type")) {
    case "object":
      return readObject(schema, isRoot, isNullable);
    case "array":
      return readList(schema, isNullable);
    case "string": {
      const format = schema.get("format");
      return scalar(format === "date-time" ? "time" : format === "byte" ? "bytes" : "string", schema, isNullable);
    }
    case "integer":
      return scalar(schema.get("format") === "int32" ? "int32" : "int64", schema, isNullable);
    case "number":
      return scalar("number", schema, isNullable);
    case "boolean":
      return scalar("boolean", schema, isNullable);
    default:
      return any;
  }
}

function readObject(schema: JsonObject, isRoot: boolean, isNullable: boolean): SchemaNode {
  const properties = schema.get("properties");
  const others = schema.get("additionalProperties");
  if (isJsonObject(others) && !isJsonObject(properties)) {
    return {
      kind: "map",
      values: readStructural(others, false),
      limits: countLimits(schema, "Properties"),
      isNullable,
    };
  }
  const members = new Map<string, SchemaNode>();
  for (const [name, member] of isJsonObject(properties) ? properties : []) {
    members.set(name, isJsonObject(member) ? readStructural(member, false) : any);
  }
  if (isRoot || schema.get("x-kubernetes-embedded-resource") === true) {
    members.set("apiVersion", { kind: "scalar", type: "string" });
    members.set("kind", { kind: "scalar", type: "string" });
    members.set("metadata", { kind: "reference", name: "meta.v1.ObjectMeta" });
  }
  // The cluster's to write, and passed over where somebody else does.
  if (isRoot && members.has("status")) members.set("status", any);
  const required = schema.get("required");
  const isOpen = schema.get("x-kubernetes-preserve-unknown-fields") === true || !isJsonObject(properties);
  return {
    kind: "object",
    members,
    required: Array.isArray(required) ? (required as readonly Json[]).filter((name) => typeof name === "string") : [],
    isOpen,
    isNullable,
  };
}

function readList(schema: JsonObject, isNullable: boolean): ListNode {
  const items = schema.get("items");
  const type = schema.get("x-kubernetes-list-type");
  const names = schema.get("x-kubernetes-list-map-keys");
  const properties = isJsonObject(items) ? items.get("properties") : undefined;
  const keys = (type === "map" && Array.isArray(names) ? (names as readonly Json[]) : []).map((name) => {
    const property = isJsonObject(properties) ? properties.get(String(name)) : undefined;
    const fallback = isJsonObject(property) ? property.get("default") : undefined;
    return typeof fallback === "string" || typeof fallback === "number"
      ? { name: String(name), fallback }
      : { name: String(name) };
  });
  return {
    kind: "list",
    items: isJsonObject(items) ? readStructural(items, false) : any,
    isSet: type === "set",
    keys,
    limits: countLimits(schema, "Items"),
    isNullable,
  };
}

function scalar(type: ScalarType, schema: JsonObject, isNullable: boolean): ScalarNode {
  const pattern = compilePattern(schema.get("pattern"));
  const allowed = schema.get("enum");
  const limits: Limits = {
    ...(Array.isArray(allowed) ? { enum: (allowed as readonly Json[]).map(plain) } : {}),
    ...(pattern === undefined ? {} : { pattern }),
    ...numbers(schema, { minimum: "minimum", maximum: "maximum", lengthMin: "minLength", lengthMax: "maxLength" }),
  };
  return { kind: "scalar", type, limits, isNullable };
}

function countLimits(schema: JsonObject, what: "Items" | "Properties"): Limits {
  return numbers(schema, { lengthMin: `min${what}`, lengthMax: `max${what}` });
}

function numbers(schema: JsonObject, names: Readonly<Record<string, string>>): Limits {
  const limits: Record<string, number> = {};
  for (const [limit, name] of Object.entries(names)) {
    const value = schema.get(name);
    if (typeof value === "number" || typeof value === "bigint") limits[limit] = Number(value);
  }
  return limits;
}

function plain(value: Json): unknown {
  return typeof value === "bigint" ? Number(value) : value;
}

/** CRDs' patterns are RE2 and not anchored. One that can't be compiled demands nothing: the API server refuses its CRD. */
function compilePattern(source: Json | undefined): Limits["pattern"] {
  if (typeof source !== "string") return undefined;
  try {
    const pattern = RE2JS.compile(source);
    return { source, matches: (text) => pattern.matcher(text).find() };
  } catch {
    return undefined;
  }
}
