/** What is handed on, kept for its acknowledgement, acknowledged or passed over, over several bindings. */
import { beforeEach, describe, expect, it } from "vitest";
import type { AckDesk } from "../../../src/adapters/nats/ack-desk.ts";
import type { Verdict } from "../../../src/adapters/nats/stream-identity.ts";
import { createStreamProgress, type StreamProgress } from "../../../src/adapters/nats/stream-progress.ts";
import type { StreamPosition } from "../../../src/model/delivery.ts";

let settled: string[];
let repeated: string[];
const desk: AckDesk = {
  settle: (replies) => settled.push(...replies),
  repeat: (reply) => repeated.push(reply),
  stop: () => undefined,
};
beforeEach(() => {
  settled = [];
  repeated = [];
});

const same: Verdict = { kind: "same", epoch: "e" };
const restored: Verdict = { kind: "restored", epoch: "e+1", why: "" };
const time = (second: number) => `2026-01-01T00:00:${String(second).padStart(2, "0")}Z`;
const position = (sequence: number, epoch = "e"): StreamPosition => ({ epoch, sequence, time: time(sequence) });
const arrive = (progress: StreamProgress, sequence: number, subject = "a", second = sequence) =>
  progress.accept({ subject, sequence, time: time(second), reply: `${subject}${sequence}` })?.sequence;

describe("where consumers own messages", () => {
  const queue = { verdict: same, desk, isQueue: true };

  it("binds behind what is settled, hands nothing on twice, and acknowledges what comes again", () => {
    const progress = createStreamProgress(position(2), ["a"]);
    progress.begin(queue);
    expect([3, 4, 5].map((sequence) => arrive(progress, sequence))).toEqual([3, 4, 5]);
    progress.settle(position(3));
    expect(settled).toEqual(["a3"]);
    expect(progress.mark(true)?.sequence).toBe(3);
    expect(progress.mark(false)?.sequence).toBe(5);

    // The server did not have the acknowledgement; 4 and 5 wait for theirs.
    progress.begin(queue);
    expect([3, 4, 5, 6].map((sequence) => arrive(progress, sequence))).toEqual([undefined, undefined, undefined, 6]);
    expect(repeated).toEqual(["a3"]);
    progress.settle(position(5));
    expect(settled).toEqual(["a3", "a4", "a5"]);
    progress.settle(position(6));
    expect(settled).toEqual(["a3", "a4", "a5", "a6"]);
  });

  it("reads of an added subject what waits below the position, and acknowledges only what was read", () => {
    const from = { ...position(10), subjects: ["a"] };
    const progress = createStreamProgress(from, ["a", "b"]);
    progress.begin(queue);
    expect(arrive(progress, 4, "a")).toBeUndefined();
    const first = progress.accept({ subject: "b", sequence: 5, time: time(5), reply: "b5" });
    expect(first).toEqual({ ...from, added: [{ subjects: ["b"], sequence: 5 }] });
    const second = progress.accept({ subject: "b", sequence: 7, time: time(7), reply: "b7" });
    expect(repeated).toEqual(["a4"]);
    progress.settle(first!);
    expect(settled).toEqual(["b5"]);

    const again = createStreamProgress(second, ["a", "b"]);
    again.begin(queue);
    expect([5, 7].map((sequence) => arrive(again, sequence, "b"))).toEqual([undefined, undefined]);
    expect(arrive(again, 8, "b")).toBe(10);
    expect(arrive(again, 11, "b")).toBe(11);
  });

  it("holds on an interest stream added subjects for read from the position on", () => {
    const progress = createStreamProgress({ ...position(10), subjects: ["a"] }, ["a", "b"]);
    progress.begin({ verdict: same, desk, isQueue: false });
    expect(arrive(progress, 10, "b")).toBeUndefined();
    expect(arrive(progress, 11, "b")).toBe(11);
  });

  it("orders within an epoch by sequence alone: stamps that fall back mean nothing", () => {
    const progress = createStreamProgress(position(30), ["a"]);
    progress.begin(queue);
    expect(arrive(progress, 31, "a", 1)).toBe(31);
    expect(arrive(progress, 29, "a", 59)).toBeUndefined();
  });
});

describe("a restored stream", () => {
  it("is passed over up to what was read, in both sequence and time, and no further", () => {
    const progress = createStreamProgress(position(10), ["a"]);
    progress.begin({ verdict: restored, desk: undefined, isQueue: false });
    expect([1, 2, 3].map((sequence) => arrive(progress, sequence))).toEqual([undefined, undefined, undefined]);
    expect(progress.takePassed()).toEqual({ count: 3, first: 1, last: 3 });
    expect(progress.takePassed()).toBeUndefined();
    expect(arrive(progress, 4, "a", 11)).toBe(4);
    // Once something of it was handed on, its own order counts.
    expect(arrive(progress, 5, "a", 5)).toBe(5);
    expect(progress.handed).toMatchObject({ epoch: "e+1", sequence: 5 });
  });

  it("has what was handed on and is not settled kept for its acknowledgement", () => {
    const progress = createStreamProgress(position(2), ["a"]);
    progress.begin({ verdict: same, desk, isQueue: true });
    expect([3, 4].map((sequence) => arrive(progress, sequence))).toEqual([3, 4]);
    progress.begin({ verdict: restored, desk, isQueue: true });
    expect([1, 3, 4].map((sequence) => arrive(progress, sequence))).toEqual([undefined, undefined, undefined]);
    expect(repeated).toEqual(["a1"]);
    progress.settle(position(4));
    expect(settled).toEqual(["a3", "a4"]);
  });
});

it("reads a new stream whole", () => {
  const progress = createStreamProgress(position(10), ["a"]);
  progress.begin({ verdict: { kind: "new", epoch: "f", why: "" }, desk: undefined, isQueue: false });
  expect([1, 2].map((sequence) => arrive(progress, sequence))).toEqual([1, 2]);
});
