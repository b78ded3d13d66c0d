/** YAML, TOML and JSON, both ways: Helm's functions as Sveltos has them, and those of Sprig's that they do not replace. */
import { chargeArgument } from "../reading-cost.ts";
import { type DecodedJson, decodeJson, type JsonData, JsonDecodeError, jsonKindOf } from "../serialize/decode-json.ts";
import { decodeToml } from "../serialize/decode-toml.ts";
import { encodeJson, type JsonStyle } from "../serialize/encode-json.ts";
import { encodeToml, TomlEncodeError, TomlNilError } from "../serialize/encode-toml.ts";
import { JsonEncodeError } from "../serialize/json-view.ts";
import { NestingError } from "../serialize/limits.ts";
import { parseYaml11AsFloats, YamlToJsonError } from "../serialize/parse-yaml11.ts";
import { toYaml } from "../serialize/to-yaml.ts";
import { TomlError } from "../serialize/toml-reader.ts";
import { YamlError } from "../serialize/yaml-cursor.ts";
import { type GoArgument, GoMap, GoSlice, type GoValue, listType, MarkedText, mapType } from "../value.ts";
import { define, type FunctionContext, type FunctionTable, GoFunctionError } from "./registry.ts";

const compact: JsonStyle = { escapesHtml: true, indent: 0 };
const raw: JsonStyle = { escapesHtml: false, indent: 0 };
const pretty: JsonStyle = { escapesHtml: true, indent: 2 };

/** What a function does with a value that its format cannot say: fail, or print nothing as Helm does. */
type OnRefusal = "fail" | "empty";

function serializeJson(style: JsonStyle, onRefusal: OnRefusal) {
  return define(["any"], (context, value) =>
    serialize(context, value, onRefusal, () => encodeJson(value, style, context)),
  );
}

function serialize(context: FunctionContext, value: GoArgument, onRefusal: OnRefusal, encode: () => string): GoValue {
  try {
    return new MarkedText(encode(), value);
  } catch (error) {
    if (error instanceof NestingError) throw new GoFunctionError(error.message);
    if (!(error instanceof JsonEncodeError)) throw error;
    // Only a text would have been charged.
    chargeArgument({ chargeReading: (bytes) => context.chargeBytes(bytes) }, value, "all");
    if (onRefusal === "fail") throw new GoFunctionError(error.message);
    // Known as a value that could not be written, or its place would seem to be meant empty.
    return new MarkedText("", value);
  }
}

function withoutLineBreak(text: string): string {
  return text.endsWith("\n") ? text.slice(0, -1) : text;
}

/** Helm's way with texts that cannot be read: the error is what the function returns. */
function errorMap(message: string): GoValue {
  return new Map([["Error", message]]);
}

const mapTypeName = "map[string]interface {}";
const listTypeName = "[]interface {}";

function mismatch(value: Exclude<JsonData, null>, type: string): string {
  return `json: cannot unmarshal ${jsonKindOf(value)} into Go value of type ${type}`;
}

/** YAML by way of JSON: all numbers become float64. Returns the value, or what is wrong. */
function readYaml(context: FunctionContext, text: string): { readonly value: JsonData } | { readonly problem: string } {
  try {
    return { value: parseYaml11AsFloats(text, context) };
  } catch (error) {
    if (!(error instanceof YamlError || error instanceof YamlToJsonError)) throw error;
    return { problem: `error converting YAML to JSON: ${error.message}` };
  }
}

function fromYaml(context: FunctionContext, text: string): GoValue {
  const read = readYaml(context, text);
  if ("problem" in read) return errorMap(read.problem);
  const { value } = read;
  if (value === null) return new Map();
  if (value instanceof Map) return value;
  return errorMap(`error unmarshaling JSON: while decoding JSON: ${mismatch(value, mapTypeName)}`);
}

function fromYamlArray(context: FunctionContext, text: string): GoValue {
  const read = readYaml(context, text);
  if ("problem" in read) return [read.problem];
  const { value } = read;
  if (value === null) return [];
  if (Array.isArray(value)) return value;
  return [`error unmarshaling JSON: while decoding JSON: ${mismatch(value, listTypeName)}`];
}

interface ReadJson extends DecodedJson {
  /** The text is not JSON. */
  readonly syntaxProblem?: string;
}

function readJson(context: FunctionContext, text: string): ReadJson {
  context.chargeBytes(text.length);
  try {
    return decodeJson(text);
  } catch (error) {
    if (!(error instanceof JsonDecodeError)) throw error;
    return { value: null, syntaxProblem: error.message };
  }
}

/** Why what was read is no map or no list: it is something else, or a number that no float64 can hold. */
function describeMismatch({ value, problem }: ReadJson, type: string): string | undefined {
  if (value !== null) return mismatch(value, type);
  return problem === undefined ? undefined : mismatch(0, type);
}

function fromJson(context: FunctionContext, text: string): GoValue {
  const read = readJson(context, text);
  const { value, problem } = read;
  if (read.syntaxProblem !== undefined) return errorMap(read.syntaxProblem);
  if (value instanceof Map) return problem === undefined ? value : value.set("Error", problem);
  const mismatched = describeMismatch(read, mapTypeName);
  return mismatched === undefined ? new GoMap(mapType, null) : errorMap(mismatched);
}

function fromJsonArray(context: FunctionContext, text: string): GoValue {
  const read = readJson(context, text);
  const { value, problem } = read;
  if (read.syntaxProblem !== undefined) return [read.syntaxProblem];
  if (Array.isArray(value)) return problem === undefined ? value : [problem];
  const mismatched = describeMismatch(read, listTypeName);
  return mismatched === undefined ? new GoSlice(listType, null) : [mismatched];
}

function mustFromJson(context: FunctionContext, text: string): GoValue {
  const { value, problem, syntaxProblem } = readJson(context, text);
  const failure = syntaxProblem ?? problem;
  if (failure !== undefined) throw new GoFunctionError(failure);
  return value;
}

/** An error's text is what is printed; a nil at the root makes Go's reflect panic. */
function toToml(context: FunctionContext, value: GoArgument): GoValue {
  try {
    return encodeToml(value, context);
  } catch (error) {
    if (error instanceof TomlEncodeError) {
      chargeArgument({ chargeReading: (bytes) => context.chargeBytes(bytes) }, value, "all");
      return error.message;
    }
    if (error instanceof TomlNilError || error instanceof NestingError) throw new GoFunctionError(error.message);
    throw error;
  }
}

function fromToml(context: FunctionContext, text: string): GoValue {
  context.chargeBytes(text.length);
  try {
    return decodeToml(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    return errorMap(error.message);
  }
}

export const serializationFunctions: FunctionTable = {
  toYaml: define(["any"], (context, value) =>
    serialize(context, value, "empty", () => withoutLineBreak(toYaml(value, context))),
  ),
  fromYaml: define(["string"], fromYaml),
  fromYamlArray: define(["string"], fromYamlArray),
  toToml: define(["any"], toToml),
  fromToml: define(["string"], fromToml),
  toJson: serializeJson(compact, "empty"),
  mustToJson: serializeJson(compact, "fail"),
  toPrettyJson: serializeJson(pretty, "empty"),
  mustToPrettyJson: serializeJson(pretty, "fail"),
  toRawJson: serializeJson(raw, "fail"),
  mustToRawJson: serializeJson(raw, "fail"),
  fromJson: define(["string"], fromJson),
  fromJsonArray: define(["string"], fromJsonArray),
  mustFromJson: define(["string"], mustFromJson),
};
