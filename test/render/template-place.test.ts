import { expect, it } from "vitest";
import type { TemplateSource } from "../../src/model/template.ts";
import { placeInSource } from "../../src/render/template-place.ts";

const text = "one {{ .a }}\n  two {{ .b }}\r\nthree";

function source(place: Partial<TemplateSource>): TemplateSource {
  return { text, engine: "go", file: "f.yaml", part: "p", line: 10, column: 5, ...place };
}

interface Case {
  name: string;
  offset: number;
  source: Partial<TemplateSource>;
  line: number;
  column: number;
  excerpt?: string;
}
const cases: Case[] = [
  {
    name: "the first line begins at the text's column",
    offset: 7,
    source: {},
    line: 10,
    column: 12,
    excerpt: "    one {{ .a }}",
  },
  {
    name: "a further line begins at its own column",
    offset: text.indexOf(".b"),
    source: { continuationColumn: 3 },
    line: 11,
    column: 12,
    excerpt: "    two {{ .b }}",
  },
  {
    name: "without lines of its own, all is on the first",
    offset: text.indexOf(".b"),
    source: {},
    line: 10,
    column: 5,
  },
  { name: "the end", offset: text.length, source: { continuationColumn: 3 }, line: 12, column: 8, excerpt: "  three" },
  {
    name: "an offset beyond the end is the end",
    offset: 999,
    source: { continuationColumn: 1 },
    line: 12,
    column: 6,
    excerpt: "three",
  },
];

for (const { name, offset, source: place, line, column, excerpt } of cases) {
  it(name, () => {
    const found = placeInSource(source(place), offset);

    expect(found).toEqual({ file: "f.yaml", part: "p", line, column, ...(excerpt !== undefined && { excerpt }) });
  });
}
