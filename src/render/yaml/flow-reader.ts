/** Nodes that stand on one line or within brackets: scalars less block scalars, aliases, flow collections. */
import { atDocumentEnd, fail, skipToToken } from "./cursor.ts";
import { KeyTexts } from "./key-texts.ts";
import { YamlMapping, type YamlNode, YamlScalar, YamlSequence } from "./node.ts";
import { NodeReader } from "./node-reader.ts";
import { scanPlain } from "./scan-plain.ts";
import { scanQuoted } from "./scan-quoted.ts";

/** YAML's own bound for a key on one line with its colon. */
export const keyLengthMax = 1024;

const exclamation = 0x21;
const doubleQuote = 0x22;
const ampersand = 0x26;
const singleQuote = 0x27;
const asterisk = 0x2a;
const comma = 0x2c;
const colon = 0x3a;
const leftBracket = 0x5b;
const rightBracket = 0x5d;
const leftBrace = 0x7b;
const rightBrace = 0x7d;

export abstract class FlowReader extends NodeReader {
  /** Reads a flow collection, an alias, or a scalar that is no block scalar. */
  protected readInlineNode(unit: number, indent: number): YamlNode {
    if (unit === doubleQuote || unit === singleQuote) return scanQuoted(this.cursor);
    if (unit === leftBracket || unit === leftBrace) return this.#readFlowCollection();
    if (unit === asterisk) return this.readAlias();
    return scanPlain(this.cursor, indent);
  }

  #readFlowCollection(): YamlMapping | YamlSequence {
    const cursor = this.cursor;
    const start = cursor.pos;
    const isMapping = cursor.text.charCodeAt(start) === leftBrace;
    this.descend(start);
    cursor.pos++;
    cursor.flowLevel++;
    const collection = isMapping ? this.#readFlowMapping(start) : this.#readFlowSequence(start);
    cursor.pos++;
    cursor.flowLevel--;
    cursor.fresh = false;
    collection.end = cursor.pos;
    this.depth--;
    return collection;
  }

  #readFlowMapping(start: number): YamlMapping {
    const mapping = new YamlMapping(start);
    const keyTexts = new KeyTexts(mapping);
    for (;;) {
      if (this.#nextInFlow(start) === rightBrace) return mapping;
      const key = this.#readFlowNode();
      keyTexts.add(this.asKey(key));
      mapping.values.push(this.#readFlowValue(key) ?? new YamlScalar(key.end, key.end, "plain", ""));
      if (this.#nextInFlow(start) === rightBrace) return mapping;
      this.#skipComma();
    }
  }

  #readFlowSequence(start: number): YamlSequence {
    const sequence = new YamlSequence(start);
    for (;;) {
      if (this.#nextInFlow(start) === rightBracket) return sequence;
      const item = this.#readFlowNode();
      const value = this.#readFlowValue(item);
      sequence.items.push(value === undefined ? item : this.#singlePair(item, value));
      if (this.#nextInFlow(start) === rightBracket) return sequence;
      this.#skipComma();
    }
  }

  /** `[key: value]`: a list of one mapping. */
  #singlePair(key: YamlNode, value: YamlNode): YamlMapping {
    const pair = new YamlMapping(key.start);
    pair.keys.push(this.asKey(key));
    pair.values.push(value);
    pair.end = value.end;
    return pair;
  }

  /** The char code of the next token of the flow collection that began at `start`. */
  #nextInFlow(start: number): number {
    const cursor = this.cursor;
    skipToToken(cursor);
    if (atDocumentEnd(cursor)) fail("this bracket is never closed", start);
    return cursor.text.charCodeAt(cursor.pos);
  }

  #skipComma(): void {
    const cursor = this.cursor;
    if (cursor.text.charCodeAt(cursor.pos) !== comma) fail("expected ',' or the closing bracket", cursor.pos);
    cursor.pos++;
  }

  #readFlowNode(): YamlNode {
    const cursor = this.cursor;
    const start = cursor.pos;
    let unit = cursor.text.charCodeAt(start);
    if (unit !== ampersand && unit !== exclamation) return this.readInlineNode(unit, -1);
    const properties = this.readProperties();
    unit = this.#nextInFlow(start);
    const isEmpty = unit === comma || unit === colon || unit === rightBrace || unit === rightBracket;
    const node = isEmpty ? new YamlScalar(start, start, "plain", "") : this.readInlineNode(unit, -1);
    return this.mark(node, properties);
  }

  /** The value where the node just read turns out to be a key. */
  #readFlowValue(key: YamlNode): YamlNode | undefined {
    const cursor = this.cursor;
    const { lineStart } = cursor;
    skipToToken(cursor);
    if (cursor.text.charCodeAt(cursor.pos) !== colon) return undefined;
    const isOneLine = cursor.lineStart === lineStart && key.start >= lineStart;
    if (!isOneLine || cursor.pos - key.start > keyLengthMax)
      fail("a key must stand on one line with its ':'", key.start);
    cursor.pos++;
    const unit = this.#nextInFlow(key.start);
    if (unit === comma || unit === rightBrace || unit === rightBracket) {
      return new YamlScalar(cursor.pos, cursor.pos, "plain", "");
    }
    return this.#readFlowNode();
  }
}
