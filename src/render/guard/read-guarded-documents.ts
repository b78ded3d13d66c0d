/**
 * The guard: what an event says can't change a document's structure.
 *
 * A template's output is parsed twice, as it is and with a word in place of each value, and both must have the same
 * documents, nodes, tags and anchors; only the scalars that hold a value may differ. A value that toYaml or toJson printed
 * may be structure, if it is exactly the value's. Where a quick look at each value suffices (nearly always) the second
 * reading would show nothing new and is left out.
 */
import type { Problem } from "../../model/problem.ts";
import type { PrintedRange, RenderedText, TemplateSource } from "../../model/template.ts";
import { placeOfOutput, quoteValue } from "../output-place.ts";
import { placeInSource } from "../template-place.ts";
import { type YamlNode, YamlSyntaxError } from "../yaml/node.ts";
import { parseYaml } from "../yaml/parse-yaml.ts";
import { judgeSerialized } from "./check-serialized.ts";
import { haveSameStructure, type Reading } from "./compare-structures.ts";
import { describeViolation, hintFor } from "./describe-violation.ts";
import { hasHarmlessText, isMereText } from "./is-harmless.ts";
import { type PlaceholderText, type Replacement, replaceRanges } from "./placeholders.ts";
import { findHolders } from "./scalars.ts";

export type Documents = readonly (YamlNode | undefined)[];
type Parsed = Documents | YamlSyntaxError;

/** The documents of a template's output, or why they can't be trusted or read (GUARD_VIOLATION, MANIFEST_SYNTAX). */
export function readGuardedDocuments(rendered: RenderedText, source: TemplateSource): Documents | Problem {
  const { text, printed: ranges } = rendered;
  const documents = tryParse(text);
  if (isParseError(documents)) return blameForSyntax(rendered, source, documents);
  if (ranges.every((range) => hasHarmlessText(text, range))) return documents;

  const holders = findHolders(text, ranges, documents);
  const roots = rootsOf(documents);
  const structural = new Set<number>();
  let isProven = true;
  for (let index = 0; index < ranges.length; index++) {
    const range = ranges[index]!;
    const holder = holders[index];
    if (hasHarmlessText(text, range)) continue;
    // All of a scalar that was serialized must be the value; a look at the text alone can't tell that.
    const mayBeText = holder !== undefined && (holder.start < range.start || !isSerialized(range));
    if (mayBeText && isMereText(text, range, holder)) continue;
    const outcome = isSerialized(range) ? judgeSerialized(text, range, roots) : "text";
    if (outcome === "violation") return violation(rendered, source, range);
    if (outcome === "structure") structural.add(index);
    else isProven = false;
  }
  if (isProven) return documents;
  return compareWithWords(rendered, source, documents, (index) => (structural.has(index) ? "keep" : "word"));
}

function compareWithWords(
  rendered: RenderedText,
  source: TemplateSource,
  documents: Documents,
  choose: (index: number) => Replacement,
): Documents | Problem {
  const { text, printed: ranges } = rendered;
  const replaced = replaceRanges(text, ranges, choose);
  const reference = tryParse(replaced.text, true);
  if (isParseError(reference)) return blameForPosition(rendered, source, reference, choose);
  const wanted = { ...replaced, documents: reference };
  if (haveSameStructure({ text, documents: parseYaml(text, { isTraced: true }) }, ranges, wanted)) return documents;
  return blameForStructure(rendered, source, wanted, choose);
}

function rootsOf(documents: Documents): YamlNode[] {
  return documents.filter((document) => document !== undefined);
}

/** Asks without making the value: an engine may do that only when it is read. */
function isSerialized(range: PrintedRange): boolean {
  return "serialized" in range;
}

function tryParse(text: string, isTraced = false): Parsed {
  try {
    return parseYaml(text, { isTraced });
  } catch (error) {
    if (error instanceof YamlSyntaxError) return error;
    throw error;
  }
}

function isParseError(parsed: Parsed): parsed is YamlSyntaxError {
  return parsed instanceof YamlSyntaxError;
}

/** The text can't be read: because of a value, if it can be read with words in place of all; else the template is wrong. */
function blameForSyntax(rendered: RenderedText, source: TemplateSource, error: YamlSyntaxError): Problem {
  const { text, printed: ranges } = rendered;
  const structural = findStructural(text, ranges);
  if (typeof structural === "number") return violation(rendered, source, ranges[structural]!);
  const choose = (index: number): Replacement => (structural.has(index) ? "keep" : "word");
  const replaced = replaceRanges(text, ranges, choose);
  const reference = tryParse(replaced.text, true);
  if (!isParseError(reference)) {
    return blameForStructure(rendered, source, { ...replaced, documents: reference }, choose);
  }
  const at = placeOfOutput(rendered, source, error.offset);
  return { code: "MANIFEST_SYNTAX", severity: "error", message: `this is no valid YAML: ${error.message}`, at };
}

/**
 * Which ranges are structure, exactly that of the value serialized, with words in place of what was not serialized; or the
 * index of one that is other structure.
 */
function findStructural(text: string, ranges: readonly PrintedRange[]): ReadonlySet<number> | number {
  const structural = new Set<number>();
  const partly = replaceRanges(text, ranges, (index) => (isSerialized(ranges[index]!) ? "keep" : "word"));
  const documents = tryParse(partly.text);
  if (isParseError(documents)) return structural;
  const roots = rootsOf(documents);
  const shifted = shiftRanges(ranges, partly);
  for (let index = 0; index < ranges.length; index++) {
    const outcome = isSerialized(shifted[index]!) ? judgeSerialized(partly.text, shifted[index]!, roots) : "text";
    if (outcome === "violation") return index;
    if (outcome === "structure") structural.add(index);
  }
  return structural;
}

/** The text can be read, but not with words in place of the values: one stands where only certain signs may. */
function blameForPosition(
  rendered: RenderedText,
  source: TemplateSource,
  error: YamlSyntaxError,
  choose: (index: number) => Replacement,
): Problem {
  const { text, printed: ranges } = rendered;
  const count = smallestCount(ranges.length, (words) => {
    const partly = replaceRanges(text, ranges, (index) => (index < words ? choose(index) : "keep"));
    return isParseError(tryParse(partly.text));
  });
  const range = ranges[count - 1]!;
  return {
    code: "GUARD_VIOLATION",
    severity: "error",
    message: `the value ${quoteRange(text, range)} stands where it makes structure (with a word in its place: ${error.message})`,
    at: placeInSource(source, range.at),
    hint: hintFor(source.engine),
  };
}

/** Blames the first value with which, in the company of those before it, the structure is no longer the template's. */
function blameForStructure(
  rendered: RenderedText,
  source: TemplateSource,
  reference: Reading & PlaceholderText,
  choose: (index: number) => Replacement,
): Problem {
  const { text, printed: ranges } = rendered;
  const count = smallestCount(ranges.length, (values) => {
    const partly = replaceRanges(text, ranges, (index) => (index < values ? "keep" : choose(index)));
    const documents = tryParse(partly.text, true);
    if (isParseError(documents)) return true;
    return !haveSameStructure({ text: partly.text, documents }, shiftRanges(ranges, partly), reference);
  });
  const range = ranges[count - 1]!;
  const word = reference.placeholders[count - 1];
  const { message, hint } = describeViolation(quoteRange(text, range), text, range, word, reference, source.engine);
  return { code: "GUARD_VIOLATION", severity: "error", message, at: placeInSource(source, range.at), hint };
}

/** The ranges as they lie in a text in which words stand for some of them. */
function shiftRanges(ranges: readonly PrintedRange[], { placeholders }: PlaceholderText): PrintedRange[] {
  let shift = 0;
  return ranges.map((range, index) => {
    const word = placeholders[index];
    const { lead = 0 } = range;
    const start = word === undefined ? range.start + shift : word.start - lead;
    const end = word?.end ?? range.end + shift;
    shift = end - range.end;
    return moveRange(range, start, end);
  });
}

/** A range at another place; its value is still made only when it is asked for. */
function moveRange(range: PrintedRange, start: number, end: number): PrintedRange {
  const moved = { start, end, at: range.at, lead: range.lead ?? 0 };
  if (!isSerialized(range)) return moved;
  return Object.defineProperty(moved, "serialized", { get: () => range.serialized, enumerable: true });
}

/** The smallest count from 1 to `most` for which `isBad`, given that it is for `most`. */
function smallestCount(most: number, isBad: (count: number) => boolean): number {
  let low = 1;
  let high = most;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isBad(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}

function violation({ text }: RenderedText, source: TemplateSource, range: PrintedRange): Problem {
  return {
    code: "GUARD_VIOLATION",
    severity: "error",
    message: `the value ${quoteRange(text, range)} would change the structure of the document`,
    at: placeInSource(source, range.at),
    hint: hintFor(source.engine),
  };
}

function quoteRange(text: string, { start, end }: PrintedRange): string {
  return quoteValue(text.slice(start, end));
}
