/**
 * The simulation by itself: `--seeds N [--first S]`, or `--seed S` with its story where it fails. Plays them one after the other, names those that fail,
 * and says at the end what has happened in all of them.
 */
import { parseArgs } from "node:util";
import { playSeed } from "./play-seed.ts";

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "1000" },
    first: { type: "string", default: "1" },
    seed: { type: "string" },
  },
});
const only = values.seed === undefined ? undefined : Number(values.seed);
const first = only ?? Number(values.first);
const count = only === undefined ? Number(values.seeds) : 1;
const totals = new Map<string, number>();
const failed: number[] = [];
const since = performance.now();

for (let seed = first; seed < first + count; seed++) {
  try {
    const counts = await playSeed(seed, only === undefined ? undefined : (story) => console.log(story.join("\n")));
    for (const [name, number] of Object.entries(counts)) totals.set(name, (totals.get(name) ?? 0) + number);
  } catch (error) {
    failed.push(seed);
    console.log(`seed ${seed} fails:`, error);
  }
  const played = seed - first + 1;
  if (played % 100 === 0) {
    const each = Math.round((performance.now() - since) / played);
    console.log(`${played} of ${count} seeds, ${each} ms each, ${failed.length} failed`);
  }
}
const happened = [...totals].map(([name, number]) => `${number} ${name}`).join(", ");
console.log(`${count} seeds from ${first} on: ${failed.length} failed ${failed.join(" ")}; ${happened}`);
process.exitCode = failed.length === 0 ? 0 : 1;
