/** Strings, numbers, dates and words of TOML, as BurntSushi/toml reads them. */
import { GoTime } from "../functions/time/go-time.ts";
import { fixedZone, type Location } from "../functions/time/location.ts";
import { parseTime } from "../functions/time/parse-time.ts";
import { parseFloat64, parseInt64 } from "../numbers.ts";
import { quoteGo, quoteRune } from "../quote.ts";
import { end, type TomlReader } from "./toml-reader.ts";

export type TomlScalar = string | boolean | bigint | number | GoTime;

/** Zones that say which parts a time without an offset has; they print so, too. */
export const localDatetime = fixedZone("datetime-local", 0);
export const localDate = fixedZone("date-local", 0);
export const localTime = fixedZone("time-local", 0);

/** `%q` of a character; the end counts as NUL. */
export function quoteChar(char: string): string {
  return quoteRune(char === end ? 0 : char.codePointAt(0)!);
}

/** A scalar value; the reader stands at its first character. */
export function readScalar(reader: TomlReader): TomlScalar {
  const char = reader.peek();
  if (/^[0-9]$/.test(char)) return readNumberOrDate(reader);
  switch (char) {
    case '"':
    case "'":
      return reader.peek(1) === char && reader.peek(2) === char ? readMultiline(reader, char) : readQuoted(reader);
    case ".":
      reader.next();
      reader.fail("floats must start with a digit, not '.'");
      break;
    case "+":
    case "-":
      return readSignedNumber(reader);
    case "i":
    case "n":
      return readNamedFloat(reader);
  }
  if (letter.test(char)) return readWord(reader);
  reader.next();
  if (char === end) reader.fail("unexpected EOF; expected value");
  const problem = `expected value but found ${quoteChar(char)} instead`;
  if (char === "\n") reader.failBefore(problem);
  reader.fail(problem);
}

const letter = /^\p{L}$/u;

function readWord(reader: TomlReader): boolean {
  const word = reader.takeAll(letter);
  if (word !== "true" && word !== "false") reader.fail(`expected value but found ${quoteGo(word)} instead`);
  return word === "true";
}

/** `inf` and `nan`; what begins like them is read as far as the library does before it gives up. */
function readNamedFloat(reader: TomlReader): number | boolean {
  const start = reader.at;
  reader.next();
  if ((reader.accept("n") && reader.accept("f")) || (reader.accept("a") && reader.accept("n"))) {
    return parseTomlFloat(reader, reader.text.slice(start, reader.at));
  }
  reader.at--;
  return readWord(reader);
}

function readSignedNumber(reader: TomlReader): bigint | number {
  const start = reader.at;
  reader.next();
  const current = () => reader.text.slice(start, reader.at);
  const char = reader.next();
  for (const word of ["inf", "nan"]) {
    if (char !== word[0]) continue;
    if (!reader.accept(word[1]!) || !reader.accept(word[2]!)) reader.fail(`invalid float: '${current()}'`);
    return parseTomlFloat(reader, current());
  }
  if (char === "0" && /^[box]$/.test(reader.peek())) {
    reader.fail(`cannot use sign with non-decimal numbers: '${current()}${reader.peek()}'`);
  }
  if (char === ".") reader.fail("floats must start with a digit, not '.'");
  if (!/^[0-9]$/.test(char)) reader.fail(`expected a digit but got ${quoteChar(char)}`);
  reader.takeAll(/^[0-9_]$/);
  return readFloatTail(reader, start);
}

const prefixedDigits: Readonly<Record<string, [digit: RegExp, name: string]>> = {
  b: [/^[01_]$/, "a binary"],
  o: [/^[0-7_]$/, "an octal"],
  x: [/^[0-9a-fA-F_]$/, "a hexadecimal"],
};

function readNumberOrDate(reader: TomlReader): bigint | number | GoTime {
  const start = reader.at;
  if (reader.next() === "0") {
    const prefix = reader.peek();
    const prefixed = prefixedDigits[prefix];
    if (prefixed !== undefined) {
      reader.next();
      const [digit, name] = prefixed;
      const first = reader.peek();
      if (first === "_" || !digit.test(first)) {
        reader.fail(`not ${name} number: '0${prefix}${first === end ? "\0" : first}'`);
      }
      reader.takeAll(digit);
      return parseTomlInteger(reader, reader.text.slice(start, reader.at));
    }
    if (prefix === "-" || prefix === ":") return parseTomlInteger(reader, "0");
  }
  reader.takeAll(/^[0-9]$/);
  if (/^[-:]$/.test(reader.peek())) {
    reader.takeAll(/^[-0-9:Tt .Zz+]$/);
    return parseTomlDatetime(reader, reader.text.slice(start, reader.at).trimEnd());
  }
  reader.takeAll(/^[0-9_]$/);
  return readFloatTail(reader, start);
}

/** Behind the digits of a decimal number: an integer, or a float in any sequence of its characters. */
function readFloatTail(reader: TomlReader, start: number): bigint | number {
  const isFloat = /^[.eE]$/.test(reader.peek());
  if (isFloat) reader.takeAll(/^[-0-9_.+eE]$/);
  const literal = reader.text.slice(start, reader.at);
  return isFloat ? parseTomlFloat(reader, literal) : parseTomlInteger(reader, literal);
}

function parseTomlInteger(reader: TomlReader, literal: string): bigint {
  const invalid = (why: string) => reader.failIn(reader.line, `Invalid integer ${quoteGo(literal)}: ${why}`);
  if (!areUnderscoresSurrounded(literal)) invalid("underscores must be surrounded by digits");
  if (hasLeadingZero(literal)) invalid("cannot have leading zeroes");
  const value = parseInt64(literal);
  if (typeof value !== "bigint") reader.failIn(reader.line, `${literal} is out of range for int64`);
  return value;
}

function parseTomlFloat(reader: TomlReader, literal: string): number {
  const shown = quoteGo(literal);
  const parts = literal.split(/[.eE]/).filter((part) => part !== "");
  if (!parts.every(areUnderscoresSurrounded)) {
    reader.failIn(reader.line, `Invalid float ${shown}: underscores must be surrounded by digits`);
  }
  if (hasLeadingZero(parts[0] ?? "")) reader.failIn(reader.line, `Invalid float ${shown}: cannot have leading zeroes`);
  if (/\.(?![0-9])/.test(literal)) {
    reader.failIn(reader.line, `Invalid float ${shown}: '.' must be followed by one or more digits`);
  }
  const digits = literal.replaceAll("_", "");
  const value = parseFloat64(digits === "+nan" || digits === "-nan" ? "nan" : digits);
  if (value === undefined) reader.failIn(reader.line, `Invalid float value: ${shown}`);
  if (!Number.isFinite(value) && /[0-9]/.test(literal)) {
    reader.failIn(reader.line, `${literal} is out of range for float64`);
  }
  return value;
}

/** The library lets hexadecimal digits stand around underscores everywhere. */
function areUnderscoresSurrounded(literal: string): boolean {
  if (/^[-+]?(?:nan|inf)$/.test(literal)) return true;
  return /[0-9a-fA-F]$/.test(literal) && !/(?:^|[^0-9a-fA-F])_/.test(literal);
}

function hasLeadingZero(literal: string): boolean {
  return /^0[^box]/.test(literal) || /^[-+]0./.test(literal);
}

const datetimeForms: readonly (readonly [layout: string, zone: Location | undefined])[] = [
  ["2006-01-02T15:04:05.999999999Z07:00", undefined],
  ["2006-01-02T15:04:05.999999999", localDatetime],
  ["2006-01-02", localDate],
  ["15:04:05.999999999", localTime],
  ["2006-01-02T15:04Z07:00", undefined],
  ["2006-01-02T15:04", localDatetime],
  ["15:04", localTime],
];

function parseTomlDatetime(reader: TomlReader, literal: string): GoTime {
  const text = literal.replace(/[zt ]/g, (char) => (char === "z" ? "Z" : "T"));
  for (const [layout, zone] of datetimeForms) {
    const time = tryParseTime(layout, text);
    if (time === undefined) continue;
    if (lacksLeadingZero(text, layout)) break;
    return zone === undefined ? new GoTime(time) : new GoTime({ ...time, location: zone });
  }
  reader.failIn(reader.line, `invalid datetime: ${quoteGo(text)}`);
}

function tryParseTime(layout: string, text: string): ReturnType<typeof parseTime> | undefined {
  try {
    return parseTime(layout, text);
  } catch {
    return undefined;
  }
}

/** Go's layouts accept one digit where they show two; then the separators stand elsewhere. */
function lacksLeadingZero(text: string, layout: string): boolean {
  for (let at = 0; at < layout.length; at++) {
    const char = layout[at]!;
    if (char === "." || char === "Z") return false;
    if ((char < "0" || char > "9") && text[at] !== char) return true;
  }
  return false;
}

/** A string on one line, in either quotes; also a quoted key. */
export function readQuoted(reader: TomlReader): string {
  const quote = reader.next();
  const start = reader.at;
  let hasEscapes = false;
  for (;;) {
    const char = reader.next();
    if (char === quote) break;
    if (char === end) reader.fail(`unexpected EOF; expected ${quote === '"' ? `'"'` : `"'"`}`);
    if (char === "\n" || char === "\r") reader.failBefore("strings cannot contain newlines");
    if (char === "\\" && quote === '"') {
      hasEscapes = true;
      checkEscape(reader, start);
    }
  }
  const content = reader.text.slice(start, reader.at - 1);
  return hasEscapes ? resolveEscapes(reader, content) : content;
}

function readMultiline(reader: TomlReader, quote: string): string {
  const triple = quote.repeat(3);
  const isBasic = quote === '"';
  for (let count = 0; count < 3; count++) reader.next();
  const start = reader.at;
  for (;;) {
    if (reader.text.startsWith(triple, reader.at)) {
      if (reader.peek(3) !== quote) break;
      // One or two quotes may stand before the closing three.
      const current = reader.text.slice(start, reader.at + 3);
      const isEscaped = isBasic && current.endsWith(`\\${quote.repeat(5)}`);
      if (current.endsWith(quote.repeat(5)) && !isEscaped) {
        reader.fail(`unexpected ${isBasic ? `'""""""'` : `"''''''"`}`);
      }
    }
    const char = reader.next();
    if (char === end) reader.fail(`unexpected EOF; expected ${isBasic ? `'"""'` : `"'''"`}`);
    if (char === "\\" && isBasic) {
      if (/^[\r\n]$/.test(reader.peek())) reader.next();
      else checkEscape(reader, start);
    }
  }
  const content = reader.text.slice(start, reader.at).replace(/^\r?\n/, "");
  const value = isBasic ? resolveEscapes(reader, joinEscapedLines(content)) : content;
  for (let count = 0; count < 3; count++) reader.next();
  return value;
}

const hexEscapes: Readonly<Record<string, [digits: number, word: string]>> = {
  x: [2, "two"],
  u: [4, "four"],
  U: [8, "eight"],
};

/** Checks what follows a backslash; blanks pass, they may stand before an escaped line break. */
function checkEscape(reader: TomlReader, start: number): void {
  const char = reader.next();
  const hex = hexEscapes[char];
  if (hex === undefined) {
    if (!/^[ebtnfr" \t\\]$/.test(char)) reader.failAround(`invalid escape in string '\\${char === end ? "\0" : char}'`);
    return;
  }
  const [digits, word] = hex;
  for (let count = 0; count < digits; count++) {
    if (/^[0-9a-fA-F]$/.test(reader.next())) continue;
    const current = quoteGo(reader.text.slice(start, reader.at));
    reader.fail(`expected ${word} hexadecimal digits after '\\${char}', but got ${current} instead`);
  }
}

/** Removes each backslash at the end of a line with all blanks and line breaks behind it. */
function joinEscapedLines(content: string): string {
  return content.replace(/\\\\|\\[ \t\r]*\n[ \t\r\n]*/g, (match) => (match === "\\\\" ? match : ""));
}

const escapedChars: Readonly<Record<string, string>> = {
  b: "\b",
  t: "\t",
  n: "\n",
  f: "\f",
  r: "\r",
  e: "\x1b",
  '"': '"',
  "\\": "\\",
};

function resolveEscapes(reader: TomlReader, content: string): string {
  return content.replace(/\\(?:x(..)|u(.{4})|U(.{8})|([\s\S]))/g, (_, short, middle, long, char: string) => {
    const digits: string | undefined = short ?? middle ?? long;
    if (digits === undefined) {
      return escapedChars[char] ?? reader.failIn(reader.line, `invalid escape: '\\${char}'`);
    }
    const point = Number.parseInt(digits, 16);
    if (point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) {
      reader.failIn(reader.line, `Escaped character '\\u${digits}' is not valid UTF-8.`);
    }
    return String.fromCodePoint(point);
  });
}
