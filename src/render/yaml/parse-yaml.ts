/**
 * From YAML to nodes with their places.
 *
 * It reads what Kubernetes' own reader (sigs.k8s.io/yaml on libyaml's rules, YAML 1.1) reads, less what no manifest
 * needs: tags beyond the core, keys that are no scalars, `? ` within flow collections, directives other than %YAML. Two
 * keys of one mapping can't be alike. The npm yaml library would do, but is several times slower than Go, and this text is
 * parsed for every event.
 */
import { atDocumentEnd, dash, fail, isBlank, isBlankOrEnd, isBreak, isDocumentMarker, skipToToken } from "./cursor.ts";
import { FlowReader, keyLengthMax } from "./flow-reader.ts";
import { KeyTexts } from "./key-texts.ts";
import { YamlMapping, type YamlNode, YamlScalar, YamlSequence } from "./node.ts";
import { scanBlockScalar } from "./scan-block-scalar.ts";

const exclamation = 0x21;
const percent = 0x25;
const ampersand = 0x26;
const colon = 0x3a;
const greaterThan = 0x3e;
const question = 0x3f;
const leftBracket = 0x5b;
const leftBrace = 0x7b;
const pipe = 0x7c;

const unreadable =
  /[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;
/** A quick look for what may be unreadable. */
const suspicious = /[\ud800-\udfff\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]/;
const directive = /%YAML[ \t]+[^\r\n]*/y;

/**
 * Parses a stream of documents; a document without content is `undefined`. Throws {@link YamlSyntaxError}.
 */
export function parseYaml(text: string): (YamlNode | undefined)[] {
  if (suspicious.test(text)) {
    const found = unreadable.exec(text);
    if (found !== null) fail(`the character U+${formatCode(found[0])} is not allowed`, found.index);
  }
  return new BlockReader(text).readStream();
}

function formatCode(character: string): string {
  return character.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0");
}

/** Documents and block collections, whose structure is their indentation. */
class BlockReader extends FlowReader {
  constructor(text: string) {
    super(text);
    if (text.charCodeAt(0) === 0xfeff) {
      this.cursor.pos = 1;
      this.cursor.lineStart = 1;
    }
  }

  readStream(): (YamlNode | undefined)[] {
    const cursor = this.cursor;
    const documents: (YamlNode | undefined)[] = [];
    for (;;) {
      skipToToken(cursor);
      let isOpened = false;
      while (cursor.text.charCodeAt(cursor.pos) === percent && cursor.column === 0) {
        this.#skipDirective();
        isOpened = true;
      }
      if (cursor.atEnd) {
        if (isOpened) fail("expected '---' after the directive", cursor.pos);
        return documents;
      }
      if (cursor.column === 0 && isDocumentMarker(cursor.text, cursor.pos)) {
        const isStart = cursor.text.charCodeAt(cursor.pos) === dash;
        cursor.pos += 3;
        cursor.fresh = false;
        if (!isStart) {
          skipToToken(cursor);
          if (!cursor.fresh && !cursor.atEnd) fail("expected the end of the line after '...'", cursor.pos);
          continue;
        }
      } else if (isOpened) {
        fail("expected '---' after the directive", cursor.pos);
      }
      documents.push(this.#readDocument());
    }
  }

  #skipDirective(): void {
    directive.lastIndex = this.cursor.pos;
    if (!directive.test(this.cursor.text)) fail("this directive is not supported", this.cursor.pos);
    this.cursor.pos = directive.lastIndex;
    skipToToken(this.cursor);
  }

  #readDocument(): YamlNode | undefined {
    const cursor = this.cursor;
    if (this.anchors.size > 0) this.anchors = new Map();
    skipToToken(cursor);
    if (atDocumentEnd(cursor)) return undefined;
    const node = this.#readBlockNode(-1, false);
    skipToToken(cursor);
    if (!atDocumentEnd(cursor)) fail("expected the end of the document", cursor.pos);
    return node;
  }

  /**
   * Reads the node at the next token, as part of a collection at column `indent` (-1: the document). Where that is a
   * mapping (`isValue`), a sequence may stand at its very column.
   */
  #readBlockNode(indent: number, isValue: boolean): YamlNode {
    const cursor = this.cursor;
    const { text } = cursor;
    const before = cursor.pos;
    skipToToken(cursor);
    if (this.#isAbsent(indent, isValue)) return new YamlScalar(before, before, "plain", "");

    let unit = text.charCodeAt(cursor.pos);
    if (unit !== ampersand && unit !== exclamation) return this.#readBareBlockNode(indent, unit);

    const start = cursor.pos;
    const column = cursor.column;
    const mayBeKey = cursor.fresh;
    const lineStart = cursor.lineStart;
    const properties = this.readProperties();
    if (this.#isAbsent(indent, isValue)) return this.mark(new YamlScalar(start, start, "plain", ""), properties);

    unit = text.charCodeAt(cursor.pos);
    if (cursor.lineStart !== lineStart || !isKeyStart(unit)) {
      return this.mark(this.#readBareBlockNode(indent, unit), properties);
    }
    // `&a key: value`: what stands on the key's line belongs to the key.
    const scalar = this.readInlineNode(unit, indent);
    if (scalar.kind !== "scalar" || !this.#isKey(start, lineStart)) return this.mark(scalar, properties);
    if (!mayBeKey) fail("a mapping can't begin here", start);
    this.mark(scalar, properties);
    return this.#readBlockMapping(start, column, scalar);
  }

  /** Whether the collection at column `indent` goes on, or ends, before a node has begun. */
  #isAbsent(indent: number, isValue: boolean): boolean {
    const cursor = this.cursor;
    if (atDocumentEnd(cursor)) return true;
    const { column } = cursor;
    if (column > indent) return false;
    return !(isValue && column === indent && cursor.fresh && this.atIndicator(dash));
  }

  #readBareBlockNode(indent: number, unit: number): YamlNode {
    const cursor = this.cursor;
    const { pos: start, lineStart, column, fresh } = cursor;
    if (unit === pipe || unit === greaterThan) return scanBlockScalar(cursor, indent);
    if (unit === dash && this.atIndicator(dash)) {
      if (!fresh) fail("a list can't begin here", start);
      return this.#readBlockSequence(start, column);
    }
    if (unit === question && this.atIndicator(question)) {
      if (!fresh) fail("a mapping can't begin here", start);
      return this.#readBlockMapping(start, column, undefined);
    }
    const node = this.readInlineNode(unit, indent);
    if (!this.#isKey(start, lineStart)) return node;
    if (!fresh) fail("a mapping can't begin here: a value with ': ' needs quotes", start);
    return this.#readBlockMapping(start, column, this.asKey(node));
  }

  /** Whether what was just read, beginning at `start`, is a key: on one line, with a colon behind it. */
  #isKey(start: number, lineStart: number): boolean {
    const cursor = this.cursor;
    if (cursor.lineStart !== lineStart) return false;
    let pos = cursor.pos;
    while (isBlank(cursor.text.charCodeAt(pos))) pos++;
    if (cursor.text.charCodeAt(pos) !== colon || !isBlankOrEnd(cursor.text.charCodeAt(pos + 1))) return false;
    if (pos - start > keyLengthMax) fail(`a key can't be longer than ${keyLengthMax} characters`, start);
    cursor.pos = pos;
    return true;
  }

  /** Reads the mapping whose first key was just read (the cursor is at its colon), or whose first `? ` is here. */
  #readBlockMapping(start: number, column: number, firstKey: YamlScalar | undefined): YamlMapping {
    const cursor = this.cursor;
    const mapping = new YamlMapping(start);
    const keyTexts = new KeyTexts(mapping);
    this.descend(start);
    for (let key = firstKey; ; ) {
      if (key === undefined && this.atIndicator(question)) {
        const value = this.#readExplicitEntry(column, mapping, keyTexts);
        mapping.end = value.end;
      } else {
        key ??= this.#readBlockKey();
        cursor.pos++;
        cursor.fresh = false;
        keyTexts.add(key);
        const value = this.#readBlockNode(column, true);
        mapping.values.push(value);
        mapping.end = value.end;
      }
      key = undefined;
      skipToToken(cursor);
      if (!this.#goesOn(column)) break;
    }
    this.depth--;
    return mapping;
  }

  /** `? key` and `: value`, each on a line of its own. */
  #readExplicitEntry(column: number, mapping: YamlMapping, keyTexts: KeyTexts): YamlNode {
    const cursor = this.cursor;
    cursor.pos++;
    cursor.fresh = true;
    keyTexts.add(this.asKey(this.#readBlockNode(column, false)));
    skipToToken(cursor);
    let value: YamlNode = new YamlScalar(cursor.pos, cursor.pos, "plain", "");
    if (!atDocumentEnd(cursor) && cursor.column === column && this.atIndicator(colon)) {
      cursor.pos++;
      cursor.fresh = true;
      value = this.#readBlockNode(column, true);
    }
    mapping.values.push(value);
    return value;
  }

  #readBlockKey(): YamlScalar {
    const cursor = this.cursor;
    const { pos: start, lineStart, text } = cursor;
    let unit = text.charCodeAt(start);
    const properties = unit === ampersand || unit === exclamation ? this.readProperties() : undefined;
    unit = text.charCodeAt(cursor.pos);
    if (cursor.lineStart !== lineStart || unit === pipe || unit === greaterThan || this.atIndicator(dash)) {
      fail("expected a key", start);
    }
    const node = this.readInlineNode(unit, Number.MAX_SAFE_INTEGER);
    if (!this.#isKey(start, lineStart)) fail("expected ':' after this key", start);
    if (properties !== undefined) this.mark(node, properties);
    return this.asKey(node);
  }

  #readBlockSequence(start: number, column: number): YamlSequence {
    const cursor = this.cursor;
    const sequence = new YamlSequence(start);
    this.descend(start);
    do {
      cursor.pos++;
      cursor.fresh = true;
      const item = this.#readBlockNode(column, false);
      sequence.items.push(item);
      sequence.end = Math.max(item.end, cursor.pos);
      skipToToken(cursor);
    } while (this.#goesOn(column) && this.atIndicator(dash));
    this.depth--;
    return sequence;
  }

  /** Whether the next token is the next entry of the block collection at `column`; deeper ones are errors. */
  #goesOn(column: number): boolean {
    const cursor = this.cursor;
    if (atDocumentEnd(cursor)) return false;
    if (!cursor.fresh) fail("expected the end of the line", cursor.pos);
    if (cursor.column > column) fail("this line is indented deeper than the one that it follows", cursor.pos);
    return cursor.column === column;
  }
}

/** What can begin a key on one line. */
function isKeyStart(unit: number): boolean {
  return unit !== pipe && unit !== greaterThan && unit !== leftBracket && unit !== leftBrace && !isBreak(unit);
}
