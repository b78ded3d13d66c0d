/** docs/errors.md has every code with what to do about it, and knows no other. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { findProjectRoot } from "../tools/find-project-root.ts";
import { readPage, tableRows } from "./pages.ts";

it("has every error code, and no others", () => {
  const source = readFileSync(join(findProjectRoot(), "src", "model", "problem.ts"), "utf8");
  const union = source.slice(source.indexOf("export type ErrorCode"), source.indexOf("export interface Problem"));
  const codes = [...union.matchAll(/^ {2}\| "([A-Z_0-9]+)"/gm)].map(([, code]) => code).sort();
  const rows = tableRows(readPage("docs/errors.md")).filter(([code = ""]) => /^`[A-Z_]+`$/.test(code));
  expect(codes.length).toBeGreaterThan(60);
  expect(rows.map(([code = ""]) => code.slice(1, -1)).sort()).toEqual(codes);
  for (const [code, meaning = "", remedy = ""] of rows) {
    expect(meaning.length, code).toBeGreaterThan(5);
    expect(remedy.length, code).toBeGreaterThan(3);
  }
});
