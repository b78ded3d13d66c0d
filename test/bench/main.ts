/**
 * `npm run bench -- [NAME …] [--quick] [--json FILE] [--base FOLDER]`: every row of design 13, side by side with its rival in one run.
 * `--json` writes {"rows": [{"name", "ratio", "goal", "met"}]}. docs/performance.md says how each figure is taken.
 * `--base` names a folder that keeps the large repository, for the next run to begin with.
 */
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { benchApply } from "./apply.ts";
import { benchBacklog } from "./backlog.ts";
import { type BenchOptions, type BenchRow, formatRow, isMet } from "./bench-row.ts";
import { benchConnections } from "./connections.ts";
import { benchDelivery } from "./delivery.ts";
import { benchDrift } from "./drift.ts";
import { benchFanOut } from "./fan-out.ts";
import { benchFleet } from "./fleet.ts";
import { benchLatency } from "./latency.ts";
import { benchManifests } from "./manifests.ts";
import { benchMatching } from "./matching.ts";
import { benchSharedObject } from "./shared-object.ts";
import { benchStartup } from "./startup.ts";
import { benchTemplates } from "./templates.ts";
import { benchLarge, benchThroughput } from "./throughput.ts";

type Bench = (options: BenchOptions) => Promise<readonly BenchRow[]>;

const benches: Readonly<Record<string, Bench>> = {
  throughput: benchThroughput,
  latency: benchLatency,
  "fan-out": benchFanOut,
  templates: async (options) => [...(await benchTemplates(options)), ...(await benchManifests(options))],
  matching: benchMatching,
  shared: benchSharedObject,
  startup: benchStartup,
  backlog: benchBacklog,
  apply: benchApply,
  drift: benchDrift,
  delivery: benchDelivery,
  fleet: benchFleet,
  connections: benchConnections,
  large: benchLarge,
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { quick: { type: "boolean", default: false }, json: { type: "string" }, base: { type: "string" } },
});
const options = { isQuick: values.quick, ...(values.base === undefined ? {} : { base: values.base }) };
const names = positionals.length > 0 ? positionals : Object.keys(benches);
const rows: BenchRow[] = [];
for (const name of names) {
  const bench = Object.hasOwn(benches, name) ? benches[name] : undefined;
  if (bench === undefined) {
    console.error(`no bench ${name}; there are: ${Object.keys(benches).join(", ")}`);
    process.exit(2);
  }
  for (const row of await bench(options)) {
    console.log(formatRow(row));
    rows.push(row);
  }
}
if (values.json !== undefined) {
  const plain = rows.map((row) => ({
    name: row.name,
    ratio: row.ratio,
    goal: "atLeast" in row.goal ? `>= ${row.goal.atLeast}` : `<= ${row.goal.atMost}`,
    met: isMet(row),
    detail: row.detail,
  }));
  writeFileSync(values.json, `${JSON.stringify({ rows: plain }, undefined, 2)}\n`);
}
console.log(`${rows.filter(isMet).length} of ${rows.length} goals met`);
process.exit(0);
