import { describe, expect, it } from "vitest";
import { type YamlNode, YamlSyntaxError } from "../../../src/render/yaml/node.ts";
import { parseYaml } from "../../../src/render/yaml/parse-yaml.ts";

/** A node as plain data: a plain scalar as its text, any other with its style before it. */
function show(node: YamlNode | undefined): unknown {
  if (node === undefined) return undefined;
  const marks = `${node.anchor === undefined ? "" : `&${node.anchor} `}${node.tag === undefined ? "" : `${node.tag} `}`;
  switch (node.kind) {
    case "scalar":
      return `${marks}${node.style === "plain" ? "" : `${node.style} `}${node.text}`;
    case "alias":
      return `*${node.name}`;
    case "sequence":
      return node.items.map(show);
    case "mapping":
      return Object.fromEntries(node.keys.map((key, index) => [show(key), show(node.values[index])]));
  }
}

describe("what Go's reader reads is read alike", () => {
  const cases: readonly (readonly [string, unknown[]])[] = [
    ["a: b\nc:\n- d\n- e: f\n  g: h\n", [{ a: "b", c: ["d", { e: "f", g: "h" }] }]],
    ["- - a\n  - b\n-\n  - c\n- \n- d", [[["a", "b"], ["c"], "", "d"]]],
    ["a:\n  b\n  c\n\n  d # e\nf:\n", [{ a: "b c\nd", f: "" }]],
    ["a: b#c\nd: 'e'# f\ng: h #i", [{ a: "b#c", d: "single e", g: "h" }]],
    [
      "a : b\n'c' : d\n\"e\": f:g\n-h: ?i\n:j: k::l",
      [{ a: "b", "single c": "d", "double e": "f:g", "-h": "?i", ":j": "k::l" }],
    ],
    ["? a\n: b\n? c\n: - d\n  - e\n? f", [{ a: "b", c: ["d", "e"], f: "" }]],
    [
      "{a: b, 'c':d, e:f, g: , h: [i, j: k, {l: m}],}",
      [{ a: "b", "single c": "d", "e:f": "", g: "", h: ["i", { j: "k" }, { l: "m" }] }],
    ],
    ["a: [b,\n# c\n d\n]\ne: {f: g,\n h: i}", [{ a: ["b", "d"], e: { f: "g", h: "i" } }]],
    [
      "a: |\n  b\n   c\n\n  d\n\ne: |-\n f\n\ng: |+\n h\n\ni: |2\n   j\n",
      [{ a: "literal b\n c\n\nd\n", e: "literal f", g: "literal h\n\n", i: "literal  j\n" }],
    ],
    ["a: >\n  b\n  c\n\n  d\n   e\n  f\n\n\n  g\n", [{ a: "folded b c\nd\n e\nf\n\ng\n" }]],
    ["a: |\n  b", [{ a: "literal b" }]],
    ["a: |\nb: |\n\nc: >-\n", [{ a: "literal ", b: "literal ", c: "folded " }]],
    ["- |\n a\n- b\n", [["literal a\n", "b"]]],
    [
      "a: 'it''s\n  b\n\n  c'\nd: \"e \\\n  f\\x41\\u00e9\\U0001F600\\n \\t\"",
      [{ a: "single it's b\nc", d: "double e fAé😀\n \t" }],
    ],
    [
      "&a b: &c d\ne: *c\nf: &g\n  h: i\nj: !!str 1\nk: !!str\nl: &m\n",
      [{ "&a b": "&c d", e: "*c", f: { h: "i" }, j: "!!str 1", k: "!!str ", l: "&m " }],
    ],
    ["", []],
    ["# a\n", []],
    ["---\n---\na\n---\n# b\n...\n...\n---\nc", [undefined, "a", undefined, "c"]],
    ["%YAML 1.1\n---\na: b\n", [{ a: "b" }]],
    ["--- |\n  a\n--- {b: c}\n---\n- d\n", ["literal a\n", { b: "c" }, ["d"]]],
    ["\ufeffa: b\r\nc: |\r\n  d\r\n  e\r\n", [{ a: "b", c: "literal d\ne\n" }]],
    ["a:\tb\nc: d\t# e\n", [{ a: "b", c: "d" }]],
    // Line breaks of YAML 1.1, as a line feed is: of these the first two stay when lines are folded.
    ["a: b\u2028 c\u2029\n d\u0085 e\n", [{ a: "b\u2028c\u2029\nd e" }]],
  ];
  it.each(cases)("%j", (text, wanted) => {
    expect(parseYaml(text).map(show)).toEqual(wanted);
  });
});

describe("what is wrong is told with its place", () => {
  const cases: readonly (readonly [string, number])[] = [
    ["a: b: c", 4],
    ["a: b\n  c: d", 8],
    ["a: 'b", 3],
    ['a: "\\q"', 4],
    ['a: "\\ud800"', 4],
    ["a: [b", 3],
    ["a: [b c: d: e]", 10],
    ["a: {b: c", 3],
    ["a: b\nc: d\na: e", 10],
    ["{a: b, a: c}", 7],
    ["a: - b", 3],
    ["- a\nb: c", 4],
    ["a: b\n- c", 5],
    ["\ta: b", 0],
    ["a:\n\tb", 3],
    ["-\tb", 1],
    ["a: @b", 3],
    ["a: *b", 3],
    ["a: &b *b", 6],
    ["a: !x b", 6],
    ["[a]: b", 0],
    ["a: | b\n  c", 5],
    ["a: |\n   b\n  c\n", 12],
    ['a: "b\n---\nc"', 6],
    ["%TAG ! a\n---\nb", 0],
    ["a: b\n... c", 9],
    ["a: \0", 3],
    ["a: \ud800", 3],
    ["a\u2028b: c", 3],
    ["--- a\n...\nb", 10],
    [`${"k".repeat(1100)}: v`, 1100],
    ["[".repeat(300) + "]".repeat(300), 200],
    ["a: [b, [c", 7],
    ["&a [*a]", 4],
  ];
  it.each(cases)("%j at %i", (text, offset) => {
    let error: unknown;
    try {
      parseYaml(text);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(YamlSyntaxError);
    expect((error as YamlSyntaxError).offset).toBe(offset);
  });
});
