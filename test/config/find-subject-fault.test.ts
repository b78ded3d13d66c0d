import { describe, expect, it } from "vitest";
import { findSubjectFault } from "../../src/config/find-subject-fault.ts";

describe("what is a subject to subscribe to", () => {
  for (const subject of ["a", "a.b-c_D", "a.*.c", "a.>", ">", "$JS.a", "ünicode"]) {
    it(subject, () => expect(findSubjectFault(subject)).toBeUndefined());
  }
  for (const subject of ["", ".", "a.", ".a", "a..b", "a b", "a\tb", "a\u0000", "a*", "a.>.b", "a>"]) {
    it(`not ${JSON.stringify(subject)}`, () => expect(findSubjectFault(subject)).toBeDefined());
  }
});
