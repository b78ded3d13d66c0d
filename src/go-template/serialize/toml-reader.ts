/**
 * Characters of TOML text with the checks and error positions of BurntSushi/toml's lexer.
 *
 * A look ahead counts as reading: a forbidden character is an error as soon as anything looks at it.
 */
import { quoteGo } from "../quote.ts";

/** What is wrong with a TOML text: `toml: line 2 (last key "a"): Key 'a' has already been defined.` */
export class TomlError extends Error {
  constructor(line: number, lastKey: string, problem: string) {
    super(`toml: line ${line}${lastKey === "" ? "" : ` (last key ${quoteGo(lastKey)})`}: ${problem}`);
    this.name = "TomlError";
  }
}

/** What {@link TomlReader.next} returns behind the last character. */
export const end = "";

export class TomlReader {
  readonly text: string;
  at = 0;
  /** From 1. */
  line = 1;
  private readonly lastKey: () => string;
  /** `next` has met the end: errors are then placed on the line before. */
  private met = false;

  constructor(text: string, lastKey: () => string) {
    this.text = text;
    this.lastKey = lastKey;
  }

  /** Throws an error in the line that was read last. */
  fail(problem: string): never {
    const afterBreak = this.met && this.text[this.at - 1] === "\n";
    this.failIn(afterBreak ? this.line - 1 : this.line, problem);
  }

  /** Throws an error in the line before. */
  failBefore(problem: string): never {
    this.failIn(this.line - 1, problem);
  }

  failIn(line: number, problem: string): never {
    throw new TomlError(line, this.lastKey(), problem);
  }

  /** At the end, in the line before; elsewhere here. */
  failAround(problem: string): never {
    this.failIn(this.met ? this.line - 1 : this.line, problem);
  }

  /** The next character, or one some UTF-16 units ahead, which stays. */
  peek(ahead = 0): string {
    const at = this.at + ahead;
    const point = this.text.codePointAt(at);
    if (point === undefined) return end;
    if (point >= 0xd800 && point <= 0xdfff) this.failIn(this.line, `invalid UTF-8 byte: 0x${hex2(point & 0xff)}`);
    const isLoneReturn = point === 0x0d && this.text[at + 1] !== "\n";
    const isControl = point === 0x7f || (point < 0x20 && point !== 0x09 && point !== 0x0a && point !== 0x0d);
    if (isControl || isLoneReturn) {
      this.failIn(this.line, `TOML files cannot contain control characters: '0x${hex2(point)}'`);
    }
    return String.fromCodePoint(point);
  }

  /** Takes the next character. */
  next(): string {
    const char = this.peek();
    this.met = char === end;
    this.at += char.length;
    if (char === "\n") this.line++;
    return char;
  }

  /** Takes the next character if it is this one. */
  accept(char: string): boolean {
    if (this.peek() !== char) return false;
    this.next();
    return true;
  }

  /** Takes all characters that a pattern for one character matches. */
  takeAll(pattern: RegExp): string {
    const start = this.at;
    while (pattern.test(this.peek())) this.next();
    return this.text.slice(start, this.at);
  }

  skipBlanks(): void {
    this.takeAll(/^[ \t]$/);
  }

  skipBlanksAndBreaks(): void {
    this.takeAll(/^[ \t\r\n]$/);
  }

  /** Takes a comment up to its line break, if there is one here. */
  skipComment(): boolean {
    if (!this.accept("#")) return false;
    this.takeAll(/^[^\r\n]$/u);
    return true;
  }
}

function hex2(value: number): string {
  return value.toString(16).padStart(2, "0");
}
