import { describe, expect, it } from "vitest";
import { decodeJson } from "../../../src/go-template/serialize/decode-json.ts";
import { decodeToml } from "../../../src/go-template/serialize/decode-toml.ts";
import { encodeJson } from "../../../src/go-template/serialize/encode-json.ts";
import { encodeToml } from "../../../src/go-template/serialize/encode-toml.ts";
import type { Budget } from "../../../src/go-template/serialize/limits.ts";
import { NestingError } from "../../../src/go-template/serialize/limits.ts";
import { parseYaml11 } from "../../../src/go-template/serialize/parse-yaml11.ts";
import { toYaml } from "../../../src/go-template/serialize/to-yaml.ts";
import { toYamlV3 } from "../../../src/go-template/serialize/to-yaml-v3.ts";
import type { GoValue } from "../../../src/go-template/value.ts";
import { limitedBudget, unlimited } from "./notation.ts";

const writers: Record<string, (value: GoValue, budget: Budget) => string> = {
  toYaml,
  toYamlV3,
  encodeToml,
  encodeJson: (value, budget) => encodeJson(value, { escapesHtml: true, indent: 2 }, budget),
};

/** Doubles at each level: small in memory, 2^40 items when written. */
function bomb(): GoValue {
  let value: GoValue = new Map([["a", "x"]]);
  for (let level = 0; level < 40; level++) {
    value = new Map([
      ["a", value],
      ["b", value],
    ]);
  }
  return value;
}

function nested(levels: number, wrap: (value: GoValue) => GoValue): GoValue {
  let value: GoValue = "x";
  for (let level = 0; level < levels; level++) value = wrap(value);
  return new Map([["root", value]]);
}

describe.each(Object.entries(writers))("%s", (_, write) => {
  it("stops at what shares its parts and never ends", () => {
    expect(() => write(bomb(), limitedBudget(10_000, 10_000_000))).toThrow(RangeError);
  });

  it("stops at lists that share their parts", () => {
    let value: GoValue = ["x"];
    for (let level = 0; level < 40; level++) value = [value, value];
    expect(() => write(new Map([["root", value]]), limitedBudget(10_000, 10_000_000))).toThrow(RangeError);
  });

  it.each([
    ["maps", (value: GoValue) => new Map([["k", value]])],
    ["lists", (value: GoValue) => [value]],
  ] as const)("writes %s 900 levels deep, and refuses 100,000", (_kind, wrap) => {
    expect(write(nested(900, wrap), unlimited)).toContain("x");
    expect(() => write(nested(100_000, wrap), unlimited)).toThrow(NestingError);
  });

  it("refuses a map that contains itself", () => {
    const value = new Map<string, GoValue>();
    value.set("self", value);
    expect(() => write(value, unlimited)).toThrow(NestingError);
  });
});

it("indentation alone counts: wide values far down", () => {
  const wide = Array.from({ length: 20_000 }, () => "x");
  const value = nested(900, (inner) => new Map([["k", inner === "x" ? wide : inner]]));
  expect(() => toYaml(value, limitedBudget(1_000_000, 10_000_000))).toThrow(RangeError);
});

describe("reading YAML", () => {
  it("stops at aliases that multiply", () => {
    const levels = Array.from({ length: 12 }, (_, level) => {
      const items = level === 0 ? "x" : Array.from({ length: 9 }, () => `*a${level - 1}`).join(", ");
      return `a${level}: &a${level} [${items}]`;
    });
    expect(() => parseYaml11(levels.join("\n"))).toThrow("excessive aliasing");
    expect(() => parseYaml11(levels.join("\n"), limitedBudget(1000, 1_000_000))).toThrow(RangeError);
  });

  it("refuses aliases that nest without exhausting the stack", () => {
    const levels = Array.from(
      { length: 20_000 },
      (_, level) => `a${level}: &a${level} [${level === 0 ? "x" : `*a${level - 1}`}]`,
    );
    expect(() => parseYaml11(levels.join("\n"))).toThrow(/exceeded max depth|excessive aliasing/);
  });

  it.each(["[", "{", "- ", "? ", "a: ["])("refuses 100,000 times %j without exhausting the stack", (opening) => {
    expect(() => parseYaml11(opening.repeat(100_000))).toThrow(/exceeded max depth|did not find|not allowed/);
  });
});

describe("reading JSON and TOML", () => {
  it.each(["[", '{"a":'])("refuses 100,000 times %j in JSON", (opening) => {
    expect(() => decodeJson(opening.repeat(100_000))).toThrow("exceeded max depth");
  });

  it.each(["[", "{a="])("refuses 100,000 times %j in TOML", (opening) => {
    expect(() => decodeToml(`a = ${opening.repeat(100_000)}`)).toThrow("nested deeper");
  });
});
