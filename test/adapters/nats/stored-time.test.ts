import fc from "fast-check";
import { expect, it } from "vitest";
import { createTimeFormat, formatTime, parseTime } from "../../../src/adapters/nats/stored-time.ts";

it.each([
  ["2026-01-02T03:04:05Z", "2026-01-02T03:04:05.000000000Z"],
  ["2026-01-02T03:04:05.1Z", "2026-01-02T03:04:05.100000000Z"],
  ["2026-01-02T03:04:05.123456789Z", "2026-01-02T03:04:05.123456789Z"],
  ["2026-01-02T05:04:05.5+02:00", "2026-01-02T03:04:05.500000000Z"],
])("%s", (text, formatted) => {
  expect(formatTime(parseTime(text))).toBe(formatted);
});

it("loses no nanosecond, and sorts as text", () => {
  const nanos = fc.bigInt({ min: 0n, max: 4_102_444_800_000_000_000n });
  fc.assert(
    fc.property(fc.array(nanos, { minLength: 2, maxLength: 20 }), (times) => {
      const format = createTimeFormat();
      const texts = times.map((time) => format(String(time)));
      expect(texts.map(parseTime)).toEqual(times);
      expect(texts).toEqual(times.map(formatTime));
      expect([...texts].sort().map(parseTime)).toEqual([...times].sort((a, b) => (a < b ? -1 : 1)));
    }),
  );
});

it("refuses what is no time", () => {
  for (const text of ["", "yesterday", "2026-01-02", "2026-13-02T03:04:05Z"]) {
    expect(() => parseTime(text)).toThrow(RangeError);
  }
});
