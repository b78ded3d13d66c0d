/** Values whose characters can't change a structure, and the words that stand for all others. */
import type { PrintedRange } from "../../model/template.ts";

/**
 * Words of letters, digits and harmless signs, joined by single blanks or colons. Replacing one such text by another
 * changes nothing but the scalar (or comment) that it stands in, wherever that is; see {@link isGlued} for the exceptions.
 */
const harmlessText = /^[A-Za-z0-9][\w./@+=-]*(?:[ :][A-Za-z0-9][\w./@+=-]*)*$/;

const lineFeed = 0x0a;
const space = 0x20;
const gluing = new Set([..."!&*|>%\\"].map((sign) => sign.charCodeAt(0)));

/** Whether a range's text can't change any structure. */
export function isHarmless(text: string, { start, end }: PrintedRange): boolean {
  return harmlessText.test(text.slice(start, end)) && !isGlued(text, start);
}

/** Whether the word that ends at `start` has begun with, or holds, a sign that makes a tag, an anchor or an escape of it. */
function isGlued(text: string, start: number): boolean {
  for (let at = start - 1; at >= 0; at--) {
    const unit = text.charCodeAt(at);
    if (unit === space || unit === lineFeed) return false;
    if (gluing.has(unit)) return true;
  }
  return false;
}

/** A range's text without the blanks and line breaks around it, as offsets; `start` equals `end` where nothing is left. */
export function trimRange(text: string, { start, end }: PrintedRange): { start: number; end: number } {
  let from = start;
  let to = end;
  while (from < to && isWhite(text.charCodeAt(from))) from++;
  while (to > from && isWhite(text.charCodeAt(to - 1))) to--;
  return { start: from, end: to };
}

function isWhite(unit: number): boolean {
  return unit === space || unit === lineFeed || unit === 0x0d || unit === 0x09;
}

/** The header of a block scalar that ends the line, as a template has it before `{{ … | nindent 4 }}`. */
const blockHeader = /(?:^|[ \t])[|>][-+0-9]{0,2}[ \t]*(?:[ \t]#[^\r\n]*)?$/;
const headerLengthMax = 200;
const leadingLines = /^[ \t]*\r?\n\s*(?=\S)/;
const leadingSpaces = /^ +(?=\S)/;
const onlySpaces = /^ *$/;

export interface Placeholder {
  /** Where the word stands in the text with placeholders. */
  readonly start: number;
  readonly end: number;
  /** It kept the line break or indentation that the value begins with, which is sound within a block scalar only. */
  readonly isInBlock: boolean;
}

export interface PlaceholderText {
  readonly text: string;
  /** One for each range; undefined for those that kept their text. */
  readonly placeholders: readonly (Placeholder | undefined)[];
}

/** Puts a word in place of each range for which `isReplaced` says so. */
export function replaceRanges(
  text: string,
  ranges: readonly PrintedRange[],
  isReplaced: (index: number) => boolean,
): PlaceholderText {
  const placeholders: (Placeholder | undefined)[] = [];
  let out = "";
  let from = 0;
  for (let index = 0; index < ranges.length; index++) {
    const range = ranges[index]!;
    out += text.slice(from, range.start);
    from = range.end;
    if (!isReplaced(index)) {
      out += text.slice(range.start, range.end);
      placeholders.push(undefined);
      continue;
    }
    const lead = leadOf(text, range);
    out += lead;
    const start = out.length;
    out += `printed${index}`;
    placeholders.push({ start, end: out.length, isInBlock: lead !== "" });
  }
  return { text: out + text.slice(from), placeholders };
}

/** What `indent` and `nindent` put before the first line of a block scalar's text. */
function leadOf(text: string, { start, end }: PrintedRange): string {
  const first = text.charCodeAt(start);
  if (start === end || !isWhite(first)) return "";
  const value = text.slice(start, end);
  const lineStart = text.lastIndexOf("\n", start - 1) + 1;
  const lines = leadingLines.exec(value);
  if (lines !== null) {
    return blockHeader.test(text.slice(Math.max(lineStart, start - headerLengthMax), start)) ? lines[0] : "";
  }
  return onlySpaces.test(text.slice(lineStart, start)) ? (leadingSpaces.exec(value)?.[0] ?? "") : "";
}
