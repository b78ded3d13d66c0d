/** Every hostile value in every position: refused at its place and by its name, or no more than the text of its scalar. */
import { describe, expect, it } from "vitest";
import { parseDocument } from "yaml";
import type { Json } from "../../../src/model/json.ts";
import { readManifests } from "../../../src/render/read-manifests.ts";
import { writeCanonicalYaml } from "../../../src/render/yaml/write-canonical-yaml.ts";
import { indented, interpolate, type Printable, sourceOf } from "../interpolate.ts";
import { hostileValues } from "./hostile-values.ts";

const head = "apiVersion: example.com/v1\nkind: Thing\nmetadata:\n  name: x\n";

/** The value stands at `{{ v }}`; every template holds literals before and behind it. */
const positions: Readonly<Record<string, string>> = {
  unquoted: `${head}spec:\n  own: {{ v }}\n  other: keep\n`,
  "unquoted, before a comment": `${head}spec:\n  own: {{ v }} # note\n  other: keep\n`,
  "unquoted, amid text": `${head}spec:\n  own: pre {{ v }} post\n  other: keep\n`,
  "unquoted, glued": `${head}spec:\n  own: pre-{{ v }}-post\n  other: keep\n`,
  "unquoted, twice": `${head}spec:\n  own: {{ v }}{{ v }}\n  other: keep\n`,
  "on a line of its own": `${head}spec:\n  own:\n    {{ v }}\n  other: keep\n`,
  "at the end": `${head}spec:\n  other: keep\n  own: {{ v }}`,
  "as an item": `${head}spec:\n  other: keep\n  own:\n  - {{ v }}\n  - keep\n`,
  "in an item's mapping": `${head}spec:\n  other: keep\n  own:\n  - a: {{ v }}\n    b: keep\n`,
  "single quotes": `${head}spec:\n  own: '{{ v }}'\n  other: 'keep'\n`,
  "single quotes, twice": `${head}spec:\n  own: '{{ v }}'\n  other: keep\n  more: ['{{ v }}', '{{ v }}']\n`,
  "double quotes": `${head}spec:\n  own: "{{ v }}"\n  other: "keep"\n`,
  "double quotes, behind a backslash": `${head}spec:\n  own: "\\{{ v }}"\n  other: "keep"\n`,
  "literal block": `${head}spec:\n  own: |\n    {{ v }}\n  other: keep\n`,
  "literal block, amid lines": `${head}spec:\n  own: |-\n    before\n    {{ v }}\n    # behind\n  other: keep\n`,
  "literal block, without indentation": `${head}spec:\n  own: |\n{{ v }}\n  other: keep\n`,
  "folded block": `${head}spec:\n  own: >\n    {{ v }}\n  other: keep\n`,
  "block header": `${head}spec:\n  own: |{{ v }}\n    text\n  other: keep\n`,
  "flow mapping": `${head}spec: {own: {{ v }}, other: keep}\n`,
  "flow list": `${head}spec:\n  other: [keep, {{ v }}, keep]\n`,
  "flow, quoted": `${head}spec: {own: "{{ v }}", "other": 'keep'}\n`,
  "a key": `${head}spec:\n  {{ v }}: keep\n  other: keep\n`,
  "a part of a key": `${head}spec:\n  own-{{ v }}: keep\n  other: keep\n`,
  "a quoted key": `${head}spec:\n  "{{ v }}": keep\n  other: keep\n`,
  "a key at the root": `${head}{{ v }}: keep\n`,
  "a key of metadata": `apiVersion: example.com/v1\nkind: Thing\nmetadata:\n  {{ v }}: keep\n  name: x\n`,
  "a comment": `${head}# {{ v }}\nspec:\n  own: keep\n`,
  "a comment behind a value": `${head}spec:\n  own: keep # {{ v }}\n  other: keep\n`,
  "a comment in a list": `${head}spec:\n  own:\n  - keep # {{ v }}\n  - keep\n`,
  "before a document": `{{ v }}\n---\n${head}spec: keep\n`,
  "behind a marker": `${head}spec: keep\n--- # {{ v }}\n`,
  "with a tag": `${head}spec:\n  own: !!str {{ v }}\n  other: keep\n`,
  "as a tag": `${head}spec:\n  own: !!{{ v }} text\n  other: keep\n`,
  "as an anchor": `${head}spec:\n  own: &{{ v }} text\n  other: &keep text\n`,
  "beside an anchor": `${head}spec:\n  other: &keep {a: b}\n  own: {{ v }}\n`,
  "the whole": "{{ v }}",
  "the kind": "apiVersion: v1\nkind: {{ v }}\nmetadata:\n  name: x\nitems: []\n",
};

/** What functions make of a value, as the engine hands it on. */
const functions: Readonly<Record<string, (value: string) => Printable>> = {
  nothing: (value) => value,
  quote: (value) => JSON.stringify(value),
  squote: (value) => `'${value}'`,
  "indent 4": (value) => indented(value, 4),
  "nindent 4": (value) => indented(value, 4, "\n"),
  "blanks of the value's own": (value) => `\n${value.replace(/^/gm, "    ")}`,
  toJson: (value) => ({ text: JSON.stringify(value), serialized: value }),
  toYaml: (value) => ({ text: writeCanonicalYaml(value).trimEnd(), serialized: value }),
  "toYaml of a mapping": (value) => serialized(new Map([["k", value]]), 0),
  "toYaml of a mapping with the value as key": (value) => serialized(new Map([[value, "k"]]), 0),
  "toYaml of a mapping | nindent 4": (value) => serialized(new Map([["k", value]]), 4),
  "toYaml of a mapping | nindent 2": (value) => serialized(new Map([["k", value]]), 2),
  "toYaml of a list | nindent 2": (value) => serialized([value, [value]], 2),
};

function serialized(value: Json, spaces: number): Printable {
  const text = writeCanonicalYaml(value).trimEnd();
  return spaces === 0 ? { text, serialized: value } : { ...markedOf(indented(text, spaces, "\n")), serialized: value };
}

function markedOf(printable: Printable): Exclude<Printable, string> {
  return typeof printable === "string" ? { text: printable } : printable;
}

const options = {
  provenance: { owner: "EventTrigger/login", entity: "e", instance: "sluice" },
  extraLabels: new Map<string, string>(),
  extraAnnotations: new Map<string, string>(),
};

/** A manifest's structure, with what contains the value left out: for printed text its scalar, else its node. */
function shapeOf(value: unknown, isOwn: (path: string) => boolean, path = ""): unknown {
  if (isOwn(path)) return "own";
  if (Array.isArray(value)) return value.map((item, index) => shapeOf(item, isOwn, `${path}/${index}`));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [key, shapeOf(member, isOwn, `${path}/${key}`)]),
  );
}

/** Where the benign value is, in keys or scalars. */
function pathsOf(value: unknown, text: string, path = ""): string[] {
  if (typeof value === "string") return value.includes(text) ? [path] : [];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, member]) => pathsOf(member, text, `${path}/${key}`));
}

const benign = "benign";

function read(template: string, printable: Printable) {
  return readManifests(interpolate(template, { v: printable }), sourceOf(template), options);
}

/** What a position gives for a harmless word: printed by this function, or, where it can't be there, by another. */
function readReference(template: string, print: (value: string) => Printable) {
  for (const printed of [print(benign), benign, JSON.stringify(benign), `\n    ${benign}`]) {
    const { value, problems } = read(template, printed);
    if (problems.length === 0) return value.map(({ text }) => parseDocument(text, { version: "1.1" }).toJS());
  }
  return [];
}

/** The same without the names of keys, where the value is one. */
function withoutKeys(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(withoutKeys);
  return Object.values(value)
    .map((member) => JSON.stringify(withoutKeys(member)))
    .sort();
}

function lineOf(template: string): number {
  return template.slice(0, template.indexOf("{{")).split("\n").length;
}

/** Raw and quoted values are tried in all positions, of the others a fifth for each. */
const fullyTested = new Set(["nothing", "quote"]);

describe.each(Object.entries(functions))("through %s", (name, print) => {
  it.each(Object.entries(positions))("%s", (position, template) => {
    const references = readReference(template, print);
    const share = (name.length + position.length) % 5;
    const values = hostileValues.filter((_, index) => fullyTested.has(name) || index % 5 === share);
    const isKey = position.includes("key") || name.includes("key");
    for (const value of values) {
      const { value: manifests, problems } = read(template, print(value));
      const label = `${name} ${position} ${JSON.stringify(value.slice(0, 80))}`;
      if (problems.length > 0) {
        const { code, message, at } = problems[0]!;
        expect(problems[0], label).toMatchObject({ severity: "error", at: { file: "config.yaml" } });
        if (code !== "GUARD_VIOLATION") continue;
        expect(at, label).toMatchObject({ line: lineOf(template) });
        // Of a function's result or a key the message quotes what became of it; of what may be a Secret nothing.
        if (name === "nothing" && !isKey && !message.endsWith("it is not quoted"))
          expect(message, label).toContain(JSON.stringify(value.slice(0, 60)).slice(0, -1));
        continue;
      }
      expect(manifests.length, label).toBe(references.length);
      manifests.forEach(({ text }, index) => {
        const own = new Set(pathsOf(references[index], benign));
        const isOwn = (path: string): boolean => own.has(path) || path === "/metadata/annotations";
        const shape = shapeOf(parseDocument(text, { version: "1.1" }).toJS(), isOwn);
        const reference = shapeOf(references[index], isOwn);
        expect(isKey ? withoutKeys(shape) : shape, label).toEqual(isKey ? withoutKeys(reference) : reference);
      });
    }
  });
});
