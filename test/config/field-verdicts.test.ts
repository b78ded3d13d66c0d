/** Every field of Sveltos' own CRDs has a verdict that is true, is shown by a test that is there, and stands in the docs. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { loadCatalog } from "../../src/config/load-catalog.ts";
import { findProjectRoot } from "../tools/find-project-root.ts";
import { readKeptFields } from "../tools/sveltos-fields.ts";
import { fieldVerdicts, type Verdict } from "./field-verdicts.ts";

const kept = readKeptFields().fields;
const kinds = Object.keys(fieldVerdicts);

function verdictOf(kind: string, field: string): string | undefined {
  const isWithin = (name: string) => field === name || field.startsWith(`${name}.`) || field.startsWith(`${name}[]`);
  return Object.keys(fieldVerdicts[kind]!)
    .filter(isWithin)
    .sort((a, b) => b.length - a.length)[0];
}

it.each(kinds)("%s: all have a verdict, and no verdict is of a field that there is not", (kind) => {
  const fields = kept[kind] ?? [];
  expect(fields.length).toBeGreaterThan(10);
  expect(fields.filter((field) => verdictOf(kind, field) === undefined)).toEqual([]);
  expect(Object.keys(fieldVerdicts[kind]!).filter((name) => !fields.includes(name))).toEqual([]);
});

it("no kind is left out", () => {
  expect(Object.keys(kept).sort()).toEqual([...kinds].sort());
});

const documents: Readonly<Record<string, string>> = {
  EventSource:
    "apiVersion: lib.projectsveltos.io/v1beta1\nkind: EventSource\nmetadata: {name: a}\nspec:\n  messagingMatchCriteria: [{subject: a}]\n",
  EventTrigger:
    "apiVersion: lib.projectsveltos.io/v1beta1\nkind: EventTrigger\nmetadata: {name: a}\nspec:\n  eventSourceName: login\n  sourceClusterSelector: {matchLabels: {a: b}}\n",
  ClusterProfile:
    "apiVersion: config.projectsveltos.io/v1beta1\nkind: ClusterProfile\nmetadata: {name: a}\nspec:\n  clusterSelector: {matchLabels: {a: b}}\n",
  Profile:
    "apiVersion: config.projectsveltos.io/v1beta1\nkind: Profile\nmetadata: {name: a, namespace: b}\nspec:\n  clusterSelector: {matchLabels: {a: b}}\n",
};
const eventSource =
  "apiVersion: lib.projectsveltos.io/v1beta1\nkind: EventSource\nmetadata: {name: login}\nspec: {messagingMatchCriteria: [{subject: login}]}\n---\n";

describe("warned", () => {
  const warned = kinds.flatMap((kind) =>
    Object.entries(fieldVerdicts[kind]!).flatMap(([field, verdict]) =>
      "warned" in verdict ? [[kind, field, verdict.warned] as const] : [],
    ),
  );
  it.each(warned)("%s %s", (kind, field, written) => {
    const text = `${eventSource}${documents[kind]}  ${written}\n`;
    const { problems } = loadCatalog([{ path: "a.yaml", text }], { compatibility: "strict" });
    const told = problems.filter(({ code }) => code === "FIELD_WITHOUT_EFFECT");
    expect(problems.filter(({ severity }) => severity === "error")).toEqual([]);
    expect(told).toHaveLength(1);
    const name = field.split(/[.[]/)[field.startsWith("kustomizationRefs") ? 0 : field.split(/[.[]/).length - 1]!;
    expect(told[0]?.message).toContain(name.replace("]", ""));
  });
});

const testOf = (verdict: Verdict): string =>
  "rendered" in verdict
    ? verdict.rendered
    : "delivered" in verdict
      ? verdict.delivered
      : "undelivered" in verdict
        ? verdict.undelivered
        : "";

it("tests that show them are there", () => {
  const named = kinds.flatMap((kind) => Object.values(fieldVerdicts[kind]!).map(testOf));
  expect([...new Set(named)].filter((path) => path !== "" && !existsSync(join(findProjectRoot(), path)))).toEqual([]);
});

it("and name the field", () => {
  const silent = kinds.flatMap((kind) =>
    Object.entries(fieldVerdicts[kind]!).flatMap(([field, verdict]) => {
      const path = testOf(verdict);
      const name = field
        .split(/[.[\]]+/)
        .filter(Boolean)
        .at(-1)!;
      return path === "" || readFileSync(join(findProjectRoot(), path), "utf8").includes(name)
        ? []
        : [`${field}: ${path}`];
    }),
  );
  expect(silent).toEqual([]);
});

function describeVerdict(verdict: Verdict): string {
  if ("harmless" in verdict) return `nothing to do: ${verdict.harmless} |`;
  if ("warned" in verdict) return "a warning (FIELD_WITHOUT_EFFECT) | `test/config/field-verdicts.test.ts`";
  const [words] = Object.keys(verdict);
  const said = { rendered: "rendered", delivered: "for delivery", undelivered: "a warning (DELIVERY_IMPOSSIBLE)" };
  return `${said[words as keyof typeof said]} | \`${testOf(verdict)}\``;
}

/** Kinds with the same verdicts share a table. */
function writeTables(): string {
  const titles = new Map<string, string[]>();
  for (const kind of kinds) {
    const rows = Object.entries(fieldVerdicts[kind]!).map(
      ([field, one]) => `| \`${field}\` | ${describeVerdict(one)} |`,
    );
    const text = ["| field of `spec` | what becomes of it | shown by |", "| --- | --- | --- |", ...rows].join("\n");
    titles.set(text, [...(titles.get(text) ?? []), kind]);
  }
  return [...titles].map(([text, of]) => `## ${of.join(", ")}\n\n${text}\n`).join("\n");
}

it("docs/sveltos-fields.md says the same", () => {
  const path = join(findProjectRoot(), "docs/sveltos-fields.md");
  const page = readFileSync(path, "utf8");
  const at = page.indexOf("## ");
  const expected = `${page.slice(0, at)}${writeTables()}`;
  if (process.env.UPDATE_GOLDEN !== undefined) writeFileSync(path, expected);
  else expect(page).toBe(expected);
});
