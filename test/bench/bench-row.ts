/** What a bench says: rows with a ratio to a rival measured in the same run, and the goal that design 13 sets for it. */

export interface BenchRow {
  readonly name: string;
  /** Sluice's figure by the rival's; which way is better is said by `goal`. */
  readonly ratio: number;
  readonly goal: { readonly atLeast: number } | { readonly atMost: number };
  /** Both sides' figures, with their units and CPU seconds. */
  readonly detail: string;
}

export interface BenchOptions {
  /** Small numbers: the whole table in under two minutes. */
  readonly isQuick: boolean;
  /** A folder that keeps the large repository: made if it is not there, begun with if it is. */
  readonly base?: string;
}

export function isMet({ ratio, goal }: BenchRow): boolean {
  return "atLeast" in goal ? ratio >= goal.atLeast : ratio <= goal.atMost;
}

export function formatRow(row: BenchRow): string {
  const goal = "atLeast" in row.goal ? `>= ${row.goal.atLeast}` : `<= ${row.goal.atMost}`;
  const met = isMet(row) ? "met" : "missed";
  return `${row.name}\n    ratio ${formatNumber(row.ratio)}, goal ${goal}: ${met}\n    ${row.detail}`;
}

/** Three digits that count. */
export function formatNumber(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}

/** The value below which a share of the samples lies. */
export function percentile(samples: readonly number[], share: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}
