/** Documents as large as tools make them. */
import { expect, it } from "vitest";
import { loadCatalog } from "../../src/config/load-catalog.ts";

const load = (text: string) => loadCatalog([{ path: "a.yaml", text }], { compatibility: "strict" });

it("a mapping of very many keys takes time in proportion: it would be minutes else", { timeout: 60_000 }, () => {
  const head = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n";
  const lines = (line: (index: number) => string) =>
    Array.from({ length: 60_000 }, (_, index) => line(index)).join("\n");
  const { value, problems } = load(head + lines((index) => `  k${index}: v`));
  expect(problems).toEqual([]);
  expect(value.contents.get("ConfigMap/default/a")?.entries).toHaveLength(60_000);
  const twice = load(head + lines(() => "  k: v"));
  expect(twice.problems).toHaveLength(101);
});
