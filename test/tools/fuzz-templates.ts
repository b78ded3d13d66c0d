/**
 * `npm run fuzz:templates -- [--cases N] [--seed N] [--keep N]`: random templates and data through the engine and
 * through Go. Prints the first difference (or up to N of them), made as small as can be, and exits with 1.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type JsonObject, writeJson } from "../../src/model/json.ts";
import { findProjectRoot } from "./find-project-root.ts";
import { type Difference, type FuzzCase, findDifferences, minimize } from "./fuzz/compare.ts";
import { Random } from "./fuzz/random.ts";
import { randomData } from "./fuzz/random-data.ts";
import { changeCharacters, isRepeatable, randomTemplate } from "./fuzz/random-template.ts";
import { readVectors, type Vector } from "./vectors/run-vector.ts";

const chunk = 2_000;
const { values } = parseArgs({
  options: {
    cases: { type: "string", default: "100000" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
    keep: { type: "string", default: "1" },
  },
});
const [cases, seed, keep] = [Number(values.cases), Number(values.seed), Number(values.keep)];
const vectorFile = join(findProjectRoot(), "test", "fixtures", "vectors", "go-templates.jsonl");
const vectors = readVectors(readFileSync(vectorFile, "utf8")).filter(
  ({ root, data }) => root === "map" && data instanceof Map,
);
const random = new Random(seed);
const found: Difference[] = [];
let done = 0;

while (done < cases && found.length < keep) {
  const batch = Array.from({ length: Math.min(chunk, cases - done) }, randomCase);
  for (const difference of findDifferences(batch).slice(0, keep - found.length)) {
    const smallest = minimize(difference);
    found.push(smallest);
    const { template, data, missingKey } = smallest.fuzzCase;
    console.log(JSON.stringify({ template, missingKey, data: JSON.parse(writeJson(data)) }));
    console.log(`  go  ${JSON.stringify(smallest.go)}\n  own ${JSON.stringify(smallest.own)}`);
  }
  done += batch.length;
  if (process.stdout.isTTY) process.stderr.write(`\r${done} cases`);
}
console.log(`seed ${seed}: ${done} cases, ${found.length} differences`);
process.exitCode = found.length === 0 ? 0 : 1;

function randomCase(): FuzzCase {
  const missingKey = random.pick(["default", "default", "zero", "error"] as const);
  for (;;) {
    const isChanged = random.chance(0.25);
    const vector: Vector | undefined = isChanged ? random.pick(vectors) : undefined;
    const template = vector === undefined ? randomTemplate(random) : changeCharacters(random, vector.template);
    const data = vector === undefined ? randomData(random) : (vector.data as JsonObject);
    if (isRepeatable(template)) return { template, data, missingKey };
  }
}
