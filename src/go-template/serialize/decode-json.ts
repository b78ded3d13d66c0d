/**
 * JSON text as Go's encoding/json reads it into an interface{}: every number a float64, of duplicate keys the last, and
 * errors in Go's words, which templates can print.
 */
import { encodeBytes } from "../bytes.ts";
import { quoteRune } from "../quote.ts";
import { nestingMax } from "./limits.ts";

/** What JSON text means to Go: no integers. */
export type JsonData = null | boolean | number | string | JsonData[] | Map<string, JsonData>;

/** What is wrong with a JSON text. */
export class JsonDecodeError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "JsonDecodeError";
  }
}

export interface DecodedJson {
  readonly value: JsonData;
  /** A number that no float64 can hold; it stands as null in the value. */
  readonly problem?: string;
}

/** Throws a {@link JsonDecodeError} where the text is not JSON. */
export function decodeJson(text: string): DecodedJson {
  return new JsonReader(text).readDocument();
}

/** The JSON type of a value, as encoding/json's errors name it. */
export function jsonKindOf(value: Exclude<JsonData, null>): string {
  if (Array.isArray(value)) return "array";
  if (value instanceof Map) return "object";
  return typeof value === "boolean" ? "bool" : typeof value;
}

const plainString = /[^"\\\u0000-\u001f]*/y;
const digitsPattern = /[0-9]*/y;
const escapedChars: Readonly<Record<string, string>> = {
  '"': '"',
  "\\": "\\",
  "/": "/",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
};
const loneSurrogates = /[\ud800-\udfff]/gu;

class JsonReader {
  private readonly text: string;
  private at = 0;
  private problem: string | undefined;

  constructor(text: string) {
    this.text = text;
  }

  readDocument(): DecodedJson {
    const value = this.readValue(0);
    this.skipBlanks();
    if (this.at < this.text.length) this.fail("after top-level value");
    return this.problem === undefined ? { value } : { value, problem: this.problem };
  }

  /** At the end the scanner looks at one more blank, and only if that is wrong too it says what it expected. */
  private fail(expectation: string, acceptsBlank = true): never {
    const atEnd = this.at >= this.text.length;
    if (atEnd && acceptsBlank) throw new JsonDecodeError("unexpected end of JSON input");
    const byte = atEnd ? 0x20 : encodeBytes(this.text.slice(this.at, this.at + 2))[0]!;
    throw new JsonDecodeError(`invalid character ${quoteByte(byte)} ${expectation}`);
  }

  private skipBlanks(): void {
    for (; this.at < this.text.length; this.at++) {
      const unit = this.text.charCodeAt(this.at);
      if (unit !== 0x20 && unit !== 0x0a && unit !== 0x0d && unit !== 0x09) return;
    }
  }

  private readValue(depth: number): JsonData {
    // In Go only beyond 10,000.
    if (depth > nestingMax) throw new JsonDecodeError("exceeded max depth");
    this.skipBlanks();
    const char = this.text[this.at] ?? "";
    switch (char) {
      case "{":
        return this.readObject(depth);
      case "[":
        return this.readArray(depth);
      case '"':
        return this.readString();
      case "t":
        return this.readWord("true", true);
      case "f":
        return this.readWord("false", false);
      case "n":
        return this.readWord("null", null);
    }
    if (char !== "-" && !(char >= "0" && char <= "9")) this.fail("looking for beginning of value");
    return this.readNumber();
  }

  private readWord(word: string, value: JsonData): JsonData {
    for (let index = 1; index < word.length; index++) {
      this.at++;
      if (this.text[this.at] !== word[index]) this.fail(`in literal ${word} (expecting '${word[index]}')`, false);
    }
    this.at++;
    return value;
  }

  private readNumber(): JsonData {
    const start = this.at;
    if (this.text[this.at] === "-") this.at++;
    if (this.text[this.at] === "0") this.at++;
    else this.readDigits("in numeric literal");
    if (this.text[this.at] === ".") {
      this.at++;
      this.readDigits("after decimal point in numeric literal");
    }
    if (this.text[this.at] === "e" || this.text[this.at] === "E") {
      this.at++;
      if (this.text[this.at] === "+" || this.text[this.at] === "-") this.at++;
      this.readDigits("in exponent of numeric literal");
    }
    const literal = this.text.slice(start, this.at);
    const value = Number(literal);
    if (Number.isFinite(value)) return value;
    this.problem ??= `json: cannot unmarshal number ${literal} into Go value of type float64`;
    return null;
  }

  private readDigits(place: string): void {
    digitsPattern.lastIndex = this.at;
    digitsPattern.test(this.text);
    if (digitsPattern.lastIndex === this.at) this.fail(place, false);
    this.at = digitsPattern.lastIndex;
  }

  private readString(): string {
    let value = "";
    this.at++;
    for (;;) {
      plainString.lastIndex = this.at;
      plainString.test(this.text);
      value += this.text.slice(this.at, plainString.lastIndex);
      this.at = plainString.lastIndex;
      const char = this.text[this.at];
      if (char === '"') break;
      if (char !== "\\") this.fail("in string literal");
      this.at++;
      value += this.readEscape();
    }
    this.at++;
    return value.isWellFormed() ? value : value.replace(loneSurrogates, "\ufffd");
  }

  private readEscape(): string {
    const char = this.text[this.at] ?? "";
    const escaped = escapedChars[char];
    if (escaped !== undefined) {
      this.at++;
      return escaped;
    }
    if (char !== "u") this.fail("in string escape code", false);
    const start = this.at + 1;
    for (let index = 0; index < 4; index++) {
      this.at++;
      if (!/^[0-9a-fA-F]$/.test(this.text[this.at] ?? "")) this.fail("in \\u hexadecimal character escape", false);
    }
    this.at++;
    return String.fromCharCode(Number.parseInt(this.text.slice(start, this.at), 16));
  }

  private readArray(depth: number): JsonData[] {
    const items: JsonData[] = [];
    this.at++;
    this.skipBlanks();
    if (this.text[this.at] === "]") {
      this.at++;
      return items;
    }
    for (;;) {
      items.push(this.readValue(depth + 1));
      this.skipBlanks();
      if (this.text[this.at] === "]") break;
      if (this.text[this.at] !== ",") this.fail("after array element");
      this.at++;
    }
    this.at++;
    return items;
  }

  private readObject(depth: number): Map<string, JsonData> {
    const object = new Map<string, JsonData>();
    this.at++;
    this.skipBlanks();
    if (this.text[this.at] === "}") {
      this.at++;
      return object;
    }
    for (;;) {
      this.skipBlanks();
      if (this.text[this.at] !== '"') this.fail("looking for beginning of object key string");
      const key = this.readString();
      this.skipBlanks();
      if (this.text[this.at] !== ":") this.fail("after object key");
      this.at++;
      object.set(key, this.readValue(depth + 1));
      this.skipBlanks();
      if (this.text[this.at] === "}") break;
      if (this.text[this.at] !== ",") this.fail("after object key:value pair");
      this.at++;
    }
    this.at++;
    return object;
  }
}

function quoteByte(byte: number): string {
  return byte === 0x22 ? `'"'` : quoteRune(byte);
}
