/**
 * `npm run bench -- templates`: rendering against Go's text/template with Sveltos' functions, same templates and data,
 * in turns on this machine. The best of the turns counts, because everything else on the machine only slows. CPU time
 * is of all threads, garbage collectors among them.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type JsonObject, parseJson } from "../../src/model/json.ts";
import type { RenderContext } from "../../src/model/template.ts";
import { compileGoTemplate } from "../../src/render/compile-go-template.ts";
import { findProjectRoot } from "../tools/find-project-root.ts";
import { askGo } from "../tools/gotemplate.ts";
import { type BenchOptions, type BenchRow, formatNumber } from "./bench-row.ts";

const cases = [
  { name: "the seed's Namespace", file: "namespace.tmpl", iterations: 200_000 },
  { name: "Deployment: range, define, Sprig", file: "deployment.tmpl", iterations: 4_000 },
  { name: "toYaml-heavy ConfigMap", file: "settings.tmpl", iterations: 3_000 },
];
const context: RenderContext = { clock: Date.UTC(2026, 1, 3) };

/** Microseconds per rendering. */
interface Cost {
  readonly wall: number;
  readonly cpu: number;
}

export async function benchTemplates({ isQuick }: BenchOptions): Promise<readonly BenchRow[]> {
  const turns = isQuick ? 2 : 5;
  const rows: BenchRow[] = [];
  const folder = join(findProjectRoot(), "test", "bench", "templates");
  const data = parseJson(readFileSync(join(folder, "event.json"), "utf8")) as JsonObject;
  for (const { name, file, iterations } of cases) {
    const template = readFileSync(join(folder, file), "utf8");
    const go: Cost[] = [];
    const own: Cost[] = [];
    for (let turn = 0; turn < turns; turn++) {
      const answer = askGo("bench", [{ template, data, missingKey: "error", iterations }])[0]!;
      if (answer.error !== undefined) throw new Error(answer.error);
      go.push({ wall: answer.nanoseconds! / 1000, cpu: answer.cpuNanoseconds! / 1000 });
      own.push(measure(template, data, iterations, answer.output.toString("utf8")));
    }
    const [goBest, ownBest] = [best(go), best(own)];
    rows.push({
      name: `rendering, ${name}: times faster than Go's text/template with Sprig`,
      ratio: goBest.wall / ownBest.wall,
      goal: { atLeast: 4 },
      detail: `Sluice ${describe(ownBest)}, Go ${describe(goBest)}; by CPU ${formatNumber(goBest.cpu / ownBest.cpu)} times`,
    });
  }
  return rows;
}

function describe({ wall, cpu }: Cost): string {
  return `${formatNumber(wall)} µs (CPU ${formatNumber(cpu)} µs)`;
}

function best(costs: readonly Cost[]): Cost {
  return { wall: Math.min(...costs.map(({ wall }) => wall)), cpu: Math.min(...costs.map(({ cpu }) => cpu)) };
}

/** The result must be what Go printed. */
function measure(text: string, data: JsonObject, iterations: number, wanted: string): Cost {
  const source = { text, engine: "go", file: "bench", part: "bench", line: 1, column: 1 } as const;
  const { template, problems } = compileGoTemplate(source);
  if (template === undefined) throw new Error(problems[0]!.message);
  const rendered = template.render(data, context).text;
  if (rendered !== wanted) throw new Error(`rendered otherwise than by Go:\n${rendered}\n--- Go:\n${wanted}`);
  const [started, cpuStarted] = [process.hrtime.bigint(), process.cpuUsage()];
  let bytes = 0;
  let ranges = 0;
  // Go leaves bytes in a buffer; counting them makes the engine put the parts of the text together.
  for (let index = 0; index < iterations; index++) {
    const { text: output, printed } = template.render(data, context);
    bytes += Buffer.byteLength(output);
    ranges += printed.length;
  }
  const elapsed = Number(process.hrtime.bigint() - started) / 1000;
  const { user, system } = process.cpuUsage(cpuStarted);
  if (ranges === 0 || bytes !== iterations * Buffer.byteLength(wanted))
    throw new Error("not always the same was rendered");
  return { wall: elapsed / iterations, cpu: (user + system) / iterations };
}
