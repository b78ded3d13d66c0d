/**
 * `npm run fuzz:guard -- [--cases N] [--legitimate N] [--seed N] [--keep N] [--fixture N]`: random templates with values that
 * mean harm, and legitimate ones. PyYAML judges: of the first nothing is taken that changes more than its own scalar, of the
 * second nothing is refused. Prints differences and exits with 1. `--fixture` writes N cases with PyYAML's verdicts for
 * `npm test`.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { writeJson } from "../../src/model/json.ts";
import { findProjectRoot } from "./find-project-root.ts";
import { Random } from "./fuzz/random.ts";
import { readWithPython } from "./guard/python-yaml.ts";
import { type GuardCase, randomGuardCase, randomLegitimateCase } from "./guard/random-case.ts";
import { prepareCase, runCases } from "./guard/run-cases.ts";

const chunk = 1_000;
const { values } = parseArgs({
  options: {
    cases: { type: "string", default: "200000" },
    legitimate: { type: "string", default: "20000" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
    keep: { type: "string", default: "10" },
    fixture: { type: "string" },
  },
});
const seed = Number(values.seed);
let faults = 0;

if (values.fixture === undefined) {
  attack("hostile", Number(values.cases), randomGuardCase, "taken");
  attack("legitimate", Number(values.legitimate), randomLegitimateCase, "refused");
  process.exitCode = faults === 0 ? 0 : 1;
} else {
  writeFixture(Number(values.fixture));
}

function attack(name: string, count: number, make: (random: Random) => GuardCase, wrong: "taken" | "refused"): void {
  const random = new Random(seed);
  const counts = { template: 0, failed: 0, taken: 0, refused: 0 };
  let found = 0;
  for (let judged = 0; judged < count; ) {
    for (const { guardCase, outcome, fault } of runCases(
      Array.from({ length: chunk }, () => make(random)),
      wrong,
    )) {
      counts[outcome]++;
      // A case that renders to no manifest with harmless values is none.
      if (outcome !== "template") judged++;
      if (fault === undefined || !fault.startsWith(wrong)) continue;
      if (found++ < Number(values.keep)) show(guardCase, fault);
    }
  }
  faults += found;
  const { template, failed, taken, refused } = counts;
  const judged = failed + taken + refused;
  console.log(
    `${name}, seed ${seed}: ${judged} cases (${taken} taken, ${refused} refused, ${failed} failed in the template; ` +
      `${template} made no manifest), ${found} differences`,
  );
}

function show({ engine, template, values }: GuardCase, fault: string): void {
  const data = JSON.stringify(values.map((value) => JSON.parse(writeJson(value))));
  console.log(`${fault}\n${engine} ${JSON.stringify(template)}\n  ${data}`);
}

function writeFixture(count: number): void {
  const random = new Random(seed);
  const lines: string[] = [];
  while (lines.length < count) {
    const isLegitimate = lines.length % 4 === 3;
    const guardCase = isLegitimate ? randomLegitimateCase(random) : randomGuardCase(random);
    const prepared = prepareCase(guardCase);
    if (prepared.outcome === "template" || prepared.outcome === "failed" || guardCase.template.length > 400) continue;
    const [harmless] = readWithPython([prepared.harmless], true);
    const [reading] = readWithPython(prepared.texts.slice(0, 1));
    if (harmless === null) continue;
    const { engine, template, uses } = guardCase;
    const own = `"values":${writeJson(guardCase.values)}`;
    lines.push(`${JSON.stringify({ isLegitimate, engine, template, uses, harmless, reading }).slice(0, -1)},${own}}`);
  }
  const path = join(findProjectRoot(), "test", "fixtures", "guard-verdicts.jsonl");
  writeFileSync(path, `${lines.join("\n")}\n`);
  console.log(`${lines.length} cases in ${path}`);
}
