/** Memory that is handed out is nobody else's. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { Arena } from "../../../src/adapters/git/arena.ts";

it("what is kept stays as it was, whatever comes after it", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 9000 }), { maxLength: 60 }), (sizes) => {
      const arena = new Arena();
      const kept = sizes.map((size, index) => arena.copy(Buffer.alloc(size, index)));
      for (const [index, bytes] of kept.entries()) {
        expect(bytes.length).toBe(sizes[index]);
        expect(bytes.every((byte) => byte === index % 256)).toBe(true);
      }
    }),
    { numRuns: 50 },
  );
});
