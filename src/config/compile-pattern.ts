/**
 * The patterns of EventSources: RE2, so linear in the length of the value whatever people or events bring.
 *
 * Sveltos searches for its patterns anywhere in the value, so that `user` also means `superuser-logout`. Here a pattern
 * is the whole value, unless compatibility asks for Sveltos' reading; what only that reading matches is a near miss.
 */
import { RE2JS, RE2JSException } from "re2js";
import type { Pattern } from "../model/catalog.ts";
import { requiredText } from "./required-text.ts";

export type Compatibility = "strict" | "sveltos";

/** No metacharacter but `.`: equal up to the dots, which is what nearly all patterns are. */
const plainPattern = /^[^\\^$|?*+()[\]{}]*$/;

/** The pattern, or why it is none, in RE2's words. */
export function compilePattern(source: string, compatibility: Compatibility): Pattern | { readonly fault: string } {
  let matcher: { whole(value: string): boolean; part(value: string): boolean };
  if (plainPattern.test(source)) {
    const plain = plainMatcher(source);
    matcher = plain;
  } else {
    try {
      const regex = RE2JS.compile(source);
      matcher = { whole: (value) => regex.testExact(value), part: (value) => regex.test(value) };
    } catch (error) {
      if (error instanceof RE2JSException) return { fault: error.message };
      throw error;
    }
  }
  const required = requiredText(source);
  return compatibility === "sveltos"
    ? { source, required, matches: matcher.part, nearlyMatches: () => false }
    : {
        source,
        required,
        matches: matcher.whole,
        nearlyMatches: (value) => matcher.part(value) && !matcher.whole(value),
      };
}

/** True for a pattern that {@link compilePattern} compares letter by letter, `.` standing for any one character. */
export function isPlainPattern(source: string): boolean {
  return plainPattern.test(source);
}

/**
 * Without dots this is comparing strings. With them a JavaScript expression of letters and dots, which can't backtrack:
 * every dot is one character, so an attempt at one position ends after the pattern's length.
 */
function plainMatcher(source: string): { whole(value: string): boolean; part(value: string): boolean } {
  if (!source.includes(".")) {
    return { whole: (value) => value === source, part: (value) => value.includes(source) };
  }
  const expression = source.replaceAll(".", "[^\\n]");
  const whole = new RegExp(`^${expression}$`, "u");
  const part = new RegExp(expression, "u");
  // Equal letters come first: `auth.example.com` nearly always stands for itself.
  return {
    whole: (value) => value === source || whole.test(value),
    part: (value) => value.includes(source) || part.test(value),
  };
}
