/**
 * From a template's text to tokens, on demand, with Go's rules: trim markers, comments, what may follow a word.
 *
 * Offsets are in UTF-16 units. An error is a token too (its value is the message), because the parser may never ask for it.
 */
import { isDigit, isLetter } from "./functions/unicode.ts";

export type TokenType =
  | "error"
  | "end of text"
  | "text"
  | "left delimiter"
  | "right delimiter"
  | "space"
  | "pipe"
  | "left paren"
  | "right paren"
  | "assign"
  | "declare"
  | "char"
  | "bool"
  | "string"
  | "raw string"
  | "char constant"
  | "number"
  | "complex"
  | "variable"
  | "field"
  | "identifier"
  | "dot"
  | "nil"
  | "block"
  | "break"
  | "continue"
  | "define"
  | "else"
  | "end"
  | "if"
  | "range"
  | "template"
  | "with";

export interface Token {
  readonly type: TokenType;
  readonly at: number;
  readonly value: string;
}

const keywords: ReadonlySet<string> = new Set([
  "block",
  "break",
  "continue",
  "define",
  "else",
  "end",
  "if",
  "range",
  "nil",
  "template",
  "with",
]);

const trimmedBlanks = /[ \t\r\n]*/y;
const trimmedBlanksBefore = /[ \t\r\n]+$/;

export class Lexer {
  private readonly input: string;
  private at = 0;
  private start = 0;
  private parens = 0;
  private isInsideAction = false;

  constructor(input: string) {
    this.input = input;
  }

  /** The next token; behind an error there is none. */
  next(): Token {
    return this.isInsideAction ? this.lexInsideAction() : this.lexText();
  }

  private token(type: TokenType): Token {
    const token = { type, at: this.start, value: this.input.slice(this.start, this.at) };
    this.start = this.at;
    return token;
  }

  private error(message: string): Token {
    return { type: "error", at: Math.min(this.start, this.input.length), value: message };
  }

  private lexText(): Token {
    // Comments leave nothing behind, so go on until there is a token.
    for (;;) {
      const delimiter = this.input.indexOf("{{", this.at);
      if (delimiter < 0) {
        this.at = this.input.length;
        return this.token(this.at > this.start ? "text" : "end of text");
      }
      const text = this.textBefore(delimiter);
      if (text !== undefined) return text;
      const isTrimming = this.input[this.at + 2] === "-" && isBlank(this.input.charCodeAt(this.at + 3));
      const afterMarker = this.at + (isTrimming ? 4 : 2);
      if (!this.input.startsWith("/*", afterMarker)) {
        this.at = this.start + 2;
        const token = this.token("left delimiter");
        this.at = this.start = afterMarker;
        this.isInsideAction = true;
        this.parens = 0;
        return token;
      }
      const failure = this.skipComment(afterMarker);
      if (failure !== undefined) return failure;
    }
  }

  /** The text up to a delimiter, less blanks that the delimiter trims; `undefined` where nothing is left of it. */
  private textBefore(delimiter: number): Token | undefined {
    const isTrimming = this.input[delimiter + 2] === "-" && isBlank(this.input.charCodeAt(delimiter + 3));
    let text = this.input.slice(this.at, delimiter);
    if (isTrimming) text = text.replace(trimmedBlanksBefore, "");
    const token: Token = { type: "text", at: this.start, value: text };
    this.at = this.start = delimiter;
    return text === "" ? undefined : token;
  }

  private skipComment(open: number): Token | undefined {
    this.start = open;
    const close = this.input.indexOf("*/", open + 2);
    if (close < 0) return this.error("unclosed comment");
    this.at = close + 2;
    const width = this.rightDelimiterWidth();
    if (width === 0) return this.error("comment ends before closing delimiter");
    this.skipRightDelimiter(width);
    return undefined;
  }

  /** 0, or the width of the right delimiter here: 2, or 4 with a trim marker. */
  private rightDelimiterWidth(): number {
    if (this.input.startsWith("}}", this.at)) return 2;
    return isBlank(this.input.charCodeAt(this.at)) && this.input.startsWith("-}}", this.at + 1) ? 4 : 0;
  }

  private skipRightDelimiter(width: number): void {
    this.at += width;
    if (width === 4) {
      trimmedBlanks.lastIndex = this.at;
      trimmedBlanks.test(this.input);
      this.at = trimmedBlanks.lastIndex;
    }
    this.start = this.at;
  }

  private lexInsideAction(): Token {
    const width = this.rightDelimiterWidth();
    if (width > 0) {
      if (this.parens > 0) return this.error("unclosed left paren");
      const token: Token = { type: "right delimiter", at: this.at + width - 2, value: "}}" };
      this.skipRightDelimiter(width);
      this.isInsideAction = false;
      return token;
    }
    const point = this.input.codePointAt(this.at);
    if (point === undefined) return this.error("unclosed action");
    if (isBlank(point)) return this.lexSpace();
    const char = String.fromCodePoint(point);
    this.at += char.length;
    switch (char) {
      case "=":
        return this.token("assign");
      case ":":
        if (this.input[this.at] !== "=") return this.error("expected :=");
        this.at++;
        return this.token("declare");
      case "|":
        return this.token("pipe");
      case '"':
        return this.lexQuoted('"', "string", "unterminated quoted string");
      case "'":
        return this.lexQuoted("'", "char constant", "unterminated character constant");
      case "`":
        return this.lexRawString();
      case "$":
        return this.lexName("variable");
      case "(":
        this.parens++;
        return this.token("left paren");
      case ")":
        if (--this.parens < 0) return this.error("unexpected right paren");
        return this.token("right paren");
      case ".":
        if (!/[0-9]/.test(this.input[this.at] ?? "0")) return this.lexName("field");
        return this.lexNumber();
    }
    if (/[-+0-9]/.test(char)) return this.lexNumber();
    if (isWordPoint(point)) return this.lexIdentifier();
    if (point >= 0x20 && point < 0x7f) return this.token("char");
    return this.error(`unrecognized character in action: ${describe(point)}`);
  }

  /** A run of blanks, less the last where it belongs to a trim marker. */
  private lexSpace(): Token {
    while (isBlank(this.input.charCodeAt(this.at))) this.at++;
    if (this.input.startsWith("-}}", this.at)) this.at--;
    return this.token("space");
  }

  private lexQuoted(quote: string, type: TokenType, failure: string): Token {
    for (; this.at < this.input.length; this.at++) {
      const char = this.input[this.at];
      if (char === quote) {
        this.at++;
        return this.token(type);
      }
      if (char === "\\") this.at++;
      if (this.input[this.at] === "\n") break;
    }
    return this.error(failure);
  }

  private lexRawString(): Token {
    const close = this.input.indexOf("`", this.at);
    if (close < 0) return this.error("unterminated raw quoted string");
    this.at = close + 1;
    return this.token("raw string");
  }

  /** `.name` or `$name`, or the dot or dollar sign alone. */
  private lexName(type: "field" | "variable"): Token {
    if (this.isAtTerminator()) return this.token(type === "field" ? "dot" : type);
    this.skipWord();
    return this.isAtTerminator() ? this.token(type) : this.badCharacter();
  }

  private lexIdentifier(): Token {
    this.skipWord();
    if (!this.isAtTerminator()) return this.badCharacter();
    const word = this.input.slice(this.start, this.at);
    if (keywords.has(word)) return this.token(word as TokenType);
    return this.token(word === "true" || word === "false" ? "bool" : "identifier");
  }

  private skipWord(): void {
    for (;;) {
      const point = this.input.codePointAt(this.at);
      if (point === undefined || !isWordPoint(point)) return;
      this.at += point > 0xffff ? 2 : 1;
    }
  }

  /** What may follow a word: so `.X.Y` is two tokens, and `$x+2` is none. */
  private isAtTerminator(): boolean {
    const char = this.input[this.at];
    if (char === undefined || isBlank(char.charCodeAt(0)) || ".,|:)(".includes(char)) return true;
    return this.input.startsWith("}}", this.at);
  }

  private badCharacter(): Token {
    return this.error(`bad character ${describe(this.input.codePointAt(this.at)!)}`);
  }

  private lexNumber(): Token {
    this.at = this.start;
    if (!this.scanNumber()) return this.badNumber();
    const sign = this.input[this.at];
    if (sign === "+" || sign === "-") {
      if (!this.scanNumber() || this.input[this.at - 1] !== "i") return this.badNumber();
      return this.token("complex");
    }
    return this.token("number");
  }

  private badNumber(): Token {
    return this.error(`bad number syntax: ${JSON.stringify(this.input.slice(this.start, this.at))}`);
  }

  /** Takes what looks like a number; whether it is one, the parser finds. */
  private scanNumber(): boolean {
    numberPattern.lastIndex = this.at;
    numberPattern.test(this.input);
    this.at = numberPattern.lastIndex;
    const point = this.input.codePointAt(this.at);
    if (point === undefined || !isWordPoint(point)) return true;
    this.at += point > 0xffff ? 2 : 1;
    return false;
  }
}

/** Each base has digits of its own, and only decimal and hexadecimal numbers have exponents. */
const numberPattern =
  /[+-]?(?:0[xX][0-9a-fA-F_]*\.?[0-9a-fA-F_]*(?:[pP][+-]?[0-9_]*)?|0[oO][0-7_]*\.?[0-7_]*|0[bB][01_]*\.?[01_]*|[0-9_]*\.?[0-9_]*(?:[eE][+-]?[0-9_]*)?)i?/y;

function isBlank(unit: number): boolean {
  return unit === 0x20 || unit === 0x09 || unit === 0x0d || unit === 0x0a;
}

function isWordPoint(point: number): boolean {
  return point === 0x5f || isLetter(point) || isDigit(point);
}

function describe(point: number): string {
  const number = `U+${point.toString(16).toUpperCase().padStart(4, "0")}`;
  return point > 0x20 && point !== 0x7f ? `${number} '${String.fromCodePoint(point)}'` : number;
}
