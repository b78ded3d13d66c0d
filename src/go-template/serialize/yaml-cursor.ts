/** A position in YAML text, and the tests on characters that libyaml's scanner is written in. */
import { encodeBytes } from "../bytes.ts";
import { isBreak } from "./yaml-scalar.ts";

/** What is wrong with a YAML text, in go-yaml's words: `yaml: line 2: did not find expected key`. */
export class YamlError extends Error {
  /** The words without the line. */
  readonly problem: string;
  /** Where in the text, in UTF-16 units. */
  readonly offset: number;

  constructor(problem: string, line = 0, offset = 0) {
    super(`yaml: ${line > 0 ? `line ${line}: ` : ""}${problem}`);
    this.name = "YamlError";
    this.problem = problem;
    this.offset = offset;
  }
}

const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const space = 0x20;
const tab = 0x09;
const hash = 0x23;
const dash = 0x2d;
const dot = 0x2e;
const byteOrderMark = "\ufeff";

/** What go-yaml's reader refuses: control characters but tab, line feed, carriage return and U+0085; what is no UTF-8. */
const unreadable = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u0084\u0086-\u009f\ud800-\udfff\ufffe\uffff]/u;
/** A quick look for what may be refused, or is two units. */
const suspicious = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\ud800-\udfff\ufffe\uffff]/;
const pair = /[\ud800-\udbff][\udc00-\udfff]/;
const readerChunkBytes = 512;
/** The scanner asks for this many characters ahead. */
const lookahead = 3;

export class YamlCursor {
  readonly text: string;
  /** Whether scalars note the origins of their text. */
  readonly isTraced: boolean;
  /** UTF-16 offset in the text. */
  at = 0;
  /** Code points before this one. */
  index = 0;
  /** From 0. */
  line = 0;
  /** From 0, in code points. */
  column = 0;
  /** Whether some characters are two units. */
  private readonly hasPairs: boolean;
  /** Where the chunk begins that the reader refuses, and why: it reads ahead of the scanner. */
  private readonly refusedFrom: number;
  private readonly refusal: string;

  constructor(text: string, isTraced: boolean) {
    this.isTraced = isTraced;
    this.at = text.startsWith(byteOrderMark) ? 1 : 0;
    this.text = text.length === this.at ? `${text}\n` : text;
    this.hasPairs = false;
    this.refusedFrom = Number.POSITIVE_INFINITY;
    this.refusal = "";
    if (!suspicious.test(text)) return;
    this.hasPairs = pair.test(text);
    const content = this.at === 0 ? text : text.slice(1);
    const refused = unreadable.exec(content);
    if (refused !== null) [this.refusedFrom, this.refusal] = describeRefusal(content, refused.index, this.at);
  }

  /** Throws what is wrong here; what the reader refused comes first, it was there before the scanner. */
  fail(problem: string, offset = this.at): never {
    this.checkReader();
    throw new YamlError(problem, this.line === 0 ? 0 : this.line + 1, offset);
  }

  checkReader(): void {
    if (this.at >= this.refusedFrom) throw new YamlError(this.refusal, 0, this.at);
  }

  unit(ahead = 0): number {
    return unitAt(this.text, this.at + ahead);
  }

  isAt(char: string, ahead = 0): boolean {
    return this.text[this.at + ahead] === char;
  }

  isEnd(): boolean {
    return this.unit() === 0;
  }

  isBlank(ahead = 0): boolean {
    const unit = this.unit(ahead);
    return unit === space || unit === tab;
  }

  isBreak(ahead = 0): boolean {
    return isBreak(this.unit(ahead));
  }

  isBreakOrEnd(ahead = 0): boolean {
    const unit = this.unit(ahead);
    return unit === 0 || isBreak(unit);
  }

  isBlankOrEnd(ahead = 0): boolean {
    return isBlankOrEnd(this.unit(ahead));
  }

  /** Letters, digits, `_` and `-`: what anchors and tag handles are made of. */
  isWord(): boolean {
    return wordChar.test(this.text[this.at] ?? "");
  }

  /** At `---` or `...` alone at the start of a line. */
  isDocumentIndicator(): boolean {
    if (this.column !== 0) return false;
    const unit = this.unit();
    return (unit === dash || unit === dot) && this.unit(1) === unit && this.unit(2) === unit && this.isBlankOrEnd(3);
  }

  skip(count = 1): void {
    for (let left = count; left > 0; left--) {
      this.at += isHighSurrogate(this.unit()) ? 2 : 1;
      this.index++;
      this.column++;
    }
  }

  /** Takes one character of one unit. */
  skipAscii(): void {
    this.at++;
    this.index++;
    this.column++;
  }

  /** Takes spaces, at most so many. */
  skipSpaces(max = Number.POSITIVE_INFINITY): void {
    const { text } = this;
    const limit = Math.min(text.length, this.at + max);
    let end = this.at;
    while (end < limit && text.charCodeAt(end) === space) end++;
    const count = end - this.at;
    this.at = end;
    this.index += count;
    this.column += count;
  }

  /** Goes ahead to an offset on the same line. */
  moveTo(at: number): void {
    let count = at - this.at;
    if (this.hasPairs)
      for (let unit = this.at; unit < at; unit++) if (isHighSurrogate(this.text.charCodeAt(unit))) count--;
    this.at = at;
    this.index += count;
    this.column += count;
  }

  /** Takes one character. */
  read(): string {
    const start = this.at;
    this.skip();
    return this.text.slice(start, this.at);
  }

  /** Takes a line break as the text it means: U+2028 and U+2029 stay, all others are a line feed. */
  readBreak(): string {
    const unit = this.unit();
    const length = unit === carriageReturn && this.unit(1) === lineFeed ? 2 : 1;
    this.at += length;
    this.index += length;
    this.line++;
    this.column = 0;
    return unit === 0x2028 || unit === 0x2029 ? String.fromCharCode(unit) : "\n";
  }

  skipBlanks(): void {
    while (this.isBlank()) this.skip();
  }

  skipComment(): void {
    if (this.unit() !== hash) return;
    let end = this.at + 1;
    for (let unit = unitAt(this.text, end); unit !== 0 && !isBreak(unit); ) unit = unitAt(this.text, ++end);
    this.moveTo(end);
  }
}

const wordChar = /^[0-9A-Za-z_-]$/;

/** The unit at an offset; 0 behind the end, which cannot occur in the text. */
export function unitAt(text: string, at: number): number {
  return at < text.length ? text.charCodeAt(at) : 0;
}

/** Blank, line break or end. */
export function isBlankOrEnd(unit: number): boolean {
  return unit === space || unit === lineFeed || unit === tab || unit === 0 || isBreak(unit);
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}

/** From where on the scanner meets the reader's refusal of a character, and the reason; `base` is where the content begins. */
function describeRefusal(text: string, offset: number, base: number): [from: number, reason: string] {
  const unit = text.charCodeAt(offset);
  if (!isSurrogate(unit)) return [base + chunkStart(text, offset), "control characters are not allowed"];
  // A byte that is not UTF-8, kept as a lone surrogate.
  const bytes = encodeBytes(text.slice(offset));
  const width = leadWidth(bytes[0]!);
  if (width > bytes.length) return [base + offset - lookahead, "incomplete UTF-8 octet sequence"];
  const isTrailed = bytes.subarray(1, width).every((byte) => (byte & 0xc0) === 0x80);
  const reason =
    width === 0
      ? "invalid leading UTF-8 octet"
      : !isTrailed
        ? "invalid trailing UTF-8 octet"
        : bytes[0] === 0xed || bytes[0]! >= 0xf4
          ? "invalid Unicode character"
          : "invalid length of a UTF-8 sequence";
  return [base + chunkStart(text, offset), reason];
}

/** The reader decodes a chunk at once, so that the scanner sees nothing of one with a refused character. */
function chunkStart(text: string, offset: number): number {
  let start = 0;
  let at = 0;
  let bytes = 0;
  for (const char of text.slice(0, offset)) {
    bytes += isSurrogate(char.codePointAt(0)!) ? 1 : Buffer.byteLength(char);
    at += char.length;
    if (bytes >= readerChunkBytes) {
      bytes -= readerChunkBytes;
      start = at;
    }
  }
  return start;
}

function isSurrogate(point: number): boolean {
  return point >= 0xd800 && point <= 0xdfff;
}

/** How many bytes a UTF-8 sequence has by its first, the check of libyaml. */
export function leadWidth(byte: number): number {
  if (byte < 0x80) return 1;
  if (byte < 0xc0) return 0;
  if (byte < 0xe0) return 2;
  if (byte < 0xf0) return 3;
  return byte < 0xf8 ? 4 : 0;
}
