/**
 * Which of many patterns a value matches, without trying each: a pattern is tried only where the text that it requires
 * is in the value.
 */
import type { Pattern } from "../model/catalog.ts";

export type Outcome = "yes" | "near" | "no";

/** What a pattern makes of a value; one that is absent takes all. */
export function tryPattern(pattern: Pattern | undefined, value: string): Outcome {
  if (pattern === undefined || pattern.matches(value)) return "yes";
  return pattern.nearlyMatches(value) ? "near" : "no";
}

/** Below so many patterns it is as fast to try them all. */
const patternsMin = 16;

export class PatternSet<Content> {
  /** Those that require nothing, or are absent. */
  readonly #always: (readonly [Pattern | undefined, Content])[] = [];
  /** By length of the required text, and by that text. */
  readonly #byLength = new Map<number, Map<string, (readonly [Pattern, Content])[]>>();
  #size = 0;

  constructor(patterns: Iterable<readonly [Pattern | undefined, Content]>) {
    const entries = [...patterns];
    for (const [pattern, content] of entries) {
      if (pattern === undefined || pattern.required === "" || entries.length < patternsMin) {
        this.#always.push([pattern, content]);
        continue;
      }
      const { required } = pattern;
      let texts = this.#byLength.get(required.length);
      if (texts === undefined) {
        texts = new Map();
        this.#byLength.set(required.length, texts);
      }
      const same = texts.get(required);
      if (same === undefined) texts.set(required, [[pattern, content]]);
      else same.push([pattern, content]);
      this.#size++;
    }
  }

  /** The contents of those that match, nearly or wholly. */
  *find(value: string): Iterable<readonly [Content, "yes" | "near"]> {
    for (const [pattern, content] of this.#always) {
      const outcome = tryPattern(pattern, value);
      if (outcome !== "no") yield [content, outcome];
    }
    for (const [pattern, content] of this.#candidates(value)) {
      const outcome = tryPattern(pattern, value);
      if (outcome !== "no") yield [content, outcome];
    }
  }

  *#candidates(value: string): Iterable<readonly [Pattern, Content]> {
    // For a long value and few patterns it is less to look for each text in the value than for each part of the value.
    const isLong = value.length * this.#byLength.size > this.#size;
    for (const [length, texts] of this.#byLength) {
      if (isLong) {
        for (const [text, entries] of texts) if (value.includes(text)) yield* entries;
        continue;
      }
      const seen = new Set<string>();
      for (let at = 0; at + length <= value.length; at++) {
        const text = value.slice(at, at + length);
        const entries = texts.get(text);
        if (entries === undefined || seen.has(text)) continue;
        seen.add(text);
        yield* entries;
      }
    }
  }
}
