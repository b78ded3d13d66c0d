/** The scalars of YAML 1.1, as libyaml scans them: plain, quoted and block. */
import type { YamlCursor } from "./yaml-cursor.ts";

/**
 * Joins what a scalar's lines hold: one break folds to a space, of several the first is dropped. U+2028 and U+2029 do
 * not fold.
 */
class Folding {
  private firstBreak = "";
  private furtherBreaks = "";
  private blanks = "";
  /** Line breaks stand between the last word and here. */
  broken = false;

  /** Takes the blank or break here. */
  take(cursor: YamlCursor): void {
    if (!cursor.isBreak()) {
      const blank = cursor.read();
      if (!this.broken) this.blanks += blank;
    } else if (!this.broken) {
      this.blanks = "";
      this.firstBreak = cursor.readBreak();
      this.broken = true;
    } else {
      this.furtherBreaks += cursor.readBreak();
    }
  }

  /** A line break behind a backslash: it and the blanks behind it vanish. */
  takeEscapedBreak(cursor: YamlCursor): void {
    cursor.readBreak();
    this.broken = true;
  }

  hasSomething(): boolean {
    return this.broken || this.blanks !== "";
  }

  /** What all that was taken since the last time stands for. */
  release(): string {
    let joint = this.blanks;
    if (this.broken) {
      joint = this.firstBreak === "\n" ? this.furtherBreaks || " " : this.firstBreak + this.furtherBreaks;
    }
    this.firstBreak = "";
    this.furtherBreaks = "";
    this.blanks = "";
    this.broken = false;
    return joint;
  }
}

const flowIndicators = ",?[]{}";
/** Words that go on being one plain scalar wherever they stand. */
const plainWords = /[A-Za-z0-9_./@+=-]+(?: [A-Za-z0-9_./@+=-]+)*/y;
/** What means itself between quotes, of both kinds. */
const quotedWords = /[A-Za-z0-9_./@+=:,;#?!<>()[\]{}*&$%^~|`-]+(?: [A-Za-z0-9_./@+=-]+)*/y;

/**
 * Scans a plain scalar; `indent` is the indentation of the collection around it. `brokenAtEnd` says that line breaks
 * were taken behind it, so that a key may follow.
 */
export function scanPlain(
  cursor: YamlCursor,
  inFlow: boolean,
  indent: number,
): { readonly value: string; readonly brokenAtEnd: boolean } {
  let value = "";
  const folding = new Folding();
  for (;;) {
    if (cursor.isDocumentIndicator() || cursor.isAt("#")) break;
    const start = cursor.at;
    while (!cursor.isBlankOrEnd()) {
      if (cursor.isAt(":") && cursor.isBlankOrEnd(1)) break;
      if (inFlow && flowIndicators.includes(cursor.text[cursor.at]!)) break;
      if (folding.hasSomething()) value += folding.release();
      cursor.skip();
      cursor.skipMatch(plainWords);
    }
    value += cursor.text.slice(start, cursor.at);
    if (!cursor.isBlank() && !cursor.isBreak()) break;
    while (cursor.isBlank() || cursor.isBreak()) {
      if (folding.broken && cursor.column <= indent && cursor.isAt("\t")) {
        cursor.fail("found a tab character that violates indentation");
      }
      folding.take(cursor);
    }
    if (!inFlow && cursor.column <= indent) break;
  }
  return { value, brokenAtEnd: folding.broken };
}

export function scanQuoted(cursor: YamlCursor, quote: "'" | '"'): string {
  const isDouble = quote === '"';
  const folding = new Folding();
  let value = "";
  cursor.skip();
  for (;;) {
    if (cursor.isDocumentIndicator()) cursor.fail("found unexpected document indicator");
    if (cursor.isEnd()) cursor.fail("found unexpected end of stream");
    let start = cursor.at;
    while (!cursor.isBlankOrEnd()) {
      if (cursor.isAt(quote)) {
        if (isDouble || !cursor.isAt("'", 1)) break;
        cursor.skip();
        value += cursor.text.slice(start, cursor.at);
        cursor.skip();
        start = cursor.at;
      } else if (isDouble && cursor.isAt("\\")) {
        value += cursor.text.slice(start, cursor.at);
        if (cursor.isBreak(1)) {
          cursor.skip();
          folding.takeEscapedBreak(cursor);
          start = cursor.at;
          break;
        }
        value += readEscape(cursor);
        start = cursor.at;
      } else {
        cursor.skip();
        cursor.skipMatch(quotedWords);
      }
    }
    value += cursor.text.slice(start, cursor.at);
    if (cursor.isAt(quote)) break;
    while (cursor.isBlank() || cursor.isBreak()) folding.take(cursor);
    value += folding.release();
  }
  cursor.skip();
  return value;
}

const escapes: Readonly<Record<string, string>> = {
  "0": "\0",
  a: "\x07",
  b: "\b",
  t: "\t",
  "\t": "\t",
  n: "\n",
  v: "\v",
  f: "\f",
  r: "\r",
  e: "\x1b",
  " ": " ",
  '"': '"',
  "'": "'",
  "\\": "\\",
  N: "\x85",
  _: "\xa0",
  L: "\u2028",
  P: "\u2029",
};
const codeLengths: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 };
const hexDigits = /^[0-9a-fA-F]*$/;

function readEscape(cursor: YamlCursor): string {
  const name = cursor.text[cursor.at + 1]!;
  const escaped = escapes[name];
  if (escaped !== undefined) {
    cursor.skip(2);
    return escaped;
  }
  const length = codeLengths[name];
  if (length === undefined) cursor.fail("found unknown escape character");
  cursor.skip(2);
  const digits = cursor.text.slice(cursor.at, cursor.at + length);
  if (digits.length < length || !hexDigits.test(digits)) cursor.fail("did not find expected hexdecimal number");
  const point = Number.parseInt(digits, 16);
  if ((point >= 0xd800 && point <= 0xdfff) || point > 0x10ffff) {
    cursor.fail("found invalid Unicode character escape code");
  }
  cursor.skip(length);
  return String.fromCodePoint(point);
}

/** Scans a literal or folded block scalar; `parentIndent` is the indentation of the collection around it. */
export function scanBlock(cursor: YamlCursor, isLiteral: boolean, parentIndent: number): string {
  cursor.skip();
  const { chomping, increment } = scanBlockHeader(cursor);
  let indent = increment === 0 ? 0 : Math.max(parentIndent, 0) + increment;
  let furtherBreaks: string;
  [indent, furtherBreaks] = scanBlockBreaks(cursor, indent, parentIndent);

  let value = "";
  let firstBreak = "";
  let afterBlank = false;
  while (cursor.column === indent && !cursor.isEnd()) {
    const startsBlank = cursor.isBlank();
    if (!isLiteral && !afterBlank && !startsBlank && firstBreak === "\n") {
      value += furtherBreaks || " ";
    } else {
      value += firstBreak + furtherBreaks;
    }
    afterBlank = startsBlank;
    const start = cursor.at;
    while (!cursor.isBreakOrEnd()) cursor.skip();
    value += cursor.text.slice(start, cursor.at);
    firstBreak = cursor.isBreak() ? cursor.readBreak() : "";
    [indent, furtherBreaks] = scanBlockBreaks(cursor, indent, parentIndent);
  }
  if (chomping !== "-") value += firstBreak;
  if (chomping === "+") value += furtherBreaks;
  return value;
}

/** The indicators behind `|` or `>`, in either order, and the rest of the line. */
function scanBlockHeader(cursor: YamlCursor): { readonly chomping: string; readonly increment: number } {
  let chomping = takeChomping(cursor);
  let increment = 0;
  const digit = cursor.unit() - 0x30;
  if (digit >= 0 && digit <= 9) {
    if (digit === 0) cursor.fail("found an indentation indicator equal to 0");
    increment = digit;
    cursor.skip();
    chomping ||= takeChomping(cursor);
  }
  cursor.skipBlanks();
  cursor.skipComment();
  if (!cursor.isBreakOrEnd()) cursor.fail("did not find expected comment or line break");
  if (cursor.isBreak()) cursor.readBreak();
  return { chomping, increment };
}

function takeChomping(cursor: YamlCursor): string {
  return cursor.isAt("+") || cursor.isAt("-") ? cursor.read() : "";
}

/** Empty lines and the next line's indentation; without a given one, the deepest of them decides it. */
function scanBlockBreaks(cursor: YamlCursor, given: number, parentIndent: number): [indent: number, breaks: string] {
  let breaks = "";
  let deepest = 0;
  for (;;) {
    while ((given === 0 || cursor.column < given) && cursor.isAt(" ")) cursor.skip();
    deepest = Math.max(deepest, cursor.column);
    if ((given === 0 || cursor.column < given) && cursor.isAt("\t")) {
      cursor.fail("found a tab character where an indentation space is expected");
    }
    if (!cursor.isBreak()) break;
    breaks += cursor.readBreak();
  }
  return [given === 0 ? Math.max(deepest, parentIndent + 1, 1) : given, breaks];
}
