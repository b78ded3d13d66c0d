/** Sprig's functions for strings. Lengths and offsets count bytes, as in Go. */
import { byteLength, byteSlice, isAscii, joinBytes, runesOf } from "../bytes.ts";
import { compareStrings } from "../compare.ts";
import { formatValue } from "../format.ts";
import { quoteGo } from "../quote.ts";
import { type GoArgument, GoMap, GoSlice, listItems, stringList, stringListType, stringMapType } from "../value.ts";
import { ofByteText, searching, toByteText } from "./byte-text.ts";
import { define, defineVariadic, type FunctionContext, type FunctionTable, GoFunctionError } from "./registry.ts";
import { strslice, strval } from "./strval.ts";
import {
  isDigit,
  isLetter,
  isLower,
  isSpace,
  isTitle,
  isUpper,
  mapRunes,
  toLowerRune,
  toTitleRune,
  toUpperRune,
} from "./unicode.ts";
import { joinWords, toPascalCase } from "./word-case.ts";
import { wrapText } from "./word-wrap.ts";

const beyondAscii = /[^\u0000-\u007f]/;

/** strings.Repeat, accounted for before it is made. */
function repeat(context: FunctionContext, count: number, text: string): string {
  if (count < 0) throw new GoFunctionError("strings: negative Repeat count");
  context.chargeBytes(count * text.length);
  return joinBytes(text.repeat(count));
}

/** The indents that manifests have, made once. */
const pads = Array.from({ length: 65 }, (_, width) => " ".repeat(width));

function indent(context: FunctionContext, spaces: number, text: string): string {
  const pad = pads[spaces] ?? repeat(context, spaces, " ");
  return pad + replaceEach(context, text, "\n", `\n${pad}`);
}

/** What `indent` makes of blanks and line breaks before a text. */
function indentLead(lead: string, spaces: number): string {
  const pad = " ".repeat(spaces);
  return pad + lead.replaceAll("\n", `\n${pad}`);
}

/** How much a result may grow between two charges. */
const portionUnits = 64 * 1024;

/** Replaces all occurrences of a part that is not empty; charges as the result grows. */
function replaceEach(context: FunctionContext, text: string, old: string, replacement: string): string {
  let at = text.indexOf(old);
  if (at < 0) return text;
  let result = "";
  let from = 0;
  let charged = 0;
  for (; at >= 0; at = text.indexOf(old, from)) {
    result += text.slice(from, at) + replacement;
    from = at + old.length;
    if (result.length - charged > portionUnits) {
      context.chargeBytes(result.length - charged);
      charged = result.length;
    }
  }
  return result + text.slice(from);
}

/** strings.Replace without limit: nothing is found before every character and at the end. */
function replace(context: FunctionContext, old: string, replacement: string, text: string): string {
  if (old === "") {
    const characters = [...text];
    context.chargeBytes(text.length + (characters.length + 1) * replacement.length);
    return replacement + characters.map((character) => character + replacement).join("");
  }
  if (old.isWellFormed()) return replaceEach(context, text, old, replacement);
  return ofByteText(replaceEach(context, toByteText(text), toByteText(old), toByteText(replacement)));
}

/** strings.SplitN: at most `limit` parts, all of them where it is negative. */
function splitText(separator: string, text: string, limit = -1): string[] {
  if (limit === 0) return [];
  if (!separator.isWellFormed()) {
    return splitAtMost(toByteText(text).split(toByteText(separator)), toByteText(separator), limit).map(ofByteText);
  }
  return splitAtMost(separator === "" ? [...text] : text.split(separator), separator, limit);
}

function splitAtMost(parts: string[], separator: string, limit: number): string[] {
  if (limit < 0 || parts.length <= limit) return parts;
  return [...parts.slice(0, limit - 1), parts.slice(limit - 1).join(separator)];
}

/** Parts under the keys _0, _1 and so on, as a map[string]string. */
function numberedParts(context: FunctionContext, parts: readonly string[]): GoMap {
  context.chargeItems(parts.length);
  return new GoMap(stringMapType, new Map(parts.map((part, index) => [`_${index}`, part])));
}

function isGraphicAscii(unit: number): boolean {
  return unit > 0x20 && unit < 0x80;
}

/** strings.TrimSpace. */
function trimSpace(text: string): string {
  if (isGraphicAscii(text.charCodeAt(0)) && isGraphicAscii(text.charCodeAt(text.length - 1))) return text;
  const [start, end] = rangeWithout(text.length, (at) => isSpace(text.charCodeAt(at)));
  return text.slice(start, end);
}

/** strings.Trim: takes the characters of a set off both ends. */
function trimCharacters(cutset: string, text: string): string {
  if (isAscii(cutset)) {
    const [start, end] = rangeWithout(text.length, (at) => cutset.includes(text[at]!));
    return text.slice(start, end);
  }
  const cut = new Set(runesOf(cutset));
  const characters = [...text];
  const runes = [...runesOf(text)];
  const [start, end] = rangeWithout(runes.length, (at) => cut.has(runes[at]!));
  return characters.slice(start, end).join("");
}

/** What is left of 0 to `length` when both ends are cut as long as the test holds. */
function rangeWithout(length: number, isCut: (at: number) => boolean): [start: number, end: number] {
  let start = 0;
  let end = length;
  while (start < end && isCut(start)) start++;
  while (end > start && isCut(end - 1)) end--;
  return [start, end];
}

function trimPrefix(prefix: string, text: string): string {
  if (prefix.isWellFormed()) return text.startsWith(prefix) ? text.slice(prefix.length) : text;
  const bytes = toByteText(text);
  return bytes.startsWith(toByteText(prefix)) ? ofByteText(bytes.slice(toByteText(prefix).length)) : text;
}

function trimSuffix(suffix: string, text: string): string {
  if (suffix.isWellFormed()) return text.endsWith(suffix) ? text.slice(0, text.length - suffix.length) : text;
  const bytes = toByteText(text);
  return bytes.endsWith(toByteText(suffix)) ? ofByteText(bytes.slice(0, -toByteText(suffix).length)) : text;
}

/** The first bytes of a string, or with a negative count the last. */
function trunc(count: number, text: string): string {
  // No unit is more than three bytes.
  if (text.length * 3 <= count) return text;
  if (!beyondAscii.test(text)) {
    if (count >= 0) return text.slice(0, count);
    return text.length + count > 0 ? text.slice(count) : text;
  }
  const length = byteLength(text);
  if (count < 0) return length + count > 0 ? byteSlice(text, length + count) : text;
  return length > count ? byteSlice(text, 0, count) : text;
}

/** Sprig's substr, with Go's bounds checks. */
function substr(start: number, end: number, text: string): string {
  const length = byteLength(text);
  const outOfRange = (range: string, more = ""): never => {
    throw new GoFunctionError(`runtime error: slice bounds out of range [${range}]${more}`);
  };
  if (start < 0) {
    if (end < 0) outOfRange(`:${end}`);
    if (end > length) outOfRange(`:${end}`, ` with length ${length}`);
    return byteSlice(text, 0, end);
  }
  if (end < 0 || end > length) return start > length ? outOfRange(`${start}:${length}`) : byteSlice(text, start);
  return start > end ? outOfRange(`${start}:${end}`) : byteSlice(text, start, end);
}

/** goutils.AbbreviateFull on byte texts: three dots for what does not fit. */
function abbreviate(bytes: string, from: number, width: number): string {
  if (bytes.length <= width) return bytes;
  const offset = Math.min(from, bytes.length - (width - 3));
  if (offset <= 4) return `${bytes.slice(0, width - 3)}...`;
  if (width < 7) return "";
  if (offset + width - 3 < bytes.length) return `...${abbreviate(bytes.slice(offset), 0, width - 3)}`;
  return `...${bytes.slice(bytes.length - (width - 3))}`;
}

/** strings.Title. */
function title(text: string): string {
  let atStart = true;
  return mapRunes(text, (rune) => {
    const mapped = atStart ? toTitleRune(rune) : rune;
    atStart = isWordSeparator(rune);
    return mapped;
  });
}

function isWordSeparator(rune: number): boolean {
  if (rune > 0x7f) return isSpace(rune);
  return !(isLetter(rune) || isDigit(rune) || rune === 0x5f);
}

/** goutils.Uncapitalize: the first letter of every word in lower case. */
function untitle(text: string): string {
  let atStart = true;
  return mapRunes(text, (rune) => {
    if (isSpace(rune)) {
      atStart = true;
      return rune;
    }
    const mapped = atStart ? toLowerRune(rune) : rune;
    atStart = false;
    return mapped;
  });
}

/** goutils.SwapCase, which makes a small letter at the start of a word a title. */
function swapCase(text: string): string {
  let afterSpace = true;
  return mapRunes(text, (rune) => {
    if (isUpper(rune) || isTitle(rune)) {
      afterSpace = false;
      return toLowerRune(rune);
    }
    if (isLower(rune)) {
      const mapped = afterSpace ? toTitleRune(rune) : toUpperRune(rune);
      afterSpace = false;
      return mapped;
    }
    afterSpace = isSpace(rune);
    return rune;
  });
}

/** goutils.Initials, which takes bytes for characters. */
function initials(text: string): string {
  let letters = "";
  let afterGap = true;
  for (const byte of toByteText(text)) {
    if (isSpace(byte.charCodeAt(0))) {
      afterGap = true;
    } else if (afterGap) {
      letters += byte;
      afterGap = false;
    }
  }
  return letters;
}

/** goutils.DeleteWhiteSpace, which takes bytes for characters once there is a blank to delete. */
function deleteSpace(text: string): string {
  const bytes = toByteText(text);
  const kept = bytes.replace(/[\t-\r \u0085\u00a0]/g, "");
  return kept.length === bytes.length ? text : kept;
}

function quote(_: FunctionContext, ...values: GoArgument[]): string {
  let quoted = "";
  let isFirst = true;
  for (const value of values) {
    if (value === null) continue;
    quoted += (isFirst ? "" : " ") + quoteGo(strval(value));
    isFirst = false;
  }
  return quoted;
}

function join(context: FunctionContext, separator: string, value: GoArgument): string {
  const texts = strslice(value);
  if (texts.length === 0) return "";
  if (separator.length > 16) context.chargeBytes(separator.length * (texts.length - 1));
  return joinBytes(texts.join(separator));
}

function isStringList(value: GoArgument): value is GoSlice {
  return value instanceof GoSlice && value.type.name === stringListType.name;
}

/** Sorts by bytes, and a []string in place, as Sprig does. */
function sortAlpha(value: GoArgument): GoSlice {
  if (listItems(value) === undefined) return stringList([strval(value)]);
  const texts = strslice(value) as string[];
  texts.sort(compareStrings);
  return isStringList(value) ? value : stringList(texts);
}

const trimAll = define(["string", "string"], (_, cutset, text) => trimCharacters(cutset, text));

const workPerByte = 8;

/** Taking a text apart to words, letter by letter, is several times the work of reading it: it is charged so. */
function toWork(context: FunctionContext, text: string): string {
  context.chargeBytes(workPerByte * text.length);
  return text;
}

export const stringFunctions: FunctionTable = {
  hello: define([], () => "Hello!"),
  abbrev: define(["int", "string"], (_, width, text) =>
    width < 4 ? text : ofByteText(abbreviate(toByteText(text), 0, width)),
  ),
  abbrevboth: define(["int", "int", "string"], (_, left, right, text) =>
    right < 4 || (left > 0 && right < 7) ? text : ofByteText(abbreviate(toByteText(text), left, right)),
  ),
  trunc: define(["int", "string"], (_, count, text) => trunc(count, text)),
  substr: define(["int", "int", "string"], (_, start, end, text) => substr(start, end, text)),
  trim: define(["string"], (_, text) => trimSpace(text), { keepsSerialized: true }),
  trimAll,
  trimall: trimAll,
  trimPrefix: define(["string", "string"], (_, prefix, text) => trimPrefix(prefix, text)),
  trimSuffix: define(["string", "string"], (_, suffix, text) => trimSuffix(suffix, text)),
  nospace: define(["string"], (_, text) => deleteSpace(text)),
  upper: define(["string"], (_, text) => (beyondAscii.test(text) ? mapRunes(text, toUpperRune) : text.toUpperCase())),
  lower: define(["string"], (_, text) => (beyondAscii.test(text) ? mapRunes(text, toLowerRune) : text.toLowerCase())),
  title: define(["string"], (_, text) => title(text)),
  untitle: define(["string"], (_, text) => untitle(text)),
  swapcase: define(["string"], (_, text) => swapCase(text)),
  initials: define(["string"], (_, text) => initials(text)),
  snakecase: define(["string"], (context, text) => joinWords(toWork(context, text), "_")),
  kebabcase: define(["string"], (context, text) => joinWords(toWork(context, text), "-")),
  camelcase: define(["string"], (context, text) => toPascalCase(toWork(context, text))),
  wrap: define(["int", "string"], (context, width, text) =>
    wrapText(context, text, { width, newline: "", cutsWords: false }),
  ),
  wrapWith: define(["int", "string", "string"], (context, width, newline, text) =>
    wrapText(context, text, { width, newline, cutsWords: true }),
  ),
  contains: define(["string", "string"], (_, part, text) => searching(part, text, (p, t) => t.includes(p))),
  hasPrefix: define(["string", "string"], (_, prefix, text) => searching(prefix, text, (p, t) => t.startsWith(p))),
  hasSuffix: define(["string", "string"], (_, suffix, text) => searching(suffix, text, (p, t) => t.endsWith(p))),
  repeat: define(["int", "string"], repeat),
  replace: define(["string", "string", "string"], replace),
  indent: define(["int", "string"], indent, { keepsSerialized: true, leads: indentLead }),
  nindent: define(["int", "string"], (context, spaces, text) => `\n${indent(context, spaces, text)}`, {
    keepsSerialized: true,
    leads: (lead, spaces) => `\n${indentLead(lead, spaces)}`,
  }),
  quote: defineVariadic(["any"], quote),
  squote: defineVariadic(["any"], (_, ...values) =>
    values
      .filter((value) => value !== null)
      .map((value) => `'${formatValue(value)}'`)
      .join(" "),
  ),
  cat: defineVariadic(["any"], (_, ...values) =>
    values
      .filter((value) => value !== null)
      .map(formatValue)
      .join(" "),
  ),
  plural: define(["string", "string", "int"], (_, one, many, count) => (count === 1 ? one : many)),
  toString: define(["any"], (_, value) => strval(value)),
  toStrings: define(["any"], (_, value) => (isStringList(value) ? value : stringList(strslice(value)))),
  join: define(["string", "any"], join),
  sortAlpha: define(["any"], (_, value) => sortAlpha(value)),
  split: define(["string", "string"], (context, separator, text) => numberedParts(context, splitText(separator, text))),
  splitn: define(["string", "int", "string"], (context, separator, limit, text) =>
    numberedParts(context, splitText(separator, text, limit)),
  ),
  splitList: define(["string", "string"], (context, separator, text) => {
    const parts = splitText(separator, text);
    context.chargeItems(parts.length);
    return stringList(parts);
  }),
  fail: define(["string"], (_, message) => {
    throw new GoFunctionError(message);
  }),
};
