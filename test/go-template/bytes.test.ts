import fc from "fast-check";
import { expect, it } from "vitest";
import {
  byteAt,
  byteLength,
  byteSlice,
  decodeBytes,
  encodeBytes,
  joinBytes,
  joinBytesWithOffsets,
  toValidText,
} from "../../src/go-template/bytes.ts";

/** Bytes that are often, but not always, UTF-8. */
const bytes = fc.oneof(
  fc.uint8Array(),
  fc.string({ unit: "binary" }).map((text) => new Uint8Array(Buffer.from(text))),
  fc
    .array(fc.constantFrom(0x41, 0xc3, 0xa9, 0xe2, 0x82, 0xac, 0xf0, 0x9f, 0x98, 0x80, 0xed, 0xa0))
    .map((all) => Uint8Array.from(all)),
);

it("keeps any bytes", () => {
  fc.assert(
    fc.property(bytes, (some) => {
      expect(Buffer.from(encodeBytes(decodeBytes(some)))).toEqual(Buffer.from(some));
    }),
  );
});

it("counts, slices and indexes by bytes", () => {
  fc.assert(
    fc.property(bytes, fc.nat(), fc.nat(), (some, first, second) => {
      const text = decodeBytes(some);
      const [start, end] = [first % (some.length + 1), second % (some.length + 1)].sort((a, b) => a - b) as [
        number,
        number,
      ];

      expect(byteLength(text)).toBe(some.length);
      expect(byteAt(text, start)).toBe(some[start]);
      expect(Buffer.from(encodeBytes(byteSlice(text, start, end)))).toEqual(Buffer.from(some.subarray(start, end)));
    }),
  );
});

it("joins what a cut had parted", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.nat(), (text, at) => {
      const cut = at % (byteLength(text) + 1);

      expect(joinBytes(byteSlice(text, 0, cut) + byteSlice(text, cut))).toBe(text);
    }),
  );
});

it("says where offsets are after joining", () => {
  fc.assert(
    fc.property(fc.array(bytes), (parts) => {
      const texts = parts.map(decodeBytes);
      const { text, offsets } = joinBytesWithOffsets(texts.join(""));
      let at = 0;
      let joined = "";
      for (const part of texts) {
        joined += text.slice(offsets[at]!, offsets[at + part.length]!);
        at += part.length;
      }

      expect(text).toBe(joinBytes(texts.join("")));
      expect(joined).toBe(text);
    }),
  );
});

it("shows bytes that are no character as U+FFFD", () => {
  expect(toValidText(decodeBytes(Uint8Array.of(0x61, 0xff, 0xc3)))).toBe("a\ufffd\ufffd");
});
