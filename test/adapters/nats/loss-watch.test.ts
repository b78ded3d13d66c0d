/** What was dropped before it was read: certain, counted, or possible. */
import { describe, expect, it } from "vitest";
import { createLossWatch, type LossStart } from "../../../src/adapters/nats/loss-watch.ts";

const from = { epoch: "e", sequence: 10, time: "2026-01-01T00:00:00Z" };
const start = (changes: Partial<LossStart>): LossStart => ({
  isWhole: true,
  from,
  firstSequence: 1,
  lastSequence: 20,
  pending: 11,
  toldBy: "the stream",
  boundAt: 20,
  isKeeperGone: false,
  ...changes,
});
const range = (first: number, last: number) => ({ first, last });
const certain = (messages: number, ...ranges: object[]) => [{ kind: "sequences", messages, ranges }];

describe("all of the stream is read", () => {
  it("tells nothing where nothing is missing", () => {
    const watch = createLossWatch(start({}));
    for (let sequence = 10; sequence <= 20; sequence++) watch.see(sequence, sequence - 9, 20 - sequence);
    expect(watch.take()).toEqual([]);
  });

  it("tells what the stream's beginning has passed, at once", () => {
    const watch = createLossWatch(start({ firstSequence: 15, pending: 6 }));
    expect(watch.isDue).toBe(true);
    expect(watch.take()).toEqual(certain(4, range(11, 14)));
    watch.see(15, 1, 5);
    expect(watch.take()).toEqual([]);
  });

  it("tells that all is gone where nothing is left", () => {
    const watch = createLossWatch(start({ firstSequence: 21, pending: 0 }));
    expect(watch.take()).toEqual(certain(10, range(11, 20)));
  });

  it("tells gaps in the midst and at the end once nothing more waits", () => {
    const watch = createLossWatch(start({}));
    watch.see(12, 1, 1);
    expect(watch.isDue).toBe(false);
    watch.see(15, 2, 0);
    expect(watch.take()).toEqual(certain(8, range(11, 11), range(13, 14), range(16, 20)));
    watch.see(21, 3, 0);
    expect(watch.take()).toEqual([]);
  });

  it("takes nothing for lost that was removed before anything was read, and what is removed then", () => {
    const watch = createLossWatch(start({ from: undefined, pending: 9 }));
    watch.see(3, 1, 8);
    watch.see(9, 2, 5);
    watch.see(20, 3, 0);
    expect(watch.take()).toEqual([{ kind: "counted", messages: 6 }]);
    watch.see(23, 4, 0);
    expect(watch.take()).toEqual(certain(2, range(21, 22)));
  });
});

describe("some of its subjects are read", () => {
  it("takes gaps for other subjects' messages", () => {
    const watch = createLossWatch(start({ isWhole: false, pending: 2 }));
    watch.see(15, 1, 1);
    watch.see(19, 2, 0);
    expect(watch.take()).toEqual([]);
  });

  it("tells as possible what the stream's beginning has passed", () => {
    const watch = createLossWatch(start({ isWhole: false, firstSequence: 15, pending: 2 }));
    expect(watch.take()).toEqual([{ kind: "possible", range: range(11, 14) }]);
  });

  it("tells as possible what was published while the consumer was gone", () => {
    const watch = createLossWatch(start({ isWhole: false, isKeeperGone: true, pending: 0 }));
    expect(watch.take()).toEqual([{ kind: "possible", range: range(11, 20) }]);
  });

  it("counts what was waiting and did not come", () => {
    const watch = createLossWatch(start({ isWhole: false, pending: 5 }));
    watch.see(12, 1, 4);
    watch.see(18, 2, 1); // Two of those that waited are gone.
    watch.see(21, 3, 2); // Others were published meanwhile.
    expect(watch.take()).toEqual([{ kind: "counted", messages: 2 }]);
  });
});

describe("a replica brings the messages, and may be behind the stream", () => {
  it.each(["one replica", "several"] as const)("takes nothing for lost that %s has not got yet", (toldBy) => {
    const watch = createLossWatch(start({ toldBy, pending: 0 }));
    expect(watch.take()).toEqual([]);
    for (let sequence = 11; sequence <= 20; sequence++) watch.see(sequence, sequence - 10, 0);
    expect(watch.take()).toEqual([]);
  });

  it("tells what later messages show to be gone, also at the end", () => {
    const watch = createLossWatch(start({ toldBy: "several", pending: 0 }));
    watch.see(13, 1, 0);
    watch.see(25, 2, 0);
    expect(watch.take()).toEqual(certain(13, range(11, 12), range(14, 24)));
  });

  it("tells at once what the stream's beginning has passed", () => {
    const watch = createLossWatch(start({ toldBy: "several", firstSequence: 21, pending: 0 }));
    expect(watch.take()).toEqual(certain(10, range(11, 20)));
  });

  it("does not count what another server, which is behind, has not got yet", () => {
    const watch = createLossWatch(start({ toldBy: "several", isWhole: false, pending: 5, boundAt: 20 }));
    watch.see(12, 1, 4);
    watch.see(14, 2, 0);
    watch.see(16, 3, 0);
    watch.see(18, 4, 1);
    watch.see(20, 5, 0);
    expect(watch.take()).toEqual([]);
  });

  it.each([
    { at: 20, counted: 2 },
    { at: 24, counted: 3 },
  ])("counts what was waiting and had not come by message $at", ({ at, counted }) => {
    const watch = createLossWatch(start({ toldBy: "several", isWhole: false, pending: 5, boundAt: 20 }));
    watch.see(12, 1, 1);
    watch.see(14, 2, 0);
    watch.see(at, 3, 0);
    watch.see(26, 4, 0);
    expect(watch.take()).toEqual([{ kind: "counted", messages: counted }]);
  });
});
