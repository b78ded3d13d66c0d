/** Names for a log line: all of a few, the first of many. */

const shownMax = 10;

/** `a, b`, or `a, b, … (200)`. */
export function nameSome(names: readonly string[]): string {
  if (names.length <= shownMax) return names.join(", ");
  return `${names.slice(0, shownMax).join(", ")}, … (${names.length})`;
}
