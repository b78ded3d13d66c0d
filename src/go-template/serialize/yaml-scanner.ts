/**
 * Tokens of YAML 1.1, exactly as the scanner of go-yaml v2 (libyaml's) finds them, its errors and oddities included.
 *
 * That a scalar is a mapping's key shows only at the `:` behind it. So tokens wait in a queue while one of them may
 * still be such a "simple key", and KEY and BLOCK-MAPPING-START tokens are then put in front of it.
 */

import { nestingMax } from "./limits.ts";
import { YamlCursor } from "./yaml-cursor.ts";
import { scanBlock, scanPlain, scanQuoted } from "./yaml-scalar-scanner.ts";
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

export interface YamlToken {
  readonly type: YamlTokenType;
  /** Where it begins, from 0. */
  readonly line: number;
  /** A scalar's value, an anchor's or alias's name, a tag's or tag directive's handle, `major.minor` of a version. */
  readonly value: string;
  /** A tag's suffix, a tag directive's prefix. */
  readonly suffix: string;
  readonly isPlain: boolean;
}

interface SimpleKey {
  possible: boolean;
  required: boolean;
  tokenNumber: number;
  index: number;
  line: number;
  column: number;
}

/** Longest distance from a simple key to its `:`, in code points; the key must stand on one line, too. */
const simpleKeyLengthMax = 1024;

/** Characters that begin no plain scalar, and here no other token. */
const neverPlain = "#|>%@`";
/** What may follow an anchor's or alias's name besides blanks. */
const anchorEnds = "?:,]}%@`";

export class YamlScanner {
  private readonly cursor: YamlCursor;
  private tokens: YamlToken[] = [];
  /** How many tokens were taken out of the queue. */
  private taken = 0;
  private started = false;
  private indent = -1;
  private readonly indents: number[] = [];
  private flowLevel = 0;
  private simpleKeyAllowed = true;
  private readonly simpleKeys: SimpleKey[] = [];
  /** From a token's number to the simple key that it may be, as an index of the stack. */
  private readonly simpleKeyOf = new Map<number, number>();

  constructor(text: string) {
    this.cursor = new YamlCursor(text);
  }

  /** The next token, which stays. */
  peek(): YamlToken {
    while (this.needsMore()) this.fetchNext();
    return this.tokens[0]!;
  }

  /** Drops the token that {@link peek} showed. */
  skip(): void {
    this.tokens.shift();
    this.taken++;
  }

  private needsMore(): boolean {
    if (this.tokens.length === 0) return true;
    const keyIndex = this.simpleKeyOf.get(this.taken);
    return keyIndex !== undefined && this.isStillValid(this.simpleKeys[keyIndex]!);
  }

  private fetchNext(): void {
    const { cursor } = this;
    cursor.checkReader();
    if (!this.started) {
      this.started = true;
      this.simpleKeys.push({ possible: false, required: false, tokenNumber: 0, index: 0, line: 0, column: 0 });
      this.push("stream-start");
      return;
    }
    this.skipToNextToken();
    cursor.checkReader();
    this.unrollIndent(cursor.column);
    if (cursor.isEnd()) this.fetchStreamEnd();
    else if (cursor.column === 0 && cursor.isAt("%")) this.fetchDirective();
    else if (cursor.isDocumentIndicator()) this.fetchDocumentIndicator();
    else if (!this.fetchIndicated(cursor.text[cursor.at]!)) this.fetchPlain();
    cursor.checkReader();
  }

  /** Fetches the token that a character announces; `false` where a plain scalar begins. */
  private fetchIndicated(char: string): boolean {
    const { cursor } = this;
    const inFlow = this.flowLevel > 0;
    if (char === "[") this.fetchFlowStart("flow-sequence-start");
    else if (char === "{") this.fetchFlowStart("flow-mapping-start");
    else if (char === "]") this.fetchFlowEnd("flow-sequence-end");
    else if (char === "}") this.fetchFlowEnd("flow-mapping-end");
    else if (char === ",") this.fetchFlowEntry();
    else if (char === "-" && cursor.isBlankOrEnd(1)) this.fetchBlockEntry();
    else if (char === "?" && (inFlow || cursor.isBlankOrEnd(1))) this.fetchKey();
    else if (char === ":" && (inFlow || cursor.isBlankOrEnd(1))) this.fetchValue();
    else if (char === "*") this.fetchAnchor("alias");
    else if (char === "&") this.fetchAnchor("anchor");
    else if (char === "!") this.fetchTag();
    else if ((char === "|" || char === ">") && !inFlow) this.fetchBlockScalar(char === "|");
    else if (char === "'" || char === '"') this.fetchQuoted(char);
    else if (cursor.isBlankOrEnd() || neverPlain.includes(char))
      cursor.fail("found character that cannot start any token");
    else return false;
    return true;
  }

  private skipToNextToken(): void {
    const { cursor } = this;
    for (;;) {
      while (cursor.isAt(" ") || ((this.flowLevel > 0 || !this.simpleKeyAllowed) && cursor.isAt("\t"))) cursor.skip();
      cursor.skipComment();
      if (!cursor.isBreak()) return;
      cursor.readBreak();
      if (this.flowLevel === 0) this.simpleKeyAllowed = true;
    }
  }

  private push(type: YamlTokenType): void {
    this.pushWith(type, this.cursor.line, "");
  }

  private pushWith(type: YamlTokenType, line: number, value: string, suffix = "", isPlain = false): void {
    this.tokens.push({ type, line, value, suffix, isPlain });
  }

  /** Puts a token before the one with this number; where that is gone already, the library appends it. */
  private insert(number: number, type: YamlTokenType, line: number): void {
    const at = number - this.taken;
    const token = { type, line, value: "", suffix: "", isPlain: false };
    if (number < 0 || at < 0) this.tokens.push(token);
    else this.tokens.splice(at, 0, token);
  }

  private isStillValid(key: SimpleKey): boolean {
    if (!key.possible) return false;
    if (key.line >= this.cursor.line && key.index + simpleKeyLengthMax >= this.cursor.index) return true;
    if (key.required) this.cursor.fail("could not find expected ':'");
    key.possible = false;
    return false;
  }

  /** Notes that the token which begins here may be a key. */
  private saveSimpleKey(): void {
    if (!this.simpleKeyAllowed) return;
    const { index, line, column } = this.cursor;
    const required = this.flowLevel === 0 && this.indent === column;
    this.removeSimpleKey();
    const last = this.simpleKeys.length - 1;
    const tokenNumber = this.taken + this.tokens.length;
    this.simpleKeys[last] = { possible: true, required, tokenNumber, index, line, column };
    this.simpleKeyOf.set(tokenNumber, last);
  }

  private removeSimpleKey(): void {
    const key = this.simpleKeys.at(-1)!;
    if (!key.possible) return;
    if (key.required) this.cursor.fail("could not find expected ':'");
    key.possible = false;
    this.simpleKeyOf.delete(key.tokenNumber);
  }

  private rollIndent(column: number, number: number, type: YamlTokenType, line: number): void {
    if (this.flowLevel > 0 || this.indent >= column) return;
    this.indents.push(this.indent);
    this.indent = column;
    if (this.indents.length > nestingMax) this.cursor.fail(`exceeded max depth of ${nestingMax}`);
    this.insert(number, type, line);
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
    this.push(this.cursor.isAt("-") ? "document-start" : "document-end");
    this.cursor.skip(3);
  }

  private fetchFlowStart(type: YamlTokenType): void {
    this.saveSimpleKey();
    const { index, line, column } = this.cursor;
    const tokenNumber = this.taken + this.tokens.length;
    this.simpleKeys.push({ possible: false, required: false, tokenNumber, index, line, column });
    this.flowLevel++;
    if (this.flowLevel > nestingMax) this.cursor.fail(`exceeded max depth of ${nestingMax}`);
    this.simpleKeyAllowed = true;
    this.push(type);
    this.cursor.skip();
  }

  private fetchFlowEnd(type: YamlTokenType): void {
    this.removeSimpleKey();
    if (this.flowLevel > 0) {
      this.flowLevel--;
      // Of an empty collection this forgets that the collection itself may be a key, as the library does.
      this.simpleKeyOf.delete(this.simpleKeys.pop()!.tokenNumber);
    }
    this.simpleKeyAllowed = false;
    this.push(type);
    this.cursor.skip();
  }

  private fetchFlowEntry(): void {
    this.removeSimpleKey();
    this.simpleKeyAllowed = true;
    this.push("flow-entry");
    this.cursor.skip();
  }

  private fetchBlockEntry(): void {
    const { cursor } = this;
    if (this.flowLevel === 0) {
      if (!this.simpleKeyAllowed) cursor.fail("block sequence entries are not allowed in this context");
      this.rollIndent(cursor.column, -1, "block-sequence-start", cursor.line);
    }
    this.removeSimpleKey();
    this.simpleKeyAllowed = true;
    this.push("block-entry");
    cursor.skip();
  }

  private fetchKey(): void {
    const { cursor } = this;
    if (this.flowLevel === 0) {
      if (!this.simpleKeyAllowed) cursor.fail("mapping keys are not allowed in this context");
      this.rollIndent(cursor.column, -1, "block-mapping-start", cursor.line);
    }
    this.removeSimpleKey();
    this.simpleKeyAllowed = this.flowLevel === 0;
    this.push("key");
    cursor.skip();
  }

  private fetchValue(): void {
    const { cursor } = this;
    const key = this.simpleKeys.at(-1)!;
    if (this.isStillValid(key)) {
      this.insert(key.tokenNumber, "key", key.line);
      this.rollIndent(key.column, key.tokenNumber, "block-mapping-start", key.line);
      key.possible = false;
      this.simpleKeyOf.delete(key.tokenNumber);
      this.simpleKeyAllowed = false;
    } else {
      if (this.flowLevel === 0) {
        if (!this.simpleKeyAllowed) cursor.fail("mapping values are not allowed in this context");
        this.rollIndent(cursor.column, -1, "block-mapping-start", cursor.line);
      }
      this.simpleKeyAllowed = this.flowLevel === 0;
    }
    this.push("value");
    cursor.skip();
  }

  private fetchAnchor(type: "alias" | "anchor"): void {
    const { cursor } = this;
    this.saveSimpleKey();
    this.simpleKeyAllowed = false;
    const { line } = cursor;
    cursor.skip();
    const start = cursor.at;
    while (cursor.isWord()) cursor.skip();
    const value = cursor.text.slice(start, cursor.at);
    if (value === "" || !(cursor.isBlankOrEnd() || anchorEnds.includes(cursor.text[cursor.at]!))) {
      cursor.fail("did not find expected alphabetic or numeric character");
    }
    this.pushWith(type, line, value);
  }

  private fetchPlain(): void {
    this.saveSimpleKey();
    this.simpleKeyAllowed = false;
    const { line } = this.cursor;
    const { value, brokenAtEnd } = scanPlain(this.cursor, this.flowLevel > 0, this.indent);
    if (brokenAtEnd) this.simpleKeyAllowed = true;
    this.pushWith("scalar", line, value, "", true);
  }

  private fetchQuoted(quote: "'" | '"'): void {
    this.saveSimpleKey();
    this.simpleKeyAllowed = false;
    const { line } = this.cursor;
    this.pushWith("scalar", line, scanQuoted(this.cursor, quote));
  }

  private fetchBlockScalar(isLiteral: boolean): void {
    this.removeSimpleKey();
    this.simpleKeyAllowed = true;
    const { line } = this.cursor;
    this.pushWith("scalar", line, scanBlock(this.cursor, isLiteral, this.indent));
  }

  private fetchDirective(): void {
    this.endBlocks();
    const { line } = this.cursor;
    const directive = scanDirective(this.cursor);
    if (directive.name === "YAML") this.pushWith("version-directive", line, directive.version);
    else this.pushWith("tag-directive", line, directive.handle, directive.prefix);
  }

  private fetchTag(): void {
    this.saveSimpleKey();
    this.simpleKeyAllowed = false;
    const { line } = this.cursor;
    const { handle, suffix } = scanTag(this.cursor);
    this.pushWith("tag", line, handle, suffix);
  }
}
