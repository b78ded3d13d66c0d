/** Documents against JSON Schemas: what Ajv found, as problems at the place of the fault and without any value in the text. */
import type { AnySchemaObject, ErrorObject, ValidateFunction } from "ajv";
import { isJsonObject, type Json } from "../model/json.ts";
import { nearestWord } from "../model/nearest-word.ts";
import type { ErrorCode, Problem } from "../model/problem.ts";
import { hintKeyword } from "./ajv-options.ts";
import { compileShape } from "./compile-shape.ts";
import type { Path, YamlDocument } from "./yaml-document.ts";

/** Checks a document, giving faults of shape `code` and unknown keys FIELD_UNKNOWN. */
export type ShapeCheck = (document: YamlDocument, code: ErrorCode, value?: Json) => Problem[];

/** Compiles at the first check, because a process seldom needs every schema. `definition`: one of the schema's own. */
export function shapeCheck(schema: AnySchemaObject, definition?: string): ShapeCheck {
  let validate: ValidateFunction | undefined;
  return (document, code, value = document.value) => {
    validate ??= compileShape(schema, definition);
    if (validate(toPlain(value))) return [];
    return (validate.errors ?? []).filter(isOwnFault).map((error) => shapeProblem(document, code, error));
  };
}

/** `if` and `anyOf` only repeat what the schemas within them found. */
function isOwnFault(error: ErrorObject): boolean {
  return error.keyword !== "if" && error.keyword !== "anyOf";
}

function shapeProblem(document: YamlDocument, code: ErrorCode, error: ErrorObject): Problem {
  const path = parsePointer(error.instancePath);
  const what = path.length === 0 ? "the document" : formatPath(path);
  const hint = error.parentSchema?.[hintKeyword] as string | undefined;
  const { params } = error;
  switch (error.keyword) {
    case "additionalProperties": {
      const key = String(params.additionalProperty);
      const known = Object.keys((error.parentSchema?.properties ?? {}) as object);
      const nearest = nearestWord(key, known);
      return document.problem(
        "FIELD_UNKNOWN",
        `unknown field ${formatPath([...path, key])}`,
        document.keyPlaceOf([...path, key]),
        nearest === undefined ? `known here: ${known.join(", ")}` : `did you mean ${nearest}?`,
      );
    }
    case "required":
      return document.problem(
        code,
        `${what} lacks ${String(params.missingProperty)}`,
        path.length === 0 ? document.placeOf(path) : document.keyPlaceOf(path),
        hint,
      );
    default:
      return document.problem(code, `${what} ${describeFault(error)}`, document.placeOf(path), hint);
  }
}

function describeFault({ keyword, params, message }: ErrorObject): string {
  switch (keyword) {
    case "type":
      return `must be ${nameTypes(params.type)}`;
    case "enum":
      return `must be one of ${(params.allowedValues as unknown[]).join(", ")}`;
    case "const":
      return `must be ${String(params.allowedValue)}`;
    case "pattern":
      return "is not of the right form";
    case "minLength":
      return "must not be empty";
    case "not":
      return "has keys that exclude each other";
    default:
      return message ?? "is not valid";
  }
}

const typeNames: Readonly<Record<string, string>> = {
  object: "a mapping",
  array: "a list",
  string: "a string",
  integer: "an integer",
  number: "a number",
  boolean: "true or false",
  null: "empty",
};

function nameTypes(types: unknown): string {
  return [types]
    .flat()
    .map((type) => typeNames[String(type)] ?? String(type))
    .join(" or ");
}

/** `/spec/policyRefs/0/name` as its steps; all digits are taken as an index, which nothing here distinguishes. */
function parsePointer(pointer: string): Path {
  return pointer
    .split("/")
    .slice(1)
    .map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"));
}

/** `spec.policyRefs[0].name`, `data["a.yaml"]`. */
export function formatPath(path: Path): string {
  let text = "";
  for (const step of path) {
    if (/^[0-9]+$/.test(String(step))) text += `[${step}]`;
    else if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(String(step))) text += text === "" ? step : `.${step}`;
    else text += `[${JSON.stringify(step)}]`;
  }
  return text;
}

/** Ajv wants plain objects and numbers. */
function toPlain(value: Json): unknown {
  if (typeof value === "bigint") return Number(value);
  if (isJsonObject(value)) {
    // Without a prototype, or a key such as `__proto__` would be lost.
    const object = Object.create(null) as Record<string, unknown>;
    for (const [key, member] of value) object[key] = toPlain(member);
    return object;
  }
  return Array.isArray(value) ? value.map(toPlain) : value;
}
