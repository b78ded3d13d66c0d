/** What the vectors do not say: places, printed ranges, bounds, and that events stay as they are. */
import { describe, expect, it } from "vitest";
import type { GoTemplateOptions } from "../../src/go-template/index.ts";
import { type JsonObject, parseJson, writeJson } from "../../src/model/json.ts";
import { SluiceError } from "../../src/model/problem.ts";
import type { RenderedText, TemplateSource } from "../../src/model/template.ts";
import { compileGoTemplate } from "../../src/render/compile-go-template.ts";

const context = { clock: 0 };

function sourceOf(text: string): TemplateSource {
  return { text, engine: "go", file: "f.yaml", part: "p", line: 3, column: 5, continuationColumn: 5 };
}

function render(text: string, data = "{}", options: GoTemplateOptions = {}): RenderedText {
  const { template, problems } = compileGoTemplate(sourceOf(text), options);
  expect(problems).toEqual([]);
  return template!.render(parseJson(data) as JsonObject, context);
}

function failureOf(text: string, data = "{}"): SluiceError["problem"] {
  try {
    render(text, data);
  } catch (error) {
    if (error instanceof SluiceError) return error.problem;
    throw error;
  }
  throw new Error(`${text} did not fail`);
}

describe("errors in the text", () => {
  const cases: [text: string, line: number, column: number][] = [
    ["{{ if }}", 3, 11],
    ["a\n{{ .x", 4, 10],
    ["a\nbb {{ nope 1 }}", 4, 11],
    ['{{ "abc }}', 3, 8],
    ["{{/* x }}", 3, 7],
    ["{{ range . }}", 3, 18],
    ["{{ 1x }}", 3, 8],
    ["{{ $x }}", 3, 8],
    ["{{ '' }}{{ 'a\\q' }}", 3, 16],
  ];
  for (const [text, line, column] of cases) {
    it(JSON.stringify(text), () => {
      const { template, problems } = compileGoTemplate(sourceOf(text));

      expect(template).toBeUndefined();
      expect(problems).toMatchObject([
        { code: "TEMPLATE_SYNTAX", severity: "error", at: { file: "f.yaml", part: "p", line, column } },
      ]);
    });
  }
});

describe("errors of an execution", () => {
  const cases: [text: string, line: number, column: number][] = [
    ["{{ .x }}", 3, 8],
    ["a\n  b: {{ .m.x }}", 4, 15],
    ["{{ upper 5 }}", 3, 14],
    ["a\n{{ fail `no` }}", 4, 8],
    ["{{ .m | upper }}", 3, 13],
    ['{{ template "t" }}', 3, 17],
    ["{{ range .s }}{{ end }}", 3, 14],
    ["{{ len 3 }}", 3, 8],
  ];
  for (const [text, line, column] of cases) {
    it(JSON.stringify(text), () => {
      const { code, at } = failureOf(text, '{"m": {}, "s": "x"}');

      expect({ code, at }).toMatchObject({ code: "TEMPLATE_FAILED", at: { file: "f.yaml", line, column } });
    });
  }
});

describe("strings in single quotes", () => {
  it("are strings, with a warning at each", () => {
    const { template, problems } = compileGoTemplate(sourceOf("{{ 'ab' }}\n{{ 'it\\'s' }} {{ 'x' }}"));

    expect(template!.render(new Map(), context).text).toBe("ab\nit's 120");
    expect(problems).toMatchObject([
      { code: "TEMPLATE_SINGLE_QUOTES", severity: "warning", at: { line: 3, column: 8 } },
      { code: "TEMPLATE_SINGLE_QUOTES", severity: "warning", at: { line: 4, column: 8 } },
    ]);
  });

  it("are an error where Go's rules are wanted", () => {
    const { problems } = compileGoTemplate(sourceOf("{{ 'ab' }}"), { singleQuotedStrings: false });

    expect(problems).toMatchObject([{ code: "TEMPLATE_SYNTAX" }]);
  });
});

describe("printed ranges", () => {
  function printed(text: string, data: string): unknown[] {
    const rendered = render(text, data);
    return rendered.printed.map(({ start, end, at, ...range }) => {
      const serialized = "serialized" in range ? range.serialized : undefined;
      return [
        rendered.text.slice(start, end),
        text.slice(at, at + 4),
        ...(serialized === undefined ? [] : [writeJson(serialized as never)]),
      ];
    });
  }

  it("say what actions printed, and which", () => {
    expect(
      printed("a: {{ .a }}\nb: {{ .b | quote }}{{ $x := 1 }}{{ if .a }}x{{ end }}", '{"a": "1", "b": "2"}'),
    ).toEqual([
      ["1", ".a }"],
      ['"2"', ".b |"],
    ]);
  });

  const serialized: [text: string, values: unknown[]][] = [
    ["{{ toYaml .v }}", ['{"a":1}']],
    ["{{ toYaml .v | indent 2 }}", ['{"a":1}']],
    ["{{- .v | toYaml | nindent 4 }}", ['{"a":1}']],
    ["{{ toJson .v }}", ['{"a":1}']],
    ["{{ $y := toYaml .v }}{{ $y }}", ['{"a":1}']],
    ['{{ define "t" }}{{ . | nindent 2 }}{{ end }}{{ template "t" (toYaml .v) }}', ['{"a":1}']],
    ["{{ with toYaml .v }}{{ . }}{{ end }}", ['{"a":1}']],
    ["{{ or (toYaml .v) 1 }}", ['{"a":1}']],
    ["{{ toYaml .v | quote }}", [undefined]],
    ["{{ toYaml .v | upper }}", [undefined]],
    ['{{ printf "%s" (toYaml .v) }}', [undefined]],
    ["{{ .text }}", [undefined]],
  ];
  for (const [text, values] of serialized) {
    it(`of ${text}`, () => {
      const { printed: ranges } = render(text, '{"v": {"a": 1}, "text": "a: 1"}');

      expect(ranges.map((range) => (range.serialized === undefined ? undefined : writeJson(range.serialized)))).toEqual(
        values,
      );
    });
  }

  it("move where bytes of two actions make one character", () => {
    const { text, printed: ranges } = render("<{{ trunc 1 .s }}{{ substr 1 2 .s }}>{{ .t }}", '{"s": "é", "t": "t"}');

    expect(text).toBe("<é>t");
    expect(ranges.map(({ start, end }) => [start, end])).toEqual([
      [1, 2],
      [2, 2],
      [3, 4],
    ]);
  });
});

describe("bounds", () => {
  const cases = [
    "{{ range until 1000 }}{{ range until 1000 }}{{ end }}{{ end }}",
    '{{ repeat 1000000000 "x" }}',
    "{{ until 1000000000 }}",
    "{{ range 1000000000 }}{{ end }}",
    '{{ define "d" }}{{ template "d" }}{{ end }}{{ template "d" }}',
    '{{ define "d" }}{{ template "d" . }}{{ template "d" . }}{{ end }}{{ template "d" }}',
    '{{ printf "%1000000d%1000000d%1000000d%1000000d%1000000d" 1 2 3 4 5 }}',
    '{{ $s := "xxxxxxxxxx" }}{{ range until 40 }}{{ $s = print $s $s }}{{ end }}',
    "{{ range until 3000 }}{{ $.s }}{{ end }}",
    '{{ $d := dict }}{{ $_ := set $d "d" $d }}{{ $d }}',
    '{{ indent 1000000000 "x" }}',
    "{{ range until 50000 }}{{ $x := contains `y` $.long }}{{ end }}",
    "{{ range until 50000 }}{{ range $.many }}{{ break }}{{ end }}{{ end }}",
    '{{ $d := dict }}{{ $_ := set $d "d" $d }}{{ deepCopy $d }}',
    "{{ seq 1 1000000000 }}",
    // Values that share their parts are small, and endless when they are printed.
    "{{ $l := list 1 }}{{ range until 40 }}{{ $l = list $l $l }}{{ end }}{{ $l }}",
    "{{ $l := list 1 }}{{ range until 40 }}{{ $l = list $l $l }}{{ end }}{{ $l | quote }}",
    "{{ $l := list 1 }}{{ range until 40 }}{{ $l = list $l $l }}{{ end }}{{ toYaml $l }}",
    "{{ $l := list 1 }}{{ range until 40 }}{{ $l = list $l $l }}{{ end }}{{ toJson $l }}",
  ];
  const many = Array.from({ length: 100 }, (_, index) => `"k${index}": 1`).join();
  const data = `{"s": "${"x".repeat(1000)}", "long": "${"x".repeat(100_000)}", "many": {${many}}}`;
  for (const text of cases) {
    it(text, () => expect(failureOf(text, data).code).toBe("TEMPLATE_BOUND"));
  }

  it("do not trouble nesting that people write", () => {
    const parens = `${"(".repeat(200)}1${")".repeat(200)}`;

    expect(render(`{{ ${parens} }}`).text).toBe("1");
    expect(compileGoTemplate(sourceOf(`{{ ${"(".repeat(5000)}1${")".repeat(5000)} }}`)).problems).toMatchObject([
      { code: "TEMPLATE_SYNTAX" },
    ]);
  });
});

it("leaves the event as it was, whatever a template does to its data", () => {
  const text = '{"m": {"a": {"b": 1}}, "l": ["b", "a"]}';
  const data = parseJson(text) as JsonObject;
  const { template } = compileGoTemplate(
    sourceOf('{{ $_ := set .m.a "b" 2 }}{{ $_ := merge .m (dict "z" 1) }}{{ .m }}'),
  );

  expect(template!.render(data, context).text).toBe("map[a:map[b:2] z:1]");
  expect(template!.render(data, context).text).toBe("map[a:map[b:2] z:1]");
  expect(writeJson(data)).toBe(writeJson(parseJson(text)));
});

it("keeps what was serialized as it was then", () => {
  const { printed } = render('{{ $d := dict "a" 1 }}{{ $y := toYaml $d }}{{ $_ := set $d "a" 2 }}{{ $y }}');

  expect(printed.map(({ serialized }) => writeJson(serialized ?? null))).toEqual(['{"a":1}']);
});

it("has no prototype to reach", () => {
  expect(failureOf("{{ .constructor }}").code).toBe("TEMPLATE_FAILED");
  expect(compileGoTemplate(sourceOf("{{ toString 1 }}{{ hasOwnProperty 1 }}")).problems).toMatchObject([
    { code: "TEMPLATE_SYNTAX" },
  ]);
  expect(render("{{ .__proto__ }}", '{"__proto__": "x"}').text).toBe("x");
});

describe("break and continue in the else of a range are as in Go", () => {
  const data = '{"list": ["a", "b", "c"], "none": []}';
  const cases: [text: string, prints: string][] = [
    ["{{ range .list }}{{ range $.none }}{{ else }}{{ break }}{{ end }}{{ . }}{{ end }}", "abc"],
    [
      "{{ range .list }}{{ range $.none }}{{ else }}x{{ if eq . `b` }}{{ break }}{{ end }}y{{ end }}{{ . }}{{ end }}",
      "xyaxbxyc",
    ],
    ["{{ range .list }}{{ range $.none }}{{ else }}{{ continue }}{{ end }}{{ . }}{{ end }}", ""],
    [
      "{{ range .list }}{{ range $.none }}{{ else }}{{ if eq . `b` }}{{ continue }}{{ end }}{{ end }}{{ . }}{{ end }}",
      "ac",
    ],
    ["{{ range .list }}{{ with . }}{{ break }}{{ end }}{{ . }}{{ end }}-", "-"],
  ];
  for (const [text, prints] of cases) {
    it(text, () => {
      expect(render(text, data).text).toBe(prints);
    });
  }
});

it.each([
  ["{{ copy .absent }}", true],
  ["{{ copy .null }}", true],
  ["{{ getField .null `a` }}", true],
  ["{{ copy nil }}", false],
  ["{{ copy .map }}", false],
])("functions on objects take what Go takes for a map: %s", (text, isRefused) => {
  const run = () => render(text, '{"null": null, "map": {"a": 1}}', { missingKey: "zero" });
  if (isRefused) expect(run).toThrow("wants an object");
  else expect(run).not.toThrow();
});
