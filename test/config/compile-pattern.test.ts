import fc from "fast-check";
import { RE2JS } from "re2js";
import { describe, expect, it } from "vitest";
import { type Compatibility, compilePattern } from "../../src/config/compile-pattern.ts";
import type { Pattern } from "../../src/model/catalog.ts";

function compile(source: string, compatibility: Compatibility = "strict"): Pattern {
  const pattern = compilePattern(source, compatibility);
  if ("fault" in pattern) throw new Error(pattern.fault);
  return pattern;
}

describe("patterns match the whole value; what only a part of it matches is near", () => {
  const cases: [source: string, value: string, outcome: "matches" | "near" | "none"][] = [
    ["user", "user", "matches"],
    ["user", "superuser-logout", "near"],
    ["user", "User", "none"],
    ["auth.example.com", "auth.example.com", "matches"],
    ["auth.example.com", "authXexampleYcom", "matches"],
    ["auth.example.com", "auth.example.com/user-login", "near"],
    ["a.c", "a\nc", "none"],
    ["a.c", "a😀c", "matches"],
    ["user|group", "group", "matches"],
    ["user|group", "groups", "near"],
    ["^user$", "user", "matches"],
    ["(?i)user", "USER", "matches"],
    ["team/.*", "team/alice", "matches"],
    ["team/.*", "my-team/alice", "near"],
    ["user-[0-9]+", "user-", "none"],
    [".*", "", "matches"],
    ["é", "é", "matches"],
  ];
  for (const [source, value, outcome] of cases) {
    it(`${source} ${outcome} ${JSON.stringify(value)}`, () => {
      const pattern = compile(source);
      expect([pattern.matches(value), pattern.nearlyMatches(value)]).toEqual([
        outcome === "matches",
        outcome === "near",
      ]);
      const sveltos = compile(source, "sveltos");
      expect([sveltos.matches(value), sveltos.nearlyMatches(value)]).toEqual([outcome !== "none", false]);
    });
  }
});

describe("patterns that are none", () => {
  for (const source of ["(", "[z-a]", "a**", "(?=a)", "\\1", "a{1001}"]) {
    it(source, () => expect(compilePattern(source, "strict")).toHaveProperty("fault"));
  }
});

it("patterns that backtracking engines die of are linear", () => {
  const pattern = compile("(a+)+b");
  expect(pattern.matches("a".repeat(100_000))).toBe(false);
});

it("plain patterns mean what RE2 says they mean", () => {
  const text = fc.string({ unit: fc.constantFrom("a", "b", ".", "-", "/", "é", "😀", "\n"), maxLength: 6 });
  fc.assert(
    fc.property(text, text, (source, value) => {
      const regex = RE2JS.compile(source);
      expect(compile(source).matches(value)).toBe(regex.testExact(value));
      expect(compile(source, "sveltos").matches(value)).toBe(regex.test(value));
    }),
  );
});
