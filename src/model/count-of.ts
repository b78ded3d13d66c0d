/**
 * Counts with their nouns, as people read them: "1 event", "20,005 events", "2 entities". Every text that counts something
 * has it from here (`test/model/count-of.test.ts` looks for those that don't).
 */

/**
 * `noun` is one of them, with a verb perhaps; `nouns` several, where that is not the noun's last word by English rules
 * ("message was", "messages were").
 */
export function countOf(count: number, noun: string, nouns = pluralOf(noun)): string {
  return `${formatCount(count)} ${count === 1 ? noun : nouns}`;
}

/** What is to be done with some of them each, those of which there are none left out: "create 3, delete 1 manifests". */
export function countEach(counts: Readonly<Record<string, number>>, noun: string): string {
  const some = Object.entries(counts).filter(([, count]) => count > 0);
  const all = some.reduce((sum, [, count]) => sum + count, 0);
  return `${some.map(([what, count]) => `${what} ${formatCount(count)}`).join(", ")} ${all === 1 ? noun : pluralOf(noun)}`;
}

/** "20,005". */
export function formatCount(count: number): string {
  return count.toLocaleString("en");
}

function pluralOf(noun: string): string {
  if (/[^aeiou]y$/.test(noun)) return `${noun.slice(0, -1)}ies`;
  return /(?:s|x|sh|ch)$/.test(noun) ? `${noun}es` : `${noun}s`;
}
