/** A position in YAML text, and the tests on characters that libyaml's scanner is written in. */
import { encodeBytes } from "../bytes.ts";
import { isBreak } from "./yaml-scalar.ts";

/** What is wrong with a YAML text, in go-yaml's words: `yaml: line 2: did not find expected key`. */
export class YamlError extends Error {
  constructor(problem: string, line = 0) {
    super(`yaml: ${line > 0 ? `line ${line}: ` : ""}${problem}`);
    this.name = "YamlError";
  }
}

const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const space = 0x20;
const tab = 0x09;

/** What go-yaml's reader refuses: control characters but tab, line feed, carriage return and U+0085; what is no UTF-8. */
const unreadable = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u0084\u0086-\u009f\ud800-\udfff\ufffe\uffff]/u;
const readerChunkBytes = 512;
/** The scanner asks for this many characters ahead. */
const lookahead = 3;

export class YamlCursor {
  /** The text with a NUL behind, which cannot occur in it. */
  readonly text: string;
  /** UTF-16 offset in the text. */
  at = 0;
  /** Code points before this one. */
  index = 0;
  /** From 0. */
  line = 0;
  /** From 0, in code points. */
  column = 0;
  /** Where the chunk begins that the reader refuses, and why: it reads ahead of the scanner. */
  private readonly refusedFrom: number;
  private readonly refusal: string;

  constructor(text: string) {
    const content = text.startsWith("\ufeff") ? text.slice(1) : text;
    this.text = `${content === "" ? "\n" : content}\0`;
    const refused = unreadable.exec(content);
    [this.refusedFrom, this.refusal] =
      refused === null ? [Number.POSITIVE_INFINITY, ""] : describeRefusal(content, refused.index);
  }

  /** Throws what is wrong here; what the reader refused comes first, it was there before the scanner. */
  fail(problem: string): never {
    this.checkReader();
    throw new YamlError(problem, this.line === 0 ? 0 : this.line + 1);
  }

  checkReader(): void {
    if (this.at >= this.refusedFrom) throw new YamlError(this.refusal);
  }

  unit(ahead = 0): number {
    return this.text.charCodeAt(this.at + ahead);
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
    const unit = this.unit(ahead);
    return unit === space || unit === tab || unit === 0 || isBreak(unit) || Number.isNaN(unit);
  }

  /** Letters, digits, `_` and `-`: what anchors and tag handles are made of. */
  isWord(): boolean {
    return wordChar.test(this.text[this.at]!);
  }

  /** At `---` or `...` alone at the start of a line. */
  isDocumentIndicator(): boolean {
    if (this.column !== 0) return false;
    return (this.text.startsWith("---", this.at) || this.text.startsWith("...", this.at)) && this.isBlankOrEnd(3);
  }

  skip(count = 1): void {
    for (let left = count; left > 0; left--) {
      this.at += isHighSurrogate(this.unit()) ? 2 : 1;
      this.index++;
      this.column++;
    }
  }

  /** Takes what a sticky pattern matches here, which must be ASCII without line breaks. */
  skipMatch(pattern: RegExp): void {
    pattern.lastIndex = this.at;
    if (!pattern.test(this.text)) return;
    const length = pattern.lastIndex - this.at;
    this.at += length;
    this.index += length;
    this.column += length;
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
    if (!this.isAt("#")) return;
    while (!this.isBreakOrEnd()) this.skip();
  }
}

const wordChar = /^[0-9A-Za-z_-]$/;

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}

/** From where on the scanner meets the reader's refusal of a character, and the reason. */
function describeRefusal(text: string, offset: number): [from: number, reason: string] {
  const unit = text.charCodeAt(offset);
  if (!isSurrogate(unit)) return [chunkStart(text, offset), "control characters are not allowed"];
  // A byte that is not UTF-8, kept as a lone surrogate.
  const bytes = encodeBytes(text.slice(offset));
  const width = leadWidth(bytes[0]!);
  if (width > bytes.length) return [offset - lookahead, "incomplete UTF-8 octet sequence"];
  const isTrailed = bytes.subarray(1, width).every((byte) => (byte & 0xc0) === 0x80);
  const reason =
    width === 0
      ? "invalid leading UTF-8 octet"
      : !isTrailed
        ? "invalid trailing UTF-8 octet"
        : bytes[0] === 0xed || bytes[0]! >= 0xf4
          ? "invalid Unicode character"
          : "invalid length of a UTF-8 sequence";
  return [chunkStart(text, offset), reason];
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
