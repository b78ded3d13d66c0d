/** Durations as Go writes them. */

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** Milliseconds of `1m30s`, `500ms`, `0`; what has no such part is 0. */
export function parseDuration(text: string): number {
  let milliseconds = 0;
  for (const [, amount, unit] of text.matchAll(/([0-9.]+)(ms|s|m|h)/g)) milliseconds += Number(amount) * unitMs[unit!]!;
  return Math.round(milliseconds);
}
