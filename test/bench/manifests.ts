/**
 * `npm run bench -- manifests`: from template and data to canonical manifests, guard included, against Go's text/template
 * with Sveltos' functions plus sigs.k8s.io/yaml (unmarshal and marshal), in turns on this machine. The best of the turns
 * counts.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { type JsonObject, parseJson } from "../../src/model/json.ts";
import type { TemplateSource } from "../../src/model/template.ts";
import { compileGoTemplate } from "../../src/render/compile-go-template.ts";
import { type ManifestOptions, readManifests } from "../../src/render/read-manifests.ts";
import { findProjectRoot } from "../tools/find-project-root.ts";
import { askGo } from "../tools/gotemplate.ts";
import { type BenchOptions, type BenchRow, formatNumber } from "./bench-row.ts";

const cases = [
  { name: "the seed's Namespace", file: undefined, iterations: 100_000 },
  { name: "Deployment: range, define, Sprig", file: "deployment.tmpl", iterations: 2_000 },
  { name: "toYaml-heavy ConfigMap", file: "settings.tmpl", iterations: 3_000 },
];
const context = { clock: Date.UTC(2026, 1, 3) };
const options: ManifestOptions = {
  provenance: { owner: "EventTrigger/bench", entity: "0123456789abcdef", instance: "sluice" },
  extraLabels: new Map(),
  extraAnnotations: new Map(),
};

export async function benchManifests({ isQuick }: BenchOptions): Promise<readonly BenchRow[]> {
  const turns = isQuick ? 2 : 5;
  const rows: BenchRow[] = [];
  const folder = join(findProjectRoot(), "test", "bench", "templates");
  const data = parseJson(readFileSync(join(folder, "event.json"), "utf8")) as JsonObject;
  for (const { name, file, iterations } of cases) {
    const template = file === undefined ? seedTemplate() : readFileSync(join(folder, file), "utf8");
    let goBest = Number.POSITIVE_INFINITY;
    let ownBest = Number.POSITIVE_INFINITY;
    let templateBest = Number.POSITIVE_INFINITY;
    for (let turn = 0; turn < turns; turn++) {
      const go = askGo("bench", [{ template, data, missingKey: "error", iterations, yaml: true }])[0]!;
      if (go.error !== undefined) throw new Error(go.error);
      goBest = Math.min(goBest, go.nanoseconds! / 1000);
      const own = measure(template, data, iterations);
      ownBest = Math.min(ownBest, own.all);
      templateBest = Math.min(templateBest, own.template);
    }
    rows.push({
      name: `rendering with guard and YAML, ${name}: times faster than Go's text/template and sigs.k8s.io/yaml`,
      ratio: goBest / ownBest,
      goal: { atLeast: 3 },
      detail: `Sluice ${formatNumber(ownBest)} µs (template alone ${formatNumber(templateBest)} µs), Go ${formatNumber(goBest)} µs`,
    });
  }
  return rows;
}

/** The template in the ConfigMap of the seed's first example. */
function seedTemplate(): string {
  const file = join(findProjectRoot(), "test", "fixtures", "examples", "1-create-namespace", "config.yaml");
  const documents = parseAllDocuments(readFileSync(file, "utf8"));
  return documents.at(-1)!.getIn(["data", "namespace.yaml"]) as string;
}

/** Microseconds per rendering, all of it and the template alone. */
function measure(text: string, data: JsonObject, iterations: number): { all: number; template: number } {
  const source: TemplateSource = { text, engine: "go", file: "bench", part: "bench", line: 1, column: 1 };
  const { template, problems } = compileGoTemplate(source);
  if (template === undefined) throw new Error(problems[0]!.message);
  const once = readManifests(template.render(data, context), source, options);
  if (once.value.length === 0 || once.problems.length > 0) throw new Error(JSON.stringify(once.problems));

  let length = 0;
  const started = process.hrtime.bigint();
  for (let index = 0; index < iterations; index++) length += template.render(data, context).text.charCodeAt(0);
  const between = process.hrtime.bigint();
  for (let index = 0; index < iterations; index++) {
    const { value } = readManifests(template.render(data, context), source, options);
    for (const manifest of value) length += manifest.text.charCodeAt(0);
  }
  const ended = process.hrtime.bigint();
  if (length === 0) throw new Error("nothing was rendered");
  return { all: Number(ended - between) / iterations / 1000, template: Number(between - started) / iterations / 1000 };
}
