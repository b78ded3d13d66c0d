/** Beside go-conformance.test.ts: what the functions make of values that JSON has not, and of failures. */
import { describe, expect, it } from "vitest";
import { type FunctionContext, GoFunctionError } from "../../../src/go-template/functions/registry.ts";
import { serializationFunctions } from "../../../src/go-template/functions/serialization.ts";
import { goDuration } from "../../../src/go-template/functions/time/duration.ts";
import { GoTime } from "../../../src/go-template/functions/time/go-time.ts";
import { parseTime } from "../../../src/go-template/functions/time/parse-time.ts";
import {
  GoComplex,
  GoMap,
  GoSlice,
  type GoValue,
  goInt,
  intListType,
  listType,
  MarkedText,
  mapType,
  stringList,
  stringMapType,
} from "../../../src/go-template/value.ts";
import { limitedBudget, showValue, unlimited } from "../serialize/notation.ts";

function call(name: string, argument: GoValue, context = unlimited): GoValue {
  return serializationFunctions[name]!.call(context as FunctionContext, ...([argument] as never[]));
}

function textOf(name: string, argument: GoValue): string {
  const result = call(name, argument);
  return result instanceof MarkedText ? result.text : (result as string);
}

const date = new GoTime(parseTime("2006-01-02", "2024-02-29"));
const withMembers = (value: GoValue) => new Map([["k", value]]);

describe("Go's types", () => {
  it.each<[GoValue, yaml: string, json: string, toml: string]>([
    [goInt(5), "k: 5", '{"k":5}', "k = 5\n"],
    [date, 'k: "2024-02-29T00:00:00Z"', '{"k":"2024-02-29T00:00:00Z"}', "k = 2024-02-29T00:00:00Z\n"],
    [goDuration(90_000_000_000n), "k: 90000000000", '{"k":90000000000}', 'k = "1m30s"\n'],
    [stringList(["a", "b"]), "k:\n- a\n- b", '{"k":["a","b"]}', 'k = ["a", "b"]\n'],
    [new GoSlice(intListType, [goInt(1)]), "k:\n- 1", '{"k":[1]}', "k = [1]\n"],
    [new GoSlice(listType, null), "k: null", '{"k":null}', ""],
    [new GoMap(mapType, null), "k: null", '{"k":null}', ""],
    [new GoMap(stringMapType, new Map([["a", "b"]])), "k:\n  a: b", '{"k":{"a":"b"}}', '[k]\n  a = "b"\n'],
    [-0, "k: 0", '{"k":-0}', "k = -0.0\n"],
  ])("%#", (value, yaml, json, toml) => {
    expect(textOf("toYaml", withMembers(value))).toBe(yaml);
    expect(textOf("toJson", withMembers(value))).toBe(json);
    expect(textOf("toToml", withMembers(value))).toBe(toml);
  });
});

describe("what a format cannot say", () => {
  it.each([
    ["toYaml", Number.NaN],
    ["toYaml", [Number.POSITIVE_INFINITY]],
    ["toYaml", new GoComplex(0, 1)],
    ["toYaml", "\u007f"],
    ["toYaml", new Map([["a\u0085b", 1n]])],
    ["toJson", Number.NaN],
    ["toPrettyJson", Number.NaN],
  ])("%s prints nothing", (name, value) => {
    // Known for what could not be written: the guard refuses it.
    expect(call(name, value)).toMatchObject({ text: "", value });
  });

  it.each([
    ["toRawJson", Number.NaN, "json: unsupported value: NaN"],
    ["mustToJson", [Number.NEGATIVE_INFINITY], "json: unsupported value: -Inf"],
    ["mustToPrettyJson", new GoComplex(0, 1), "json: unsupported type: complex128"],
    ["toToml", null, "reflect: call of reflect.Value.Type on zero Value"],
  ])("%s fails", (name, value, message) => {
    expect(() => call(name, value)).toThrow(new GoFunctionError(message));
  });

  it("toToml prints why", () => {
    expect(call("toToml", withMembers([null]))).toBe("toml: cannot encode array with nil element");
  });
});

describe("null and what is no map or list", () => {
  it.each([
    ["fromYaml", "null", "{}"],
    ["fromYaml", "", "{}"],
    ["fromYamlArray", "~", "[]"],
    ["fromJson", "null", "nilmap"],
    ["fromJsonArray", "null", "nillist"],
    ["mustFromJson", "null", "nil"],
    [
      "fromJson",
      '{"a":1e400,"b":2}',
      '{"Error":"json: cannot unmarshal number 1e400 into Go value of type float64" "a":nil "b":f2}',
    ],
  ])("%s of %j", (name, text, wanted) => {
    expect(showValue(call(name, text))).toBe(wanted);
  });
});

it("what prints a value says which", () => {
  const value = withMembers(["x"]);
  for (const name of ["toYaml", "toJson", "toPrettyJson", "toRawJson", "mustToJson"]) {
    expect(call(name, value)).toMatchObject({ value });
  }
});

it.each(["fromYaml", "fromYamlArray", "fromJson", "fromJsonArray", "mustFromJson", "fromToml"])(
  "%s charges for what it reads",
  (name) => {
    expect(() => call(name, `# ${"x".repeat(2000)}`, limitedBudget(10, 1000))).toThrow(RangeError);
  },
);
