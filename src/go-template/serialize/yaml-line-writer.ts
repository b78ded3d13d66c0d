/**
 * The output of libyaml's emitter and what it remembers of it, and the four ways in which it writes a scalar's text.
 *
 * What seems odd here is how the library behaves: a folded line breaks only behind the limit, an emoji is escaped, and a
 * text that begins with a byte order mark is escaped altogether.
 */
import { isBreak, isPrintable } from "./yaml-scalar.ts";

const space = 0x20;
const lineFeed = 0x0a;
const byteOrderMark = "\ufeff";
const printableAscii = /^[ !#-[\]-~]*$/;

export class YamlLineWriter {
  out = "";
  /** In code points. */
  column = 0;
  /** What was written last was a space, an indentation, or an indicator that needs no space behind it. */
  whitespace = true;
  /** The line holds nothing but indentation and the indicators `-`, `?` and `:` of block collections. */
  indention = true;
  /** The current indentation, -1 outside of the root node. */
  indent = -1;
  readonly widthMax: number;
  /** go-yaml v3: a line break counts as indentation at once, and a literal's first line begins without a break. */
  readonly breaksIndent: boolean;

  constructor(widthMax: number, breaksIndent: boolean) {
    this.widthMax = widthMax;
    this.breaksIndent = breaksIndent;
  }

  writeBreak(): void {
    this.out += "\n";
    this.column = 0;
    if (this.breaksIndent) this.indention = true;
  }

  /** Goes to the indentation, on a new line if anything stands on this one. */
  writeIndent(): void {
    const indent = Math.max(this.indent, 0);
    if (!this.indention || this.column > indent || (this.column === indent && !this.whitespace)) this.writeBreak();
    if (this.column < indent) {
      this.out += indentation(indent - this.column);
      this.column = indent;
    }
    this.whitespace = true;
    if (!this.breaksIndent) this.indention = true;
  }

  writeIndicator(indicator: string, needsSpace: boolean, isWhitespace: boolean, isIndention: boolean): void {
    if (needsSpace && !this.whitespace) {
      this.out += ` ${indicator}`;
      this.column += indicator.length + 1;
    } else {
      this.out += indicator;
      this.column += indicator.length;
    }
    this.whitespace = isWhitespace;
    this.indention = this.indention && isIndention;
  }

  /** A text on one line as it is. */
  writeWord(text: string): void {
    if (!this.whitespace) {
      this.out += " ";
      this.column++;
    }
    this.out += text;
    this.column += text.length;
    this.whitespace = false;
    this.indention = false;
  }

  /** A plain scalar: it has no line breaks, and spaces only inside. */
  writePlain(text: string, mayFold: boolean): void {
    if (!mayFold || this.column + text.length < this.widthMax || !text.includes(" ")) {
      this.writeWord(text);
      return;
    }
    if (!this.whitespace) {
      this.out += " ";
      this.column++;
    }
    let spaces = false;
    let start = 0;
    for (let at = 0; at < text.length; at++) {
      const isSpace = text.charCodeAt(at) === space;
      if (isSpace && !spaces && this.column > this.widthMax && text.charCodeAt(at + 1) !== space) {
        this.out += text.slice(start, at);
        this.writeIndent();
        start = at + 1;
      } else {
        this.column++;
      }
      this.indention = false;
      spaces = isSpace;
    }
    this.out += text.slice(start);
    this.whitespace = false;
  }

  /** A single-quoted scalar; its only line breaks can be U+2028 and U+2029, which are written as they are. */
  writeSingleQuoted(text: string, mayFold: boolean): void {
    this.writeIndicator("'", true, false, false);
    let spaces = false;
    let breaks = false;
    for (let at = 0; at < text.length; at++) {
      const unit = text.charCodeAt(at);
      if (unit === space) {
        const folds = mayFold && !spaces && this.column > this.widthMax && at > 0 && at < text.length - 1;
        if (folds && text.charCodeAt(at + 1) !== space) this.writeIndent();
        else this.put(" ");
        spaces = true;
      } else if (isBreak(unit)) {
        this.putBreak(text[at]!);
        breaks = true;
      } else {
        if (breaks) this.writeIndent();
        if (unit === 0x27) this.put("'");
        this.put(text[at]!);
        this.indention = false;
        spaces = false;
        breaks = false;
      }
    }
    this.writeIndicator("'", false, false, false);
  }

  writeDoubleQuoted(text: string, mayFold: boolean): void {
    if (printableAscii.test(text) && (!mayFold || this.column + text.length < this.widthMax || !text.includes(" "))) {
      this.writeWord(`"${text}"`);
      return;
    }
    this.writeIndicator('"', true, false, false);
    const escapesAll = text.startsWith(byteOrderMark);
    let spaces = false;
    for (let at = 0; at < text.length; at++) {
      const unit = text.charCodeAt(at);
      if (escapesAll || !isPrintable(unit) || isBreak(unit) || unit === 0x22 || unit === 0x5c) {
        const point = text.codePointAt(at)!;
        if (point > 0xffff) at++;
        this.put(escapeCodePoint(point));
        spaces = false;
      } else if (unit === space) {
        if (mayFold && !spaces && this.column > this.widthMax && at > 0 && at < text.length - 1) {
          this.writeIndent();
          if (text.charCodeAt(at + 1) === space) this.put("\\");
        } else {
          this.put(" ");
        }
        spaces = true;
      } else {
        this.put(text[at]!);
        spaces = false;
      }
    }
    this.writeIndicator('"', false, false, false);
  }

  /** A literal block scalar; `indentHint` is the indentation that a leading blank is announced with. */
  writeLiteral(text: string, indentHint: number): void {
    const first = text.charCodeAt(0);
    const startsBlank = first === space || isBreak(first);
    this.writeIndicator(`|${startsBlank ? indentHint : ""}${chompingHint(text)}`, true, false, false);
    if (!this.breaksIndent) {
      this.writeBreak();
      this.indention = true;
    }
    this.whitespace = true;
    for (let start = 0; start < text.length; ) {
      let end = start;
      while (end < text.length && !isBreak(text.charCodeAt(end))) end++;
      if (end > start) {
        this.writeIndent();
        this.out += text.slice(start, end);
        this.column += end - start;
        this.indention = false;
      }
      if (end < text.length) this.putBreak(text[end]!);
      start = end + 1;
    }
  }

  private put(text: string): void {
    this.out += text;
    this.column += text.length;
  }

  private putBreak(lineBreak: string): void {
    if (lineBreak.charCodeAt(0) === lineFeed) this.writeBreak();
    else {
      this.out += lineBreak;
      this.column = 0;
    }
    this.indention = true;
  }
}

const indentations: string[] = [];

function indentation(width: number): string {
  if (width >= 64) return " ".repeat(width);
  const known = indentations[width];
  if (known !== undefined) return known;
  const made = " ".repeat(width);
  indentations[width] = made;
  return made;
}

/** `-`: ends without a break; `+`: ends with several; nothing: with one. */
function chompingHint(text: string): "-" | "" | "+" {
  if (!isBreak(text.charCodeAt(text.length - 1))) return "-";
  return text.length === 1 || isBreak(text.charCodeAt(text.length - 2)) ? "+" : "";
}

const namedEscapes: ReadonlyMap<number, string> = new Map([
  [0x00, "\\0"],
  [0x07, "\\a"],
  [0x08, "\\b"],
  [0x09, "\\t"],
  [0x0a, "\\n"],
  [0x0b, "\\v"],
  [0x0c, "\\f"],
  [0x0d, "\\r"],
  [0x1b, "\\e"],
  [0x22, '\\"'],
  [0x5c, "\\\\"],
  [0x85, "\\N"],
  [0xa0, "\\_"],
  [0x2028, "\\L"],
  [0x2029, "\\P"],
]);

function escapeCodePoint(point: number): string {
  const named = namedEscapes.get(point);
  if (named !== undefined) return named;
  const digits = point.toString(16).toUpperCase();
  if (point <= 0xff) return `\\x${digits.padStart(2, "0")}`;
  return point <= 0xffff ? `\\u${digits.padStart(4, "0")}` : `\\U${digits.padStart(8, "0")}`;
}
