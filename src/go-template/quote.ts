/** Go's string and character literals: strconv.Quote, Unquote and UnquoteChar. */
import { decodeBytes, encodeBytes, isEscape } from "./bytes.ts";
import { isPrint } from "./functions/unicode.ts";

/** What may need an escape: all but printable ASCII without quotes and backslashes. */
const unplain = /[^ !#-[\]-~]/;
const unplains = /[^ !#-[\]-~]/gu;
const unprintable = /[^ -~]/;
const letterEscapes = new Map([
  [0x07, "\\a"],
  [0x08, "\\b"],
  [0x0c, "\\f"],
  [0x0a, "\\n"],
  [0x0d, "\\r"],
  [0x09, "\\t"],
  [0x0b, "\\v"],
]);

/** strconv.Quote, which `%q` and `quote` print; with `ascii`, everything beyond ASCII is escaped (`%+q`). */
export function quoteGo(text: string, ascii = false): string {
  if (!unplain.test(text)) return `"${text}"`;
  // Of quotes and backslashes JSON makes the same.
  if (!unprintable.test(text)) return JSON.stringify(text);
  return `"${text.replace(unplains, (char) => escapeRune(char.codePointAt(0)!, 0x22, ascii))}"`;
}

/** strconv.QuoteRune, which `%q` prints for an integer. */
export function quoteRune(point: number, ascii = false): string {
  return `'${escapeRune(isValidRune(point) ? point : 0xfffd, 0x27, ascii)}'`;
}

function escapeRune(point: number, quote: number, ascii: boolean): string {
  if (point === quote || point === 0x5c) return `\\${String.fromCharCode(point)}`;
  if (isEscape(point)) return `\\x${hex(point & 0xff, 2)}`;
  if (ascii ? point < 0x80 && isPrint(point) : isPrint(point)) return String.fromCodePoint(point);
  const letter = letterEscapes.get(point);
  if (letter !== undefined) return letter;
  if (point < 0x20 || point === 0x7f) return `\\x${hex(point, 2)}`;
  return point < 0x10000 ? `\\u${hex(point, 4)}` : `\\U${hex(point, 8)}`;
}

function hex(value: number, width: number): string {
  return value.toString(16).padStart(width, "0");
}

export function isValidRune(point: number): boolean {
  return point >= 0 && point <= 0x10ffff && (point < 0xd800 || point > 0xdfff);
}

/** strconv.CanBackquote: fits between backquotes on one line. */
export function canBackquote(text: string): boolean {
  return text.isWellFormed() && !/[\u0000-\u0008\u000a-\u001f`\u007f\ufeff]/.test(text);
}

const escapeBytes: Readonly<Record<string, number>> = { a: 7, b: 8, f: 12, n: 10, r: 13, t: 9, v: 11, "\\": 0x5c };

interface Unquoted {
  /** The code point, or the byte where `isByte`. */
  readonly point: number;
  /** It came from \x or an octal escape, or is ASCII: one byte of the string. */
  readonly isByte: boolean;
  /** Where the rest begins. */
  readonly next: number;
}

/** strconv.UnquoteChar at an offset; `undefined` where it is not valid between such quotes. */
export function unquoteChar(text: string, at: number, quote: string): Unquoted | undefined {
  const point = text.codePointAt(at);
  if (point === undefined || text[at] === quote) return undefined;
  if (point !== 0x5c) return { point, isByte: point < 0x80, next: at + (point > 0xffff ? 2 : 1) };
  const letter = text[at + 1];
  if (letter === undefined) return undefined;
  if (letter === "x" || letter === "u" || letter === "U") {
    const width = letter === "x" ? 2 : letter === "u" ? 4 : 8;
    const digits = text.slice(at + 2, at + 2 + width);
    if (digits.length < width || !/^[0-9a-fA-F]+$/.test(digits)) return undefined;
    const value = Number.parseInt(digits, 16);
    if (letter !== "x" && !isValidRune(value)) return undefined;
    return { point: value, isByte: letter === "x", next: at + 2 + width };
  }
  if (letter >= "0" && letter <= "7") {
    const digits = text.slice(at + 1, at + 4);
    if (!/^[0-3][0-7]{2}$/.test(digits)) return undefined;
    return { point: Number.parseInt(digits, 8), isByte: true, next: at + 4 };
  }
  const value = letter === quote ? letter.charCodeAt(0) : escapeBytes[letter];
  return value === undefined ? undefined : { point: value, isByte: true, next: at + 2 };
}

/** strconv.Unquote of a literal in double or back quotes; `undefined` where it is none. */
export function unquote(literal: string): string | undefined {
  const quote = literal[0]!;
  if (literal.length < 2 || literal.at(-1) !== quote) return undefined;
  const inner = literal.slice(1, -1);
  if (quote === "`") return inner.replaceAll("\r", "");
  if (!inner.includes("\\")) return inner.includes(quote) || inner.includes("\n") ? undefined : inner;
  return resolveEscapes(inner, quote);
}

/** What stands between quotes, with its escapes resolved. */
export function resolveEscapes(inner: string, quote: string): string | undefined {
  let text = "";
  let hasBytes = false;
  for (let at = 0; at < inner.length; ) {
    if (inner[at] === "\n") return undefined;
    const char = unquoteChar(inner, at, quote);
    if (char === undefined) return undefined;
    const isRawByte = char.isByte && char.point >= 0x80;
    text += isRawByte ? String.fromCharCode(0xdc00 | char.point) : String.fromCodePoint(char.point);
    hasBytes ||= isRawByte;
    at = char.next;
  }
  // Escaped bytes next to each other may be one character.
  return hasBytes ? decodeBytes(encodeBytes(text)) : text;
}
