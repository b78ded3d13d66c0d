/**
 * The simulation by itself: `npm run sim -- --seeds N [--first S]`, or `--seed S` for one that failed. What it is of is
 * built first.
 */
import { spawnSync } from "node:child_process";
import { parseArgs } from "node:util";

const { values } = parseArgs({
  options: { seeds: { type: "string" }, first: { type: "string" }, seed: { type: "string" } },
});
const variables = { seeds: "SLUICE_SIM_SEEDS", first: "SLUICE_SIM_FIRST", seed: "SLUICE_SIM_SEED" };
for (const [option, value] of Object.entries(values)) {
  if (!/^[1-9][0-9]*$/.test(value)) {
    console.error(`--${option} takes a number, not ${value}`);
    process.exit(2);
  }
  process.env[variables[option]] = value;
}
const args = ["vitest", "run", "--project", "integration", "test/sim/simulation.test.ts"];
const { status } = spawnSync("npx", args, { stdio: "inherit" });
process.exit(status ?? 1);
