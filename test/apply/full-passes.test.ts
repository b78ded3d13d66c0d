/** Full passes over many clusters: what they hold is bounded, and one that is slow holds up no others. */
import { setImmediate as turn } from "node:timers/promises";
import { beforeEach, expect, it } from "vitest";
import { FullPasses } from "../../src/apply/full-passes.ts";
import { createFakeClock, type FakeClock } from "../fakes/fake-clock.ts";

let clock: FakeClock;
let passes: FullPasses;
/** What has happened, in order. */
let events: string[];
const open = new Map<string, () => void>();

const bounds = { listsMax: 2, listMsMax: 30_000, weightMax: 100, lightMax: 5 };

beforeEach(() => {
  clock = createFakeClock();
  clock.holdSleepers();
  passes = new FullPasses(clock, bounds);
  events = [];
  open.clear();
});

/** A cluster whose look, and whose pass, last until they are let go by name. */
function begin(name: string, weight: number): Promise<void> {
  const untilLetGo = (what: string) => {
    events.push(what);
    return new Promise<void>((resolve) => open.set(what, resolve));
  };
  return passes.run(
    async () => {
      await untilLetGo(`look ${name}`);
      return { weight };
    },
    () => untilLetGo(`apply ${name}`),
  );
}

async function letGo(...names: readonly string[]): Promise<void> {
  for (const name of names) {
    open.get(name)!();
    for (let turns = 0; turns < 5; turns++) await turn();
  }
}

it("that have little to do, and are slow at it, hold up nobody", async () => {
  for (const name of ["a", "b", "c"]) void begin(name, 1);
  await letGo("look a", "look b", "look c");
  expect(events.filter((event) => event.startsWith("apply"))).toEqual(["apply a", "apply b", "apply c"]);
  void begin("d", 1);
  await letGo("look d");
  expect(events.at(-1)).toBe("apply d");
});

it("are looked at a few at a time, and beside those that take too long", async () => {
  for (const name of ["a", "b", "c", "d"]) void begin(name, 1);
  await letGo();
  expect(events).toEqual(["look a", "look b"]);
  clock.advance(30_000);
  await letGo("look a");
  expect(events).toEqual(["look a", "look b", "look c", "look d", "apply a"]);
  await letGo("look b", "look c", "look d");
  void begin("e", 1);
  void begin("f", 1);
  void begin("g", 1);
  await letGo();
  expect(events.slice(-2), "two at a time again").toEqual(["look e", "look f"]);
});

it("that have much to do wait for room with empty hands, in their order; what is light goes before them", async () => {
  const first = begin("first", 70);
  await letGo("look first");
  void begin("large", 60);
  await letGo("look large");
  void begin("larger", 150);
  await letGo("look larger");
  void begin("light", 5);
  await letGo("look light");
  expect(events).toEqual(["look first", "apply first", "look large", "look larger", "look light", "apply light"]);
  await letGo("apply light");
  expect(events.at(-1), "what was light made no room").toBe("apply light");
  await letGo("apply first");
  await first;
  expect(events.at(-1), "looked at again: the plan was dropped").toBe("look large");
  await letGo("look large", "apply large");
  expect(events.at(-1), "what is more than all room goes alone").toBe("look larger");
  await letGo("look larger");
  expect(events.at(-1)).toBe("apply larger");
});

it("that fail leave their room to others", async () => {
  const failing = passes.run(
    async () => ({ weight: 100 }),
    () => Promise.reject(new Error("refused")),
  );
  await expect(failing).rejects.toThrow("refused");
  await expect(
    passes.run(
      () => Promise.reject(new Error("away")),
      async () => 1,
    ),
  ).rejects.toThrow("away");
  void begin("a", 100);
  await letGo("look a");
  expect(events.at(-1)).toBe("apply a");
});
