/**
 * A quick reader of what nearly all YAML is: blocks of `key: value` and `- item`, with any scalars, and what is in brackets
 * and braces on one line. It goes straight from lines to nodes, without tokens.
 *
 * What it does not know it does not judge: it gives up, and yaml-parser.ts reads the text from its start. So it must give up
 * wherever the two could differ, and where there is an error to tell.
 */
import { isBlankOrEnd, unitAt, YamlCursor, YamlError } from "./yaml-cursor.ts";
import { YamlMapping, type YamlNode, YamlScalar, YamlSequence } from "./yaml-node.ts";
import { plainLineEnd, type ScannedScalar, scanBlock, scanPlain, scanQuoted } from "./yaml-scalar-scanner.ts";

/** All but printable characters of one unit, blanks and line feeds. */
const unusual = /[^\n -~\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd]/;
/** How long a key may be, in quotes too, and how deep blocks may be nested; the library's own limits are higher. */
const keyLengthMax = 1000;
const depthMax = 100;

/** The roots of all documents, `undefined` for those without content; undefined itself where it gives up. */
export function readBlocks(text: string): (YamlNode | undefined)[] | undefined {
  if (unusual.test(text)) return undefined;
  try {
    return new BlockReader(text).readStream();
  } catch (error) {
    if (error === givenUp || error instanceof YamlError) return undefined;
    throw error;
  }
}

const givenUp = new Error("this is for the other reader");

function giveUp(): never {
  throw givenUp;
}

const space = 0x20;
const lineFeed = 0x0a;
const hash = 0x23;
const dash = 0x2d;
const dot = 0x2e;
const colon = 0x3a;
const doubleQuote = 0x22;
const singleQuote = 0x27;
const pipe = 0x7c;
const greater = 0x3e;
const comma = 0x2c;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;
/** What begins no plain scalar; of these `-`, `?` and `:` may, which is looked at only for the dash. */
const indicators: ReadonlySet<number> = new Set([..."?:,[]{}#&*!|>'\"%@`"].map((sign) => sign.charCodeAt(0)));

const notAfterDash: ReadonlySet<number> = new Set([..." ,[]{}"].map((sign) => sign.charCodeAt(0)));

/** Quotes that hold nothing but what it means. */
const doubleQuoted = /"[^"\\\n]*"/y;
const singleQuoted = /'[^'\n]*'(?!')/y;

/** Its methods read what begins at `at`, and leave off at the next content behind it. */
class BlockReader {
  private readonly text: string;
  private at = 0;
  private lineStart = 0;
  /** Of the content at `at`; -1 at the end of a document. */
  private column = 0;
  private depth = 0;
  private cursor: YamlCursor | undefined;

  constructor(text: string) {
    this.text = text;
  }

  readStream(): (YamlNode | undefined)[] {
    const { text } = this;
    const roots: (YamlNode | undefined)[] = [];
    this.seekContent();
    if (this.column >= 0) roots.push(this.readNode(-1, true));
    while (this.at < text.length) {
      if (this.column >= 0) giveUp();
      this.at += "---".length;
      if (!this.isAtLineEnd()) giveUp();
      this.seekContent();
      roots.push(this.column < 0 ? undefined : this.readNode(-1, true));
    }
    return roots;
  }

  /** The node here; `indent` is the column of the block around it. It may be a block where a line, or an item, begins. */
  private readNode(indent: number, mayBeBlock: boolean): YamlNode {
    const { at, lineStart } = this;
    if (mayBeBlock && this.isAtEntry()) return this.readSequence(this.column);
    switch (unitAt(this.text, this.at)) {
      case pipe:
      case greater:
        return this.readBlockScalar(indent);
      case openBracket:
      case openBrace: {
        const node = this.readFlowNode();
        this.endLine();
        return node;
      }
    }
    const scalar = this.readScalar(false);
    if (mayBeBlock && this.isAtValue(scalar)) return this.readMapping(scalar);
    this.endLine();
    if (scalar.style !== "plain" || this.column <= indent) return scalar;
    this.at = at;
    this.lineStart = lineStart;
    return this.readFolded(indent);
  }

  /** A plain scalar that may go on in the next line. */
  private readFolded(indent: number): YamlScalar {
    const cursor = this.placeCursor();
    const scanned = scanPlain(cursor, false, indent);
    const scalar = this.takeScanned(scanned, "plain", cursor);
    if (!scanned.brokenAtEnd && !this.isAtLineEnd()) giveUp();
    this.seekContent();
    return scalar;
  }

  private readMapping(firstKey: YamlScalar): YamlMapping {
    const { column } = this;
    const node = new YamlMapping(firstKey.start);
    this.enter();
    for (let key = firstKey; ; key = this.readScalar(false)) {
      if (!this.isAtValue(key)) giveUp();
      const value = this.readMember(column);
      node.keys.push(key);
      node.values.push(value);
      node.end = value.end;
      if (this.column > column) giveUp();
      if (this.column < column) break;
    }
    this.depth--;
    return node;
  }

  /** The value behind a key's colon; a list may stand no deeper than the key. */
  private readMember(column: number): YamlNode {
    const end = ++this.at;
    if (!this.isAtLineEnd()) return this.readNode(column, false);
    this.seekContent();
    if (this.column > column) return this.readNode(column, true);
    return this.column === column && this.isAtEntry() ? this.readSequence(column) : nothing(end);
  }

  private readSequence(column: number): YamlSequence {
    const node = new YamlSequence(this.at);
    this.enter();
    do {
      const item = this.readItem(column);
      node.items.push(item);
      node.end = item.end;
      if (this.column > column) giveUp();
    } while (this.column === column && this.isAtEntry());
    this.depth--;
    return node;
  }

  private readItem(column: number): YamlNode {
    const end = ++this.at;
    if (this.isAtLineEnd()) this.seekContent();
    else this.column = this.at - this.lineStart;
    return this.column > column ? this.readNode(column, true) : nothing(end);
  }

  /** The node here, in brackets or braces; leaves off right behind it. */
  private readFlowNode(): YamlNode {
    const unit = unitAt(this.text, this.at);
    if (unit === openBracket) return this.readFlowSequence();
    return unit === openBrace ? this.readFlowMapping() : this.readFlowScalar();
  }

  private readFlowSequence(): YamlSequence {
    const node = new YamlSequence(this.at);
    this.enter();
    while (!this.isPastFlow(node.items.length, closeBracket)) node.items.push(this.readFlowNode());
    node.end = this.at;
    this.depth--;
    return node;
  }

  private readFlowMapping(): YamlMapping {
    const node = new YamlMapping(this.at);
    this.enter();
    while (!this.isPastFlow(node.keys.length, closeBrace)) {
      const key = this.readFlowScalar();
      if (!this.isAtValue(key)) giveUp();
      this.at++;
      this.skipSpaces();
      node.keys.push(key);
      node.values.push(this.readFlowNode());
    }
    node.end = this.at;
    this.depth--;
    return node;
  }

  /** Goes over the bracket that opens, or the comma behind what was read last, to what follows; or over the one that closes. */
  private isPastFlow(count: number, close: number): boolean {
    const { text } = this;
    if (count === 0) this.at++;
    this.skipSpaces();
    const isClosed = unitAt(text, this.at) === close;
    if (count > 0 && !isClosed) {
      if (unitAt(text, this.at) !== comma) giveUp();
      this.at++;
      this.skipSpaces();
    }
    if (isClosed) this.at++;
    return isClosed;
  }

  /** All of it stands on this line. */
  private readFlowScalar(): YamlScalar {
    const { text, at, lineStart } = this;
    // A dash alone, before a bracket or a comma, is an error there.
    if (unitAt(text, at) === dash && notAfterDash.has(unitAt(text, at + 1))) giveUp();
    const scalar = this.readScalar(true);
    return this.lineStart === lineStart ? scalar : giveUp();
  }

  private skipSpaces(): void {
    while (unitAt(this.text, this.at) === space) this.at++;
  }

  /** A scalar that is plain or in quotes; leaves off right behind it. `inFlow`: within brackets or braces. */
  private readScalar(inFlow: boolean): YamlScalar {
    const { text, at } = this;
    const unit = unitAt(text, at);
    if (unit === doubleQuote || unit === singleQuote) return this.readQuoted(unit);
    if (indicators.has(unit) || this.isAtEntry()) giveUp();
    const end = plainLineEnd(text, at, inFlow);
    if (end === at) giveUp();
    this.at = end;
    return new YamlScalar(at, end, "plain", text.slice(at, end));
  }

  private readQuoted(quote: typeof doubleQuote | typeof singleQuote): YamlScalar {
    const { text, at } = this;
    const style = quote === doubleQuote ? "double" : "single";
    const whole = quote === doubleQuote ? doubleQuoted : singleQuoted;
    whole.lastIndex = at;
    if (whole.test(text)) {
      this.at = whole.lastIndex;
      return new YamlScalar(at, this.at, style, text.slice(at + 1, this.at - 1));
    }
    const cursor = this.placeCursor();
    const scanned = scanQuoted(cursor, quote === doubleQuote ? '"' : "'");
    return this.takeScanned(scanned, style, cursor);
  }

  private readBlockScalar(indent: number): YamlScalar {
    const style = unitAt(this.text, this.at) === pipe ? "literal" : "folded";
    const cursor = this.placeCursor();
    const scalar = this.takeScanned(scanBlock(cursor, indent), style, cursor);
    this.seekContent();
    return scalar;
  }

  private takeScanned({ text, end }: ScannedScalar, style: YamlScalar["style"], cursor: YamlCursor): YamlScalar {
    const scalar = new YamlScalar(this.at, end, style, text);
    this.at = cursor.at;
    this.lineStart = cursor.at - cursor.column;
    return scalar;
  }

  private placeCursor(): YamlCursor {
    this.cursor ??= new YamlCursor(this.text, false);
    this.cursor.at = this.at;
    this.cursor.column = this.at - this.lineStart;
    return this.cursor;
  }

  private enter(): void {
    if (++this.depth > depthMax) giveUp();
  }

  /** At a `-` that begins an item. */
  private isAtEntry(): boolean {
    const { text, at } = this;
    return unitAt(text, at) === dash && isBlankOrEnd(unitAt(text, at + 1));
  }

  /** At the colon behind a key, on the line that the key began. */
  private isAtValue({ start }: YamlScalar): boolean {
    const { text, at } = this;
    const isValue = unitAt(text, at) === colon && isBlankOrEnd(unitAt(text, at + 1));
    return isValue && start >= this.lineStart && at - start <= keyLengthMax;
  }

  /** Goes over blanks; whether nothing but a comment follows on the line. Stands behind an indicator. */
  private isAtLineEnd(): boolean {
    this.skipSpaces();
    const unit = unitAt(this.text, this.at);
    return unit === lineFeed || unit === hash || unit === 0;
  }

  /** Behind a value, which must be the last one on its line. */
  private endLine(): void {
    const { at } = this;
    if (!this.isAtLineEnd()) giveUp();
    // A comment needs a blank before it.
    if (this.at === at && unitAt(this.text, at) === hash) giveUp();
    this.seekContent();
  }

  /** Goes over blanks, comments and line feeds. */
  private seekContent(): void {
    const { text } = this;
    let { at, lineStart } = this;
    for (let unit = unitAt(text, at); ; unit = unitAt(text, at)) {
      if (unit === space) at++;
      else if (unit === lineFeed) lineStart = ++at;
      else if (unit === hash) at = lineEndOf(text, at);
      else break;
    }
    this.at = at;
    this.lineStart = lineStart;
    this.column = at === text.length || (at === lineStart && this.isAtIndicator()) ? -1 : at - lineStart;
  }

  /** At `---` alone, in column 0; gives up at `...`. */
  private isAtIndicator(): boolean {
    const { text, at } = this;
    const unit = unitAt(text, at);
    if ((unit !== dash && unit !== dot) || unitAt(text, at + 1) !== unit || unitAt(text, at + 2) !== unit) return false;
    if (!isBlankOrEnd(unitAt(text, at + 3))) return false;
    return unit === dash || giveUp();
  }
}

function lineEndOf(text: string, at: number): number {
  const end = text.indexOf("\n", at);
  return end < 0 ? text.length : end;
}

/** An empty scalar where a value could stand. */
function nothing(at: number): YamlScalar {
  return new YamlScalar(at, at, "plain", "");
}
