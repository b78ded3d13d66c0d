import fc from "fast-check";
import { expect, it } from "vitest";
import { compilePattern } from "../../src/config/compile-pattern.ts";
import { requiredText } from "../../src/config/required-text.ts";
import { casesOf } from "../tools/cases-of.ts";

const cases: [source: string, required: string][] = [
  ["login", "login"],
  ["auth.example.com", "example"],
  ["tenant-17/.*", "tenant-17/"],
  ["^user-42$", "user-42"],
  ["a[0-9]+bcd", "bcd"],
  ["[]a-z]xyz", "xyz"],
  ["[[:alpha:]]xyz", "xyz"],
  ["ab?c", "a"],
  ["abc*", "ab"],
  ["abc{2,3}d", "ab"],
  ["ab+c", "ab"],
  ["(abc|def)gh", ""],
  ["(abcdef)gh", "gh"],
  ["a|b", ""],
  ["(?i)abc", ""],
  ["a\\.b\\.c", "a.b.c"],
  ["\\d{3}-abc", "-abc"],
  ["\\x{41}bc", ""],
  ["\\Qa.b\\E", ""],
  ["😀?ab", "ab"],
  [".*", ""],
  ["", ""],
];
it.each(cases)("%s requires %j", (source, required) => expect(requiredText(source)).toBe(required));

it("whatever a pattern matches, wholly or in part, has the text in it", () => {
  const atom = fc.constantFrom("a", "b", "c", ".", "[ab]", "[^a]", "(ab)", "(a(b)c)", "\\.", "\\d", "x", "é", "😀");
  const times = fc.constantFrom("", "", "", "*", "+", "?", "{2}", "{0,1}", "*?");
  const source = fc
    .array(fc.tuple(atom, times), { minLength: 1, maxLength: 6 })
    .map((parts) => parts.map(([one, many]) => one + many).join(""));
  const value = fc
    .array(fc.constantFrom("a", "b", "c", "x", ".", "1", "é", "😀"), { maxLength: 8 })
    .map((all) => all.join(""));
  let matched = 0;
  fc.assert(
    fc.property(source, value, (text, given) => {
      const pattern = compilePattern(text, "sveltos");
      if ("fault" in pattern || !pattern.matches(given)) return;
      matched++;
      expect(given).toContain(pattern.required);
    }),
    { numRuns: casesOf(3000) },
  );
  expect(matched).toBeGreaterThan(100);
});
