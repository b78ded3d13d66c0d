/** Scalars in single and double quotes. */
import { afterBreak, type Cursor, fail, isBlank, isBreak, isDocumentMarker } from "./cursor.ts";
import { YamlScalar } from "./node.ts";

const doubleQuote = 0x22;
const singleQuote = 0x27;
const backslash = 0x5c;

const escapes = new Map<string, string>([
  ["0", "\0"],
  ["a", "\x07"],
  ["b", "\b"],
  ["t", "\t"],
  ["\t", "\t"],
  ["n", "\n"],
  ["v", "\v"],
  ["f", "\f"],
  ["r", "\r"],
  ["e", "\x1b"],
  [" ", " "],
  ['"', '"'],
  ["'", "'"],
  ["/", "/"],
  ["\\", "\\"],
  ["N", "\x85"],
  ["_", "\xa0"],
  ["L", "\u2028"],
  ["P", "\u2029"],
]);
const codeLengths = new Map([
  ["x", 2],
  ["u", 4],
  ["U", 8],
]);
const hexDigits = /^[0-9a-fA-F]+$/;

/** Reads the quoted scalar at the cursor. */
export function scanQuoted(cursor: Cursor): YamlScalar {
  const { text, pos: start } = cursor;
  const quote = text.charCodeAt(start);
  let pos = start + 1;
  let content = "";
  let pieceStart = pos;

  for (;;) {
    const unit = text.charCodeAt(pos);
    if (unit === quote) {
      if (quote === singleQuote && text.charCodeAt(pos + 1) === singleQuote) {
        content += text.slice(pieceStart, pos + 1);
        pos += 2;
        pieceStart = pos;
        continue;
      }
      break;
    }
    if (unit === backslash && quote === doubleQuote) {
      content += text.slice(pieceStart, pos);
      if (isBreak(text.charCodeAt(pos + 1))) {
        // An escaped line break joins the lines; further empty lines stay.
        const folded = skipBreaks(cursor, pos + 1);
        content += "\n".repeat(folded.breaks - 1);
        pos = folded.pos;
      } else {
        const { value, end } = readEscape(text, pos);
        content += value;
        pos = end;
      }
      pieceStart = pos;
      continue;
    }
    if (isBreak(unit)) {
      let lineEnd = pos;
      while (lineEnd > pieceStart && isBlank(text.charCodeAt(lineEnd - 1))) lineEnd--;
      const folded = skipBreaks(cursor, pos);
      content += text.slice(pieceStart, lineEnd) + (folded.breaks === 1 ? " " : "\n".repeat(folded.breaks - 1));
      pos = folded.pos;
      pieceStart = pos;
      continue;
    }
    if (pos >= text.length) fail("this quote is never closed", start);
    pos++;
  }
  content = pieceStart === start + 1 ? text.slice(pieceStart, pos) : content + text.slice(pieceStart, pos);
  cursor.pos = pos + 1;
  cursor.fresh = false;
  return new YamlScalar(start, cursor.pos, quote === singleQuote ? "single" : "double", content);
}

/** Skips the line break at `from` and all blanks and breaks behind it. */
function skipBreaks(cursor: Cursor, from: number): { pos: number; breaks: number } {
  const { text } = cursor;
  let pos = from;
  let breaks = 0;
  while (isBreak(text.charCodeAt(pos))) {
    pos = afterBreak(text, pos);
    breaks++;
    cursor.lineStart = pos;
    if (isDocumentMarker(text, pos)) fail("a document can't end within quotes", pos);
    while (isBlank(text.charCodeAt(pos))) pos++;
  }
  return { pos, breaks };
}

function readEscape(text: string, start: number): { value: string; end: number } {
  const sign = text[start + 1] ?? "";
  const known = escapes.get(sign);
  if (known !== undefined) return { value: known, end: start + 2 };
  const length = codeLengths.get(sign);
  if (length === undefined) fail(`'\\${sign}' is no escape`, start);
  const digits = text.slice(start + 2, start + 2 + length);
  const code = digits.length === length && hexDigits.test(digits) ? Number.parseInt(digits, 16) : Number.NaN;
  const isCharacter = code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
  if (!isCharacter) fail(`'\\${sign}${digits}' is no character`, start);
  return { value: String.fromCodePoint(code), end: start + 2 + length };
}
