/** From a place in what a template printed to the place in the template that printed it. */
import type { SourcePlace } from "../model/problem.ts";
import type { PrintedRange, RenderedText, TemplateSource } from "../model/template.ts";
import { placeInSource } from "./template-place.ts";

const valueLengthMax = 60;

/** The first range that holds a part of the output from `start` to `end`; where that is empty, one that touches it. */
export function findPrinted({ printed }: RenderedText, start: number, end: number): PrintedRange | undefined {
  const range = printed[firstBehind(printed, start)];
  if (range !== undefined && range.start < Math.max(end, start + 1)) return range;
  return start === end ? printed.findLast((before) => before.start === before.end && before.start <= start) : undefined;
}

/** All ranges that hold a part of the output from `start` to `end`, in their order. */
export function findAllPrinted({ printed }: RenderedText, start: number, end: number): readonly PrintedRange[] {
  const found: PrintedRange[] = [];
  for (let index = firstBehind(printed, start); index < printed.length && printed[index]!.start < end; index++) {
    found.push(printed[index]!);
  }
  return found;
}

/** The index of the first range that ends behind `start`. */
function firstBehind(printed: readonly PrintedRange[], start: number): number {
  let low = 0;
  let high = printed.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (printed[middle]!.end <= start) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * The place in the template of a part of its output: that of the action that printed it, or, where it is the template's own
 * text, that text behind the last action before it.
 */
export function placeOfOutput(rendered: RenderedText, source: TemplateSource, start: number, end = start): SourcePlace {
  const printed = findPrinted(rendered, start, Math.max(end, start + 1));
  if (printed !== undefined) return placeInSource(source, printed.at);

  const before = rendered.printed.findLast((range) => range.end <= start);
  const from = before?.at ?? 0;
  const lineStart = Math.max(rendered.text.lastIndexOf("\n", start - 1) + 1, before?.end ?? 0);
  const next = rendered.printed.find((range) => range.start >= start)?.start ?? rendered.text.length;
  const newline = rendered.text.indexOf("\n", start);
  const lineEnd = Math.min(newline < 0 ? rendered.text.length : newline, next);
  const literal = rendered.text.slice(lineStart, lineEnd);
  const found = literal.trim() === "" ? -1 : source.text.indexOf(literal, from);
  return placeInSource(source, found < 0 ? from : found + start - lineStart);
}

/** A value as messages quote it: as JSON, cut where it is long. */
export function quoteValue(value: string): string {
  return JSON.stringify(value.length > valueLengthMax ? `${value.slice(0, valueLengthMax)}…` : value);
}
