/** What templates say that they read of their data, in both engines; and that it is enough: nothing else changes what they print. */
import { expect, it } from "vitest";
import type { Json } from "../../src/model/json.ts";
import type { Template, TemplateSource } from "../../src/model/template.ts";
import { compileTemplate } from "../../src/render/compile-template.ts";

function compiled(engine: TemplateSource["engine"], text: string): Template {
  const { template, problems } = compileTemplate({ text, engine, file: "t.yaml", part: "text", line: 1, column: 1 });
  expect(problems).toEqual([]);
  return template!;
}

interface Case {
  readonly text: string;
  /** `a.b` for a chain, `*` for all of the data. */
  readonly chains: string;
  /** Where they are not just the first names of the chains. */
  readonly roots?: string;
}

const goCases: readonly Case[] = [
  { text: "no action", chains: "" },
  { text: "{{ .Cluster.metadata.labels.region }}", chains: "Cluster.metadata.labels.region" },
  { text: "{{ $.Cluster.metadata.name }}{{ .Cluster.metadata.name }}", chains: "Cluster.metadata.name" },
  { text: "{{ (.Cluster.metadata).name }}{{ ($).Clustr.kind }}", chains: "Cluster.metadata.name Clustr.kind" },
  { text: "{{ . }}", chains: "*" },
  { text: "{{ toYaml $ }}", chains: "*" },
  { text: "{{ .Cluster | toJson }}", chains: "Cluster" },
  { text: '{{ index .Cluster.metadata.labels "a/b" }}', chains: "Cluster.metadata.labels" },
  { text: "{{ $c := .Cluster }}{{ $c.metadata.name }}", chains: "Cluster" },
  { text: "{{ $n := .Cluster.metadata.name }}{{ $n }}", chains: "Cluster.metadata.name" },
  {
    text: "{{ with .Cluster }}{{ .metadata.name }}{{ else }}{{ .Message.time }}{{ end }}",
    chains: "Cluster Message.time",
  },
  { text: "{{ range .CloudEvent.data }}{{ .x }}{{ $.Cluster.kind }}{{ end }}", chains: "CloudEvent.data Cluster.kind" },
  { text: "{{ if and .a.b (eq .c.d 1) }}{{ .e }}{{ end }}", chains: "a.b c.d e" },
  { text: '{{ define "t" }}{{ .Cluster.kind }}{{ $.b }}{{ end }}{{ template "t" . }}', chains: "Cluster.kind b" },
  { text: '{{ define "t" }}{{ .metadata.name }}{{ end }}{{ template "t" .Cluster }}', chains: "Cluster" },
  { text: '{{ define "t" }}{{ .x }}{{ template "t" $ }}{{ end }}{{ template "t" . }}', chains: "x" },
  { text: '{{ define "t" }}{{ .unused }}{{ end }}{{ template "t" }}{{ template "none" .a }}', chains: "a" },
  { text: '{{ range .a }}{{ template "t" . }}{{ end }}{{ define "t" }}{{ .b }}{{ end }}', chains: "a" },
  { text: "{{ printf `%v` (.a.b | default .c) }}", chains: "a.b c" },
];

const handlebarsCases: readonly Case[] = [
  { text: "{{! a comment }}", chains: "" },
  { text: "{{Cluster.metadata.labels.region}}", chains: "Cluster.metadata.labels.region" },
  { text: "{{this.Cluster.metadata.name}}{{@root.Clustr.kind}}", chains: "Cluster.metadata.name Clustr.kind" },
  { text: "{{Cluster.metadata.labels.[a/b]}}", chains: "Cluster.metadata.labels.a/b" },
  { text: "{{toYaml this}}", chains: "*" },
  { text: "{{toJson @root}}", chains: "*" },
  { text: "{{Cluster.list.[0].x}}{{Cluster.other.length}}", chains: "Cluster.list Cluster.other" },
  {
    text: "{{#with Cluster}}{{metadata.name}}{{../Message.time}}{{else}}{{b}}{{/with}}",
    chains: "Cluster Message.time b",
  },
  {
    text: "{{#each CloudEvent.data as |item key|}}{{item.x}}{{this.item}}{{../a}}{{@key}}{{/each}}",
    chains: "CloudEvent.data a",
  },
  { text: "{{#if a.b}}{{c.d}}{{else if e}}{{f}}{{/if}}", chains: "a.b c.d e f" },
  { text: "{{#if a includeZero=b.c}}{{/if}}{{#unless d}}{{/unless}}", chains: "a b.c d" },
  {
    text: "{{#CloudEvent.data}}{{name}}{{../x}}{{/CloudEvent.data}}",
    chains: "CloudEvent.data name x",
    roots: "CloudEvent",
  },
  { text: "{{#a}}{{#b}}{{../c}}{{/b}}{{/a}}", chains: "a b c", roots: "a" },
  { text: '{{quote (default "x" Cluster.kind)}}{{lookup Cluster "a"}}', chains: "Cluster.kind Cluster" },
];

for (const [engine, cases] of [["go", goCases] as const, ["handlebars", handlebarsCases] as const]) {
  for (const { text, chains, roots } of cases) {
    it(`${engine}: ${text}`, () => {
      const { reads } = compiled(engine, text);

      const shown = reads.chains.map((chain) => chain.join(".") || "*");
      expect(shown).toEqual(chains.split(" ").filter(Boolean));
      const first = new Set(reads.chains.flatMap(([root]) => root ?? []));
      expect(reads.roots).toEqual(roots === undefined ? first : new Set(roots.split(" ")));
    });
  }
}

it("a Secret's template says what it reads", () => {
  const source = { text: "{{ .a.b }}", engine: "go", file: "t.yaml", part: "text", line: 1, column: 1 } as const;

  const { template } = compileTemplate({ ...source, confidential: true });

  expect(template!.reads.chains).toEqual([["a", "b"]]);
});

it("in a section over true the context is the one around it", () => {
  const template = compiled("handlebars", "{{#a}}{{b}}{{#with c}}{{../../b}}{{/with}}{{/a}}");
  const data = new Map<string, Json>([
    ["a", true],
    ["b", "x"],
    ["c", "y"],
  ]);

  expect(() => template.render(data, { clock: 0 })).toThrow("no context that far out");
  expect(template.reads.chains).toContainEqual(["b"]);
});
