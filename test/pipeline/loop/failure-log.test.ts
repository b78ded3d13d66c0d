import { expect, it } from "vitest";
import { FailureLog } from "../../../src/pipeline/loop/failure-log.ts";
import { createFakeClock } from "../../fakes/fake-clock.ts";
import { createFakeLog } from "../../fakes/fake-log.ts";

const problem = { code: "EVENT_NOT_JSON", severity: "error", message: "it is poison" } as const;

function open() {
  const clock = createFakeClock();
  const log = createFakeLog();
  return { clock, log, failures: new FailureLog({ clock, log }) };
}

const untold = (log: ReturnType<typeof createFakeLog>) =>
  log.entries.filter(({ level }) => level === "warn").map(({ fields }) => fields?.untold);

it("tells each failure, with its fields, while they are few", () => {
  const { log, failures } = open();
  for (let sequence = 1; sequence <= 20; sequence++) failures.tell(problem, "bus/A", { sequence });
  expect(log.problems).toHaveLength(20);
  expect(log.entries.at(-1)).toMatchObject({ fields: { code: "EVENT_NOT_JSON", stream: "bus/A", sequence: 20 } });
  expect(untold(log)).toEqual([]);
});

it("counts the rest of a flood, and tells at each power of ten how many they are", () => {
  const { log, failures } = open();
  for (let sequence = 1; sequence <= 1_020; sequence++) failures.tell(problem, "bus/A", { sequence });
  expect(log.problems).toHaveLength(20);
  expect(untold(log)).toEqual([1, 10, 100, 1000]);
});

it("hides no other code and no other stream behind it", () => {
  const { log, failures } = open();
  for (let sequence = 1; sequence <= 500; sequence++) failures.tell(problem, "bus/A", { sequence });
  failures.tell({ ...problem, code: "NAME_INVALID" }, "bus/A", {});
  failures.tell(problem, "bus/B", {});
  expect(log.problems).toHaveLength(22);
});

it("begins anew each minute, and says then what it has not told", () => {
  const { clock, log, failures } = open();
  for (let sequence = 1; sequence <= 25; sequence++) failures.tell(problem, "bus/A", { sequence });
  clock.advance(61_000);
  failures.tell(problem, "bus/A", { sequence: 26 });
  expect(log.problems).toHaveLength(21);
  expect(untold(log)).toEqual([1, 5]);
});
