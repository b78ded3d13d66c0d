import { expect, it } from "vitest";
import { growthPercent } from "../../../src/adapters/system/heap-growth.ts";

const cases: readonly { readonly name: string; readonly usedMiB: number; readonly percent: number }[] = [
  { name: "a small heap grows up to what is free", usedMiB: 32, percent: 300 },
  { name: "the more is in use the less it grows", usedMiB: 80, percent: 60 },
  { name: "near what is free it grows by a quarter", usedMiB: 120, percent: 25 },
  { name: "beyond it grows by a quarter", usedMiB: 400, percent: 25 },
];

for (const { name, usedMiB, percent } of cases) {
  it(name, () => {
    expect(growthPercent(usedMiB * 1024 * 1024)).toBe(percent);
  });
}
