/** Pseudo-random numbers from a seed, so that a run can be repeated (mulberry32). */
export function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The seed of this run: SLUICE_CHAOS_SEED, a number or `random`; by default always the same. */
const wanted = process.env.SLUICE_CHAOS_SEED ?? "20261129";
export const seed = wanted === "random" ? Math.floor(Math.random() * 2 ** 31) : Number(wanted);
