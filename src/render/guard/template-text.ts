/**
 * What a scalar has of the template itself: its text without what values gave to it.
 *
 * A value must not do anything to it. It could: with a backslash, a quote or a line break at its edge, or with blanks that
 * make the rest a comment, change how a block is indented, or how lines fold.
 */
import type { YamlScalar } from "../yaml/node.ts";
import type { Span } from "./placeholders.ts";

/** The text of a scalar that was read with origins, without what comes from the spans, which are in their order. */
export function templateText({ text, origins = [] }: YamlScalar, spans: readonly Span[]): string {
  let own = "";
  let at = 0;
  let next = 0;
  for (let part = 0; part < origins.length; part += 3) {
    const length = origins[part]!;
    const start = origins[part + 1]!;
    const end = origins[part + 2]!;
    while (next < spans.length && spans[next]!.end <= start) next++;
    // Units of an escape or a fold belong together: with one of the value's they are not the template's.
    if (length === end - start) own += withoutSpans(text, { at, start, end }, spans, next);
    else if (!(next < spans.length && spans[next]!.start < end)) own += text.slice(at, at + length);
    at += length;
  }
  return own;
}

/** A part of the text at `at` that stands unit for unit in the source from `start` to `end`. */
function withoutSpans(
  text: string,
  { at, start, end }: Span & { readonly at: number },
  spans: readonly Span[],
  first: number,
): string {
  let own = "";
  let from = start;
  for (let index = first; index < spans.length && spans[index]!.start < end; index++) {
    const span = spans[index]!;
    if (span.start > from) own += text.slice(at + from - start, at + span.start - start);
    from = Math.max(from, span.end);
  }
  return from < end ? own + text.slice(at + from - start, at + end - start) : own;
}

/**
 * The same where it ends: behind an empty value a plain scalar drops the blanks before it, and a block the last line breaks
 * that a value has of its own.
 */
export function comparableText(own: string, { style }: YamlScalar): string {
  if (style === "plain") return own.replace(/^[ \t\n]+|[ \t\n]+$/g, "");
  return style === "literal" || style === "folded" ? own.replace(/\n+$/, "") : own;
}
