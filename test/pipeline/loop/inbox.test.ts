/** Where deliveries wait: in order, bounded, and nobody is forgotten. */
import { describe, expect, it } from "vitest";
import { Inbox } from "../../../src/pipeline/loop/inbox.ts";

const entry = (n: number, bytes = 1) => ({ n, bytes });
const never = new AbortController().signal;

/** Whether it is resolved by now. */
async function isDone(promise: Promise<void>): Promise<boolean> {
  let done = false;
  void promise.then(() => {
    done = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  return done;
}

it("gives the oldest first, and as many as are asked for", () => {
  const inbox = new Inbox({ entriesMax: 10, bytesMax: 100 });
  for (const n of [1, 2, 3]) inbox.add(entry(n));
  expect(inbox.take(2, 100).map((taken) => (taken as ReturnType<typeof entry>).n)).toEqual([1, 2]);
  expect([inbox.size, inbox.take(Number.POSITIVE_INFINITY, 100).length, inbox.size]).toEqual([1, 1, 0]);
});

it("gives no more bytes than are asked for, but one entry at least", () => {
  const inbox = new Inbox({ entriesMax: 10, bytesMax: 1000 });
  for (const n of [1, 2, 3, 4]) inbox.add(entry(n, 40));
  expect(inbox.take(10, 100)).toHaveLength(2);
  expect(inbox.take(10, 10)).toHaveLength(1);
  expect(inbox.take(10, 10)).toHaveLength(1);
  expect(inbox.take(10, 10)).toEqual([]);
});

it("is full by number or by size, and not any more when something was taken", () => {
  const inbox = new Inbox({ entriesMax: 3, bytesMax: 100 });
  inbox.add(entry(1, 60));
  expect(inbox.isFull).toBe(false);
  inbox.add(entry(2, 60));
  expect(inbox.isFull).toBe(true);
  inbox.take(1, 100);
  expect(inbox.isFull).toBe(false);
  inbox.add(entry(3));
  inbox.add(entry(4));
  expect(inbox.isFull).toBe(true);
});

describe("waiting", () => {
  it("for anything ends when something comes, or at once where there is something", async () => {
    const inbox = new Inbox({ entriesMax: 3, bytesMax: 100 });
    const waiting = inbox.untilAny(never);
    expect(await isDone(waiting)).toBe(false);
    inbox.add(entry(1));
    expect(await isDone(waiting)).toBe(true);
    expect(await isDone(inbox.untilAny(never))).toBe(true);
  });

  it("for a number ends when they are there, or when no more fit", async () => {
    const inbox = new Inbox({ entriesMax: 3, bytesMax: 100 });
    const two = inbox.untilAtLeast(2, 100, never);
    const nine = inbox.untilAtLeast(9, 100, never);
    inbox.add(entry(1));
    expect([await isDone(two), await isDone(nine)]).toEqual([false, false]);
    inbox.add(entry(2));
    expect([await isDone(two), await isDone(nine)]).toEqual([true, false]);
    inbox.add(entry(3));
    expect(await isDone(nine)).toBe(true);
  });

  it("for a number of bytes ends when they are there", async () => {
    const inbox = new Inbox({ entriesMax: 10, bytesMax: 1000 });
    const waiting = inbox.untilAtLeast(10, 100, never);
    inbox.add(entry(1, 60));
    expect(await isDone(waiting)).toBe(false);
    inbox.add(entry(2, 60));
    expect(await isDone(waiting)).toBe(true);
  });

  it("for room ends when something was taken, for all who wait", async () => {
    const inbox = new Inbox({ entriesMax: 1, bytesMax: 100 });
    inbox.add(entry(1));
    const waiting = [inbox.untilRoom(never), inbox.untilRoom(never)];
    expect(await isDone(waiting[0]!)).toBe(false);
    inbox.take(1, 100);
    expect([await isDone(waiting[0]!), await isDone(waiting[1]!)]).toEqual([true, true]);
  });

  it("ends when told to, before it began too, and leaves the others waiting", async () => {
    const inbox = new Inbox({ entriesMax: 3, bytesMax: 100 });
    const stop = new AbortController();
    const [mine, other] = [inbox.untilAny(stop.signal), inbox.untilAny(never)];
    stop.abort();
    expect([await isDone(mine), await isDone(other)]).toEqual([true, false]);
    expect(await isDone(inbox.untilAny(stop.signal))).toBe(true);
    inbox.add(entry(1));
    expect(await isDone(other)).toBe(true);
  });
});
