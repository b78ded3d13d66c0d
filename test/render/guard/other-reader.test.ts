/**
 * PyYAML's verdicts on the guard, kept from `npm run fuzz:guard -- --fixture 240`: of hostile values nothing is taken that changes
 * more than its own scalar, and of legitimate templates none is refused. `npm run test:all` asks PyYAML itself.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { isAlias, isMap, isScalar, isSeq, type Node, parseAllDocuments } from "yaml";
import { type Json, type JsonObject, parseJson } from "../../../src/model/json.ts";
import { findProjectRoot } from "../../tools/find-project-root.ts";
import type { PythonReading, Tree } from "../../tools/guard/python-yaml.ts";
import type { GuardCase, Use } from "../../tools/guard/random-case.ts";
import { judgeCase, prepareCase } from "../../tools/guard/run-cases.ts";

interface KeptCase {
  readonly isLegitimate: boolean;
  readonly guardCase: GuardCase;
  readonly harmless: PythonReading;
  readonly reading: PythonReading;
}

function readCase(line: string): KeptCase {
  const { isLegitimate, engine, template, uses, harmless, reading } = JSON.parse(line) as GuardCase & KeptCase;
  const values = (parseJson(line) as JsonObject).get("values") as readonly Json[];
  return { isLegitimate, guardCase: { engine, template, uses: uses as readonly Use[], values }, harmless, reading };
}

/** A manifest as PyYAML would show it; of its scalars only strings need a reader's opinion, which is YAML 1.1's. */
function readManifest(text: string): PythonReading {
  return parseAllDocuments(text, { version: "1.1" }).map(({ contents }) => show(contents as Node | null));
}

function show(node: Node | null): Tree {
  if (isSeq(node)) return node.items.map((item) => show(item as Node));
  if (isMap(node)) return { m: node.items.map(({ key, value }) => [show(key as Node), show(value as Node | null)]) };
  if (!isScalar(node) || isAlias(node)) throw new Error("a manifest has no aliases");
  if (typeof node.value === "string") return node.value;
  const tag = node.value === null ? "null" : typeof node.value === "boolean" ? "bool" : "int";
  return { s: node.source ?? "", t: tag };
}

const fixture = join(findProjectRoot(), "test", "fixtures", "guard-verdicts.jsonl");
const cases = readFileSync(fixture, "utf8").trimEnd().split("\n").map(readCase);

it("nothing is taken or refused that PyYAML would not have so", () => {
  const outcomes = { template: 0, failed: 0, taken: 0, refused: 0 };
  for (const { isLegitimate, guardCase, harmless, reading } of cases) {
    const prepared = prepareCase(guardCase);
    const [, manifest] = prepared.texts;
    const { outcome, fault } = judgeCase(prepared, harmless, [
      reading,
      manifest === undefined ? null : readManifest(manifest),
    ]);
    // Hostile values may be refused also where they would do no harm.
    if (!isLegitimate && fault?.startsWith("refused")) continue;
    expect(fault, `${guardCase.engine}\n${guardCase.template}\n${JSON.stringify(prepared.texts)}`).toBeUndefined();
    outcomes[outcome]++;
  }
  // The kept verdicts are on what is rendered and guarded today.
  expect(outcomes.taken).toBeGreaterThan(cases.length / 4);
  expect(outcomes.refused).toBeGreaterThan(cases.length / 4);
  expect(outcomes.template + outcomes.failed).toBeLessThan(cases.length / 20);
});
