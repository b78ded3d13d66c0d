/**
 * NATS wildcards where EventSources have patterns. `tenants.*` is a pattern too and takes what the wildcard would; with `>`,
 * or with `*` to begin with, it is a mistake: as a pattern it takes nothing, or is none.
 */
import type { Pattern } from "../model/catalog.ts";
import { coversSubject } from "../model/nats-subjects.ts";
import type { Compatibility } from "./compile-pattern.ts";

export function isSubjectWildcard(source: string): boolean {
  const tokens = source.split(".");
  const isPlain = tokens.every((token) => /^[A-Za-z0-9_$-]+$/.test(token) || token === "*" || token === ">");
  return isPlain && (tokens[0] === "*" || tokens.indexOf(">") === tokens.length - 1);
}

/** The pattern that takes what the wildcard does. */
export function patternOfWildcard(source: string): string {
  const tokens = source.split(".").map((token) => (token === ">" ? ".+" : token === "*" ? "[^.]+" : token));
  return tokens.join("[.]");
}

/** Sveltos takes the subject as its connection subscribes to it, wildcard and all. */
export function withWildcard(pattern: Pattern | undefined, source: string, compatibility: Compatibility): Pattern {
  const takes = (value: string) => coversSubject(source, value);
  if (compatibility === "strict")
    return pattern ?? { source, required: "", matches: () => false, nearlyMatches: takes };
  return {
    source,
    required: "",
    matches: (value) => takes(value) || pattern?.matches(value) === true,
    nearlyMatches: () => false,
  };
}
