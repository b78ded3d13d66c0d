/** docs/migrate-from-sveltos.md says of every field of Sveltos' definitions what becomes of it. */
import { expect, it } from "vitest";
import { readKeptFields } from "../tools/sveltos-fields.ts";
import { codeSpans, readPage, section, tableRows } from "./pages.ts";

const page = readPage("docs/migrate-from-sveltos.md");
const { fields } = readKeptFields();

it.each([
  ["EventSource", "### EventSource"],
  ["EventTrigger", "### EventTrigger"],
  ["ClusterProfile", "### ClusterProfile and Profile"],
  ["Profile", "### ClusterProfile and Profile"],
  ["ClusterSet", "### ClusterSet and Set"],
  ["Set", "### ClusterSet and Set"],
])("of %s", (kind, heading) => {
  const rows = tableRows(section(page, heading)).filter(([field = ""]) => field.startsWith("`"));
  const said = rows.flatMap(([cell = ""]) => codeSpans({ path: "", text: cell }));
  const wanted = new Set((fields[kind] ?? []).map((path) => path.split(/[.[]/)[0]!));
  expect(wanted.size).toBeGreaterThan(2);
  expect([...said].sort()).toEqual([...wanted].sort());
  for (const [field, verdict = "", more = ""] of rows) {
    expect(["same", "differs", "not there", ""], field).toContain(verdict);
    // Without a verdict it says where to look.
    if (verdict !== "same") expect(more, field).not.toBe("");
  }
});
