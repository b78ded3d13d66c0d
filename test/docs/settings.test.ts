/** docs/settings.md has a row for every key of the schema, with its default, and says "not yet" of none. */
import { describe, expect, it } from "vitest";
import schema from "../../schemas/sluice.schema.json" with { type: "json" };
import { readPage, tableRows } from "./pages.ts";

interface SchemaNode {
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly items?: SchemaNode;
  readonly default?: unknown;
}

/** Every key with its schema, those of list items behind `*`. */
function listKeys(node: SchemaNode, path: readonly string[] = []): readonly [string, SchemaNode][] {
  const below = Object.entries(node.properties ?? {}).flatMap(([key, child]) => listKeys(child, [...path, key]));
  const items = node.items === undefined ? [] : listKeys(node.items, [...path, "*"]);
  return [[path.join("."), node], ...below, ...items];
}

const keys = new Map(listKeys(schema as SchemaNode));
const rows = new Map(
  tableRows(readPage("docs/settings.md")).flatMap(([key = "", fallback = "", text = ""]) => {
    const name = /^`([^`]+)`$/.exec(key)?.[1];
    return name === undefined ? [] : [[name, { fallback, text }] as const];
  }),
);

describe("docs/settings.md", () => {
  it("knows every key, by itself or with those above it", () => {
    const isLeaf = (node: SchemaNode) => node.properties === undefined && node.items?.properties === undefined;
    const missing = [...keys]
      .filter(([, node]) => isLeaf(node))
      .map(([key]) => key)
      .filter((key) => !["", "apiVersion", "kind"].includes(key) && !key.endsWith(".*"))
      .filter((key) => ![...rows.keys()].some((row) => key === row || key.startsWith(`${row}.`)));
    expect(missing).toEqual([]);
  });

  it("knows no other keys", () => {
    expect([...rows.keys()].filter((row) => !keys.has(row))).toEqual([]);
  });

  it("gives the schema's defaults", () => {
    const wrong = [...rows].filter(([key, { fallback }]) => {
      const value = keys.get(key)?.default;
      return value !== undefined && fallback !== `\`${String(value)}\``;
    });
    expect(wrong).toEqual([]);
  });

  it('says "not yet" of no key: each has an effect, or is refused', () => {
    const said = [...rows].filter(([, { text }]) => /\bnot yet\b/.test(text)).map(([key]) => key);
    expect(said).toEqual([]);
  });
});
