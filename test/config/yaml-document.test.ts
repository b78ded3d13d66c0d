import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Path, parseYaml } from "../../src/config/yaml-document.ts";
import { placeInSource } from "../../src/render/template-place.ts";

const origin = { file: "a.yaml" };

/** The one document of a text. */
function parseOne(text: string) {
  const [document] = parseYaml(text, origin);
  if (document === undefined) throw new Error("no document");
  return document;
}

const at = ({ line, column }: { line: number; column: number }): string => `${line}:${column}`;

describe("places", () => {
  const text = ["# a comment", "spec:", "  names: [one, {key: two}]", '  "quoted key": 1', "  more:", "  - x"].join(
    "\n",
  );
  const cases: [path: Path, value: string, key: string][] = [
    [[], "2:1", "2:1"],
    [["spec"], "3:3", "2:1"],
    [["spec", "names"], "3:10", "3:3"],
    [["spec", "names", 1], "3:16", "3:16"],
    [["spec", "names", 1, "key"], "3:22", "3:17"],
    [["spec", "quoted key"], "4:17", "4:3"],
    [["spec", "more", "0"], "6:5", "6:5"],
    // What isn't there is placed at what there is.
    [["spec", "absent", "deeper"], "3:3", "3:3"],
  ];
  for (const [path, value, key] of cases) {
    it(`of ${JSON.stringify(path)}`, () => {
      const document = parseOne(text);
      expect(at(document.placeOf(path))).toBe(value);
      expect(at(document.keyPlaceOf(path))).toBe(key);
    });
  }

  it("count from the start of the file in every document of a stream", () => {
    const [, second] = parseYaml("a: 1\n---\n# comment\nb: 2\n", origin);
    expect(second?.placeOf(["b"])).toMatchObject({ file: "a.yaml", line: 4, column: 4, excerpt: "b: 2" });
    expect(second?.text).toContain("b: 2");
  });

  it("work for JSON with tabs", () => {
    const document = parseOne('{\n\t"a": {\n\t\t"b": 1\n\t}\n}');
    expect(at(document.placeOf(["a", "b"]))).toBe("3:8");
  });
});

describe("values", () => {
  const cases: [text: string, value: unknown][] = [
    ["9007199254740993", 9007199254740993n],
    ["1.0", 1],
    ["yes", "yes"],
    [
      "{8080: x, true: y}",
      new Map([
        ["8080", "x"],
        ["true", "y"],
      ]),
    ],
    ["{__proto__: x}", new Map([["__proto__", "x"]])],
    [
      "{a: &a {x: 1}, b: {<<: *a, y: 2}}",
      new Map([
        ["a", new Map([["x", 1n]])],
        [
          "b",
          new Map([
            ["x", 1n],
            ["y", 2n],
          ]),
        ],
      ]),
    ],
  ];
  for (const [text, value] of cases) {
    it(text, () => expect(parseOne(text).value).toEqual(value));
  }

  it("leaves empty documents out", () => {
    expect(parseYaml("---\n---\na: 1\n---\n# nothing\n", origin)).toHaveLength(1);
    expect(parseYaml("", origin)).toEqual([]);
  });
});

describe("syntax errors", () => {
  it("hold their document only, at their place", () => {
    const documents = parseYaml("a: 1\n---\nb: 1\nb: 2\n---\nc: 1\n", origin);
    expect(documents.map(({ syntaxErrors }) => syntaxErrors.length)).toEqual([0, 1, 0]);
    expect(documents[1]?.syntaxErrors[0]).toMatchObject({
      code: "DOCUMENT_SYNTAX",
      at: { file: "a.yaml", line: 4, column: 1 },
    });
  });

  it("tell of unknown and exploding aliases", () => {
    expect(parseOne("a: *b").syntaxErrors).toMatchObject([{ code: "DOCUMENT_SYNTAX" }]);
    const levels = ["a0: &a0 [x, x]"];
    for (let level = 1; level < 30; level++) levels.push(`a${level}: &a${level} [*a${level - 1}, *a${level - 1}]`);
    expect(parseOne(levels.join("\n")).syntaxErrors).toMatchObject([{ code: "DOCUMENT_SYNTAX" }]);
  });

  it("quote nothing of what may be a Secret", () => {
    const [document] = parseYaml("kind: Secret\ndata:\n  a: hunter2\n  a: hunter3\n bad", origin);
    expect(document?.syntaxErrors.length).toBeGreaterThan(0);
    expect(JSON.stringify(document?.syntaxErrors)).not.toContain("hunter");
  });
});

describe("lines are quoted", () => {
  const cases: [text: string, quoted: boolean][] = [
    ["kind: ConfigMap\na: 1", true],
    ["kind: EventTrigger\nref: {kind: Secret}", true],
    ["kind: Secret\na: 1", false],
    ['{"kind": "List", "items": [{"kind": "Secret"}]}', false],
    ["a: {kind: Secret}", false],
    [`kind: ${"x".repeat(2000)}`, false],
  ];
  for (const [text, quoted] of cases) {
    it(`${quoted ? "of" : "never of"} ${text.slice(0, 50)}`, () => {
      expect(parseOne(text).placeOf([]).excerpt !== undefined).toBe(quoted);
    });
  }
});

describe("template sources", () => {
  const text = [
    "plain: {{ a",
    "single: 'it''s'",
    'double: "d\\n{{ x }}"',
    "literal: |",
    "",
    "  first",
    "    second",
    "indented: |2-",
    "      six",
    "  two",
    "folded: >-",
    "  one",
    "  two",
    "list:",
    "  - | # why",
    "    in a list",
  ].join("\r\n");
  const cases: [path: Path, place: object][] = [
    [["plain"], { line: 1, column: 8 }],
    [["single"], { line: 2, column: 10 }],
    [["double"], { line: 3, column: 10 }],
    [["literal"], { line: 5, column: 3, continuationColumn: 3 }],
    [["indented"], { line: 9, column: 3, continuationColumn: 3 }],
    [["folded"], { line: 12, column: 3 }],
    [["list", 0], { line: 16, column: 5, continuationColumn: 5 }],
  ];
  for (const [path, place] of cases) {
    it(String(path[0]), () => {
      const document = parseOne(text.replace("{{ a", "'{{ a'").replace("plain: '", "plain: '"));
      const value = path.reduce<unknown>(
        (node, step) => (Array.isArray(node) ? node[Number(step)] : (node as Map<string, unknown>).get(String(step))),
        document.value,
      );
      const { text: _, engine, file, part, ...found } = document.templateSource(path, String(value), "part", "go");
      expect(found).toEqual(path[0] === "plain" ? { line: 1, column: 9 } : place);
    });
  }

  it("of literal blocks place every character where it stands in the file", () => {
    const line = fc.stringMatching(/^[a-z{} ]{0,8}$/);
    fc.assert(
      fc.property(
        fc.array(line, { minLength: 1, maxLength: 6 }),
        fc.integer({ min: 1, max: 6 }),
        fc.boolean(),
        (lines, indent, chomp) => {
          fc.pre(lines.some((one) => one.trim() !== ""));
          const pad = " ".repeat(indent);
          const header = `|${indent}${chomp ? "-" : ""}`;
          const fileText = `a:\n${pad}b: ${header}\n${lines.map((one) => pad + pad + one).join("\n")}\n`;
          const document = parseOne(fileText);
          const value = (document.value as Map<string, Map<string, string>>).get("a")?.get("b") ?? "";
          const source = document.templateSource(["a", "b"], value, "part", "go");
          const fileLines = fileText.split("\n");
          for (const [offset, character] of [...value].entries()) {
            if (character === "\n") continue;
            const place = placeInSource(source, offset);
            expect(fileLines[place.line - 1]?.[place.column - 1]).toBe(character);
          }
        },
      ),
    );
  });
});
