/**
 * What must hold of a world that has come to rest, and of everything that happened in it: told by the repository's history
 * alone, so that a build that is broken somewhere can't agree with itself.
 */
import assert from "node:assert/strict";
import { parseOutbox } from "../../src/plan/outbox-file.ts";
import { parseRecord } from "../../src/plan/record-file.ts";
import { storedCheckpoint } from "../fakes/stored-checkpoint.ts";
import { stateBranch } from "../pipeline/service-bench.ts";
import { checkLateTrigger, isOfLateTrigger } from "./late-trigger.ts";
import { Oracle, ownManifests, wishesOf } from "./oracle.ts";
import { readStateHistory, type StateCommit } from "./state-history.ts";
import type { World } from "./world.ts";

/** Throws where something does not hold. */
export async function checkInvariants(world: World): Promise<void> {
  const { remote } = world;
  const state = remote.files(stateBranch);
  const checkpoint = storedCheckpoint(state)!;
  assert.deepEqual(world.violations, []);

  // Everything was taken, each once and in order, and nothing is left to do.
  for (const { id, isTaken, mayBeLost } of world.messages) assert(isTaken || mayBeLost, `${id} is lost`);
  checkOrder(world);
  if (world.guard !== "closed") assert.deepEqual(checkpoint.pending, { passes: [], reviews: [] });
  for (const stream of world.streams.values()) {
    const unsettled = stream.isOwned ? stream.stored.filter(({ isTaken }) => isTaken) : [];
    assert.deepEqual(unsettled, [], "what had its effect is settled");
  }

  checkTarget(world, state);

  const history = readStateHistory(world);
  await checkFold(world, history, state);
  checkLateTrigger(world, history, state);
  checkMessages(world);
  checkRemovals(world, history);
  checkTerms(history);
  checkFailures(history);
  checkCommits(world, history);
  checkOutcomes(world, history);
}

/** The target is the projection of the desired tree, or under review shows what people merged; theirs is there too. */
function checkTarget({ remote, foreign, forge, isReviewed }: World, state: ReadonlyMap<string, string>): void {
  const target = remote.files("main");
  for (const [path, text] of foreign) assert.equal(target.get(path), text, `a file of people: ${path}`);
  if (isReviewed) {
    assert.deepEqual(forge.lacks("main", foreign), []);
    for (const { author } of remote.history("main")) assert.equal(author.name, "Ada", "only people move the target");
    return;
  }
  const rendered = [...target].filter(([path]) => path.startsWith("rendered/") && !foreign.has(path));
  const desired = [...state].filter(([path]) => path.startsWith("desired/"));
  assert.deepEqual(
    rendered.map(([path, text]) => [path.replace("rendered/", "desired/"), text]),
    desired,
    "the target is the projection of the desired tree",
  );
}

/** All that any commit of the state was to tell was told, none before the server had that commit, and nothing waits. */
function checkOutcomes({ remote, hasOutcomes, toldOutcomes }: World, history: readonly StateCommit[]): void {
  if (!hasOutcomes) return;
  /** By outcome, the first commit that has it; by commit, how manieth it is. */
  const brought = new Map<string, number>();
  const order = new Map<string, number>();
  let letters = 0;
  for (const [index, { id, differences }] of history.entries()) {
    order.set(id, index);
    for (const { path, after } of differences) {
      if (!path.startsWith("outbox/") || after === undefined) continue;
      for (const outcome of parseOutbox(after, path).outcomes) {
        if (brought.has(outcome.id)) continue;
        brought.set(outcome.id, index);
        if (outcome.result === "dead-letter") letters++;
      }
    }
  }
  const told = new Set(toldOutcomes.map(({ id }) => id));
  for (const id of brought.keys()) assert(told.has(id), `outcome ${id} was never told`);
  for (const { id, head } of toldOutcomes) {
    const at = head === undefined ? -1 : (order.get(head) ?? -1);
    assert((brought.get(id) ?? Number.POSITIVE_INFINITY) <= at, `outcome ${id} was told before it was pushed`);
  }
  const waiting = [...remote.files(stateBranch, "outbox").keys()];
  assert.deepEqual(waiting, [], "what was told is still to be told");
  const kept = remote.files(stateBranch, "dead-letters").size;
  assert(letters >= kept, "a dead letter that nobody was told of");
}

/** What a stream brings has its effect in the order in which it was published. */
function checkOrder(world: World): void {
  const last = new Map<string, number>();
  for (const commit of world.history()) {
    for (const { message } of world.taken.get(commit) ?? []) {
      const index = world.messages.indexOf(message);
      assert(index > (last.get(message.stream) ?? -1), `${message.id} is taken behind a later one`);
      last.set(message.stream, index);
    }
  }
}

/** Who leads has a term of its own, and nobody writes the state once there is a higher one. */
function checkTerms(history: readonly StateCommit[]): void {
  const holders = new Map<number, string>();
  let highest = 0;
  for (const { checkpoint } of history) {
    const { number, holder } = checkpoint.term;
    assert(number >= highest, "a former leader wrote the state");
    assert.equal(holders.get(number) ?? holder, holder, `two lead in term ${number}`);
    holders.set(number, holder);
    highest = number;
  }
}

/** A rendering that fails takes no object: those of the record are the ones that it had. */
function checkFailures(history: readonly StateCommit[]): void {
  for (const { differences, taken } of history) {
    // Of several events in one commit an earlier one may have taken what a later one failed with.
    if (taken.length !== 1) continue;
    for (const { path, before, after } of differences) {
      if (!path.startsWith("records/") || before === undefined || after === undefined) continue;
      const earlier = parseRecord(before, path);
      for (const [cluster, { failure, objects }] of parseRecord(after, path).clusters) {
        if (failure === undefined || failure.code === "OBJECT_CONFLICT") continue;
        const had = [...(earlier.clusters.get(cluster)?.objects.keys() ?? [])];
        const gone = had.filter((object) => !objects.has(object));
        assert.deepEqual(gone, [], `${path} fails on ${cluster}, and objects go`);
      }
    }
  }
}

/** No commit of ours changes nothing; of the state, nothing but how many commits there were. */
function checkCommits({ remote }: World, history: readonly StateCommit[]): void {
  const target = remote.history("main");
  for (const [index, { tree, message }] of target.entries()) {
    if (message.includes("Sluice-State:")) assert.notEqual(tree, target[index + 1]?.tree, "an empty commit");
  }
  const withoutCount = (text: string | undefined) => text?.replace(/"commits": \d+,/, "");
  for (const { differences } of history) {
    const isChange = differences.some(({ before, after }) => withoutCount(before) !== withoutCount(after));
    assert(isChange, "a state commit changes nothing");
  }
}

/**
 * No object goes that nobody asked to go: where the guard allows nothing and nobody approves anything, a state commit
 * that takes no delivery takes no object, but for those that only move, and those that were left where somebody asked to
 * forget these. What is left goes by nothing else, a Delete neither.
 */
function checkRemovals({ guard, hasForgotten }: World, history: readonly StateCommit[]): void {
  /** By identity, where it stands. */
  const places = new Map<string, Map<string, { readonly isLeft: boolean }>>();
  for (const { differences, taken } of history) {
    const objects = differences.filter(({ path }) => path.startsWith("desired/") && path.includes("/triggers/"));
    const touched = new Set(objects.map(({ path }) => identityOf(path)));
    const wereLeft = new Map<string, boolean>();
    for (const identity of touched) {
      const before = places.get(identity);
      if (before !== undefined)
        wereLeft.set(
          identity,
          [...before.values()].some(({ isLeft }) => isLeft),
        );
    }
    for (const { path, after } of objects) {
      const identity = identityOf(path);
      const at = places.get(identity) ?? new Map<string, { readonly isLeft: boolean }>();
      places.set(identity, at);
      if (after === undefined) at.delete(path);
      else at.set(path, { isLeft: after.includes(leftMark) });
      if (at.size === 0) places.delete(identity);
    }
    if (taken.length > 0) continue;
    const gone = [...wereLeft].filter(([identity]) => !places.has(identity));
    const ofLeft = (were: boolean) => gone.filter(([, isLeft]) => isLeft === were).map(([identity]) => identity);
    if (!hasForgotten) assert.deepEqual(ofLeft(true), [], "what was left goes unasked");
    if (guard === "closed") assert.deepEqual(ofLeft(false), [], "an object goes unasked");
  }
}

const leftMark = 'sluice.dev/left: "true"';

/** Cluster, namespace, kind and name: the same wherever the file stands. */
function identityOf(path: string): string {
  const parts = path.split("/");
  return [...parts.slice(1, 3), ...parts.slice(-3)].join("/");
}

/** The state is what the fold makes of the inputs one by one, in the order that the history tells. */
async function checkFold(
  world: World,
  history: readonly StateCommit[],
  all: ReadonlyMap<string, string>,
): Promise<void> {
  // A pass that is held has not come to its end, which the fold's passes always do.
  if (history.some(({ checkpoint: { pending } }) => pending.passes.some(({ held }) => held !== undefined))) return;
  const oracle = new Oracle(history[0]?.checkpoint.stateId ?? "");
  for (const [index, { checkpoint, taken }] of history.entries()) {
    const deliveries = taken.map(({ delivery }) => delivery);
    await oracle.advance(history[index - 1]?.checkpoint, checkpoint, deliveries, world.catalogs);
  }
  // The fold in memory gives no commands: what a backfill comes to is told apart.
  const isBackfilled = history.some(({ checkpoint: { pending } }) => pending.backfill !== undefined);
  const foldable = (files: ReadonlyMap<string, string>) =>
    new Map([...files].filter(([path]) => !isBackfilled || !isOfLateTrigger(path)));
  const [state, files] = [foldable(all), foldable(await oracle.files())];
  assert.deepEqual(wishesOf(state), wishesOf(files), "the state is the fold over the inputs");
  if (world.hasForgotten) return;
  assert.deepEqual(ownManifests(state), ownManifests(files), "the manifests are the fold over the inputs");
}

/** Triggers that may tell of one event. */
const triggersOfWorld = 6;

/** No event is told twice, unless the push that told of it seemed lost and was then edited by somebody. */
function checkMessages({ remote, messages, hasEdits }: World): void {
  if (hasEdits) return;
  const told = remote.history("main").flatMap(({ message }) => message.match(/^Sluice-Event: .*$/gm) ?? []);
  const counts = new Map<string, number>();
  for (const line of told) {
    const id = line.split(" ").at(-1)!;
    counts.set(id, (counts.get(id) ?? 0) + 1);
  }
  for (const { id } of messages) {
    // Each of the triggers tells of it.
    const times = counts.get(id) ?? 0;
    assert(times <= triggersOfWorld, `${id} is told ${times} times`);
  }
}
