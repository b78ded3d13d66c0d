import fc from "fast-check";
import { expect, it } from "vitest";
import { applyDelta, encodeDelta } from "../../../src/adapters/git/delta.ts";
import { DamagedStoreError } from "../../../src/adapters/git/store-error.ts";
import type { Segment } from "../../../src/adapters/git/tree-bytes.ts";

const pieces = fc.array(
  fc.oneof(
    fc.record({ start: fc.nat(300), length: fc.nat(300) }),
    fc.uint8Array({ maxLength: 400 }).map((bytes) => ({ bytes: Buffer.from(bytes) })),
  ),
  { maxLength: 10 },
);

it("makes of a base what its stretches say", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 0, maxLength: 300 }), pieces, (bytes, parts) => {
      const base = Buffer.from(bytes);
      const segments: Segment[] = parts.map((part) => {
        if ("bytes" in part) return part;
        const start = Math.min(part.start, base.length);
        return { start, end: Math.min(base.length, start + part.length) };
      });
      const result = Buffer.concat(
        segments.map((part) => ("bytes" in part ? part.bytes : base.subarray(part.start, part.end))),
      );
      expect(applyDelta(base, encodeDelta(base.length, result.length, segments)).equals(result)).toBe(true);
    }),
  );
});

it("copies stretches of sizes and offsets that need every byte", () => {
  const base = Buffer.alloc(0x1_2000_00 + 7, 3);
  base.write("mark", 0x10000);
  for (const [start, end] of [
    [0, 0x10000],
    [0x10000, 0x20000],
    [1, 0x1_2000_00],
    [0x1_0000_00, 0x1_2000_07],
  ] as const) {
    const delta = encodeDelta(base.length, end - start, [{ start, end }]);
    expect(applyDelta(base, delta).equals(base.subarray(start, end))).toBe(true);
  }
});

const base = Buffer.from("0123456789");
const malformed: [name: string, delta: number[]][] = [
  ["nothing", []],
  ["another base's size", [9, 1, 1, 65]],
  ["a copy behind the base's end", [10, 5, 0x91, 8, 5]],
  ["more than it said", [10, 1, 2, 65, 66]],
  ["less than it said", [10, 3, 2, 65, 66]],
  ["an insert that is cut short", [10, 3, 3, 65]],
  ["the reserved command", [10, 1, 0]],
  ["a size without end", [10, 0xff, 0xff]],
];

it.each(malformed)("refuses %s", (_name, delta) => {
  expect(() => applyDelta(base, Buffer.from(delta))).toThrow(DamagedStoreError);
});

it("survives any bytes", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      try {
        applyDelta(base, Buffer.from([10, 20, ...bytes]));
      } catch (error) {
        expect(error).toBeInstanceOf(DamagedStoreError);
      }
    }),
  );
});
