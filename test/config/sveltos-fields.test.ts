/** Every field of Sveltos' current CRDs is known to the schema, and every kind that is not read is a warning. */
import { expect, it } from "vitest";
import schema from "../../schemas/documents.schema.json" with { type: "json" };
import { loadCatalog } from "../../src/config/load-catalog.ts";
import { readKeptFields } from "../tools/sveltos-fields.ts";

interface SchemaNode {
  readonly $ref?: string;
  readonly allOf?: readonly SchemaNode[];
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly items?: SchemaNode;
}

const definitions = schema.definitions as unknown as Readonly<Record<string, SchemaNode>>;
const kept = readKeptFields();

function fieldsOf(node: SchemaNode | undefined, prefix = ""): string[] {
  const resolved = node?.$ref === undefined ? node : definitions[node.$ref.slice("#/definitions/".length)];
  const parts = (resolved?.allOf ?? []).flatMap((part) => fieldsOf(part, prefix));
  const own = Object.entries(resolved?.properties ?? {}).flatMap(([name, member]) => {
    const path = prefix === "" ? name : `${prefix}.${name}`;
    return [path, ...fieldsOf(member, path)];
  });
  return [...parts, ...own, ...(resolved?.items === undefined ? [] : fieldsOf(resolved.items, `${prefix}[]`))];
}

it.each(Object.entries(kept.fields))("%s has all of them", (kind, fields) => {
  const known = new Set(fieldsOf(definitions[kind]?.properties?.spec));
  expect(fields.length).toBeGreaterThan(10);
  expect(fields.filter((field) => !known.has(field))).toEqual([]);
});

it("the schema has no field that no CRD has", () => {
  // Triggers and profiles share definitions, and profiles' CRDs are newer.
  const all = new Set(Object.values(kept.fields).flat());
  const extra = Object.keys(kept.fields).flatMap((kind) => fieldsOf(definitions[kind]?.properties?.spec));
  expect([...new Set(extra)].filter((field) => !all.has(field))).toEqual([]);
});

it.each(kept.otherKinds)("%s is a warning", (kind) => {
  for (const group of ["lib.projectsveltos.io", "config.projectsveltos.io"]) {
    const text = `apiVersion: ${group}/v1beta1\nkind: ${kind}\nmetadata: {name: a}\nspec: {anything: 1}\n`;
    for (const document of [text, text.replace(kind, `${kind}List`)]) {
      const { problems } = loadCatalog([{ path: "a.yaml", text: document }], { compatibility: "strict" });
      expect(problems.map(({ code, severity }) => `${severity} ${code}`)).toEqual(["warning FIELD_WITHOUT_EFFECT"]);
    }
  }
});
