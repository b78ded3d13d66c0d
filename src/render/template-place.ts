/** Where in the user's file a place of a template's text is. */
import type { SourcePlace } from "../model/problem.ts";
import type { TemplateSource } from "../model/template.ts";

/** The place of an offset (UTF-16 units) in a template's text, with the text's line as excerpt unless that is a Secret's. */
export function placeInSource(source: TemplateSource, offset: number): SourcePlace {
  const { text, file, part, line, column, continuationColumn } = source;
  const at = Math.min(Math.max(offset, 0), text.length);
  const lineStart = text.lastIndexOf("\n", at - 1) + 1;
  const lineEnd = text.indexOf("\n", at);
  const excerpt = text.slice(lineStart, lineEnd < 0 ? text.length : lineEnd).replace(/\r$/, "");
  const place = { file, part };
  const quote = (indent: number) => (source.confidential === true ? {} : { excerpt: " ".repeat(indent) + excerpt });
  if (lineStart === 0) return { ...place, line, column: column + at, ...quote(column - 1) };
  // Lines of the text that are no lines of the file have no place of their own there.
  if (continuationColumn === undefined) return { ...place, line, column };
  const lines = countNewlines(text, lineStart);
  const inLine = continuationColumn + at - lineStart;
  return { ...place, line: line + lines, column: inLine, ...quote(continuationColumn - 1) };
}

/** Of the whole template. */
export function placeOfSource({ file, line, column, part }: TemplateSource): SourcePlace {
  return { file, line, column, part };
}

function countNewlines(text: string, end: number): number {
  let count = 0;
  for (let at = text.indexOf("\n"); at >= 0 && at < end; at = text.indexOf("\n", at + 1)) count++;
  return count;
}
