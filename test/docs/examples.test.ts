/** Whatever YAML and JSON the pages print is what the program takes. */
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { loadCatalog } from "../../src/config/load-catalog.ts";
import { loadSettings } from "../../src/config/load-settings.ts";
import { parseConnection } from "../../src/config/parse-connection.ts";
import { formatProblem, type Problem } from "../../src/model/problem.ts";
import type { ConnectionSettings } from "../../src/model/settings.ts";
import { codeBlocks, readPage } from "./pages.ts";

const settingsFile = resolve("sluice.yaml");

function errors(problems: readonly Problem[]): readonly string[] {
  return problems.filter(({ severity }) => severity === "error").map(formatProblem);
}

const leastSettings = `apiVersion: sluice.dev/v1alpha1
kind: Settings
repository: {url: ./fleet.git, branch: main, author: {name: sluice, email: sluice@example.com}}
connections: [{name: bus, file: ./nats.json}]
state: {directory: ./state}
`;

const connectionSettings: ConnectionSettings = {
  name: "bus",
  file: resolve("nats.json"),
  connectTo: new Map(),
  at: { file: settingsFile, line: 1, column: 1 },
};

describe.each(["README.md", "docs/documents.md", "docs/settings.md"])("%s", (path) => {
  const blocks = codeBlocks(readPage(path)).filter(({ language }) => language === "yaml" || language === "json");
  const settings = blocks.filter(({ text }) => /^kind: Settings$/m.test(text));
  const connections = blocks.filter(({ language }) => language === "json");
  // Cases are run where the page's commands are: test/e2e/newcomer.test.ts.
  const cases = blocks.filter(({ text }) => /^kind: Tests$/m.test(text));
  // Without a kind: keys of the settings, to be put among others.
  const parts = blocks.filter(({ language, text }) => language === "yaml" && !/^kind: /m.test(text));
  const others = [...settings, ...connections, ...cases, ...parts];
  const documents = blocks.filter((block) => !others.includes(block));

  it("prints examples", () => {
    expect(blocks.length).toBeGreaterThan(2);
  });

  it.each(settings)("has settings that load at line $line", ({ text }) => {
    expect(errors(loadSettings(text, settingsFile).problems)).toEqual([]);
  });

  it.each(parts)("has keys of the settings that load at line $line", ({ text }) => {
    expect(errors(loadSettings(`${leastSettings}${text}`, settingsFile).problems)).toEqual([]);
  });

  it.each(connections)("has a connection that can be read at line $line", ({ text }) => {
    const { problems } = parseConnection(text, "nats.json", connectionSettings, () => "-----BEGIN CERTIFICATE-----");
    expect(problems.map(formatProblem)).toEqual([]);
  });

  it("has documents that make a catalog together", () => {
    const files = documents.map(({ text, line }) => ({ path: `${path}-${line}.yaml`, text }));
    const { value, problems } = loadCatalog(files, { compatibility: "strict" });
    expect(errors(problems)).toEqual([]);
    expect(value.documents.size).toBe(files.flatMap(({ text }) => text.match(/^kind: /gm) ?? []).length);
  });
});
