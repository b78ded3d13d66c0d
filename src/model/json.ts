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
  let at = 0;

  function skipBlanks(): void {
    for (; at < text.length; at++) {
      const unit = text.charCodeAt(at);
      if (unit !== 0x20 && unit !== 0x0a && unit !== 0x0d && unit !== 0x09) return;
    }
  }

  function fail(expected: string): never {
    const found = at < text.length ? JSON.stringify(text[at]) : "the end";
    throw new JsonSyntaxError(`expected ${expected}, found ${found}`, at);
  }

  function parseString(): string {
    plainStringPattern.lastIndex = at;
    if (plainStringPattern.test(text)) {
      const value = text.slice(at + 1, plainStringPattern.lastIndex - 1);
      at = plainStringPattern.lastIndex;
      return replaceLoneSurrogates(value);
    }
    stringPattern.lastIndex = at;
    if (!stringPattern.test(text)) fail("a string");
    const value = JSON.parse(text.slice(at, stringPattern.lastIndex)) as string;
    at = stringPattern.lastIndex;
    return replaceLoneSurrogates(value);
  }

  function parseNumber(): Json {
    numberPattern.lastIndex = at;
    const match = numberPattern.exec(text);
    if (match === null) fail("a value");
    at = numberPattern.lastIndex;
    const isInteger = match[1] === undefined && match[2] === undefined;
    if (isInteger) return BigInt(match[0]);
    const value = Number(match[0]);
    // No double is that large; as in Go, it is an error and not infinity, which no JSON could say again.
    if (!Number.isFinite(value)) throw new JsonSyntaxError(`the number ${match[0].slice(0, 40)} is out of range`, at);
    return value;
  }

  function parseWord(word: string, value: Json): Json {
    if (!text.startsWith(word, at)) fail("a value");
    at += word.length;
    return value;
  }

  function parseArray(depth: number): Json {
    const items: Json[] = [];
    at++;
    skipBlanks();
    if (text[at] === "]") {
      at++;
      return items;
    }
    for (;;) {
      items.push(parseValue(depth + 1));
      skipBlanks();
      if (text[at] === "]") break;
      if (text[at] !== ",") fail("',' or ']'");
      at++;
    }
    at++;
    return items;
  }

  function parseObject(depth: number): Json {
    const object = new Map<string, Json>();
    at++;
    skipBlanks();
    if (text[at] === "}") {
      at++;
      return object;
    }
    for (;;) {
      skipBlanks();
      const key = parseString();
      skipBlanks();
      if (text[at] !== ":") fail("':'");
      at++;
      object.set(key, parseValue(depth + 1));
      skipBlanks();
      if (text[at] === "}") break;
      if (text[at] !== ",") fail("',' or '}'");
      at++;
    }
    at++;
    return object;
  }

  function parseValue(depth: number): Json {
    if (depth > depthMax + levelsAround) throw new JsonSyntaxError(`nested deeper than ${depthMax} levels`, at);
    skipBlanks();
    switch (text[at]) {
      case "{":
        return parseObject(depth);
      case "[":
        return parseArray(depth);
      case '"':
        return parseString();
      case "t":
        return parseWord("true", true);
      case "f":
        return parseWord("false", false);
      case "n":
        return parseWord("null", null);
      default:
        return parseNumber();
    }
  }

  const value = parseValue(0);
  skipBlanks();
  if (at < text.length) fail("the end");
  return value;
}

function replaceLoneSurrogates(text: string): string {
  return anySurrogate.test(text) ? text.replace(loneSurrogates, "\ufffd") : text;
}

/**
 * The shortest JSON text of a value; with `indent` (spaces a level) the readable form that files have, in which what is
 * deep inside stands on one line.
 */
export function writeJson(value: Json, indent = 0): string {
  const colon = indent === 0 ? ":" : ": ";
  const indentedLengthMax = indent * indentedLevelsMax;
  let text = "";

  // Every event's record is written: one text that grows, and nothing made on the way.
  function write(value: Json, newline: string): void {
    if (value === null) text += "null";
    else if (typeof value === "string") text += quote(value);
    else if (typeof value === "number") text += writeFloat(value);
    else if (typeof value !== "object") text += value.toString();
    else if (isJsonObject(value)) writeObject(value, newline);
    else writeArray(value, newline);
  }

  function writeObject(object: JsonObject, newline: string): void {
    if (object.size === 0) {
      text += "{}";
      return;
    }
    const inner = deeper(newline);
    let before = "{";
    object.forEach((member, key) => {
      text += before + inner + quote(key) + colon;
      before = ",";
      write(member, inner);
    });
    if (inner !== "") text += newline;
    text += "}";
  }

  function writeArray(items: readonly Json[], newline: string): void {
    if (items.length === 0) {
      text += "[]";
      return;
    }
    const inner = deeper(newline);
    let before = "[";
    for (const item of items) {
      text += before + inner;
      before = ",";
      write(item, inner);
    }
    if (inner !== "") text += newline;
    text += "]";
  }

  function deeper(newline: string): string {
    return newline === "" || newline.length > indentedLengthMax ? "" : newline + " ".repeat(indent);
  }

  write(value, indent === 0 ? "" : "\n");
  return text;
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
