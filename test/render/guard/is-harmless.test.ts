/** What a quick look lets pass, the second reading must let pass, too. */
import * as fc from "fast-check";
import { expect, it } from "vitest";
import { haveSameStructure } from "../../../src/render/guard/compare-structures.ts";
import { hasHarmlessText, isMereText } from "../../../src/render/guard/is-harmless.ts";
import { replaceRanges } from "../../../src/render/guard/placeholders.ts";
import { findHolders } from "../../../src/render/guard/scalars.ts";
import { type YamlNode, YamlSyntaxError } from "../../../src/render/yaml/node.ts";
import { parseYaml } from "../../../src/render/yaml/parse-yaml.ts";
import { casesOf } from "../../tools/cases-of.ts";
import { indented, interpolate, type Printable } from "../interpolate.ts";
import { hostileValues } from "./hostile-values.ts";

const benign = ["alice", "a b", "a:b/c", "/etc/x", "1.5", "x@y.z"];
const dressed = hostileValues.flatMap((value): Printable[] => {
  const lines = value.replace(/^/gm, "    ");
  const own = [value, JSON.stringify(value), `'${value}'`, lines, `\n${lines}`, `${value}\n`];
  return [...own, indented(value, 4), indented(value, 4, "\n"), indented(value, 2, "\n")];
});
const value: fc.Arbitrary<Printable> = fc.oneof(
  fc.constantFrom(...benign),
  fc.constantFrom(...dressed),
  fc.string({ unit: fc.constantFrom(..." \n:-#'\"ab1,[]{}&*!|>%\\") }),
);
/** Pieces of YAML in any order: most make no sense, those that do put values next to all kinds of text. */
const pieces = [
  ..."a: |b: |- |\n|  |    |{{ a }}|{{ b }}|{{ c }}|'|\"|,|[|]|{|}|\\|#| # |: |&x |*x|!!str |k-y|--- |-|?|%|\\x4".split(
    "|",
  ),
  ...[
    "|",
    "|-\n",
    ">\n    ",
    "a: '{{ a }}'\n",
    'b: "{{ b }}"\n',
    "c: |\n    {{ c }}\n",
    "d: {{ a }}\n",
    "- {{ b }}\n",
    "e: {f: {{ c }}, g: h}\n",
  ],
];
const template = fc.array(fc.constantFrom(...pieces), { minLength: 1, maxLength: 14 }).map((parts) => parts.join(""));

function tryParse(text: string): (YamlNode | undefined)[] | undefined {
  try {
    return parseYaml(text, { isTraced: true });
  } catch (error) {
    if (error instanceof YamlSyntaxError) return undefined;
    throw error;
  }
}

it("quick looks let nothing pass that comparing would not", () => {
  let looked = 0;
  fc.assert(
    fc.property(template, fc.record({ a: value, b: value, c: value }), (text, values) => {
      const { text: printed, printed: ranges } = interpolate(text, values);
      const documents = ranges.length === 0 ? undefined : tryParse(printed);
      if (documents === undefined) return;
      const holders = findHolders(printed, ranges, documents);
      const isQuick = ranges.every((range, index) => {
        const holder = holders[index];
        return hasHarmlessText(printed, range) || (holder !== undefined && isMereText(printed, range, holder));
      });
      if (!isQuick) return;
      looked++;
      const replaced = replaceRanges(printed, ranges, () => "word");
      const reference = tryParse(replaced.text);
      expect(reference, `${printed}\n=== becomes ===\n${replaced.text}`).toBeDefined();
      const isSame = haveSameStructure({ text: printed, documents }, ranges, { ...replaced, documents: reference! });
      expect(isSame, printed).toBe(true);
    }),
    { numRuns: casesOf(10_000) },
  );
  expect(looked).toBeGreaterThan(casesOf(300));
});
