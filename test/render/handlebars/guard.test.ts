/** The guard behind Handlebars: what people write passes, what events try does not. */
import { describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import type { JsonObject } from "../../../src/model/json.ts";
import { parseJson } from "../../../src/model/json.ts";
import { compileHandlebarsTemplate } from "../../../src/render/handlebars/handlebars-template.ts";
import { readManifests } from "../../../src/render/read-manifests.ts";
import { hostileValues } from "../guard/hostile-values.ts";
import { sourceOf } from "./render-handlebars.ts";

const options = {
  provenance: { owner: "EventTrigger/login", entity: "e", instance: "sluice" },
  extraLabels: new Map<string, string>(),
  extraAnnotations: new Map<string, string>(),
};
const head = "apiVersion: example.com/v1\nkind: Thing\nmetadata:\n  name: x\nspec:\n";

function read(text: string, data: JsonObject) {
  const source = { ...sourceOf(text), line: 1, column: 1, continuationColumn: 1 };
  const { template, problems } = compileHandlebarsTemplate(source);
  if (template === undefined) throw new Error(problems[0]!.message);
  const { value, problems: found } = readManifests(template.render(data, { clock: 0 }), source, options);
  const specs = value.map(({ text: written }) => parseAllDocuments(written, { version: "1.1" })[0]!.toJS().spec);
  return { specs, problems: found };
}

describe("what people write passes", () => {
  const data = parseJson(
    '{"name": "Alice", "text": "line \\"one\\"\\nline: two", "labels": {"team": "a b", "on": "yes"}, "list": ["a: b", {"c": [1, true, null]}]}',
  ) as JsonObject;
  const labels = { on: "yes", team: "a b" };
  const list = ["a: b", { c: [1, true, null] }];
  const cases: readonly { template: string; spec: unknown }[] = [
    { template: "  n: {{lower name}}-{{trunc 2 name}}\n", spec: { n: "alice-Al" } },
    { template: "  {{#each labels}}\n  {{@key}}: {{quote this}}\n  {{/each}}\n", spec: labels },
    { template: "  {{#each labels}}\n  {{quote @key}}: {{quote .}}\n  {{/each}}\n", spec: labels },
    {
      template: "  l:\n    fixed: x\n    {{~nindent 4 (toYaml labels)}}\n    last: z\n",
      spec: { l: { fixed: "x", ...labels, last: "z" } },
    },
    { template: "  l:\n{{indent 4 (toYaml list)}}\n", spec: { l: list } },
    { template: "  l: {{{toJson list}}}\n  m: {{toJson labels}}\n", spec: { l: list, m: labels } },
    { template: "  l: {{quote (toJson list)}}\n", spec: { l: JSON.stringify(list) } },
    { template: "  t: {{quote text}}\n", spec: { t: 'line "one"\nline: two' } },
    { template: "  t: |-\n{{indent 4 text}}\n  b: c\n", spec: { t: 'line "one"\nline: two', b: "c" } },
    { template: "  {{#if (eq name 'Alice')}}\n  a: 1\n  {{else}}\n  a: 2\n  {{/if}}\n", spec: { a: 1 } },
  ];
  for (const { template, spec } of cases) {
    it(template, () => {
      const { specs, problems } = read(head + template, data);

      expect(problems).toEqual([]);
      expect(specs).toEqual([spec]);
    });
  }
});

describe("what events try does not", () => {
  // Half a character becomes U+FFFD when an event is decoded.
  const values = hostileValues.filter((value) => value.length < 1000 && value.isWellFormed());
  const positions = [
    "  own: {{v}}\n  other: keep\n",
    "  own: '{{v}}'\n  other: keep\n",
    '  own: "{{{v}}}"\n  other: keep\n',
    "  own: [a, {{v}}]\n  other: keep\n",
    "  own: |\n    a {{v}}\n  other: keep\n",
    "  own: x # {{v}}\n  other: keep\n",
    "  own: {{quote v}}\n  other: keep\n",
    "  own: {{toJson v}}\n  other: keep\n",
    "  own:\n    {{~nindent 4 (toYaml v)}}\n  other: keep\n",
  ];
  for (const position of positions) {
    it(`the structure stays, or the value is refused: ${position}`, () => {
      const mustacheLine = 6 + position.slice(0, position.indexOf("{{")).split("\n").length - 1;
      for (const value of values) {
        let outcome: ReturnType<typeof read>;
        try {
          outcome = read(head + position, new Map([["v", value]]));
        } catch (error) {
          // toYaml itself refuses what go-yaml can't read back.
          expect(position, JSON.stringify(value)).toContain("toYaml");
          expect(error).toMatchObject({ problem: { code: "TEMPLATE_FAILED" } });
          continue;
        }
        const { specs, problems } = outcome;
        if (problems.length > 0)
          expect(problems[0], JSON.stringify(value)).toMatchObject({ at: { line: mustacheLine } });
        else expect(specs[0], JSON.stringify(value)).toMatchObject({ other: "keep" });
        if (problems.length === 0) expect(Object.keys(specs[0]).sort()).toEqual(["other", "own"]);
      }
    });
  }

  it("serialized values come back exactly", () => {
    for (const value of values) {
      const { specs, problems } = read(`${head}  own: {{toJson v}}\n`, new Map([["v", value]]));
      if (problems.length === 0) expect(specs[0].own, JSON.stringify(value)).toBe(value);
    }
  });
});
