/** The guard behind the real engine: what people write in templates passes, what events try does not. */
import { describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import type { Json, JsonObject } from "../../../src/model/json.ts";
import type { TemplateSource } from "../../../src/model/template.ts";
import { compileGoTemplate } from "../../../src/render/compile-go-template.ts";
import { readManifests } from "../../../src/render/read-manifests.ts";
import { hostileValues } from "./hostile-values.ts";

const options = {
  provenance: { owner: "EventTrigger/login", entity: "e", instance: "sluice" },
  extraLabels: new Map<string, string>(),
  extraAnnotations: new Map<string, string>(),
};
const head = "apiVersion: example.com/v1\nkind: Thing\nmetadata:\n  name: x\n";

/**
 * Lone surrogates don't come out of events: half a character becomes U+FFFD there. And of U+007F, U+0085,
 * U+FFFE and keys of more than 1,024 characters Go's own toYaml prints nothing, or a blank.
 */
const values = hostileValues.filter((value) => {
  return (
    value.length < 1000 &&
    !/[\x7f-\x9f\ufffe]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/.test(value)
  );
});

function read(text: string, data: JsonObject) {
  const source: TemplateSource = {
    text,
    engine: "go",
    file: "t.yaml",
    part: "t",
    line: 1,
    column: 1,
    continuationColumn: 1,
  };
  const { template, problems } = compileGoTemplate(source);
  if (template === undefined) throw new Error(problems[0]!.message);
  const { value, problems: found } = readManifests(template.render(data, { clock: 0 }), source, options);
  const objects = value.map(({ text: written }) => parseAllDocuments(written, { version: "1.1" })[0]!.toJS());
  return { objects, problems: found };
}

function toData(value: unknown): Json {
  if (Array.isArray(value)) return value.map(toData);
  if (typeof value !== "object" || value === null) return value as Json;
  return new Map(Object.entries(value).map(([key, member]) => [key, toData(member)]));
}

describe("what people write passes", () => {
  const data = toData({
    name: "Alice",
    text: 'line "one"\nline: two\n\n# three',
    labels: { team: "a b", "app.kubernetes.io/name": "web", on: "yes" },
    list: ["a: b", "- c", { d: 1n, e: [true, null, 1.5, "2020-01-01"] }],
    empty: {},
    none: [],
  }) as JsonObject;
  const labels = { team: "a b", "app.kubernetes.io/name": "web", on: "yes" };
  const list = ["a: b", "- c", { d: 1, e: [true, null, 1.5, "2020-01-01"] }];
  const cases: readonly { template: string; spec: unknown }[] = [
    {
      template: "  {{- range $k, $v := .labels }}\n  {{ $k }}: {{ $v }}\n  {{- end }}\n",
      spec: { ...labels, on: true },
    },
    {
      template: "  {{- range $k, $v := .labels }}\n  {{ $k | quote }}: {{ $v | quote }}\n  {{- end }}\n",
      spec: labels,
    },
    { template: '  n: {{ printf "%s-%d" (lower .name) 3 }}\n', spec: { n: "alice-3" } },
    {
      template: "  labels:\n    fixed: x\n    {{- toYaml .labels | nindent 4 }}\n    last: z\n",
      spec: { labels: { fixed: "x", ...labels, last: "z" } },
    },
    { template: "  labels:\n{{ toYaml .labels | indent 4 }}\n", spec: { labels } },
    { template: "  list:\n  - first\n  {{- toYaml .list | nindent 2 }}\n", spec: { list: ["first", ...list] } },
    { template: "  list: {{ toJson .list }}\n", spec: { list } },
    { template: "  list: {{ .list | toJson | quote }}\n", spec: { list: JSON.stringify(list) } },
    {
      template: "  list: '{{ .labels | toJson }}'\n",
      spec: { list: JSON.stringify({ "app.kubernetes.io/name": "web", on: "yes", team: "a b" }) },
    },
    { template: "  a: {{ toYaml .empty }}\n  b: {{ toYaml .none }}\n", spec: { a: {}, b: [] } },
    { template: "  a: |\n    {{- .text | nindent 4 }}\n", spec: { a: 'line "one"\nline: two\n\n# three\n' } },
    { template: "  a: |-\n{{ .text | indent 4 }}\n  b: c\n", spec: { a: 'line "one"\nline: two\n\n# three', b: "c" } },
    {
      template: "  a: {{ .text | quote }}\n  b: {{ .name | squote }}\n",
      spec: { a: 'line "one"\nline: two\n\n# three', b: "Alice" },
    },
    {
      template: "  a: |\n    {{- toYaml .labels | nindent 4 }}\n",
      spec: { a: 'app.kubernetes.io/name: web\n"on": "yes"\nteam: a b\n' },
    },
    { template: '{{ define "pair" }}a: {{ .name }}{{ end }}  {{ template "pair" . }}\n', spec: { a: "Alice" } },
    { template: '  a: {{ if eq .name "Alice" }}yes{{ else }}no{{ end }} # {{ .text | trunc 4 }}\n', spec: { a: true } },
    { template: "  {{- with .list }}\n  n: {{ len . }}\n  {{- end }}\n", spec: { n: 3 } },
    {
      template: "  {{- range $i, $x := .list }}\n  k{{ $i }}: {{ toYaml $x | nindent 4 }}\n  {{- end }}\n",
      spec: { k0: list[0], k1: list[1], k2: list[2] },
    },
  ];
  it.each(cases)("$template", ({ template, spec }) => {
    const { objects, problems } = read(`${head}spec:\n${template}`, data);
    expect(problems).toEqual([]);
    expect(objects.map((object) => object.spec)).toEqual([spec]);
  });
});

describe("what events try does not", () => {
  /** With what becomes of the value, wherever it is not refused. */
  const exact: readonly (readonly [string, (value: string) => unknown])[] = [
    ["{{ toYaml .v | nindent 4 }}", (value) => value],
    ["{{ toJson .v }}", (value) => value],
    ["{{ dict .v .v | toYaml | nindent 4 }}", (value) => ({ [value]: value })],
    ["{{ list .v (list .v) | toYaml | nindent 2 }}", (value) => [value, [value]]],
    ["{{ dict `a` .v | toJson }}", (value) => ({ a: value })],
  ];
  it.each(exact)("%s is exactly the value", (action, wanted) => {
    for (const value of values) {
      const { objects, problems } = read(`${head}spec:\n  own: ${action}\n  other: keep\n`, new Map([["v", value]]));
      if (problems.length > 0) {
        // What no YAML can hold, or not as a key on one line.
        expect(problems[0], JSON.stringify(value)).toMatchObject({ at: { file: "t.yaml", line: 6 } });
        continue;
      }
      expect(objects[0]!.spec, JSON.stringify(value)).toEqual({ own: wanted(value), other: "keep" });
    }
  });

  it("serialized values are refused only where they would come back as others", () => {
    const refused = values.filter((value) => {
      return read(`${head}spec:\n  own: {{ toYaml .v | nindent 4 }}\n`, new Map([["v", value]])).problems.length > 0;
    });
    // Its block scalar says how deep it is, which `nindent` makes wrong.
    expect(refused).toEqual(["\na"]);
  });

  it("what does not go through a function stays text or is refused where it is printed", () => {
    for (const value of values) {
      const { objects, problems } = read(`${head}spec:\n  own: {{ .v }}\n  other: keep\n`, new Map([["v", value]]));
      if (problems.length > 0)
        expect(problems[0]).toMatchObject({
          code: /^\.(inf|nan)$/.test(value) ? "MANIFEST_INVALID" : "GUARD_VIOLATION",
          at: { line: 6 },
        });
      else expect(Object.keys(objects[0]!.spec), JSON.stringify(value)).toEqual(["other", "own"]);
    }
  });

  it("toYaml at the root, under metadata or with the wrong indentation is refused", () => {
    const data = toData({ m: { kind: "Secret", name: "y" } }) as JsonObject;
    for (const template of [
      `${head}{{ toYaml .m }}\n`,
      `${head}{{ toYaml .m | indent 2 }}\n`,
      "{{ toYaml .m }}",
      `${head}spec:\n  a:\n    {{ toYaml .m }}\n`,
    ]) {
      expect(read(template, data).problems, template).not.toEqual([]);
    }
  });
});
