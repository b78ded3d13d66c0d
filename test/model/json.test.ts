import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Json, JsonSyntaxError, parseJson, writeJson } from "../../src/model/json.ts";

describe("parseJson", () => {
  const cases: readonly { readonly text: string; readonly value: Json }[] = [
    { text: "9007199254740993", value: 9007199254740993n },
    { text: "3.0", value: 3 },
    { text: "1e3", value: 1000 },
    { text: "-0", value: 0n },
    { text: ' {"a": [null, true, "\\u00e9"]} ', value: new Map([["a", [null, true, "é"]]]) },
    {
      text: '{"__proto__": 1, "a": 1, "a": 2}',
      value: new Map([
        ["__proto__", 1n],
        ["a", 2n],
      ]),
    },
    { text: '"\\ud800x"', value: "\ufffdx" },
  ];
  for (const { text, value } of cases) it(text, () => expect(parseJson(text)).toEqual(value));

  const faults: readonly { readonly text: string; readonly offset: number }[] = [
    { text: "", offset: 0 },
    { text: "{", offset: 1 },
    { text: "[1,]", offset: 3 },
    { text: "01", offset: 1 },
    { text: '"a\nb"', offset: 0 },
    { text: "1 2", offset: 2 },
    { text: "[1e999]", offset: 6 },
    { text: "[".repeat(2000), offset: 1001 },
  ];
  for (const { text, offset } of faults) {
    it(`refuses ${JSON.stringify(text.slice(0, 20))} at its place`, () => {
      let error: unknown;
      try {
        parseJson(text);
      } catch (caught) {
        error = caught;
      }
      expect(error).toBeInstanceOf(JsonSyntaxError);
      expect((error as JsonSyntaxError).offset).toBe(offset);
    });
  }
});

it("within a file of ours what a sender nested as deep as may be is read again, and no deeper", () => {
  const nested = (depth: number) => "[".repeat(depth) + "]".repeat(depth);
  expect(writeJson(parseJson(`{"event":${nested(1001)}}`, 1))).toBe(`{"event":${nested(1001)}}`);
  expect(() => parseJson(`{"event":${nested(1002)}}`, 1)).toThrow(JsonSyntaxError);
});

it("what is deep inside is not indented: each line would be longer than what it holds", () => {
  const text = writeJson(parseJson(`${"[".repeat(12)}1,2${"]".repeat(12)}`), 1);
  expect(text.split("\n").at(10)).toBe(`${" ".repeat(10)}[[1,2]]`);
});

it("what is written comes back, integers and floats apart", () => {
  const { value: json } = fc.letrec<{ value: Json }>((tie) => ({
    value: fc.oneof(
      { depthSize: "small" },
      fc.constantFrom(null, true, false),
      fc.bigInt(),
      fc.double({ noDefaultInfinity: true, noNaN: true }),
      fc.string({ unit: "binary" }).map((text) => text.toWellFormed()),
      fc.array(tie("value")),
      fc.array(fc.tuple(fc.string(), tie("value"))).map((members) => new Map(members)),
    ),
  }));
  fc.assert(
    fc.property(json, fc.constantFrom(0, 1, 2), (value, indent) => {
      expect(parseJson(writeJson(value, indent))).toEqual(value);
    }),
  );
});
