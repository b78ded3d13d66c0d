/** What is done in a quick way where that is enough comes out as in the long way. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { compareStrings, sortTexts } from "../../src/go-template/compare.ts";
import { formatValue, sprintf } from "../../src/go-template/format.ts";
import { quoteGo } from "../../src/go-template/quote.ts";
import { toYaml } from "../../src/go-template/serialize/to-yaml.ts";
import { toYamlV3 } from "../../src/go-template/serialize/to-yaml-v3.ts";
import { resolvePlain } from "../../src/go-template/serialize/yaml-resolve.ts";
import { analyzeScalar } from "../../src/go-template/serialize/yaml-scalar.ts";
import { goInt } from "../../src/go-template/value.ts";
import { casesOf } from "../tools/cases-of.ts";
import { unlimited } from "./serialize/notation.ts";

const text = fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom(...'ab"\\\n%é😀 ') }));

it("printf of strings without flags, as with a flag that says nothing", () => {
  const piece = fc.constantFrom("%s", "%v", "%d", "%5s", "%q", "%%", "%*s", "%.2s", "%[2]s", "%!", "x", "😀");
  const pieces = fc.array(piece, { maxLength: 6 });
  const values = fc.array(fc.oneof(text, fc.bigInt(), fc.constant(null), fc.nat().map(goInt)), { maxLength: 5 });
  fc.assert(
    fc.property(pieces, values, (quick, all) => {
      const long = quick.map((one) => (one === "%s" || one === "%v" ? one.replace("%", "%-") : one));
      expect(sprintf(quick.join(""), all, () => {})).toBe(sprintf(long.join(""), all, () => {}));
    }),
    { numRuns: casesOf(1000) },
  );
});

it("an integer, as printf prints it", () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (value) => {
      expect(formatValue(goInt(value))).toBe(sprintf("%v", [goInt(value)], () => {}));
    }),
  );
});

it("quotes of printable text, with nothing but quotes and backslashes escaped", () => {
  fc.assert(
    fc.property(fc.string(), (value) => {
      expect(quoteGo(value)).toBe(`"${value.replaceAll(/["\\]/g, "\\$&")}"`);
    }),
  );
});

it("words in YAML: what is written without a look at it is a plain string to a look at it", () => {
  const word = fc.string({ unit: fc.constantFrom(..."abnotyfeNOTxz019_./@+=-:~ "), maxLength: 90 });
  fc.assert(
    fc.property(word, (value) => {
      const isPlain = (tabsAreSpecial: boolean): boolean =>
        analyzeScalar(value, tabsAreSpecial).plainAllowed && resolvePlain(value).tag === "!!str";
      if (toYaml(value, unlimited) === `${value}\n`) expect(isPlain(true)).toBe(true);
      if (toYamlV3(value, unlimited) === `${value}\n`) expect(isPlain(false)).toBe(true);
      if (toYaml(new Map([[value, 1]]), unlimited) === `${value}: 1\n`) expect(isPlain(true)).toBe(true);
    }),
    { numRuns: casesOf(1000) },
  );
});

it("few texts in order, as sort has them", () => {
  fc.assert(
    fc.property(fc.array(text, { maxLength: 14 }), (texts) => {
      expect(sortTexts([...texts], compareStrings)).toEqual([...texts].sort(compareStrings));
    }),
  );
});
