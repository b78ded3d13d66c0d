/** Values whose characters can't change a structure, and the words that stand for all others. */
import type { PrintedRange } from "../../model/template.ts";
import type { YamlNode, YamlScalar } from "../yaml/node.ts";

/**
 * Words of letters, digits and harmless signs, joined by single blanks or colons. Replacing one such text by another
 * changes nothing but the scalar (or comment) that it stands in, wherever that is; see {@link isGlued} for the exceptions.
 */
const harmlessText = /^[A-Za-z0-9][\w./@+=-]*(?:[ :][A-Za-z0-9][\w./@+=-]*)*$/;

const lineFeed = 0x0a;
const space = 0x20;
const gluing = new Set([..."!&*|>%\\"].map((sign) => sign.charCodeAt(0)));

/** Whether a range's text can't change any structure. */
export function isHarmless(text: string, { start, end }: PrintedRange): boolean {
  return harmlessText.test(text.slice(start, end)) && !isGlued(text, start);
}

/** Whether the word that ends at `start` has begun with, or holds, a sign that makes a tag, an anchor or an escape of it. */
function isGlued(text: string, start: number): boolean {
  for (let at = start - 1; at >= 0; at--) {
    const unit = text.charCodeAt(at);
    if (unit === space || unit === lineFeed) return false;
    if (gluing.has(unit)) return true;
  }
  return false;
}

/** A range's text without the blanks and line breaks around it, as offsets; `start` equals `end` where nothing is left. */
export function trimRange(text: string, { start, end }: PrintedRange): { start: number; end: number } {
  let from = start;
  let to = end;
  while (from < to && isWhite(text.charCodeAt(from))) from++;
  while (to > from && isWhite(text.charCodeAt(to - 1))) to--;
  return { start: from, end: to };
}

function isWhite(unit: number): boolean {
  return unit === space || unit === lineFeed || unit === 0x0d || unit === 0x09;
}

export interface Placeholder {
  /** Where the word stands in the text with placeholders. */
  readonly start: number;
  readonly end: number;
  /** It stands behind the blanks that the value begins with, which is sound within a scalar that is no key. */
  readonly isIndented: boolean;
}

export interface PlaceholderText {
  readonly text: string;
  /** One for each range; undefined for those that kept their text. */
  readonly placeholders: readonly (Placeholder | undefined)[];
}

/** What to do with a range: keep its text, or put a word in its place, if need be behind the blanks that it begins with. */
export type Replacement = "keep" | "word" | "indentedWord";

/** Puts words in place of ranges, as `choose` says for each. */
export function replaceRanges(
  text: string,
  ranges: readonly PrintedRange[],
  choose: (index: number) => Replacement,
): PlaceholderText {
  const placeholders: (Placeholder | undefined)[] = [];
  let out = "";
  let from = 0;
  for (let index = 0; index < ranges.length; index++) {
    const range = ranges[index]!;
    const replacement = choose(index);
    out += text.slice(from, range.start);
    from = range.end;
    if (replacement === "keep") {
      out += text.slice(range.start, range.end);
      placeholders.push(undefined);
      continue;
    }
    const isIndented = replacement === "indentedWord";
    if (isIndented) out += text.slice(range.start, trimRange(text, range).start);
    const start = out.length;
    out += `printed${index}`;
    placeholders.push({ start, end: out.length, isIndented });
  }
  return { text: out + text.slice(from), placeholders };
}

/**
 * Which ranges, as `indent` and `nindent` print them, begin with blanks or line breaks and lie within a scalar that needs
 * these: in a block scalar, or on a line of its own. A word alone would leave such a scalar; behind the blanks it must stay.
 */
export function findIndented(
  text: string,
  ranges: readonly PrintedRange[],
  documents: readonly (YamlNode | undefined)[],
): ReadonlySet<number> {
  const found = new Set<number>();
  let scalars: YamlScalar[] | undefined;
  let next = 0;
  for (let index = 0; index < ranges.length; index++) {
    const range = ranges[index]!;
    if (range.start === range.end || !isWhite(text.charCodeAt(range.start))) continue;
    scalars ??= documents.flatMap((document) => (document === undefined ? [] : valueScalarsOf(document)));
    const { start, end } = trimRange(text, range);
    while (next < scalars.length && scalars[next]!.end <= start) next++;
    const scalar = scalars[next];
    if (start === end || scalar === undefined || start < scalar.start || end > scalar.end) continue;
    const lineStart = text.lastIndexOf("\n", start - 1) + 1;
    const isOnOwnLine = lineStart <= range.start && onlySpaces.test(text.slice(lineStart, range.start));
    if (isBlockScalar(scalar) || isOnOwnLine) found.add(index);
  }
  return found;
}

const onlySpaces = /^ *$/;

/** The scalars that are no keys, in their order. */
function valueScalarsOf(node: YamlNode): YamlScalar[] {
  switch (node.kind) {
    case "scalar":
      return [node];
    case "mapping":
      return node.values.flatMap(valueScalarsOf);
    case "sequence":
      return node.items.flatMap(valueScalarsOf);
    case "alias":
      return [];
  }
}

export function isBlockScalar({ style }: YamlScalar): boolean {
  return style === "literal" || style === "folded";
}
