/**
 * The simulation by itself: `--seeds N [--first S] [--jobs J]`, or `--seed S` with its story where it fails. Plays them one
 * after the other, in J processes at once, names those that fail, and says at the end what has happened in all of them.
 */
import { parseArgs } from "node:util";
import { playSeed } from "./play-seed.ts";
import { type Played, playHere, playInProcesses } from "./players.ts";

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "1000" },
    first: { type: "string", default: "1" },
    jobs: { type: "string", default: "1" },
    seed: { type: "string" },
  },
});
if (values.seed !== undefined) await playSeed(Number(values.seed), (story) => console.log(story.join("\n")));
else await playAll(Number(values.first), Number(values.seeds), Number(values.jobs));

async function playAll(first: number, count: number, jobs: number): Promise<void> {
  const totals = new Map<string, number>();
  const failed: number[] = [];
  const since = performance.now();
  let played = 0;
  const note = ({ seed, counts, error }: Played) => {
    if (error !== undefined) {
      failed.push(seed);
      console.log(`seed ${seed} fails: ${error}`);
    }
    for (const [name, number] of Object.entries(counts ?? {})) totals.set(name, (totals.get(name) ?? 0) + number);
    if (++played % 100 > 0) return;
    const each = Math.round((performance.now() - since) / played);
    console.log(`${played} of ${count} seeds, ${each} ms each, ${failed.length} failed`);
  };
  const seeds = Array.from({ length: count }, (_, index) => first + index);
  if (jobs > 1) await playInProcesses(seeds, jobs, note);
  else for (const seed of seeds) note(await playHere(seed));
  const happened = [...totals].map(([name, number]) => `${number} ${name}`).join(", ");
  console.log(
    `${count} seeds from ${first} on: ${failed.length} failed ${failed.sort((a, b) => a - b).join(" ")}; ${happened}`,
  );
  process.exitCode = failed.length === 0 ? 0 : 1;
}
