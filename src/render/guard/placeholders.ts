/** Words in place of what was printed: a reading of the template alone. */

import { isYamlBreak as isBreak } from "../../go-template/index.ts";
import type { PrintedRange } from "../../model/template.ts";
import type { YamlScalar } from "../yaml/node.ts";

const space = 0x20;
const tab = 0x09;

/** Deeper than this nothing is looked for that stands on a line of its own. */
const indentationMax = 256;

/** A range's text without the blanks and line breaks around it, as offsets; `start` equals `end` where nothing is left. */
export function trimRange(text: string, { start, end }: PrintedRange): { start: number; end: number } {
  let from = start;
  let to = end;
  while (from < to && isWhite(text.charCodeAt(from))) from++;
  while (to > from && isWhite(text.charCodeAt(to - 1))) to--;
  return { start: from, end: to };
}

function isWhite(unit: number): boolean {
  return unit === space || unit === tab || isBreak(unit);
}

export interface Placeholder {
  /** Where the word stands in the text with placeholders. */
  readonly start: number;
  readonly end: number;
  /** It stands behind the blanks that the value begins with, which is sound within a scalar that is no key. */
  readonly isIndented: boolean;
}

export interface PlaceholderText {
  readonly text: string;
  /** One for each range; undefined for those that kept their text. */
  readonly placeholders: readonly (Placeholder | undefined)[];
}

/** What to do with a range: keep its text, or put a word in its place, if need be behind the blanks that it begins with. */
export type Replacement = "keep" | "word" | "indentedWord";

/** Puts words in place of ranges, as `choose` says for each. */
export function replaceRanges(
  text: string,
  ranges: readonly PrintedRange[],
  choose: (index: number) => Replacement,
): PlaceholderText {
  const placeholders: (Placeholder | undefined)[] = [];
  let out = "";
  let from = 0;
  for (let index = 0; index < ranges.length; index++) {
    const range = ranges[index]!;
    const replacement = choose(index);
    out += text.slice(from, range.start);
    from = range.end;
    if (replacement === "keep") {
      out += text.slice(range.start, range.end);
      placeholders.push(undefined);
      continue;
    }
    const isIndented = replacement === "indentedWord";
    if (isIndented) out += text.slice(range.start, trimRange(text, range).start);
    const start = out.length;
    out += `printed${index}`;
    placeholders.push({ start, end: out.length, isIndented });
  }
  return { text: out + text.slice(from), placeholders };
}

/**
 * Whether a range, as `indent` and `nindent` print it, begins with blanks or line breaks and lies within a scalar that needs
 * these: in a block scalar, or on a line of its own. A word alone would leave such a scalar; behind the blanks it must stay.
 */
export function isIndented(text: string, range: PrintedRange, scalar: YamlScalar | undefined): boolean {
  if (scalar === undefined || range.start === range.end || !isWhite(text.charCodeAt(range.start))) return false;
  if (isBlockScalar(scalar)) return true;
  const { start } = trimRange(text, range);
  for (let at = range.start; at < start; at++) if (isBreak(text.charCodeAt(at))) return false;
  const end = Math.max(0, range.start - indentationMax);
  let at = range.start - 1;
  while (at >= end && text.charCodeAt(at) === space) at--;
  return at < 0 || isBreak(text.charCodeAt(at));
}

export function isBlockScalar({ style }: YamlScalar): boolean {
  return style === "literal" || style === "folded";
}
