/** What all nodes have in common: anchors, aliases and tags, the bound on their depth, and what can be a key. */
import { Cursor, fail, isBlankOrEnd, skipToToken } from "./cursor.ts";
import { YamlAlias, type YamlNode, type YamlScalar, type YamlTag } from "./node.ts";

const depthMax = 200;

const exclamation = 0x21;
const ampersand = 0x26;
const comma = 0x2c;
const rightBracket = 0x5d;
const rightBrace = 0x7d;

const anchorName = /[A-Za-z0-9_-]+/y;
const tagText = /!!?[A-Za-z]*/y;
const knownTags = new Set<string>(["!!str", "!!int", "!!float", "!!bool", "!!null", "!!map", "!!seq", "!"]);

/** What stands before a node. */
export interface NodeProperties {
  anchor?: string;
  tag?: YamlTag;
}

export abstract class NodeReader {
  protected readonly cursor: Cursor;
  /** Of the document being read. */
  protected anchors = new Map<string, YamlNode>();
  protected depth = 0;

  constructor(text: string) {
    this.cursor = new Cursor(text);
  }

  protected readProperties(): NodeProperties {
    const cursor = this.cursor;
    const properties: NodeProperties = {};
    for (;;) {
      const unit = cursor.text.charCodeAt(cursor.pos);
      if (unit === ampersand && properties.anchor === undefined) {
        properties.anchor = this.#readAnchorName();
      } else if (unit === exclamation && properties.tag === undefined) {
        properties.tag = this.#readTag();
      } else {
        return properties;
      }
      cursor.fresh = false;
      skipToToken(cursor);
    }
  }

  /** The name behind `&` or `*`. */
  #readAnchorName(): string {
    const cursor = this.cursor;
    const start = cursor.pos;
    anchorName.lastIndex = start + 1;
    const name = anchorName.exec(cursor.text)?.[0];
    if (name === undefined) return fail("expected the name of an anchor", start);
    cursor.pos = anchorName.lastIndex;
    this.#expectTokenEnd();
    return name;
  }

  #readTag(): YamlTag {
    const cursor = this.cursor;
    const start = cursor.pos;
    tagText.lastIndex = start;
    const tag = tagText.exec(cursor.text)![0];
    cursor.pos = tagText.lastIndex;
    if (!knownTags.has(tag)) fail(`the tag ${tag} is not supported`, start);
    this.#expectTokenEnd();
    return tag as YamlTag;
  }

  #expectTokenEnd(): void {
    const { text, pos, flowLevel } = this.cursor;
    const unit = text.charCodeAt(pos);
    const isFlowEnd = flowLevel > 0 && (unit === comma || unit === rightBrace || unit === rightBracket);
    if (!isBlankOrEnd(unit) && !isFlowEnd) fail("expected a blank", pos);
  }

  protected readAlias(): YamlAlias {
    const cursor = this.cursor;
    const start = cursor.pos;
    const name = this.#readAnchorName();
    const target = this.anchors.get(name);
    if (target === undefined) return fail(`there is no anchor &${name} before this alias`, start);
    cursor.fresh = false;
    return new YamlAlias(start, cursor.pos, name, target);
  }

  protected mark<T extends YamlNode>(node: T, { anchor, tag }: NodeProperties): T {
    if (node.kind === "alias") return fail("an alias can't have a tag or an anchor", node.start);
    node.tag = tag;
    node.anchor = anchor;
    if (anchor !== undefined) this.anchors.set(anchor, node);
    return node;
  }

  protected asKey(node: YamlNode): YamlScalar {
    const key = node.kind === "alias" ? node.target : node;
    if (key.kind !== "scalar") return fail("a key must be a scalar", node.start);
    return key;
  }

  protected descend(at: number): void {
    if (++this.depth > depthMax) fail(`nested deeper than ${depthMax} levels`, at);
  }

  protected atIndicator(indicator: number): boolean {
    const { text, pos } = this.cursor;
    return text.charCodeAt(pos) === indicator && isBlankOrEnd(text.charCodeAt(pos + 1));
  }
}
