/** Whatever settings a page prints are settings that load, wherever it stands. */
import { expect, it } from "vitest";
import { loadSettings } from "../../src/config/load-settings.ts";
import { formatProblem } from "../../src/model/problem.ts";
import { codeBlocks, readPages } from "./pages.ts";

const examples = readPages().flatMap((page) =>
  codeBlocks(page)
    .filter(({ text }) => /^kind: Settings$/m.test(text))
    .map(({ text, line }) => ({ where: `${page.path}:${line}`, text })),
);

it("finds them", () => {
  expect(examples.length).toBeGreaterThan(2);
});

it.each(examples)("$where loads", ({ text }) => {
  const { problems } = loadSettings(text, "/etc/sluice/sluice.yaml");
  expect(problems.filter(({ severity }) => severity === "error").map(formatProblem)).toEqual([]);
});
