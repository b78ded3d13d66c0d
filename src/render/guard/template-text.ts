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

/** Whether the values at the ends of a scalar are nothing but blanks. */
export interface BlankEnds {
  readonly first: boolean;
  readonly last: boolean;
}

/**
 * The same where it ends: with a value of blanks there a plain scalar loses the template's blanks beside it, and a block's last
 * line breaks may be the value's.
 */
export function comparableText(own: string, { style }: YamlScalar, areBlank: BlankEnds): string {
  if (style === "literal" || style === "folded") return own.replace(/\n+$/, "");
  if (style !== "plain") return own;
  const text = areBlank.first ? own.replace(/^[ \t\n]+/, "") : own;
  return areBlank.last ? text.replace(/[ \t\n]+$/, "") : text;
}
