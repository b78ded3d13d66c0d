/** What the change set says, and what of it is bounded. */
import { expect, it } from "vitest";
import type { Problem } from "../../src/model/problem.ts";
import { emptyCheckpoint } from "../../src/plan/checkpoint-file.ts";
import { makeDeadLetter } from "../../src/plan/dead-letter-file.ts";
import { checkpointPath } from "../../src/plan/paths.ts";
import { type PlanInput, pathsToRead, StateFold } from "../../src/plan/state-fold.ts";
import { noStateFiles } from "../../src/plan/state-view.ts";
import { emptyState, event, plan, planAll, rulesOf, type State } from "./state.ts";

const rules = rulesOf(["login"]);
const problem: Problem = { code: "EVENT_NOT_JSON", severity: "error", message: "no" };

function letter(sequence: number, second = sequence): PlanInput {
  const time = new Date(Date.UTC(2026, 0, 1) + second * 1000).toISOString();
  const position = { epoch: "e", sequence, time };
  const payload = new Uint8Array();
  const delivery = { connection: "bus", stream: "bus/S", position, subject: "s", headers: new Map(), payload };
  return { kind: "dead-letter", letter: makeDeadLetter(delivery, problem, 0) };
}

function letters(state: State): number[] {
  const files = [...state].filter(([path]) => path.startsWith("dead-letters/"));
  return files.map(([, text]) => (JSON.parse(text) as { sequence: number }).sequence).sort((a, b) => a - b);
}

it("changes are sorted by path, each path once", () => {
  const { changeSet } = plan(
    emptyState,
    [
      event("login", "b", ["a/c :ConfigMap b/x=1 :ConfigMap a/x=1"]),
      event("login", "b", ["a/c :ConfigMap b/x=2"]),
      event("login", "a", ["a/c :ConfigMap z/x=1"]),
    ],
    rules,
  );
  const paths = changeSet.changes.map(({ path }) => path);
  expect(paths).toEqual([...new Set(paths)].sort());
  expect(changeSet.objects.map(({ path }) => path)).toEqual(paths.filter((path) => path.startsWith("desired/")));
});

it("what comes and goes within a batch is no change", () => {
  const { changeSet } = plan(
    emptyState,
    [event("login", "b", ["a/c :ConfigMap default/x=1"]), event("login", "b", ["a/c Delete"], { elsewhere: "Delete" })],
    rules,
  );
  expect(changeSet.changes.map(({ path }) => path)).toEqual([checkpointPath]);
  expect(changeSet.events).toHaveLength(2);
});

it("a batch with nothing new changes nothing at all", () => {
  const inputs = [event("login", "a", ["a/c :ConfigMap b/x=1"]), letter(1)];
  const state = planAll(emptyState, [inputs], rules);
  expect(plan(state, inputs, rules).changeSet.changes.map(({ path }) => path)).toEqual([checkpointPath]);
  expect(plan(state, [], rules).changeSet.changes).toEqual([]);
});

it("the checkpoint is written with the effect", () => {
  const positions = new Map([["bus/S", { epoch: "e", sequence: 7, time: "2026-01-01T00:00:00Z" }]]);
  const { changeSet } = plan(emptyState, [], rules, { positions });
  expect(changeSet.changes.map(({ path }) => path)).toEqual([checkpointPath, "positions/bus.json"]);
  const other = new Map([...positions, ["other/S", { epoch: "e", sequence: 1, time: "2026-01-01T00:00:00Z" }]]);
  const { changes } = plan(emptyState, [], rules, { positions: other }).changeSet;
  expect(changes.map(({ path }) => path)).toEqual([checkpointPath, "positions/bus.json", "positions/other.json"]);
});

it("what is read in advance suffices for an update of a sole owner's object", () => {
  const first = event("login", "a", ["a/c :ConfigMap default/x=1"]);
  const { state } = plan(emptyState, [first], rules);
  const update = event("login", "a", ["a/c :ConfigMap default/x=2"]);
  const files = noStateFiles();
  const needs = pathsToRead([update], rules);
  for (const path of needs.texts) files.texts.set(path, state.get(path));
  for (const path of needs.ids) files.ids.set(path, "0".repeat(40));
  for (const path of needs.folders) files.folders.set(path, ["login"]);
  expect(new StateFold(emptyCheckpoint, emptyCheckpoint, rules, files).apply(update)).toBeUndefined();
});

it("what has not been read is asked for, not guessed", () => {
  const fold = new StateFold(emptyCheckpoint, emptyCheckpoint, rules, noStateFiles());
  expect(fold.apply(event("login", "a", ["a/c :ConfigMap default/x=1"]))).toBeDefined();
  expect(fold.finish(), "and nothing has changed").toMatchObject({ changeSet: { changes: [], events: [] } });
});

it("files are written and deleted as they are", () => {
  const state = planAll(emptyState, [[{ kind: "file", path: "config/a", text: "1\n" }]], rules);
  expect(state.get("config/a")).toBe("1\n");
  const { changeSet } = plan(state, [{ kind: "file", path: "config/a", text: undefined }], rules);
  expect(changeSet.changes.map(({ path, action }) => `${action} ${path}`)).toEqual([
    "write checkpoint.json",
    "delete config/a",
  ]);
});

it("the oldest dead letters go when there are too many, however they were cut into batches", () => {
  const few = rulesOf([], { deadLettersMax: 3 });
  const all = [letter(1), letter(2), letter(9, 0), letter(3), letter(4), letter(5)];
  for (const batches of [[all], all.map((one) => [one]), [all.slice(0, 4), all.slice(4)]]) {
    expect(letters(planAll(emptyState, batches, few))).toEqual([3, 4, 5]);
  }
});

it("says how many dead letters had to go", () => {
  const few = rulesOf([], { deadLettersMax: 3 });
  const { changeSet } = plan(emptyState, [letter(1), letter(2), letter(3), letter(4), letter(5)], few);
  expect(changeSet.droppedLetters).toBe(2);
  expect(plan(emptyState, [letter(1)], few).changeSet.droppedLetters).toBe(0);
});

it("a dead letter that is delivered again is one", () => {
  expect(letters(planAll(emptyState, [[letter(1)], [letter(1), letter(2)]], rules))).toEqual([1, 2]);
});
