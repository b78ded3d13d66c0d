/**
 * Sprig's corners that the vectors do not have: each case was run with Go 1.26 and the libraries of the vectors.
 * `fails` is Go's message; ours only has to fail, in its own words.
 */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { runTemplate } from "./run-template.ts";

type Case = { template: string } & ({ prints: string } | { fails: string });

const file = new URL("../../fixtures/sprig/cases.json", import.meta.url);
const families = JSON.parse(readFileSync(file, "utf8")) as Record<string, Case[]>;

for (const [family, cases] of Object.entries(families)) {
  describe(family, () => {
    it.each(cases)("$template", (expected) => {
      const wanted = "prints" in expected ? { prints: expected.prints } : { code: "TEMPLATE_FAILED" };
      expect(runTemplate(expected.template)).toEqual(wanted);
    });
  });
}
