import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { toYaml } from "../../../src/go-template/serialize/to-yaml.ts";
import { readBlocks } from "../../../src/go-template/serialize/yaml-block-reader.ts";
import type { YamlNode } from "../../../src/go-template/serialize/yaml-node.ts";
import { parseYamlStream } from "../../../src/go-template/serialize/yaml-parser.ts";
import type { GoValue } from "../../../src/go-template/value.ts";
import { casesOf } from "../../tools/cases-of.ts";
import { unlimited } from "./notation.ts";

/** What a line can be made of, with what the reader knows more often than with what it gives up at. */
const known = [
  "a",
  "b c",
  "x#y",
  "-1",
  '"q"',
  '"\\n"',
  "'s'",
  "''",
  "|",
  "|2-",
  ">+",
  "[]",
  "{}",
  "[a, b]",
  "{a: b}",
  "# c",
  " # c",
  "#",
  "",
];
const other = ["&a", "*a", "!t", "? ", "<<", "%YAML 1.1", "\t", "é", "😀", "\r\n", "\u2028", ":", '"', "'", "@"];
const lead = fc.array(fc.constantFrom("- ", "- ", "a: ", "b: ", "c:", "-", '"k": ', "' ': "), { maxLength: 3 });
const content = fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...known) }, fc.constantFrom(...other));
const line = fc
  .tuple(fc.constantFrom(0, 0, 0, 1, 2, 2, 4), lead, content, fc.constantFrom("", "", "", " "))
  .map(([indent, leads, text, trail]) => " ".repeat(indent) + leads.join("") + text + trail);
const breaks = { weight: 1, arbitrary: fc.constantFrom("---", "--- # c", "--- a", "...", "---x", "") };
const lines = fc
  .array(fc.oneof({ weight: 12, arbitrary: line }, breaks), { maxLength: 12 })
  .map((all) => all.join("\n"));

/** YAML as toYaml writes it, which is all right until somebody has edited it. */
const text = fc.oneof(
  fc.constantFrom("on", "1", "", "a: b", "l1\nl2\n", " x", "w ".repeat(60)),
  fc.string({ maxLength: 8 }),
);
const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4, depthSize: "small" },
    text,
    fc.array(tie("tree"), { maxLength: 4 }),
    fc.array(fc.tuple(text, tie("tree")), { maxLength: 4 }).map((members) => new Map(members)),
  ),
}));
const written = tree.map((value) => toYaml(value as GoValue, unlimited));
const edit = fc.tuple(
  fc.nat(),
  fc.nat({ max: 3 }),
  fc.constantFrom("", " ", "  ", "\n", "\n\n", ":", ": ", "- ", "#", " #", '"', "|"),
);
const edited = fc.tuple(written, fc.array(edit, { maxLength: 3 })).map(([yaml, edits]) =>
  edits.reduce((result, [place, dropped, added]) => {
    const at = place % (result.length + 1);
    return result.slice(0, at) + added + result.slice(at + dropped);
  }, yaml),
);

/** The nodes of the reader of tokens, which alone notes origins. */
function readTokens(yaml: string): unknown {
  return parseYamlStream(yaml, { isTraced: true }).map(withoutOrigins);
}

function withoutOrigins(node: YamlNode | undefined): unknown {
  switch (node?.kind) {
    case "scalar":
      return { ...node, origins: undefined };
    case "sequence":
      return { ...node, items: node.items.map(withoutOrigins) };
    case "mapping":
      return { ...node, keys: node.keys.map(withoutOrigins), values: node.values.map(withoutOrigins) };
  }
  return node;
}

/** Brackets and braces, of which some are as they should be. */
const flowParts = [
  "[",
  "]",
  "[",
  "]",
  "{",
  "}",
  "{",
  "}",
  ",",
  ", ",
  ": ",
  ":",
  "a",
  "b c",
  "x#y",
  "-",
  "- ",
  "-1",
  "?",
  "#",
];
const flow = fc
  .array(fc.constantFrom(...flowParts, '"q"', "'s'", '"\\n"', "a: b", "c: [d]", "{e: f}", "&a", "!t", "\n", " "), {
    maxLength: 10,
  })
  .map((parts) => `a: ${parts.join("")}`);
const { nest } = fc.letrec<{ nest: string }>((tie) => ({
  nest: fc.oneof(
    { maxDepth: 4, depthSize: "small" },
    fc.constantFrom("a", "b c", "-1", '"q, r"', "'s: t'", "x#y", "http://z", '"\\u00e9"', ""),
    fc.array(tie("nest"), { maxLength: 3 }).map((items) => `[${items.join(", ")}]`),
    fc.array(tie("nest"), { maxLength: 3 }).map((items) => `{ ${items.map((item) => `k: ${item}`).join(",")} }`),
  ),
}));
const braces = fc.oneof(
  flow,
  nest.map((text) => `a: ${text}\nb:\n- ${text} # c\n`),
);

describe("what it reads, the reader of tokens reads alike", () => {
  for (const [name, documents, readsAtLeast] of [
    ["lines", lines, 0.1],
    ["edited YAML", edited, 0.4],
    ["brackets and braces", braces, 0.2],
  ] as const) {
    it(name, () => {
      let read = 0;
      const numRuns = casesOf(1000);
      fc.assert(
        fc.property(documents, (yaml) => {
          const nodes = readBlocks(yaml);
          if (nodes === undefined) return;
          read++;
          expect(nodes.map((node) => structuredClone(node))).toEqual(structuredClone(readTokens(yaml)));
        }),
        { numRuns },
      );
      expect(read / numRuns, "share that it reads").toBeGreaterThan(readsAtLeast);
    });
  }
});

describe("it reads", () => {
  for (const yaml of [
    "",
    "\n# nothing\n",
    "---\n---\na: b",
    "a: b # c\nb:\n- x\n-\n- y: z\n  w: []\nc:\n  - - 1\n    - {}\n",
    "a: {b: [c, {d: e}], \"f\": 'g, h', i: j k} # l\nm: [ -1, [] ]\n",
    "a: l1\n  l2\nb: |\n  x\n\n  y\nc: >-\n    z\n",
    "\"a\": 'it''s'\n'b c': \"\\u00e9\n  x\"\n",
  ]) {
    it(JSON.stringify(yaml), () => expect(readBlocks(yaml)).toEqual(readTokens(yaml)));
  }
});

describe("it gives up", () => {
  for (const yaml of [
    "a: b: c",
    "a: - b",
    "a\nb: c",
    "a: b\n  # c\n  d: e",
    "a:\n  - b\n c: d",
    'a: "b"#c',
    "a: {}#c",
    "a: {b}",
    "a: {b: }",
    'a: {"b":c}',
    "a: [b: c]",
    "a: [b, ]",
    "a: [b,\n  c]",
    "a: [b, # c",
    "a: [-]",
    "{a: b}: c",
    "a: b\n...",
    "a: &b c",
    "a:\tb",
    "a: \u2028",
    "%YAML 1.1\n---\na",
    `${"k".repeat(1001)}: v`,
    "- ".repeat(101),
  ]) {
    it(JSON.stringify(yaml.slice(0, 40)), () => expect(readBlocks(yaml)).toBeUndefined());
  }
});
