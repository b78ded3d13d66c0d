/**
 * The metadata of a canonical manifest, edited by place, never by search: canonical YAML has `metadata:` at the margin,
 * `labels:` and `annotations:` below it, and their members four columns in. A user's text with the same words stands
 * deeper, or in another section.
 */

export interface Line {
  readonly line: string;
  /** In the manifest; the end is behind the line break. */
  readonly start: number;
  readonly end: number;
}

/** The lines of `metadata:`, without itself. */
export function* metadataLines(manifest: string): Iterable<Line> {
  let start = manifest.startsWith("metadata:\n") ? 0 : manifest.indexOf("\nmetadata:\n") + 1;
  if (start === 0 && !manifest.startsWith("metadata:\n")) return;
  start = manifest.indexOf("\n", start) + 1;
  while (start > 0 && start < manifest.length) {
    const lineEnd = manifest.indexOf("\n", start);
    const end = lineEnd < 0 ? manifest.length : lineEnd + 1;
    const line = manifest.slice(start, lineEnd < 0 ? end : lineEnd);
    // An empty line is one of a literal block.
    if (line !== "" && line.charCodeAt(0) !== 0x20) return;
    if (line !== "") yield { line, start, end };
    start = end;
  }
}

/** Puts `key: text` into a section, in the order of keys. The section must be there. */
export function putIn(manifest: string, wanted: string, key: string, text: string): string {
  let isIn = false;
  let behind = 0;
  for (const { line, start, end } of metadataLines(manifest)) {
    if (line.charCodeAt(2) !== 0x20) {
      if (isIn) break;
      isIn = line === wanted;
      behind = end;
    } else if (isIn) {
      // A member's own lines are deeper, and go with it.
      const isMember = line.charCodeAt(4) !== 0x20;
      if (isMember && keyOf(line) > key) {
        behind = start;
        break;
      }
      behind = end;
    }
  }
  if (!isIn) throw new Error(`a manifest has no place for ${key}`);
  return `${manifest.slice(0, behind)}    ${key}: ${text}\n${manifest.slice(behind)}`;
}

/** Takes a member out of a section; `value` is what stood behind its colon, lines of a block included. */
export function takeOut(
  manifest: string,
  wanted: string,
  key: string,
): { readonly rest: string; readonly value: string | undefined } {
  let isIn = false;
  let found: { readonly start: number; end: number } | undefined;
  for (const { line, start, end } of metadataLines(manifest)) {
    const isSection = line.charCodeAt(2) !== 0x20;
    const isMember = !isSection && line.charCodeAt(4) !== 0x20;
    if (found !== undefined) {
      if (isSection || isMember) break;
      found.end = end;
    } else if (isSection) isIn = line === wanted;
    else if (isIn && isMember && keyOf(line) === key) found = { start, end };
  }
  if (found === undefined) return { rest: manifest, value: undefined };
  const member = manifest.slice(found.start, found.end);
  const value = member.slice(member.indexOf(": ") + 2).trimEnd();
  return { rest: manifest.slice(0, found.start) + manifest.slice(found.end), value };
}

function keyOf(line: string): string {
  const quoted = /^ {4}("(?:[^"\\]|\\.)*"):/.exec(line)?.[1];
  return quoted === undefined ? line.slice(4, line.indexOf(":", 4)) : (JSON.parse(quoted) as string);
}
