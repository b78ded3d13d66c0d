import { describe, expect, it } from "vitest";
import { filterTakes, findSubjectFault, hasWildcard } from "../../src/config/nats-subject.ts";

describe("filters take subjects", () => {
  const cases: [filter: string, subject: string, takes: boolean][] = [
    ["a", "a", true],
    ["a", "b", false],
    ["a.b", "a", false],
    ["a", "a.b", false],
    ["a.*", "a.b", true],
    ["a.*", "a.b.c", false],
    ["a.*", "a", false],
    ["*.b", "a.b", true],
    ["a.>", "a.b.c", true],
    ["a.>", "a", false],
    [">", "a", true],
    ["*", "a", true],
  ];
  for (const [filter, subject, takes] of cases) {
    it(`${filter} ${takes ? "takes" : "leaves"} ${subject}`, () => expect(filterTakes(filter, subject)).toBe(takes));
  }
});

describe("what is a subject to subscribe to", () => {
  for (const subject of ["a", "a.b-c_D", "a.*.c", "a.>", ">", "$JS.a", "ünicode"]) {
    it(subject, () => expect(findSubjectFault(subject)).toBeUndefined());
  }
  for (const subject of ["", ".", "a.", ".a", "a..b", "a b", "a\tb", "a\u0000", "a*", "a.>.b", "a>"]) {
    it(`not ${JSON.stringify(subject)}`, () => expect(findSubjectFault(subject)).toBeDefined());
  }
  it("knows wildcards", () => {
    expect(["a.*", "a.>", "a", "a*"].map(hasWildcard)).toEqual([true, true, false, false]);
  });
});
