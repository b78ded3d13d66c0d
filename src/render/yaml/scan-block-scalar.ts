/** Block scalars: `|` keeps line breaks, `>` folds them. */
import { afterBreak, type Cursor, fail, hash, isBlank, isBreak, space, tab } from "./cursor.ts";
import { YamlScalar } from "./node.ts";

const greaterThan = 0x3e;
const header = /[|>](?:([+-])([1-9])?|([1-9])([+-])?)?/y;

/** Reads the block scalar at the cursor, which belongs to a collection (or none: -1) at column `indent`. */
export function scanBlockScalar(cursor: Cursor, indent: number): YamlScalar {
  const { text, pos: start } = cursor;
  header.lastIndex = start;
  const match = header.exec(text)!;
  const chomping = match[1] ?? match[4];
  const increment = match[2] ?? match[3];
  let pos = header.lastIndex;
  while (isBlank(text.charCodeAt(pos))) pos++;
  if (text.charCodeAt(pos) === hash) pos = lineEndFrom(text, pos);
  if (pos < text.length) {
    if (!isBreak(text.charCodeAt(pos))) fail(`expected the end of the line after '${match[0]}'`, pos);
    pos = afterBreak(text, pos);
  }

  const lines = new BlockLines(
    text,
    pos,
    increment === undefined ? 0 : Math.max(indent, 0) + Number(increment),
    indent,
  );
  const isFolded = text.charCodeAt(start) === greaterThan;
  const content = isFolded ? foldLines(lines) : joinLines(lines);
  cursor.pos = lines.pos;
  cursor.lineStart = lines.lineStart;
  cursor.fresh = true;

  const ending = chomping === "-" ? "" : chomping === "+" ? lines.lastBreak + lines.emptyLines : lines.lastBreak;
  return new YamlScalar(
    start,
    Math.max(lines.end, header.lastIndex),
    isFolded ? "folded" : "literal",
    content + ending,
  );
}

function lineEndFrom(text: string, from: number): number {
  let pos = from;
  while (pos < text.length && !isBreak(text.charCodeAt(pos))) pos++;
  return pos;
}

/** The lines of a block scalar, one after the other. */
class BlockLines {
  readonly text: string;
  pos: number;
  lineStart: number;
  /** Behind the last character of the content. */
  end: number;
  /** The line break behind the last line, empty where the text ended first. */
  lastBreak = "";
  /** As many line breaks as empty lines stand before the current line. */
  emptyLines = "";
  #indent: number;

  constructor(text: string, pos: number, indent: number, parentIndent: number) {
    this.text = text;
    this.pos = pos;
    this.lineStart = pos;
    this.end = pos;
    this.#indent = indent;
    const deepest = this.#skipEmptyLines();
    if (indent === 0) this.#indent = Math.max(deepest, parentIndent + 1, 1);
  }

  /** The next line without its indentation, or nothing where the scalar is over. */
  next(): string | undefined {
    if (this.pos - this.lineStart !== this.#indent || this.pos >= this.text.length) return undefined;
    const start = this.pos;
    const end = lineEndFrom(this.text, start);
    this.end = end;
    return this.text.slice(start, end);
  }

  /** Goes behind the line that `next` gave, and the empty ones after it. */
  advance(): void {
    this.emptyLines = "";
    this.pos = this.end;
    if (this.pos >= this.text.length) {
      this.lastBreak = "";
      this.lineStart = this.pos;
      return;
    }
    this.lastBreak = "\n";
    this.pos = afterBreak(this.text, this.pos);
    this.lineStart = this.pos;
    this.#skipEmptyLines();
  }

  /** Goes to the next line with content, as far as the indentation reaches; returns the deepest column seen. */
  #skipEmptyLines(): number {
    const { text } = this;
    let deepest = 0;
    for (;;) {
      while ((this.#indent === 0 || this.pos - this.lineStart < this.#indent) && text.charCodeAt(this.pos) === space) {
        this.pos++;
      }
      const column = this.pos - this.lineStart;
      deepest = Math.max(deepest, column);
      const unit = text.charCodeAt(this.pos);
      if (unit === tab && (this.#indent === 0 || column < this.#indent)) fail("a tab can't indent", this.pos);
      if (!isBreak(unit)) return deepest;
      this.pos = afterBreak(text, this.pos);
      this.lineStart = this.pos;
      this.emptyLines += "\n";
    }
  }
}

function joinLines(lines: BlockLines): string {
  let content = "";
  for (let line = lines.next(); line !== undefined; line = lines.next()) {
    content += lines.lastBreak + lines.emptyLines + line;
    lines.advance();
  }
  return content;
}

/** A single line break between lines that begin with no blank becomes a space; one before empty lines is dropped. */
function foldLines(lines: BlockLines): string {
  let content = "";
  let previousIsIndented = false;
  for (let line = lines.next(); line !== undefined; line = lines.next()) {
    const isIndented = isBlank(line.charCodeAt(0));
    if (lines.lastBreak === "" || previousIsIndented || isIndented) content += lines.lastBreak;
    else if (lines.emptyLines === "") content += " ";
    content += lines.emptyLines + line;
    previousIsIndented = isIndented;
    lines.advance();
  }
  return content;
}
