/** Go's regexp package over re2js: how matches follow each other, and how a replacement is expanded. */
import { type Matcher, MatcherInput, RE2JS, RE2JSException } from "re2js";
import { type FunctionContext, GoFunctionError } from "./registry.ts";
import { isDigit, isLetter } from "./unicode.ts";

/** What a step of the engine is charged for each instruction of its program that it may have to follow. */
const bytesPerInstruction = 1;
/** The same for the automaton that only tells whether there is a match, and follows all at once. */
const testBytesPerInstruction = 1 / 32;
const compileBytesPerInstruction = 64;
/** Work is charged in portions, because it may be more than one string may have. */
const portionBytes = 64 * 1024;

const portionItems = 65_536;

const compiledMax = 500;
const compiled = new Map<string, RE2JS>();

/** regexp.Compile; patterns in use are few and kept. */
export function compilePattern(context: FunctionContext, pattern: string): RE2JS {
  const known = compiled.get(pattern);
  if (known !== undefined) return known;
  const program = compile(pattern);
  chargeWork(context, program.programSize() * compileBytesPerInstruction);
  if (compiled.size >= compiledMax) compiled.clear();
  compiled.set(pattern, program);
  return program;
}

function compile(pattern: string): RE2JS {
  if (!pattern.isWellFormed()) throw new GoFunctionError("error parsing regexp: invalid UTF-8");
  try {
    return RE2JS.compile(pattern);
  } catch (error) {
    if (error instanceof RE2JSException) throw new GoFunctionError(error.message);
    throw error;
  }
}

/** Whether a text matches anywhere. */
export function hasMatch(context: FunctionContext, pattern: RE2JS, text: string): boolean {
  chargeWork(context, text.length * Math.max(1, pattern.programSize() * testBytesPerInstruction));
  return pattern.test(text);
}

function chargeWork(context: FunctionContext, bytes: number): void {
  for (let left = bytes; left > 0; left -= portionBytes) context.chargeBytes(Math.ceil(Math.min(left, portionBytes)));
}

/**
 * A text that charges for being read. Searching for all matches can read the rest of the text for each of them
 * (`a.*b|a` in a row of a): that cannot be told from the matches, only from what the engine reads.
 */
class MeteredText extends String {
  private readonly context: FunctionContext;
  private readonly bytesPerRead: number;
  private bytesRead = 0;

  constructor(text: string, context: FunctionContext, bytesPerRead: number) {
    super(text);
    this.context = context;
    this.bytesPerRead = bytesPerRead;
  }

  override charCodeAt(index: number): number {
    this.bytesRead += this.bytesPerRead;
    if (this.bytesRead >= portionBytes) {
      this.context.chargeBytes(Math.ceil(this.bytesRead));
      this.bytesRead = 0;
    }
    return super.charCodeAt(index);
  }
}

/** Finding a match, taking it out and putting text in its place is work, however short it is. */
const bytesPerMatch = 16;

/** Shorter texts are charged for one reading: even all readings are little work. */
const meteredFrom = 1000;

/** Searches one text again and again, each time from where the last search left off. */
class Search {
  private readonly text: string;
  readonly matcher: Matcher;

  constructor(context: FunctionContext, pattern: RE2JS, text: string) {
    this.text = text;
    const bytesPerRead = Math.max(1, pattern.programSize() * bytesPerInstruction);
    if (text.length < meteredFrom) chargeWork(context, text.length * bytesPerRead);
    const input = text.length < meteredFrom ? text : new MeteredText(text, context, bytesPerRead);
    this.matcher = pattern.matcher(MatcherInput.utf16(input));
  }

  from(at: number): boolean {
    return this.matcher.find(at);
  }

  /** Where the character at an offset ends. */
  next(at: number): number {
    return at + (this.text.codePointAt(at)! > 0xffff ? 2 : 1);
  }
}

/** The ranges of at most `limit` matches (all where it is negative); no empty match touches the one before it. */
export function findRanges(
  context: FunctionContext,
  pattern: RE2JS,
  text: string,
  limit: number,
): [start: number, end: number][] {
  const ranges: [number, number][] = [];
  const search = new Search(context, pattern, text);
  const countMax = limit < 0 ? Infinity : limit;
  let previousEnd = -1;
  for (let at = 0; ranges.length < countMax && at <= text.length && search.from(at); ) {
    const start = search.matcher.start();
    const end = search.matcher.end();
    const isEmptyHere = end === at;
    if (!(isEmptyHere && start === previousEnd)) ranges.push([start, end]);
    // A list that will be too long need not be finished.
    if (ranges.length % portionItems === 0) context.chargeItems(ranges.length);
    at = isEmptyHere ? search.next(at) : end;
    previousEnd = end;
  }
  return ranges;
}

/** The text with each match replaced by what `replacement` makes of it. */
export function replaceMatches(
  context: FunctionContext,
  pattern: RE2JS,
  text: string,
  replacement: (matcher: Matcher) => string,
): string {
  const search = new Search(context, pattern, text);
  let result = "";
  let lastEnd = 0;
  for (let at = 0; at <= text.length && search.from(at); ) {
    const start = search.matcher.start();
    const end = search.matcher.end();
    result += text.slice(lastEnd, start);
    if (end > lastEnd || start === 0) {
      const replaced = replacement(search.matcher);
      context.chargeBytes(replaced.length + bytesPerMatch);
      result += replaced;
    }
    lastEnd = end;
    at = at < text.length ? Math.max(search.next(at), end) : at + 1;
  }
  return result + text.slice(lastEnd);
}

type ReplacementPart = string | { readonly group: number | string };

/** The parts of a replacement: `$1`, `${1}` and `${name}`; `$1W` is the group 1W. What is no reference stands for itself. */
export function parseReplacement(replacement: string): ReplacementPart[] {
  const parts: ReplacementPart[] = [];
  let from = 0;
  for (let dollar = replacement.indexOf("$"); dollar >= 0; dollar = replacement.indexOf("$", from)) {
    parts.push(replacement.slice(from, dollar));
    if (replacement[dollar + 1] === "$") {
      parts.push("$");
      from = dollar + 2;
      continue;
    }
    const isBraced = replacement[dollar + 1] === "{";
    const nameStart = dollar + (isBraced ? 2 : 1);
    const nameEnd = wordEnd(replacement, nameStart);
    const isReference = nameEnd > nameStart && (!isBraced || replacement[nameEnd] === "}");
    parts.push(isReference ? { group: groupOf(replacement.slice(nameStart, nameEnd)) } : "$");
    from = isReference ? nameEnd + (isBraced ? 1 : 0) : dollar + 1;
  }
  parts.push(replacement.slice(from));
  return parts;
}

function wordEnd(text: string, from: number): number {
  let at = from;
  while (at < text.length) {
    const rune = text.codePointAt(at)!;
    if (!(rune === 0x5f || isLetter(rune) || isDigit(rune))) break;
    at += rune > 0xffff ? 2 : 1;
  }
  return at;
}

/** A number without leading zeros is one, anything else a name. */
function groupOf(name: string): number | string {
  return /^(?:0|[1-9][0-9]{0,8})$/.test(name) ? Number(name) : name;
}

/** Regexp.Expand: a group that there is not, or that took no part, is empty. */
export function expandReplacement(parts: readonly ReplacementPart[], pattern: RE2JS, matcher: Matcher): string {
  let text = "";
  for (const part of parts) {
    if (typeof part === "string") {
      text += part;
      continue;
    }
    const index = typeof part.group === "number" ? part.group : pattern.namedGroups()[part.group];
    if (index !== undefined && index <= matcher.groupCount()) text += matcher.group(index) ?? "";
  }
  return text;
}

/** Regexp.Split: parts between matches, at most `limit` where that is positive. */
export function splitByPattern(
  context: FunctionContext,
  pattern: RE2JS,
  text: string,
  limit: number,
): string[] | undefined {
  if (limit === 0) return undefined;
  if (pattern.pattern() !== "" && text === "") return [""];
  const parts: string[] = [];
  let begin = 0;
  let end = 0;
  for (const [start, stop] of findRanges(context, pattern, text, limit)) {
    if (limit > 0 && parts.length === limit - 1) break;
    end = start;
    if (stop !== 0) parts.push(text.slice(begin, end));
    begin = stop;
  }
  if (end !== text.length) parts.push(text.slice(begin));
  return parts;
}
