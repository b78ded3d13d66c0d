/** Quick looks that show that a value changes no structure, so that the document need not be read a second time. */
import type { PrintedRange } from "../../model/template.ts";
import type { YamlScalar } from "../yaml/node.ts";
import { isBlockScalar, trimRange } from "./placeholders.ts";

/**
 * Words of letters, digits and harmless signs, joined by single blanks or colons. Replacing one such text by another
 * changes nothing but the scalar (or comment) that it stands in, wherever that is; see {@link isGlued} for the exceptions.
 */
const harmlessText = /^[A-Za-z0-9_/][\w./@+=-]*(?:[ :][A-Za-z0-9_/][\w./@+=-]*)*$/;
/** All of a string in double quotes, on one line. */
const quotedText = /^"(?:[^"\\\r\n]|\\["\\/abefnrtv0]|\\x[0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\U[0-9a-fA-F]{8})*"$/;

const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const space = 0x20;
const wordLengthMax = 256;
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
  return scalar.style === "single" ? !/['\r\n]/.test(value) : !/["\\\r\n]/.test(value);
}

/** A word in place of quotes would join what it touches: a comment's `#`, or in a flow collection a `:`. */
function isSeparate(text: string, { start, end }: PrintedRange): boolean {
  return !isGlued(text, start) && (end === text.length || separators.has(text.charCodeAt(end)));
}

/** Lines of a block scalar whose header is the template's, and with them its last line ends, or goes on, as the template has it. */
function isLinesOfBlock(text: string, range: PrintedRange, scalar: YamlScalar): boolean {
  const { start, end } = trimRange(text, range);
  const headerEnd = text.indexOf("\n", scalar.start);
  if (headerEnd < 0 || headerEnd >= start || range.start <= scalar.start) return false;
  const behind = text.charCodeAt(range.end);
  return end === range.end || range.end === text.length || behind === lineFeed || behind === carriageReturn;
}
