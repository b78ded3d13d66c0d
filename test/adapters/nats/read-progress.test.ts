/** What a position covers, and where it moves: tables, and a property over subjects that come and go. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { addCursors, advance, createCover, findAdded, leaveCursors } from "../../../src/adapters/nats/read-progress.ts";
import type { StreamPosition } from "../../../src/model/delivery.ts";
import { compileSubjects } from "../../../src/model/nats-subjects.ts";

const from: StreamPosition = { epoch: "e", sequence: 10, time: "2026-01-01T00:00:00Z", subjects: ["a.*", "b"] };

describe("subjects that come to be read", () => {
  it.each([
    { filters: ["a.*", "b"], added: [] },
    { filters: ["a.x"], added: [] },
    { filters: ["a.>", "b", "c"], added: ["a.>", "c"] },
    { filters: [], added: [">"] },
  ])("$filters", ({ filters, added }) => expect(findAdded(from, filters)).toEqual(added));

  it("are none where it is not known what was read", () => {
    expect(findAdded({ epoch: "e", sequence: 10, time: from.time }, ["x"])).toEqual([]);
    expect(findAdded(undefined, ["x"])).toEqual([]);
  });

  it("are not added twice", () => {
    const once = addCursors(from, ["a.*", "b", "c"]);
    expect(once.added).toEqual([{ subjects: ["c"], sequence: 0 }]);
    expect(addCursors(once, ["a.*", "b", "c"])).toEqual(once);
  });
});

describe("a position covers", () => {
  const position = { ...from, added: [{ subjects: ["c.>"], sequence: 4 }] };
  it.each([
    ["what was read, up to it", "a.x", 10, true],
    ["nothing behind it", "a.x", 11, false],
    ["of what was added, what its cursor has passed", "c.x", 4, true],
    ["of what was added, not what lies behind its cursor", "c.x", 5, false],
    ["nothing of other subjects", "d", 1, false],
  ])("%s", (_, subject, sequence, expected) => expect(createCover(position)(subject, sequence)).toBe(expected));

  it("everything up to it where it is not known what was read", () => {
    expect(createCover({ epoch: "e", sequence: 10, time: from.time })("x", 10)).toBe(true);
  });
});

it("moves a cursor below the position, and drops it behind", () => {
  const filters = ["a.*", "b", "c"];
  const first = advance(addCursors(from, filters), { epoch: "e", sequence: 3, time: "t" }, filters);
  expect(first).toEqual({ ...from, added: [{ subjects: ["c"], sequence: 3 }] });
  const behind = { epoch: "e", sequence: 11, time: "2026-01-02T00:00:00Z" };
  expect(advance(first, behind, filters)).toEqual({ ...behind, subjects: filters });
});

it("has each message of a queue its effect once, whatever subjects are read when", () => {
  const subjects = ["a", "b", "c"];
  const some = fc.uniqueArray(fc.constantFrom(...subjects), { minLength: 1 });
  fc.assert(
    fc.property(
      fc.array(fc.record({ filters: some, published: fc.array(fc.constantFrom(...subjects)), reads: fc.nat(6) })),
      (runs) => {
        const stored: { subject: string; sequence: number }[] = [];
        const effects: number[] = [];
        let position: StreamPosition | undefined;
        let sequence = 0;
        const run = (filters: readonly string[], reads: number) => {
          const matches = compileSubjects(filters);
          if (position !== undefined) position = addCursors(position, filters);
          for (const message of stored) {
            if (reads === 0) break;
            if (!matches(message.subject)) continue;
            if (position !== undefined && createCover(position)(message.subject, message.sequence)) continue;
            const next = advance(position, { epoch: "e", sequence: message.sequence, time: "t" }, filters);
            const isBehind = position === undefined || message.sequence > position.sequence;
            position = isBehind ? { ...next, ...leaveCursors(position, filters) } : next;
            effects.push(message.sequence);
            reads--;
          }
        };
        for (const { filters, published, reads } of runs) {
          for (const subject of published) stored.push({ subject, sequence: ++sequence });
          run(filters, reads);
        }
        // In the end everything is read, and nothing had its effect twice.
        run(subjects, Number.POSITIVE_INFINITY);
        expect([...effects].sort((a, b) => a - b)).toEqual(stored.map((message) => message.sequence));
      },
    ),
  );
});
