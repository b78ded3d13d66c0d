/**
 * Tokens of YAML 1.1, exactly as the scanner of go-yaml v2 (libyaml's) finds them, its errors and oddities included.
 *
 * That a scalar is a mapping's key shows only at the `:` behind it. So tokens wait in a queue while one of them may
 * still be such a "simple key", and KEY and BLOCK-MAPPING-START tokens are then put in front of it.
 */
import { nestingMax } from "./limits.ts";
import type { TextOrigins } from "./scalar-text.ts";
import { unitAt, YamlCursor } from "./yaml-cursor.ts";
import type { YamlStyle } from "./yaml-node.ts";
import { type ScannedScalar, scanBlock, scanPlain, scanQuoted } from "./yaml-scalar-scanner.ts";
import { scanDirective, scanTag } from "./yaml-tag-scanner.ts";

export type YamlTokenType =
  | "stream-start"
  | "stream-end"
  | "version-directive"
  | "tag-directive"
  | "document-start"
  | "document-end"
  | "block-sequence-start"
  | "block-mapping-start"
  | "block-end"
  | "flow-sequence-start"
  | "flow-sequence-end"
  | "flow-mapping-start"
  | "flow-mapping-end"
  | "block-entry"
  | "flow-entry"
  | "key"
  | "value"
  | "alias"
  | "anchor"
  | "tag"
  | "scalar";

export class YamlToken {
  readonly type: YamlTokenType;
  /** Where it begins, from 0. */
  readonly line: number;
  /** Offsets in the text. */
  readonly start: number;
  readonly end: number;
  /** A scalar's value, an anchor's or alias's name, a tag's or tag directive's handle, `major.minor` of a version. */
  readonly value: string;
  /** A tag's suffix, a tag directive's prefix. */
  readonly suffix: string;
  /** Of scalars. */
  readonly style: YamlStyle | undefined;
  readonly origins: TextOrigins | undefined;
  /** The simple key that it may be, as an index of the stack; -1 if none. */
  keyIndex = -1;

  constructor(
    type: YamlTokenType,
    line: number,
    start: number,
    end: number,
    value = "",
    suffix = "",
    style?: YamlStyle,
    origins?: TextOrigins,
  ) {
    this.type = type;
    this.line = line;
    this.start = start;
    this.end = end;
    this.value = value;
    this.suffix = suffix;
    this.style = style;
    this.origins = origins;
  }
}

interface SimpleKey {
  possible: boolean;
  required: boolean;
  tokenNumber: number;
  /** Where it begins: offset, code points before it, line, column. */
  at: number;
  index: number;
  line: number;
  column: number;
}

/** Longest distance from a simple key to its `:`, in code points; the key must stand on one line, too. */
const simpleKeyLengthMax = 1024;

/** What may follow an anchor's or alias's name besides blanks. */
const anchorEnds = "?:,]}%@`";

export class YamlScanner {
  private readonly cursor: YamlCursor;
  private readonly tokens: YamlToken[] = [];
  /** Where the queue begins in `tokens` and where it ends, and how many tokens were taken out of it. */
  private head = 0;
  private tail = 0;
  private taken = 0;
  private started = false;
  private indent = -1;
  private readonly indents: number[] = [];
  private flowLevel = 0;
  private simpleKeyAllowed = true;
  private readonly simpleKeys: SimpleKey[] = [];
  /** The simple key that the next token may be. */
  private nextKeyIndex = -1;

  constructor(text: string, isTraced: boolean) {
    this.cursor = new YamlCursor(text, isTraced);
  }

  /** The next token, which stays. */
  peek(): YamlToken {
    while (this.needsMore()) this.fetchNext();
    return this.tokens[this.head]!;
  }

  /** Drops the token that {@link peek} showed. */
  skip(): void {
    this.taken++;
    if (++this.head === this.tail) {
      this.head = 0;
      this.tail = 0;
    }
  }

  private needsMore(): boolean {
    if (this.head === this.tail) return true;
    const { keyIndex } = this.tokens[this.head]!;
    return keyIndex >= 0 && this.isStillValid(this.simpleKeys[keyIndex]!);
  }

  private fetchNext(): void {
    const { cursor } = this;
    cursor.checkReader();
    if (!this.started) {
      this.started = true;
      this.simpleKeys.push({ possible: false, required: false, tokenNumber: 0, at: 0, index: 0, line: 0, column: 0 });
      this.push("stream-start");
      return;
    }
    this.skipToNextToken();
    cursor.checkReader();
    this.unrollIndent(cursor.column);
    if (cursor.isEnd()) this.fetchStreamEnd();
    else if (cursor.column === 0 && cursor.isAt("%")) this.fetchDirective();
    else if (cursor.isDocumentIndicator()) this.fetchDocumentIndicator();
    else this.fetchContent(cursor.unit());
    cursor.checkReader();
  }

  private fetchContent(unit: number): void {
    // A letter or digit begins a plain scalar, which is what most tokens are.
    if (isAlphanumeric(unit)) this.fetchPlain();
    else if (!this.fetchIndicated(String.fromCharCode(unit))) this.fetchPlain();
  }

  /** Fetches the token that a character announces; `false` where a plain scalar begins. */
  private fetchIndicated(char: string): boolean {
    const { cursor, flowLevel } = this;
    const inFlow = flowLevel > 0;
    switch (char) {
      case "[":
        this.fetchFlowStart("flow-sequence-start");
        return true;
      case "{":
        this.fetchFlowStart("flow-mapping-start");
        return true;
      case "]":
        this.fetchFlowEnd("flow-sequence-end");
        return true;
      case "}":
        this.fetchFlowEnd("flow-mapping-end");
        return true;
      case ",":
        this.fetchFlowEntry();
        return true;
      case "-":
        if (!cursor.isBlankOrEnd(1)) return false;
        this.fetchBlockEntry();
        return true;
      case "?":
        if (!inFlow && !cursor.isBlankOrEnd(1)) return false;
        this.fetchKey();
        return true;
      case ":":
        if (!inFlow && !cursor.isBlankOrEnd(1)) return false;
        this.fetchValue();
        return true;
      case "*":
        this.fetchAnchor("alias");
        return true;
      case "&":
        this.fetchAnchor("anchor");
        return true;
      case "!":
        this.fetchTag();
        return true;
      case "'":
      case '"':
        this.fetchQuoted(char);
        return true;
      case "|":
      case ">":
        if (inFlow) return cursor.fail("found character that cannot start any token");
        this.fetchBlockScalar(char);
        return true;
      case "#":
      case "%":
      case "@":
      case "`":
        return cursor.fail("found character that cannot start any token");
    }
    return cursor.isBlankOrEnd() ? cursor.fail("found character that cannot start any token") : false;
  }

  private skipToNextToken(): void {
    const { cursor } = this;
    // Mostly the token before took all blanks with it.
    const unit = cursor.unit();
    if (unit > hash && unit < 0x7f) return;
    for (;;) {
      this.skipBlanks();
      cursor.skipComment();
      if (!cursor.isBreak()) return;
      cursor.readBreak();
      if (this.flowLevel === 0) this.simpleKeyAllowed = true;
    }
  }

  /** Tabs count as blanks where no key could begin behind them. */
  private skipBlanks(): void {
    const { cursor } = this;
    const { text } = cursor;
    const takesTabs = this.flowLevel > 0 || !this.simpleKeyAllowed;
    let at = cursor.at;
    for (let unit = unitAt(text, at); unit === space || (takesTabs && unit === tab); ) unit = unitAt(text, ++at);
    if (at > cursor.at) cursor.moveTo(at);
  }

  /** A token of the characters from here, `length` of them. */
  private push(type: YamlTokenType, length = 0): void {
    const { line, at } = this.cursor;
    this.pushToken(new YamlToken(type, line, at, at + length));
  }

  private pushToken(token: YamlToken): void {
    token.keyIndex = this.nextKeyIndex;
    this.nextKeyIndex = -1;
    this.append(token);
  }

  private append(token: YamlToken): void {
    this.tokens[this.tail++] = token;
  }

  /** Puts a token before the one with this number; where that is gone already, the library appends it. */
  private insert(number: number, token: YamlToken): void {
    const at = this.head + number - this.taken;
    if (number < 0 || at < this.head) {
      this.append(token);
      return;
    }
    for (let index = this.tail++; index > at; index--) this.tokens[index] = this.tokens[index - 1]!;
    this.tokens[at] = token;
  }

  private isStillValid(key: SimpleKey): boolean {
    if (!key.possible) return false;
    if (key.line >= this.cursor.line && key.index + simpleKeyLengthMax >= this.cursor.index) return true;
    if (key.required) this.cursor.fail("could not find expected ':'", key.at);
    key.possible = false;
    return false;
  }

  /** Notes that the token which begins here may be a key. */
  private saveSimpleKey(): void {
    if (!this.simpleKeyAllowed) return;
    this.removeSimpleKey();
    const { at, index, line, column } = this.cursor;
    const last = this.simpleKeys.length - 1;
    const key = this.simpleKeys[last]!;
    key.possible = true;
    key.required = this.flowLevel === 0 && this.indent === column;
    key.tokenNumber = this.nextTokenNumber;
    key.at = at;
    key.index = index;
    key.line = line;
    key.column = column;
    this.nextKeyIndex = last;
  }

  private get nextTokenNumber(): number {
    return this.taken + this.tail - this.head;
  }

  private removeSimpleKey(): void {
    const key = this.simpleKeys[this.simpleKeys.length - 1]!;
    if (!key.possible) return;
    if (key.required) this.cursor.fail("could not find expected ':'", key.at);
    key.possible = false;
    this.forgetKeyOf(key.tokenNumber);
  }

  /** The token of this number is no key. */
  private forgetKeyOf(tokenNumber: number): void {
    const at = this.head + tokenNumber - this.taken;
    if (at >= this.head && at < this.tail) this.tokens[at]!.keyIndex = -1;
  }

  private rollIndent(column: number, number: number, type: YamlTokenType, line: number, at: number): void {
    if (this.flowLevel > 0 || this.indent >= column) return;
    this.indents.push(this.indent);
    this.indent = column;
    if (this.indents.length > nestingMax) this.cursor.fail(`exceeded max depth of ${nestingMax}`);
    this.insert(number, new YamlToken(type, line, at, at));
  }

  private unrollIndent(column: number): void {
    if (this.flowLevel > 0) return;
    while (this.indent > column) {
      this.push("block-end");
      this.indent = this.indents.pop()!;
    }
  }

  private fetchStreamEnd(): void {
    const { cursor } = this;
    if (cursor.column !== 0) {
      cursor.column = 0;
      cursor.line++;
    }
    this.endBlocks();
    this.push("stream-end");
  }

  /** Before what ends a document or stands between documents. */
  private endBlocks(): void {
    this.unrollIndent(-1);
    this.removeSimpleKey();
    this.simpleKeyAllowed = false;
  }

  private fetchDocumentIndicator(): void {
    this.endBlocks();
    this.push(this.cursor.isAt("-") ? "document-start" : "document-end", 3);
    this.cursor.skip(3);
  }

  private fetchFlowStart(type: YamlTokenType): void {
    this.saveSimpleKey();
    const { at, index, line, column } = this.cursor;
    const tokenNumber = this.nextTokenNumber;
    this.simpleKeys.push({ possible: false, required: false, tokenNumber, at, index, line, column });
    this.flowLevel++;
    if (this.flowLevel > nestingMax) this.cursor.fail(`exceeded max depth of ${nestingMax}`);
    this.simpleKeyAllowed = true;
    this.push(type, 1);
    this.cursor.skip();
  }

  private fetchFlowEnd(type: YamlTokenType): void {
    this.removeSimpleKey();
    if (this.flowLevel > 0) {
      this.flowLevel--;
      // Of an empty collection this forgets that the collection itself may be a key, as the library does.
      this.forgetKeyOf(this.simpleKeys.pop()!.tokenNumber);
    }
    this.simpleKeyAllowed = false;
    this.push(type, 1);
    this.cursor.skip();
  }

  private fetchFlowEntry(): void {
    this.removeSimpleKey();
    this.simpleKeyAllowed = true;
    this.push("flow-entry", 1);
    this.cursor.skip();
  }

  private fetchBlockEntry(): void {
    const { cursor } = this;
    if (this.flowLevel === 0) {
      if (!this.simpleKeyAllowed) cursor.fail("block sequence entries are not allowed in this context");
      this.rollIndent(cursor.column, -1, "block-sequence-start", cursor.line, cursor.at);
    }
    this.removeSimpleKey();
    this.simpleKeyAllowed = true;
    this.push("block-entry", 1);
    cursor.skip();
  }

  private fetchKey(): void {
    const { cursor } = this;
    if (this.flowLevel === 0) {
      if (!this.simpleKeyAllowed) cursor.fail("mapping keys are not allowed in this context");
      this.rollIndent(cursor.column, -1, "block-mapping-start", cursor.line, cursor.at);
    }
    this.removeSimpleKey();
    this.simpleKeyAllowed = this.flowLevel === 0;
    this.push("key", 1);
    cursor.skip();
  }

  private fetchValue(): void {
    const { cursor } = this;
    const key = this.simpleKeys[this.simpleKeys.length - 1]!;
    if (this.isStillValid(key)) {
      this.forgetKeyOf(key.tokenNumber);
      this.insert(key.tokenNumber, new YamlToken("key", key.line, key.at, key.at));
      this.rollIndent(key.column, key.tokenNumber, "block-mapping-start", key.line, key.at);
      key.possible = false;
      this.simpleKeyAllowed = false;
    } else {
      if (this.flowLevel === 0) {
        if (!this.simpleKeyAllowed) cursor.fail("mapping values are not allowed in this context");
        this.rollIndent(cursor.column, -1, "block-mapping-start", cursor.line, cursor.at);
      }
      this.simpleKeyAllowed = this.flowLevel === 0;
    }
    this.push("value", 1);
    cursor.skip();
  }

  private fetchAnchor(type: "alias" | "anchor"): void {
    const { cursor } = this;
    this.saveSimpleKey();
    this.simpleKeyAllowed = false;
    const { line, at } = cursor;
    cursor.skip();
    const start = cursor.at;
    while (cursor.isWord()) cursor.skip();
    const value = cursor.text.slice(start, cursor.at);
    if (value === "" || !(cursor.isBlankOrEnd() || anchorEnds.includes(cursor.text[cursor.at] ?? " "))) {
      cursor.fail("did not find expected alphabetic or numeric character", at);
    }
    this.pushToken(new YamlToken(type, line, at, cursor.at, value));
  }

  private fetchPlain(): void {
    this.saveSimpleKey();
    this.simpleKeyAllowed = false;
    const { cursor } = this;
    const { line, at } = cursor;
    const scanned = scanPlain(cursor, this.flowLevel > 0, this.indent);
    if (scanned.brokenAtEnd) this.simpleKeyAllowed = true;
    this.pushScalar(line, at, scanned, "plain");
  }

  private fetchQuoted(quote: "'" | '"'): void {
    this.saveSimpleKey();
    this.simpleKeyAllowed = false;
    const { line, at } = this.cursor;
    this.pushScalar(line, at, scanQuoted(this.cursor, quote), quote === "'" ? "single" : "double");
  }

  private fetchBlockScalar(indicator: "|" | ">"): void {
    this.removeSimpleKey();
    this.simpleKeyAllowed = true;
    const { line, at } = this.cursor;
    this.pushScalar(line, at, scanBlock(this.cursor, this.indent), indicator === "|" ? "literal" : "folded");
  }

  private pushScalar(line: number, at: number, { text, end, origins }: ScannedScalar, style: YamlStyle): void {
    this.pushToken(new YamlToken("scalar", line, at, end, text, "", style, origins));
  }

  private fetchDirective(): void {
    this.endBlocks();
    const { line, at } = this.cursor;
    const directive = scanDirective(this.cursor);
    const token =
      directive.name === "YAML"
        ? new YamlToken("version-directive", line, at, this.cursor.at, directive.version)
        : new YamlToken("tag-directive", line, at, this.cursor.at, directive.handle, directive.prefix);
    this.pushToken(token);
  }

  private fetchTag(): void {
    this.saveSimpleKey();
    this.simpleKeyAllowed = false;
    const { line, at } = this.cursor;
    const { handle, suffix } = scanTag(this.cursor);
    this.pushToken(new YamlToken("tag", line, at, this.cursor.at, handle, suffix));
  }
}

const space = 0x20;
const tab = 0x09;
const hash = 0x23;
function isAlphanumeric(unit: number): boolean {
  return (unit >= 0x61 && unit <= 0x7a) || (unit >= 0x41 && unit <= 0x5a) || (unit >= 0x30 && unit <= 0x39);
}
