/** The text of a scalar while it is scanned, and on request which part of it came from where. */
import { isBreak } from "./yaml-scalar.ts";

/**
 * The origins of a scalar's text: for each part in turn its length, and the offsets between which the source says it. Where
 * both are of one length each unit stands for itself; else the part is an escape, or line breaks that were folded.
 */
export type TextOrigins = number[];

export class ScalarText {
  text = "";
  readonly origins: TextOrigins | undefined;

  constructor(isTraced: boolean) {
    this.origins = isTraced ? [] : undefined;
  }

  add(text: string, start: number, end: number): void {
    if (text === "") return;
    this.text += text;
    this.origins?.push(text.length, start, end);
  }

  /** What blanks and line breaks between two words stand for; `isEscaped`: the first break is behind a backslash. */
  addFolded(source: string, start: number, end: number, isEscaped = false): void {
    if (start < end) this.add(foldWhite(source, start, end, isEscaped), start, end);
  }
}

const carriageReturn = 0x0d;
const lineFeed = 0x0a;

/**
 * Blanks within a line mean themselves. Of line breaks one folds to a space, of several the first is dropped, and blanks
 * around them vanish. U+2028 and U+2029 do not fold. An escaped break vanishes, with the blanks behind it.
 */
function foldWhite(source: string, start: number, end: number, isEscaped: boolean): string {
  let first: string | undefined = isEscaped ? "" : undefined;
  let further = "";
  let at = isEscaped ? afterBreak(source, start + 1) : start;
  while (at < end) {
    const unit = source.charCodeAt(at);
    if (!isBreak(unit)) {
      at++;
      continue;
    }
    const meaning = unit === 0x2028 || unit === 0x2029 ? String.fromCharCode(unit) : "\n";
    if (first === undefined) first = meaning;
    else further += meaning;
    at = afterBreak(source, at);
  }
  if (first === undefined) return source.slice(start, end);
  return first === "\n" ? further || " " : first + further;
}

function afterBreak(source: string, at: number): number {
  return source.charCodeAt(at) === carriageReturn && source.charCodeAt(at + 1) === lineFeed ? at + 2 : at + 1;
}
