import fc from "fast-check";
import { expect, it } from "vitest";
import { type FloatVerb, formatFloat, parseFloat64, parseInt64, parseUint64 } from "../../src/go-template/numbers.ts";
import { floatTexts } from "./float-texts.ts";

it("writes floats as Go does", () => {
  for (const [number, format, text] of floatTexts) {
    const written = formatFloat(Number(number), format[0] as FloatVerb, Number(format.slice(1)));

    expect(written, `${number} %${format}`).toBe(text);
  }
});

it("writes floats so that they read back", () => {
  fc.assert(
    fc.property(
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.constantFrom("g", "e", "f", "x" as const),
      (value, verb) => {
        expect(parseFloat64(formatFloat(value, verb, -1))).toBe(value);
      },
    ),
  );
});

const floats: [text: string, value: number | undefined][] = [
  ["1.5", 1.5],
  [".5", 0.5],
  ["5.", 5],
  ["1e3", 1000],
  ["1_000.5", 1000.5],
  ["1__0", undefined],
  ["_1", undefined],
  ["1_", undefined],
  ["0x1p4", 16],
  ["0x1.8p1", 3],
  ["0x_1p0", 1],
  ["0x1p-1074", 5e-324],
  ["0x1.fffffffffffff8p1023", Number.POSITIVE_INFINITY],
  ["0x.p1", undefined],
  ["0x1", undefined],
  ["inf", Number.POSITIVE_INFINITY],
  ["-Infinity", Number.NEGATIVE_INFINITY],
  ["nan", Number.NaN],
  ["+nan", undefined],
  ["1e400", Number.POSITIVE_INFINITY],
  ["", undefined],
  ["1 ", undefined],
];
for (const [text, value] of floats) {
  it(`reads ${JSON.stringify(text)} as ${value}`, () => expect(parseFloat64(text)).toBe(value));
}

const integers: [text: string, value: bigint | "range" | undefined][] = [
  ["0", 0n],
  ["-0", 0n],
  ["010", 8n],
  ["0o10", 8n],
  ["0b11", 3n],
  ["0xFf", 255n],
  ["1_000", 1000n],
  ["0_7", 7n],
  ["09", undefined],
  ["0x", undefined],
  ["1.0", undefined],
  ["9223372036854775807", 9223372036854775807n],
  ["9223372036854775808", "range"],
  ["-9223372036854775808", -9223372036854775808n],
];
for (const [text, value] of integers) {
  it(`reads ${JSON.stringify(text)} as ${value}`, () => expect(parseInt64(text)).toBe(value));
}

it("reads unsigned integers without a sign only", () => {
  expect(parseUint64("18446744073709551615")).toBe(18446744073709551615n);
  expect(parseUint64("18446744073709551616")).toBe("range");
  expect(parseUint64("+1")).toBeUndefined();
});
