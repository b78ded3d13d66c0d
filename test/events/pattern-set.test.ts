import fc from "fast-check";
import { expect, it } from "vitest";
import { compilePattern } from "../../src/config/compile-pattern.ts";
import { PatternSet, tryPattern } from "../../src/events/pattern-set.ts";
import type { Pattern } from "../../src/model/catalog.ts";
import { casesOf } from "../tools/cases-of.ts";

function compile(source: string): Pattern {
  const pattern = compilePattern(source, "strict");
  if ("fault" in pattern) throw new Error(pattern.fault);
  return pattern;
}

it("finds what trying each pattern finds, for few and many, for short and long values", () => {
  const word = fc
    .array(fc.constantFrom("a", "b", "ab", "/"), { minLength: 1, maxLength: 4 })
    .map((all) => all.join(""));
  const source = fc.oneof(
    word,
    word.map((text) => `${text}.*`),
    word.map((text) => `.*${text}`),
    fc.constantFrom(".*", "a|b", "(?i)AB"),
  );
  const patterns = fc.array(fc.option(source, { freq: 20, nil: undefined }), { maxLength: 60 });
  const value = fc.oneof(
    word,
    fc.array(word, { maxLength: 40 }).map((all) => all.join("")),
  );
  fc.assert(
    fc.property(patterns, value, (sources, given) => {
      const entries = sources.map((text, index) => [text === undefined ? undefined : compile(text), index] as const);
      const found = [...new PatternSet(entries).find(given)].sort(([a], [b]) => a - b);
      const tried = entries.flatMap(([pattern, index]) => {
        const outcome = tryPattern(pattern, given);
        return outcome === "no" ? [] : [[index, outcome] as const];
      });
      expect(found).toEqual(tried);
    }),
    { numRuns: casesOf(300) },
  );
});

it("tries few of ten thousand", () => {
  let tried = 0;
  const entries = Array.from({ length: 10_000 }, (_, index) => {
    const pattern = compile(`tenant-${index}/.*`);
    const counted: Pattern = {
      ...pattern,
      matches: (value) => {
        tried++;
        return pattern.matches(value);
      },
    };
    return [counted, index] as const;
  });
  expect([...new PatternSet(entries).find("tenant-4711/alice")]).toEqual([[4711, "yes"]]);
  expect(tried).toBe(1);
});
