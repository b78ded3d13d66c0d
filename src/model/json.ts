/**
 * JSON as Sluice keeps it: nothing that the sender wrote is lost.
 *
 * An integer literal (no fraction, no exponent) is a `bigint`, any other number a `number`, because `3` and `3.0` are
 * different values to a Go template and an identifier of 19 digits must survive. Objects are Maps: in order, and
 * without a prototype that a key such as `__proto__` could reach.
 */
export type Json = null | boolean | number | bigint | string | readonly Json[] | JsonObject;
export type JsonObject = ReadonlyMap<string, Json>;

export function isJsonObject(value: unknown): value is JsonObject {
  return value instanceof Map;
}

/** What could not be parsed, and where: `offset` is in UTF-16 units from the start of the text. */
export class JsonSyntaxError extends Error {
  readonly offset: number;

  constructor(message: string, offset: number) {
    super(message);
    this.name = "JsonSyntaxError";
    this.offset = offset;
  }
}

/** How deep what a sender writes may nest. */
const depthMax = 1000;
/** How deep text is indented: a list of very many items far down would be hundreds of times as long. */
const indentedLevelsMax = 10;
const numberPattern = /-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?/y;
/** A string literal without escapes, by far the most common: quote, anything printable, quote. */
const plainStringPattern = /"[^"\\\u0000-\u001f]*"/y;
const stringPattern = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const anySurrogate = /[\ud800-\udfff]/;
const loneSurrogates = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/**
 * Parses RFC 8259 JSON, throwing {@link JsonSyntaxError}. Of duplicate keys the last one counts, and a lone surrogate
 * becomes U+FFFD, both as in Go's encoding/json. Nesting is bounded to 1,000 levels, and to `levelsAround` more where what a
 * sender wrote is read again from within a file.
 */
export function parseJson(text: string, levelsAround = 0): Json {
  return new JsonReader(text, depthMax + levelsAround).read();
}

/** A class, whose methods outlive the text: what is compiled of functions made for each text goes with the next collection. */
class JsonReader {
  readonly #text: string;
  readonly #depthMax: number;
  #at = 0;

  constructor(text: string, depthMax: number) {
    this.#text = text;
    this.#depthMax = depthMax;
  }

  read(): Json {
    const value = this.#value(0);
    this.#skipBlanks();
    if (this.#at < this.#text.length) this.#fail("the end");
    return value;
  }

  #skipBlanks(): void {
    for (; this.#at < this.#text.length; this.#at++) {
      const unit = this.#text.charCodeAt(this.#at);
      if (unit !== 0x20 && unit !== 0x0a && unit !== 0x0d && unit !== 0x09) return;
    }
  }

  #fail(expected: string): never {
    const found = this.#at < this.#text.length ? JSON.stringify(this.#text[this.#at]) : "the end";
    throw new JsonSyntaxError(`expected ${expected}, found ${found}`, this.#at);
  }

  #string(): string {
    const text = this.#text;
    plainStringPattern.lastIndex = this.#at;
    if (plainStringPattern.test(text)) {
      const value = text.slice(this.#at + 1, plainStringPattern.lastIndex - 1);
      this.#at = plainStringPattern.lastIndex;
      return replaceLoneSurrogates(value);
    }
    stringPattern.lastIndex = this.#at;
    if (!stringPattern.test(text)) this.#fail("a string");
    const value = JSON.parse(text.slice(this.#at, stringPattern.lastIndex)) as string;
    this.#at = stringPattern.lastIndex;
    return replaceLoneSurrogates(value);
  }

  #number(): Json {
    numberPattern.lastIndex = this.#at;
    const match = numberPattern.exec(this.#text);
    if (match === null) this.#fail("a value");
    this.#at = numberPattern.lastIndex;
    const isInteger = match[1] === undefined && match[2] === undefined;
    if (isInteger) return BigInt(match[0]);
    const value = Number(match[0]);
    // No double is that large; as in Go, it is an error and not infinity, which no JSON could say again.
    if (!Number.isFinite(value))
      throw new JsonSyntaxError(`the number ${match[0].slice(0, 40)} is out of range`, this.#at);
    return value;
  }

  #word(word: string, value: Json): Json {
    if (!this.#text.startsWith(word, this.#at)) this.#fail("a value");
    this.#at += word.length;
    return value;
  }

  /** Whether the next sign that is no blank is this one; then it is behind. */
  #takes(sign: string): boolean {
    this.#skipBlanks();
    if (this.#text[this.#at] !== sign) return false;
    this.#at++;
    return true;
  }

  #array(depth: number): Json {
    const items: Json[] = [];
    this.#at++;
    if (this.#takes("]")) return items;
    for (;;) {
      items.push(this.#value(depth + 1));
      if (this.#takes("]")) return items;
      if (!this.#takes(",")) this.#fail("',' or ']'");
    }
  }

  #object(depth: number): Json {
    const object = new Map<string, Json>();
    this.#at++;
    if (this.#takes("}")) return object;
    for (;;) {
      this.#skipBlanks();
      const key = this.#string();
      if (!this.#takes(":")) this.#fail("':'");
      object.set(key, this.#value(depth + 1));
      if (this.#takes("}")) return object;
      if (!this.#takes(",")) this.#fail("',' or '}'");
    }
  }

  #value(depth: number): Json {
    if (depth > this.#depthMax) throw new JsonSyntaxError(`nested deeper than ${depthMax} levels`, this.#at);
    this.#skipBlanks();
    switch (this.#text[this.#at]) {
      case "{":
        return this.#object(depth);
      case "[":
        return this.#array(depth);
      case '"':
        return this.#string();
      case "t":
        return this.#word("true", true);
      case "f":
        return this.#word("false", false);
      case "n":
        return this.#word("null", null);
      default:
        return this.#number();
    }
  }
}

function replaceLoneSurrogates(text: string): string {
  return anySurrogate.test(text) ? text.replace(loneSurrogates, "\ufffd") : text;
}

/**
 * The shortest JSON text of a value; with `indent` (spaces a level) the readable form that files have, in which what is
 * deep inside stands on one line.
 */
export function writeJson(value: Json, indent = 0): string {
  return indent === 0 ? writeValue(value, "", 0, ":") : writeValue(value, "\n", indent, ": ");
}

/** `newline`: what each line begins with; empty: all stands on one. */
function writeValue(value: Json, newline: string, indent: number, colon: string): string {
  if (value === null) return "null";
  if (typeof value === "string") return quote(value);
  if (typeof value === "number") return writeFloat(value);
  if (typeof value !== "object") return value.toString();
  const isIndented = newline !== "" && newline.length <= indent * indentedLevelsMax;
  const inner = isIndented ? newline + " ".repeat(indent) : "";
  const end = isIndented ? newline : "";
  let text = "";
  if (isJsonObject(value)) {
    if (value.size === 0) return "{}";
    for (const [key, member] of value) {
      text += `${text === "" ? "{" : ","}${inner}${quote(key)}${colon}${writeValue(member, inner, indent, colon)}`;
    }
    return `${text}${end}}`;
  }
  if (value.length === 0) return "[]";
  for (const item of value) text += `${text === "" ? "[" : ","}${inner}${writeValue(item, inner, indent, colon)}`;
  return `${text}${end}]`;
}

/** A string that is in quotes what it is. */
const plainString = /^[ !#-[\]-~]*$/;

function quote(text: string): string {
  return plainString.test(text) ? `"${text}"` : JSON.stringify(text);
}

/** A float keeps its point, or `3.0` would come back as the integer 3. */
function writeFloat(value: number): string {
  if (!Number.isFinite(value)) return "null";
  const text = Object.is(value, -0) ? "-0" : String(value);
  return /[.e]/.test(text) ? text : `${text}.0`;
}

/** What code writes down as literals: no numbers but integers, and members that are undefined are left out. */
export type PlainJson =
  | null
  | boolean
  | number
  | string
  | readonly PlainJson[]
  | { readonly [key: string]: PlainJson | undefined };

/** Objects in the order that they were written in. */
export function jsonOf(value: PlainJson): Json {
  if (typeof value === "number") return BigInt(value);
  if (typeof value !== "object" || value === null) return value;
  if (isList(value)) return value.map(jsonOf);
  return new Map(
    Object.entries(value).flatMap(([key, member]) => (member === undefined ? [] : [[key, jsonOf(member)] as const])),
  );
}

function isList(value: object): value is readonly PlainJson[] {
  return Array.isArray(value);
}

/** Whether two values say the same; members of an object have no order. */
export function isSameJson(one: Json | undefined, other: Json | undefined): boolean {
  if (isJsonObject(one) && isJsonObject(other)) {
    return (
      one.size === other.size && [...one].every(([key, value]) => other.has(key) && isSameJson(value, other.get(key)))
    );
  }
  if (Array.isArray(one) && Array.isArray(other)) {
    const [items, others] = [one as readonly Json[], other as readonly Json[]];
    return items.length === others.length && items.every((item, index) => isSameJson(item, others[index]));
  }
  return one === other;
}
