/**
 * What a scalar has of the template itself: its text without what values gave to it.
 *
 * A value must not do anything to it. It could: with a backslash, a quote or a line break at its edge, or with blanks that
 * make the rest a comment, change how a block is indented, or how lines fold.
 */
import type { YamlScalar } from "../yaml/node.ts";
import type { Span } from "./placeholders.ts";

/**
 * The text of a scalar that was read with origins, without what comes from the spans, which are in their order: what
 * stands before the first, between each two, and behind the last.
 */
export function templateText({ text, origins = [] }: YamlScalar, spans: readonly Span[]): readonly string[] {
  const own = Array.from({ length: spans.length + 1 }, () => "");
  let at = 0;
  let next = 0;
  for (let part = 0; part < origins.length; part += 3) {
    const length = origins[part]!;
    const start = origins[part + 1]!;
    const end = origins[part + 2]!;
    while (next < spans.length && spans[next]!.end <= start) next++;
    // Units of an escape or a fold belong together: with one of the value's they are not the template's.
    if (length === end - start) addWithoutSpans(own, text, { at, start, end }, spans, next);
    else if (!(next < spans.length && spans[next]!.start < end)) own[next] += text.slice(at, at + length);
    at += length;
  }
  return own;
}

/** Adds a part of the text at `at` that stands unit for unit in the source from `start` to `end`. */
function addWithoutSpans(
  own: string[],
  text: string,
  { at, start, end }: Span & { readonly at: number },
  spans: readonly Span[],
  first: number,
): void {
  let from = start;
  let index = first;
  for (; index < spans.length && spans[index]!.start < end; index++) {
    const span = spans[index]!;
    if (span.start > from) own[index] += text.slice(at + from - start, at + span.start - start);
    from = Math.max(from, span.end);
  }
  if (from < end) own[index] += text.slice(at + from - start, at + end - start);
}

/**
 * The same where it ends: with values of blanks there a plain scalar loses the template's blanks beside them, and a block's
 * last line breaks may be the value's. `areBlank` says of each value whether it is nothing but blanks.
 */
export function comparableText(own: readonly string[], { style }: YamlScalar, areBlank: readonly boolean[]): string {
  const text = own.join("");
  if (style === "literal" || style === "folded") return text.replace(/\n+$/, "");
  if (style !== "plain") return text;
  const [first, last] = [areBlank.indexOf(false), areBlank.lastIndexOf(false)];
  if (first < 0) return trimStart(trimEnd(text));
  const [head, tail] = [own.slice(0, first + 1).join(""), own.slice(last + 1).join("")];
  const middle = own.slice(first + 1, last + 1).join("");
  return (first > 0 ? trimStart(head) : head) + middle + (last < areBlank.length - 1 ? trimEnd(tail) : tail);
}

function trimStart(text: string): string {
  return text.replace(/^[ \t\n]+/, "");
}

function trimEnd(text: string): string {
  return text.replace(/[ \t\n]+$/, "");
}
