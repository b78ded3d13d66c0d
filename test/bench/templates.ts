/**
 * `npm run bench -- templates`: rendering against Go's text/template with Sveltos' functions, same templates and data,
 * in turns on this machine. The best of the turns counts, because everything else on the machine only slows.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type JsonObject, parseJson } from "../../src/model/json.ts";
import type { RenderContext } from "../../src/model/template.ts";
import { compileGoTemplate } from "../../src/render/go/go-template.ts";
import { findProjectRoot } from "../tools/find-project-root.ts";
import { askGo } from "../tools/gotemplate.ts";

const cases = [
  { name: "the seed's Namespace", file: "namespace.tmpl", iterations: 200_000 },
  { name: "Deployment: range, define, Sprig", file: "deployment.tmpl", iterations: 4_000 },
  { name: "toYaml-heavy ConfigMap", file: "settings.tmpl", iterations: 4_000 },
];
const turns = 5;
const context: RenderContext = { clock: Date.UTC(2026, 1, 3) };

export function benchTemplates(): void {
  const folder = join(findProjectRoot(), "test", "bench", "templates");
  const data = parseJson(readFileSync(join(folder, "event.json"), "utf8")) as JsonObject;
  console.log("template                          Go µs   Sluice µs   times faster");
  for (const { name, file, iterations } of cases) {
    const template = readFileSync(join(folder, file), "utf8");
    let goBest = Number.POSITIVE_INFINITY;
    let ownBest = Number.POSITIVE_INFINITY;
    for (let turn = 0; turn < turns; turn++) {
      const go = askGo("bench", [{ template, data, missingKey: "error", iterations }])[0]!;
      if (go.error !== undefined) throw new Error(go.error);
      goBest = Math.min(goBest, go.nanoseconds! / 1000);
      ownBest = Math.min(ownBest, measure(template, data, iterations, go.output.toString("utf8")));
    }
    const ratio = (goBest / ownBest).toFixed(2);
    console.log(
      `${name.padEnd(32)} ${goBest.toFixed(2).padStart(7)} ${ownBest.toFixed(2).padStart(11)} ${ratio.padStart(14)}`,
    );
  }
}

/** Microseconds per rendering; the result must be what Go printed. */
function measure(text: string, data: JsonObject, iterations: number, wanted: string): number {
  const source = { text, engine: "go", file: "bench", part: "bench", line: 1, column: 1 } as const;
  const { template, problems } = compileGoTemplate(source);
  if (template === undefined) throw new Error(problems[0]!.message);
  const rendered = template.render(data, context).text;
  if (rendered !== wanted) throw new Error(`rendered otherwise than by Go:\n${rendered}\n--- Go:\n${wanted}`);
  const started = process.hrtime.bigint();
  let length = 0;
  // Reading a character makes the engine put the parts of the text together, as any use of it would.
  for (let index = 0; index < iterations; index++) length += template.render(data, context).text.charCodeAt(0);
  const elapsed = Number(process.hrtime.bigint() - started);
  if (length === 0) throw new Error("nothing was rendered");
  return elapsed / iterations / 1000;
}
