/** Where a YAML reader stands in its text, and how it gets from token to token. */
import { YamlSyntaxError } from "./node.ts";

export const tab = 0x09;
export const lineFeed = 0x0a;
export const carriageReturn = 0x0d;
export const space = 0x20;
export const hash = 0x23;
export const dash = 0x2d;
const dot = 0x2e;

export class Cursor {
  readonly text: string;
  pos = 0;
  /** Where the line of `pos` begins. */
  lineStart = 0;
  /** Whether a block collection may begin here: first on its line, or right behind `- ` or `? `. */
  fresh = true;
  /** How many flow collections are open. */
  flowLevel = 0;

  constructor(text: string) {
    this.text = text;
  }

  get column(): number {
    return this.pos - this.lineStart;
  }

  get atEnd(): boolean {
    return this.pos >= this.text.length;
  }
}

export function fail(message: string, offset: number): never {
  throw new YamlSyntaxError(message, offset);
}

export function isBlank(unit: number): boolean {
  return unit === space || unit === tab;
}

export function isBreak(unit: number): boolean {
  return unit === lineFeed || unit === carriageReturn;
}

/** Blank, line break or end of text (whose char code is NaN). */
export function isBlankOrEnd(unit: number): boolean {
  return unit === space || unit === lineFeed || unit === tab || unit === carriageReturn || Number.isNaN(unit);
}

/** The offset behind the line break at `pos`. */
export function afterBreak(text: string, pos: number): number {
  return text.charCodeAt(pos) === carriageReturn && text.charCodeAt(pos + 1) === lineFeed ? pos + 2 : pos + 1;
}

/** Goes to the next token, over blanks, comments and line breaks. */
export function skipToToken(cursor: Cursor): void {
  const { text } = cursor;
  let pos = cursor.pos;
  let unit = text.charCodeAt(pos);
  for (;;) {
    let indentedByTab = false;
    while (unit === space || unit === tab) {
      if (unit === tab && cursor.fresh) indentedByTab = true;
      unit = text.charCodeAt(++pos);
    }
    if (unit === hash) {
      do unit = text.charCodeAt(++pos);
      while (!isBreak(unit) && pos < text.length);
    }
    if (!isBreak(unit)) {
      if (indentedByTab && cursor.flowLevel === 0 && pos < text.length) fail("a tab can't indent", pos - 1);
      break;
    }
    pos = afterBreak(text, pos);
    cursor.lineStart = pos;
    cursor.fresh = true;
    unit = text.charCodeAt(pos);
  }
  cursor.pos = pos;
}

/** Whether `---` or `...` stands at `pos`, which is the beginning of a line. */
export function isDocumentMarker(text: string, pos: number): boolean {
  const unit = text.charCodeAt(pos);
  return (
    (unit === dash || unit === dot) &&
    text.charCodeAt(pos + 1) === unit &&
    text.charCodeAt(pos + 2) === unit &&
    isBlankOrEnd(text.charCodeAt(pos + 3))
  );
}

/** Whether the document ends here, as far as its text says. */
export function atDocumentEnd(cursor: Cursor): boolean {
  return cursor.atEnd || (cursor.pos === cursor.lineStart && isDocumentMarker(cursor.text, cursor.pos));
}
