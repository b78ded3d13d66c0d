/** Words in place of what was printed: a reading of the template alone. */
import { isYamlBreak } from "../../go-template/index.ts";
import type { PrintedRange } from "../../model/template.ts";
import type { YamlScalar } from "../yaml/node.ts";

const space = 0x20;
const tab = 0x09;

/** A part of a text, as offsets. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** What of a range the value printed: not the blanks that `indent` and `nindent` have put before it, which are the template's. */
export function valueSpan({ start, end, lead = 0 }: PrintedRange): Span {
  return { start: start + lead, end };
}

/** A span without the blanks and line breaks around it; `start` equals `end` where nothing is left. */
export function trimSpan(text: string, { start, end }: Span): Span {
  let from = start;
  let to = end;
  while (from < to && isWhite(text.charCodeAt(from))) from++;
  while (to > from && isWhite(text.charCodeAt(to - 1))) to--;
  return { start: from, end: to };
}

function isWhite(unit: number): boolean {
  return unit === space || unit === tab || isYamlBreak(unit);
}

export interface PlaceholderText {
  readonly text: string;
  /** Where the word stands, one for each range; undefined for those that kept their text. */
  readonly placeholders: readonly (Span | undefined)[];
}

/** What to do with a range: keep its text, or put a word in the value's place. */
export type Replacement = "keep" | "word";

/** Puts words in place of values, as `choose` says for each. */
export function replaceRanges(
  text: string,
  ranges: readonly PrintedRange[],
  choose: (index: number) => Replacement,
): PlaceholderText {
  const placeholders: (Span | undefined)[] = [];
  let out = "";
  let from = 0;
  for (let index = 0; index < ranges.length; index++) {
    const range = ranges[index]!;
    if (choose(index) === "keep") {
      out += text.slice(from, range.end);
      placeholders.push(undefined);
    } else {
      out += text.slice(from, valueSpan(range).start);
      const start = out.length;
      out += `printed${index}`;
      placeholders.push({ start, end: out.length });
    }
    from = range.end;
  }
  return { text: out + text.slice(from), placeholders };
}

export function isBlockScalar({ style }: YamlScalar): boolean {
  return style === "literal" || style === "folded";
}

/** Where a scalar's content begins: of a block scalar behind its header's line, in which nothing but a comment can stand. */
export function contentStart(text: string, scalar: YamlScalar): number {
  if (!isBlockScalar(scalar)) return scalar.start;
  let at = scalar.start;
  while (at < text.length && !isYamlBreak(text.charCodeAt(at))) at++;
  return at + 1;
}
