/** Chance that a seed decides (mulberry32): the same seed gives the same numbers everywhere. */
import type { Chance } from "../../src/ports/system.ts";

export interface FakeChance extends Chance {
  /** An integer from 0 up to, but without, `bound`. */
  below(bound: number): number;
  pick<T>(items: readonly T[]): T;
}

export function createFakeChance(seed: number): FakeChance {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (bound: number) => Math.floor(next() * bound);
  return {
    next,
    below,
    pick: (items) => {
      if (items.length === 0) throw new Error("there is nothing to pick from");
      return items[below(items.length)]!;
    },
  };
}
