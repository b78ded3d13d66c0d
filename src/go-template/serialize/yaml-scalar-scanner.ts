/** The scalars of YAML 1.1, as libyaml scans them: plain, quoted and block. */
import { ScalarText, type TextOrigins } from "./scalar-text.ts";
import { isBlankOrEnd, unitAt, type YamlCursor } from "./yaml-cursor.ts";
import { isBreak } from "./yaml-scalar.ts";

export interface ScannedScalar {
  readonly text: string;
  /** Where it ends, without blanks and breaks that were taken behind it. */
  readonly end: number;
  /** Line breaks were taken behind it, so that a key may follow. */
  readonly brokenAtEnd: boolean;
  readonly origins: TextOrigins | undefined;
}

const space = 0x20;
const tab = 0x09;
const hash = 0x23;
const colon = 0x3a;
/** `,?[]{}`, which end a plain scalar in a flow collection. */
const flowIndicators: ReadonlySet<number> = new Set([..."[]{},?"].map((sign) => sign.charCodeAt(0)));

/** Scans the plain scalar here; `indent` is the column of the block collection around it. */
export function scanPlain(cursor: YamlCursor, inFlow: boolean, indent: number): ScannedScalar {
  const { text, isTraced } = cursor;
  const start = cursor.at;
  let end = plainLineEnd(text, start, inFlow);
  cursor.moveTo(end);
  let isBroken = takeWhite(cursor, indent);
  let content: ScalarText | undefined;
  for (let wordEnd = end; goesOn(cursor, inFlow, indent, isBroken); ) {
    const { at } = cursor;
    const lineEnd = plainLineEnd(text, at, inFlow);
    if (lineEnd === at) break;
    content ??= firstLine(cursor, start, end);
    content.addFolded(text, wordEnd, at);
    content.add(text.slice(at, lineEnd), at, lineEnd);
    end = lineEnd;
    wordEnd = lineEnd;
    cursor.moveTo(lineEnd);
    isBroken = takeWhite(cursor, indent);
  }
  if (isTraced) content ??= firstLine(cursor, start, end);
  return {
    text: content === undefined ? text.slice(start, end) : content.text,
    end,
    brokenAtEnd: isBroken,
    origins: content?.origins,
  };
}

/** Whether words of the scalar may follow what was taken. */
function goesOn(cursor: YamlCursor, inFlow: boolean, indent: number, isBroken: boolean): boolean {
  if (!isBroken || (!inFlow && cursor.column <= indent)) return false;
  return cursor.unit() !== hash && !cursor.isDocumentIndicator();
}

function firstLine({ text, isTraced }: YamlCursor, start: number, end: number): ScalarText {
  const content = new ScalarText(isTraced);
  content.add(text.slice(start, end), start, end);
  return content;
}

/** Takes blanks and line breaks; whether there were breaks. Behind one no tab may stand up to column `indent`. */
function takeWhite(cursor: YamlCursor, indent: number): boolean {
  let isBroken = false;
  for (;;) {
    const unit = cursor.unit();
    if (unit === space) {
      cursor.skipSpaces();
    } else if (unit === tab) {
      if (isBroken && cursor.column <= indent) cursor.fail("found a tab character that violates indentation");
      cursor.skipAscii();
    } else if (isBreak(unit)) {
      cursor.readBreak();
      isBroken = true;
    } else {
      return isBroken;
    }
  }
}

/** Words that go on being one plain scalar wherever they stand. */
const plainWords = /[A-Za-z0-9_./@+=-]+(?: [A-Za-z0-9_./@+=-]+)*/y;

/** The end of the words on this line: before a colon, an indicator, or blanks that no word follows. */
export function plainLineEnd(text: string, start: number, inFlow: boolean): number {
  const { length } = text;
  plainWords.lastIndex = start;
  let end = plainWords.test(text) ? plainWords.lastIndex : start;
  for (let at = end; at < length; ) {
    const unit = text.charCodeAt(at);
    if (unit === space || unit === tab) {
      do at++;
      while (unitAt(text, at) === space || unitAt(text, at) === tab);
      // A comment needs a blank before it.
      if (unitAt(text, at) === hash) return end;
      continue;
    }
    if (unit <= 0x7f ? unit === 0 || unit === 0x0a || unit === 0x0d : isBreak(unit)) return end;
    if (unit === colon ? isBlankOrEnd(unitAt(text, at + 1)) : inFlow && flowIndicators.has(unit)) return end;
    end = ++at;
  }
  return end;
}

/** Everything between quotes that means itself. */
const singleQuotedRun = /[^'\t\n\r \x85\u2028\u2029]+(?:[ \t]+[^'\t\n\r \x85\u2028\u2029]+)*/y;
const doubleQuotedRun = /[^"\\\t\n\r \x85\u2028\u2029]+(?:[ \t]+[^"\\\t\n\r \x85\u2028\u2029]+)*/y;

/** Scans the scalar in quotes here. */
export function scanQuoted(cursor: YamlCursor, quote: "'" | '"'): ScannedScalar {
  const isDouble = quote === '"';
  const run = isDouble ? doubleQuotedRun : singleQuotedRun;
  const { text, at: start } = cursor;
  const content = new ScalarText(cursor.isTraced);
  cursor.skipAscii();
  for (let isFirst = true; ; isFirst = false) {
    // Blanks and breaks between the words, of which the first break may be behind a backslash.
    const whiteStart = cursor.at;
    const isEscaped = !isFirst && isDouble && cursor.isAt("\\") && cursor.isBreak(1);
    if (isEscaped) {
      cursor.skipAscii();
      cursor.readBreak();
    }
    takeWhite(cursor, -1);
    if (cursor.isDocumentIndicator()) cursor.fail("found unexpected document indicator");
    if (cursor.isEnd()) cursor.fail("found unexpected end of stream", start);
    content.addFolded(text, whiteStart, cursor.at, isEscaped);
    addWords(cursor, content, isDouble, run);
    if (cursor.isAt(quote)) break;
  }
  cursor.skipAscii();
  return { text: content.text, end: cursor.at, brokenAtEnd: false, origins: content.origins };
}

/** Everything up to a blank, a break (also an escaped one) or the end of the quotes. */
function addWords(cursor: YamlCursor, content: ScalarText, isDouble: boolean, run: RegExp): void {
  while (!cursor.isBlankOrEnd()) {
    if (cursor.isAt(isDouble ? '"' : "'")) {
      if (isDouble || !cursor.isAt("'", 1)) return;
      content.add("'", cursor.at, cursor.at + 1);
      cursor.skip(2);
    } else if (isDouble && cursor.isAt("\\")) {
      if (cursor.isBreak(1)) return;
      addEscape(cursor, content);
    } else {
      const { text, at } = cursor;
      run.lastIndex = at;
      run.test(text);
      content.add(text.slice(at, run.lastIndex), at, run.lastIndex);
      cursor.moveTo(run.lastIndex);
    }
  }
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

function addEscape(cursor: YamlCursor, content: ScalarText): void {
  const { at } = cursor;
  const name = cursor.text[at + 1] ?? "";
  const escaped = escapes[name];
  if (escaped !== undefined) {
    cursor.skip(2);
    content.add(escaped, at, cursor.at);
    return;
  }
  const length = codeLengths[name];
  if (length === undefined) cursor.fail("found unknown escape character");
  cursor.skip(2);
  const digits = cursor.text.slice(cursor.at, cursor.at + length);
  if (digits.length < length || !hexDigits.test(digits)) cursor.fail("did not find expected hexdecimal number", at);
  const point = Number.parseInt(digits, 16);
  if ((point >= 0xd800 && point <= 0xdfff) || point > 0x10ffff) {
    cursor.fail("found invalid Unicode character escape code", at);
  }
  cursor.skip(length);
  content.add(String.fromCodePoint(point), at, cursor.at);
}

/** Scans the literal or folded block scalar here; `parentIndent` is the column of the block collection around it. */
export function scanBlock(cursor: YamlCursor, parentIndent: number): ScannedScalar {
  const isLiteral = cursor.isAt("|");
  const content = new ScalarText(cursor.isTraced);
  cursor.skip();
  const header = scanBlockHeader(cursor);
  const { chomping, increment } = header;
  let { end } = header;
  const given = increment === 0 ? 0 : Math.max(parentIndent, 0) + increment;
  let breaksStart = cursor.at;
  let [indent, furtherBreaks] = scanBlockBreaks(cursor, given, parentIndent);

  let firstBreak = "";
  let firstBreakAt = breaksStart;
  let afterBlank = false;
  while (cursor.column === indent && !cursor.isEnd()) {
    const startsBlank = cursor.isBlank();
    const folds = !isLiteral && !afterBlank && !startsBlank && firstBreak === "\n";
    if (folds && furtherBreaks === "") {
      content.add(" ", firstBreakAt, breaksStart);
    } else {
      if (!folds) content.add(firstBreak, firstBreakAt, breaksStart);
      content.add(furtherBreaks, breaksStart, cursor.at);
    }
    afterBlank = startsBlank;
    const start = cursor.at;
    end = lineEndFrom(cursor.text, start);
    content.add(cursor.text.slice(start, end), start, end);
    cursor.moveTo(end);
    firstBreakAt = end;
    firstBreak = cursor.isBreak() ? cursor.readBreak() : "";
    breaksStart = cursor.at;
    [indent, furtherBreaks] = scanBlockBreaks(cursor, indent, parentIndent);
  }
  if (chomping !== "-") content.add(firstBreak, firstBreakAt, breaksStart);
  if (chomping === "+") content.add(furtherBreaks, breaksStart, cursor.at);
  return { text: content.text, end, brokenAtEnd: true, origins: content.origins };
}

const lineRest = /[^\n\r\x85\u2028\u2029]*/y;

function lineEndFrom(text: string, start: number): number {
  lineRest.lastIndex = start;
  lineRest.test(text);
  return lineRest.lastIndex;
}

interface BlockHeader {
  readonly chomping: string;
  readonly increment: number;
  /** Behind the indicators. */
  readonly end: number;
}

/** The indicators behind `|` or `>`, in either order, and the rest of the line. */
function scanBlockHeader(cursor: YamlCursor): BlockHeader {
  let chomping = takeChomping(cursor);
  let increment = 0;
  const digit = cursor.unit() - 0x30;
  if (digit >= 0 && digit <= 9) {
    if (digit === 0) cursor.fail("found an indentation indicator equal to 0");
    increment = digit;
    cursor.skip();
    chomping ||= takeChomping(cursor);
  }
  const end = cursor.at;
  cursor.skipBlanks();
  cursor.skipComment();
  if (!cursor.isBreakOrEnd()) cursor.fail("did not find expected comment or line break");
  if (cursor.isBreak()) cursor.readBreak();
  return { chomping, increment, end };
}

function takeChomping(cursor: YamlCursor): string {
  return cursor.isAt("+") || cursor.isAt("-") ? cursor.read() : "";
}

/** Empty lines and the next line's indentation; without a given one, the deepest of them decides it. */
function scanBlockBreaks(cursor: YamlCursor, given: number, parentIndent: number): [indent: number, breaks: string] {
  let breaks = "";
  let deepest = 0;
  for (;;) {
    if (given === 0) cursor.skipSpaces();
    else if (cursor.column < given) cursor.skipSpaces(given - cursor.column);
    deepest = Math.max(deepest, cursor.column);
    if ((given === 0 || cursor.column < given) && cursor.unit() === tab) {
      cursor.fail("found a tab character where an indentation space is expected");
    }
    if (!cursor.isBreak()) break;
    breaks += cursor.readBreak();
  }
  return [given === 0 ? Math.max(deepest, parentIndent + 1, 1) : given, breaks];
}
