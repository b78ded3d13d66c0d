/** Quick looks that show that a value changes no structure, so that the document need not be read a second time. */
import { isYamlBreak } from "../../go-template/index.ts";
import type { PrintedRange } from "../../model/template.ts";
import type { YamlScalar } from "../yaml/node.ts";
import { contentStart, isBlockScalar, trimSpan, valueSpan } from "./placeholders.ts";

/**
 * Words of letters, digits and harmless signs, joined by single blanks or colons. Replacing one such text by another
 * changes nothing but the scalar (or comment) that it stands in, wherever that is; see {@link isGlued} for the exceptions.
 */
const harmlessText = /^[A-Za-z0-9_/][\w./@+=-]*(?:[ :][A-Za-z0-9_/][\w./@+=-]*)*$/;
/** All of a string in double quotes, on one line. */
const quotedText =
  /^"(?:[^"\\\r\n\x85\u2028\u2029]|\\["\\/abefnrtv0]|\\x[0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\U[0-9a-fA-F]{8})*"$/;

const lineFeed = 0x0a;
const space = 0x20;
const wordLengthMax = 256;
/** Farther back than this the beginning of a block's line is not looked for: many values in one would cost its square. */
const lineLengthMax = 1024;
const digit = /[1-9]/;
const separators = new Set([..." \t\r\n,]}"].map((sign) => sign.charCodeAt(0)));
const gluing = new Set([..."!&*|>%\\"].map((sign) => sign.charCodeAt(0)));

/** Whether a range's characters can't change any structure. */
export function hasHarmlessText(text: string, { start, end }: PrintedRange): boolean {
  return harmlessText.test(text.slice(start, end)) && !isGlued(text, start);
}

/**
 * Whether the word that ends at `start` has begun with, or holds, a sign that makes a tag, an anchor or an escape of it. A very
 * long one counts as such, or many values in a row would cost the square of their number.
 */
function isGlued(text: string, start: number): boolean {
  const end = Math.max(0, start - wordLengthMax);
  for (let at = start - 1; at >= end; at--) {
    const unit = text.charCodeAt(at);
    if (unit === space || unit === lineFeed) return false;
    if (gluing.has(unit)) return true;
  }
  return end > 0;
}

/**
 * Whether a range changes nothing but `scalar`, which is no key and holds it. The template's own text must have begun (and in
 * quotes, must end) that scalar, or it must be all that was printed, in quotes. What begins and ends with the value could have
 * swallowed text of the template; such is left to the second reading.
 */
export function isMereText(text: string, range: PrintedRange, scalar: YamlScalar): boolean {
  if (isBlockScalar(scalar)) return isLinesOfBlock(text, range, scalar);
  if (scalar.style === "plain") return false;
  const value = text.slice(range.start, range.end);
  if (scalar.start === range.start) {
    return scalar.end === range.end && quotedText.test(value) && isSeparate(text, range);
  }
  if (scalar.start > range.start || scalar.end <= range.end || isGlued(text, range.start)) return false;
  return scalar.style === "single" ? !/['\r\n\x85\u2028\u2029]/.test(value) : !/["\\\r\n\x85\u2028\u2029]/.test(value);
}

/** A word in place of quotes would join what it touches: a comment's `#`, or in a flow collection a `:`. */
function isSeparate(text: string, { start, end }: PrintedRange): boolean {
  return !isGlued(text, start) && (end === text.length || separators.has(text.charCodeAt(end)));
}

/**
 * Lines of a literal block which the template has begun: its header, its indentation and that of the value's first line are
 * not the value's. What the value's further lines are indented by is its own affair, as long as the block holds them.
 */
function isLinesOfBlock(text: string, range: PrintedRange, scalar: YamlScalar): boolean {
  const content = contentStart(text, scalar);
  const hasIndicator = digit.test(text.slice(scalar.start, scalar.start + 3));
  const value = valueSpan(range);
  if (scalar.style !== "literal" || hasIndicator || value.start < content) return false;
  const first = firstContent(text, content);
  if (value.start < first.at || (value.start === first.at && value.start !== trimSpan(text, value).start)) return false;

  const begin = Math.max(content, value.start - lineLengthMax);
  let lineStart = value.start;
  while (lineStart > begin && !isYamlBreak(text.charCodeAt(lineStart - 1))) lineStart--;
  if (lineStart === begin && begin > content) return false;
  if (value.start - lineStart < first.indentation) return false;
  const { end } = trimSpan(text, value);
  return end === value.end || value.end === text.length || isYamlBreak(text.charCodeAt(value.end));
}

/** The first character of a block's content that is no blank, which decides how far its lines are indented. */
function firstContent(text: string, start: number): { readonly at: number; readonly indentation: number } {
  let lineStart = start;
  for (let at = start; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (isYamlBreak(unit)) lineStart = at + 1;
    else if (unit !== space) return { at, indentation: at - lineStart };
  }
  return { at: text.length, indentation: 0 };
}
