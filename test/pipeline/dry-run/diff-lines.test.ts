import fc from "fast-check";
import { expect, it } from "vitest";
import { diffLines, makeHunks, splitLines } from "../../../src/pipeline/dry-run/diff-lines.ts";

const lines = fc.array(fc.constantFrom("a", "b", "c", "d", "e"), { maxLength: 30 });

it("the kept and removed lines are the one text, the kept and added the other", () => {
  fc.assert(
    fc.property(lines, lines, (before, after) => {
      const edits = diffLines(before, after);
      const side = (sign: "-" | "+") =>
        edits
          .filter((edit) => edit.sign === " " || edit.sign === sign)
          .map((edit) => (edit.sign === "+" ? after : before)[edit.index]);
      expect(side("-")).toEqual(before);
      expect(side("+")).toEqual(after);
    }),
  );
});

/** Length of the longest common subsequence, by the textbook. */
function commonLength(before: readonly string[], after: readonly string[]): number {
  const row = new Array<number>(after.length + 1).fill(0);
  for (const line of before) {
    let diagonal = 0;
    after.forEach((other, index) => {
      const above = row[index + 1]!;
      row[index + 1] = line === other ? diagonal + 1 : Math.max(above, row[index]!);
      diagonal = above;
    });
  }
  return row[after.length]!;
}

it("no line more is changed than has to be", () => {
  fc.assert(
    fc.property(lines, lines, (before, after) => {
      const kept = diffLines(before, after).filter(({ sign }) => sign === " ").length;
      expect(kept).toBe(commonLength(before, after));
    }),
  );
});

it("hunks hold every change, with up to three lines around, and say where they stand", () => {
  fc.assert(
    fc.property(lines, lines, (before, after) => {
      const edits = diffLines(before, after);
      const hunks = makeHunks(edits);
      const shown = hunks.flatMap((hunk) => hunk.edits);
      expect(shown.filter(({ sign }) => sign !== " ")).toEqual(edits.filter(({ sign }) => sign !== " "));
      for (const { before: range, after: rangeAfter, edits: part } of hunks) {
        const removed = part.filter(({ sign }) => sign !== "+");
        const added = part.filter(({ sign }) => sign !== "-");
        expect([removed.length, added.length]).toEqual([range[1], rangeAfter[1]]);
        if (removed[0] !== undefined) expect(range[0]).toBe(removed[0].index + 1);
        expect(part.findIndex(({ sign }) => sign !== " ")).toBeLessThanOrEqual(3);
      }
    }),
  );
});

it("texts that have nothing in common, however long, are replaced", () => {
  const before = Array.from({ length: 5000 }, (_, index) => `before ${index}`);
  const after = Array.from({ length: 5000 }, (_, index) => `after ${index}`);
  expect(diffLines(before, after)).toHaveLength(10_000);
});

it("a text's last line break begins no line", () => {
  expect(splitLines("a\nb\n")).toEqual(["a", "b"]);
  expect(splitLines("a\n\n")).toEqual(["a", ""]);
  expect(splitLines("")).toEqual([]);
});
