import { deflateSync, inflateSync } from "node:zlib";
import fc from "fast-check";
import { expect, it } from "vitest";
import { adler32, deflate } from "../../../src/adapters/git/deflate.ts";
import { casesOf } from "../../tools/cases-of.ts";

const bodies = fc.oneof(
  fc.uint8Array({ maxLength: 2000 }).map((bytes) => Buffer.from(bytes)),
  fc.string({ maxLength: 500, unit: "binary" }).map((text) => Buffer.from(text)),
  // Repetitions near and far, in runs of every length.
  fc
    .array(fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 12 }), fc.nat(400)), { maxLength: 12 })
    .map((runs) =>
      Buffer.concat(runs.flatMap(([bytes, times]) => Array.from({ length: times }, () => Buffer.from(bytes)))),
    ),
);

it("makes streams that zlib inflates to the same bytes", () => {
  fc.assert(
    fc.property(bodies, (body) => {
      const stream = deflate(body);
      expect(inflateSync(stream).equals(body)).toBe(true);
      expect(stream.length).toBeLessThanOrEqual(Math.max(body.length + 11, deflateSync(body, { level: 1 }).length));
    }),
    { numRuns: casesOf(2000) },
  );
});

it("takes objects of any size", () => {
  for (const size of [0, 1, 3, 4, 5, 257, 258, 259, 16_383, 16_384, 16_385, 200_000]) {
    for (const body of [
      Buffer.alloc(size, 7),
      Buffer.from(Array.from({ length: size }, (_, at) => (at * at * 31) >>> 3)),
    ]) {
      expect(inflateSync(deflate(body)).equals(body)).toBe(true);
    }
  }
});

it("knows Adler's checksum", () => {
  expect(adler32(Buffer.from("Wikipedia"))).toBe(0x11e60398);
  expect(adler32(Buffer.alloc(100_000, 255))).toBe(
    deflateSync(Buffer.alloc(100_000, 255)).readUInt32BE(deflateSync(Buffer.alloc(100_000, 255)).length - 4),
  );
});
