import fc from "fast-check";
import { expect, it } from "vitest";
import {
  compileSubjects,
  coversSubject,
  hasWildcard,
  overlapSubjects,
  reduceSubjects,
} from "../../src/model/nats-subjects.ts";

it.each([
  { outer: "a.b", inner: "a.b", covers: true, overlaps: true },
  { outer: "a.*", inner: "a.b", covers: true, overlaps: true },
  { outer: "a.b", inner: "a.*", covers: false, overlaps: true },
  { outer: "a.>", inner: "a.b.c", covers: true, overlaps: true },
  { outer: "a.>", inner: "a", covers: false, overlaps: false },
  { outer: ">", inner: "a", covers: true, overlaps: true },
  { outer: "*", inner: ">", covers: false, overlaps: true },
  { outer: "a.*", inner: "a.>", covers: false, overlaps: true },
  { outer: "a.*.c", inner: "*.b.c", covers: false, overlaps: true },
  { outer: "a.*", inner: "*.b.c", covers: false, overlaps: false },
  { outer: "a.b", inner: "a.b.c", covers: false, overlaps: false },
  { outer: "a.b*", inner: "a.bc", covers: false, overlaps: false },
])("$outer and $inner", ({ outer, inner, covers, overlaps }) => {
  expect(coversSubject(outer, inner)).toBe(covers);
  expect(overlapSubjects(outer, inner)).toBe(overlaps);
  expect(overlapSubjects(inner, outer)).toBe(overlaps);
});

it("knows wildcards", () => {
  expect(["a.*", "a.>", "a", "a*"].map(hasWildcard)).toEqual([true, true, false, false]);
});

it("leaves out what is repeated or covered, and keeps the order", () => {
  expect(reduceSubjects(["a.b", "c.*", "a.>", "c.d", "a.b", "*.e"])).toEqual(["c.*", "a.>", "*.e"]);
});

const token = fc.constantFrom("a", "b", "*");
const pattern = fc
  .tuple(fc.array(token, { minLength: 1, maxLength: 3 }), fc.boolean())
  .map(([tokens, open]) => [...tokens, ...(open ? [">"] : [])].join("."));
const literal = fc.array(fc.constantFrom("a", "b"), { minLength: 1, maxLength: 5 }).map((tokens) => tokens.join("."));

it("matches messages as the patterns' meaning says, before and after reducing", () => {
  fc.assert(
    fc.property(fc.array(pattern, { maxLength: 5 }), literal, (patterns, subject) => {
      const matches = patterns.some((one) => new RegExp(`^${toExpression(one)}$`).test(subject));
      expect(compileSubjects(patterns)(subject)).toBe(matches);
      expect(compileSubjects(reduceSubjects(patterns))(subject)).toBe(matches);
    }),
  );
});

it("calls patterns overlapping where some subject matches both", () => {
  const subjects = ["a", "b"].flatMap((first) => [
    first,
    ...["a", "b"].flatMap((second) => [
      `${first}.${second}`,
      ...["a", "b"].flatMap((third) => [
        `${first}.${second}.${third}`,
        `${first}.${second}.${third}.a`,
        `${first}.${second}.${third}.b`,
      ]),
    ]),
  ]);
  fc.assert(
    fc.property(pattern, pattern, (one, other) => {
      const both = subjects.some((subject) => compileSubjects([one])(subject) && compileSubjects([other])(subject));
      expect(overlapSubjects(one, other)).toBe(both);
    }),
  );
});

function toExpression(subject: string): string {
  return subject.replaceAll(".", "\\.").replaceAll("*", "[^.]+").replace(/>$/, ".+");
}
