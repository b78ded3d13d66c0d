/**
 * Seeded simulation: whatever happens, every event has its effect exactly once, and the repository comes out right.
 *
 * `SLUICE_SIM_SEED=n` plays one seed, `SLUICE_SIM_SEEDS=n` that many.
 */
import { expect, it } from "vitest";
import { parseCheckpoint } from "../../src/plan/checkpoint-file.ts";
import { walkFiles } from "../fakes/git-objects.ts";
import { stateBranch } from "../pipeline/service-bench.ts";
import { desiredTexts, naiveRecords, recordsOf } from "../plan/compare-state.ts";
import { Oracle } from "./oracle.ts";
import { World } from "./world.ts";

const only = process.env.SLUICE_SIM_SEED;
const count = Number(process.env.SLUICE_SIM_SEEDS ?? 200);
const seeds = only === undefined ? Array.from({ length: count }, (_, index) => index + 1) : [Number(only)];
const steps = 50;

it(`holds for ${seeds.length} seeds`, async () => {
  for (const seed of seeds) {
    const world = new World(seed);
    try {
      await world.play(steps);
      check(world);
    } catch (error) {
      throw new Error(`seed ${seed} fails; play it with SLUICE_SIM_SEED=${seed}`, { cause: error });
    }
  }
});

function check(world: World): void {
  const { remote } = world;
  const state = remote.files(stateBranch);
  const last = world.deliveries.at(-1)?.position;
  const checkpoint = parseCheckpoint(state.get("checkpoint.json")!);

  // Everything was taken, and nothing is left to do.
  expect(checkpoint.positions.get(world.stream.name)).toEqual(last);
  expect(checkpoint.pending).toEqual({ triggers: [], records: [] });
  expect(world.stream.settled() ?? last, "what had its effect is settled").toEqual(last);

  // The target is the projection of the desired tree, and what people put there is there.
  const target = remote.files("main");
  const rendered = [...target].filter(([path]) => path.startsWith("rendered/") && !world.foreign.has(path));
  const desired = [...state].filter(([path]) => path.startsWith("desired/"));
  expect(rendered.map(([path, text]) => [path.replace("rendered/", "desired/"), text])).toEqual(desired);
  for (const [path, text] of world.foreign) expect(target.get(path), path).toBe(text);

  checkHistory(world, state);
  checkMessages(world);
}

/** The state is what the plain fold makes of the inputs, in the order that the history tells. */
function checkHistory(world: World, state: ReadonlyMap<string, string>): void {
  const { remote, stream, deliveries } = world;
  const checkpoints = remote
    .history(stateBranch)
    .reverse()
    .map(({ tree }) => new Map(walkFiles(remote, tree)).get("checkpoint.json")!)
    .map(parseCheckpoint);
  const oracle = new Oracle();
  let before: (typeof checkpoints)[number] | undefined;
  for (const checkpoint of checkpoints) {
    const from = before?.positions.get(stream.name)?.sequence ?? 0;
    const to = checkpoint.positions.get(stream.name)?.sequence ?? 0;
    expect(to, "positions only grow").toBeGreaterThanOrEqual(from);
    const taken = deliveries.filter(({ position: { sequence } }) => sequence > from && sequence <= to);
    // A batch is cut where each event has a commit of its own, and then the history does not tell everything.
    if (world.per === "batch") oracle.advance(before, checkpoint, taken, world.catalogs);
    before = checkpoint;
  }
  if (world.per !== "batch") return;
  expect(recordsOf(state)).toEqual(naiveRecords(oracle.fold));
  const clusterFiles = /\/sluice-cluster\.yaml$/;
  const desired = Object.entries(desiredTexts(state)).filter(([path]) => !clusterFiles.test(path));
  expect(Object.fromEntries(desired)).toEqual(Object.fromEntries(oracle.fold.desired()));
}

/** No event is told twice, unless the push that told of it seemed lost and was then edited by somebody. */
function checkMessages({ remote, deliveries, hasEdits }: World): void {
  if (hasEdits) return;
  const told = remote.history("main").flatMap(({ message }) => message.match(/^Sluice-Event: .*$/gm) ?? []);
  const published = deliveries.map(({ payload }) => /"id":"(event-\d+)"/.exec(Buffer.from(payload).toString())?.[1]);
  for (const id of new Set(told.map((line) => line.split(" ").at(-1)))) {
    const times = told.filter((line) => line.endsWith(` ${id}`)).length;
    // Each of the triggers tells of it.
    const most = 4 * published.filter((other) => other === id).length;
    expect(times, `${id} is told ${times} times`).toBeLessThanOrEqual(most);
  }
}
