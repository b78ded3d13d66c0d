/**
 * What must hold of a world that has come to rest, and of everything that happened in it: told by the repository's history
 * alone, so that a build that is broken somewhere can't agree with itself.
 */
import { expect } from "vitest";
import { parseRecord } from "../../src/plan/record-file.ts";
import { walkFiles } from "../fakes/git-objects.ts";
import { storedCheckpoint } from "../fakes/stored-checkpoint.ts";
import { stateBranch } from "../pipeline/service-bench.ts";
import { Oracle, ownManifests, wishesOf } from "./oracle.ts";
import type { World } from "./world.ts";

/** Throws where something does not hold. */
export async function checkInvariants(world: World): Promise<void> {
  const { remote } = world;
  const state = remote.files(stateBranch);
  const last = world.deliveries.at(-1)?.position;
  const checkpoint = storedCheckpoint(state)!;

  // Everything was taken, and nothing is left to do.
  expect(checkpoint.positions.get(world.stream.name)).toEqual(last);
  if (world.guard !== "closed") expect(checkpoint.pending).toEqual({ passes: [], reviews: [] });
  // A crash may have come between the last push and its settling.
  const isKnown = last === undefined || last.sequence <= world.settledAtStart;
  if (!isKnown) expect(world.stream.settled(), "what had its effect is settled").toEqual(last);

  // The target is the projection of the desired tree, and what people put there is there.
  const target = remote.files("main");
  const rendered = [...target].filter(([path]) => path.startsWith("rendered/") && !world.foreign.has(path));
  const desired = [...state].filter(([path]) => path.startsWith("desired/"));
  expect(rendered.map(([path, text]) => [path.replace("rendered/", "desired/"), text])).toEqual(desired);
  for (const [path, text] of world.foreign) expect(target.get(path), path).toBe(text);

  await checkHistory(world, state);
  checkMessages(world);
  checkRemovals(world);
  checkTerms(world);
  checkFailures(world);
  checkCommits(world);
}

/** Who leads has a term of its own, and nobody writes the state once there is a higher one. */
function checkTerms({ remote }: World): void {
  const holders = new Map<number, string>();
  let highest = 0;
  for (const { tree } of remote.history(stateBranch).reverse()) {
    const { number, holder } = storedCheckpoint(new Map(walkFiles(remote, tree)))!.term;
    expect(number, "a former leader wrote the state").toBeGreaterThanOrEqual(highest);
    expect(holders.get(number) ?? holder, `two lead in term ${number}`).toBe(holder);
    holders.set(number, holder);
    highest = number;
  }
}

/** A rendering that fails takes no object: those of the record are the ones that it had. */
function checkFailures({ remote, stream }: World): void {
  let before: ReadonlyMap<string, string> = new Map();
  for (const { tree } of remote.history(stateBranch).reverse()) {
    const files = new Map(walkFiles(remote, tree));
    const sequenceOf = (state: ReadonlyMap<string, string>) =>
      storedCheckpoint(new Map(state))?.positions.get(stream.name)?.sequence ?? 0;
    // Of several events in one commit an earlier one may have taken what a later one failed with.
    const isOne = before.size > 0 && sequenceOf(files) - sequenceOf(before) === 1;
    for (const [path, text] of isOne ? files : []) {
      const was = before.get(path);
      if (!path.startsWith("records/") || was === undefined || was === text) continue;
      const earlier = parseRecord(was, path);
      for (const [cluster, { failure, objects }] of parseRecord(text, path).clusters) {
        if (failure === undefined || failure.code === "OBJECT_CONFLICT") continue;
        const had = [...(earlier.clusters.get(cluster)?.objects.keys() ?? [])];
        expect([...objects.keys()], `${path} fails on ${cluster}`).toEqual(expect.arrayContaining(had));
      }
    }
    before = files;
  }
}

/** No commit of ours changes nothing; of the state, nothing but how many commits there were. */
function checkCommits({ remote }: World): void {
  const target = remote.history("main");
  for (const [index, { tree, message }] of target.entries()) {
    if (message.includes("Sluice-State:")) expect(tree, "an empty commit").not.toBe(target[index + 1]?.tree);
  }
  let before = "";
  for (const { tree } of remote.history(stateBranch).reverse()) {
    const files = [...walkFiles(remote, tree)].map(([path, text]) => `${path} ${text.replace(/"commits": \d+,/, "")}`);
    const state = files.join("\n");
    expect(state === before, "a state commit changes nothing").toBe(false);
    before = state;
  }
}

/**
 * No object goes that nobody asked to go: where the guard allows nothing and nobody approves anything, a state commit
 * that takes no delivery takes no object, but for those that only move, and those that were left where somebody asked to
 * forget these. What is left goes by nothing else, a Delete neither.
 */
function checkRemovals({ remote, stream, guard, hasForgotten }: World): void {
  let before:
    | { readonly sequence: number; readonly objects: ReadonlySet<string>; readonly left: ReadonlySet<string> }
    | undefined;
  for (const { tree } of remote.history(stateBranch).reverse()) {
    const files = new Map(walkFiles(remote, tree));
    const sequence = storedCheckpoint(files)?.positions.get(stream.name)?.sequence ?? 0;
    const all = [...files].filter(([path]) => path.startsWith("desired/") && path.includes("/triggers/"));
    const objects = new Set(all.map(([path]) => identityOf(path)));
    const left = new Set(all.flatMap(([path, text]) => (text.includes(leftMark) ? [identityOf(path)] : [])));
    const gone = [...(before?.objects ?? [])].filter((object) => !objects.has(object));
    const goneLeft = gone.filter((object) => before?.left.has(object));
    if (!hasForgotten && before?.sequence === sequence) expect(goneLeft).toEqual([]);
    if (guard === "closed" && before?.sequence === sequence) {
      expect(gone.filter((object) => !before?.left.has(object))).toEqual([]);
    }
    before = { sequence, objects, left };
  }
}

const leftMark = 'sluice.dev/left: "true"';

/** Cluster, namespace, kind and name: the same wherever the file stands. */
function identityOf(path: string): string {
  const parts = path.split("/");
  return [...parts.slice(1, 3), ...parts.slice(-3)].join("/");
}

/** The state is what the fold makes of the inputs one by one, in the order that the history tells. */
async function checkHistory(world: World, state: ReadonlyMap<string, string>): Promise<void> {
  const { remote, stream, deliveries } = world;
  const checkpoints = remote
    .history(stateBranch)
    .reverse()
    .map(({ tree }) => storedCheckpoint(new Map(walkFiles(remote, tree)))!);
  // A pass that is held has not come to its end, which the fold's passes always do.
  if (checkpoints.some(({ pending }) => pending.passes.some(({ held }) => held !== undefined))) return;
  const oracle = new Oracle(checkpoints[0]?.stateId ?? "");
  let before: (typeof checkpoints)[number] | undefined;
  for (const checkpoint of checkpoints) {
    const from = before?.positions.get(stream.name)?.sequence ?? 0;
    const to = checkpoint.positions.get(stream.name)?.sequence ?? 0;
    expect(to, "positions only grow").toBeGreaterThanOrEqual(from);
    const taken = deliveries.filter(({ position: { sequence } }) => sequence > from && sequence <= to);
    await oracle.advance(before, checkpoint, taken, world.catalogs);
    before = checkpoint;
  }
  const files = await oracle.files();
  expect(wishesOf(state)).toEqual(wishesOf(files));
  // The fold in memory gives no commands.
  if (!world.hasForgotten) expect(ownManifests(state)).toEqual(ownManifests(files));
}

/** Triggers that may tell of one event. */
const triggersOfWorld = 5;

/** No event is told twice, unless the push that told of it seemed lost and was then edited by somebody. */
function checkMessages({ remote, deliveries, hasEdits }: World): void {
  if (hasEdits) return;
  const told = remote.history("main").flatMap(({ message }) => message.match(/^Sluice-Event: .*$/gm) ?? []);
  const published = deliveries.map(({ payload }) => /"id":"(event-\d+)"/.exec(Buffer.from(payload).toString())?.[1]);
  for (const id of new Set(told.map((line) => line.split(" ").at(-1)))) {
    const times = told.filter((line) => line.endsWith(` ${id}`)).length;
    // Each of the triggers tells of it.
    const most = triggersOfWorld * published.filter((other) => other === id).length;
    expect(times, `${id} is told ${times} times`).toBeLessThanOrEqual(most);
  }
}
