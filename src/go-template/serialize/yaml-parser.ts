/**
 * From YAML text to trees of nodes with their places, exactly as go-yaml v2 (libyaml) parses: the one reader of YAML for
 * fromYaml, and for whoever wants to know what stands where.
 */
import { readBlocks } from "./yaml-block-reader.ts";
import { YamlError } from "./yaml-cursor.ts";
import { YamlAlias, YamlMapping, type YamlNode, YamlScalar, YamlSequence } from "./yaml-node.ts";
import { YamlScanner, type YamlToken, type YamlTokenType } from "./yaml-scanner.ts";

/** The root of the first document, without reading further; `undefined` where there is none. Throws a {@link YamlError}. */
export function parseYamlNodes(text: string): YamlNode | undefined {
  const parser = new YamlParser(text, false);
  return parser.parseDocument(true)?.root;
}

/**
 * The roots of all documents; `undefined` for those without content. With `isTraced` scalars know where each part of their text
 * comes from. Throws a {@link YamlError}. */
export function parseYamlStream(text: string, options: { readonly isTraced?: boolean } = {}): (YamlNode | undefined)[] {
  const isTraced = options.isTraced === true;
  const read = isTraced ? undefined : readBlocks(text);
  if (read !== undefined) return read;
  const parser = new YamlParser(text, isTraced);
  const roots: (YamlNode | undefined)[] = [];
  for (;;) {
    const document = parser.parseDocument(roots.length === 0);
    if (document === undefined) return roots;
    roots.push(document.isEmpty ? undefined : document.root);
  }
}

interface YamlDocument {
  readonly root: YamlNode;
  /** Nothing stands in it. */
  readonly isEmpty: boolean;
}

const yamlTags = "tag:yaml.org,2002:";

class YamlParser {
  private readonly scanner: YamlScanner;
  private readonly tagPrefixes = new Map<string, string>();
  private anchors = new Map<string, YamlNode>();
  private token: YamlToken | undefined;
  /** Where the last token ended. */
  private lastEnd = 0;

  constructor(text: string, isTraced: boolean) {
    this.scanner = new YamlScanner(text, isTraced);
    this.scanner.peek();
    this.scanner.skip();
  }

  /** The next document; only the first one may begin without `---`. */
  parseDocument(isFirst: boolean): YamlDocument | undefined {
    if (!isFirst) {
      this.anchors.clear();
      this.tagPrefixes.clear();
      while (this.isAt("document-end")) this.skip();
    }
    const { type } = this.peek();
    if (type === "stream-end") return undefined;
    let document: YamlDocument;
    if (!isFirst || opensDocument(type)) {
      this.parseDirectives();
      if (!this.isAt("document-start")) this.fail("did not find expected <document start>");
      this.skip();
      const { type } = this.peek();
      const isEmpty = opensDocument(type) || type === "document-end" || type === "stream-end";
      document = { root: isEmpty ? this.nothing() : this.parseNode(true, false), isEmpty };
    } else {
      this.parseDirectives();
      document = { root: this.parseNode(true, false), isEmpty: false };
    }
    // What follows is not read, but its first token is scanned.
    this.peek();
    return document;
  }

  /** The next token, which the scanner need not be asked for again until it is skipped. */
  private peek(): YamlToken {
    this.token ??= this.scanner.peek();
    return this.token;
  }

  private skip(): void {
    this.lastEnd = this.peek().end;
    this.drop();
  }

  private drop(): void {
    this.scanner.skip();
    this.token = undefined;
  }

  private isAt(type: YamlTokenType): boolean {
    return this.peek().type === type;
  }

  private fail(problem: string, token = this.peek(), offset = token.start): never {
    throw new YamlError(problem, token.line, offset);
  }

  /** An empty scalar where a node could stand. */
  private nothing(at = this.lastEnd): YamlScalar {
    return new YamlScalar(at, at, "plain", "");
  }

  private parseDirectives(): void {
    let hasVersion = false;
    for (;;) {
      const token = this.peek();
      if (token.type === "version-directive") {
        if (hasVersion) this.fail("found duplicate %YAML directive");
        if (token.value !== "1.1") this.fail("found incompatible YAML document");
        hasVersion = true;
      } else if (token.type === "tag-directive") {
        if (this.tagPrefixes.has(token.value)) this.fail("found duplicate %TAG directive");
        this.tagPrefixes.set(token.value, token.suffix);
      } else {
        break;
      }
      this.skip();
    }
    if (!this.tagPrefixes.has("!")) this.tagPrefixes.set("!", "!");
    if (!this.tagPrefixes.has("!!")) this.tagPrefixes.set("!!", yamlTags);
  }

  private parseNode(inBlock: boolean, mayBeIndentless: boolean): YamlNode {
    const first = this.peek();
    if (first.type === "scalar") return this.parseScalar(first, undefined, undefined);
    if (first.type === "alias") return this.parseAlias(first);

    let anchor: string | undefined;
    let tagToken: YamlToken | undefined;
    for (let token = first; ; token = this.peek()) {
      if (token.type === "anchor" && anchor === undefined) anchor = token.value;
      else if (token.type === "tag" && tagToken === undefined) tagToken = token;
      else break;
      this.skip();
    }
    const tag = tagToken === undefined ? undefined : this.resolveTag(tagToken);

    const token = this.peek();
    if (mayBeIndentless && token.type === "block-entry") {
      return this.parseIndentlessSequence(this.name(anchor, tag, new YamlSequence(token.start)));
    }
    switch (token.type) {
      case "scalar":
        return this.parseScalar(token, anchor, tag);
      case "flow-sequence-start":
        return this.parseFlowSequence(this.name(anchor, tag, new YamlSequence(token.start)));
      case "flow-mapping-start":
        return this.parseFlowMapping(this.name(anchor, tag, new YamlMapping(token.start)));
      case "block-sequence-start":
        if (inBlock) return this.parseBlockSequence(this.name(anchor, tag, new YamlSequence(token.start)));
        break;
      case "block-mapping-start":
        if (inBlock) return this.parseBlockMapping(this.name(anchor, tag, new YamlMapping(token.start)));
        break;
    }
    if (anchor === undefined && tag === undefined) this.fail("did not find expected node content");
    return this.name(anchor, tag, this.nothing(first.start));
  }

  private parseScalar(token: YamlToken, anchor: string | undefined, tag: string | undefined): YamlScalar {
    this.skip();
    const scalar = new YamlScalar(token.start, token.end, token.style!, token.value, token.origins);
    return anchor === undefined && tag === undefined ? scalar : this.name(anchor, tag, scalar);
  }

  private parseAlias(token: YamlToken): YamlAlias {
    this.skip();
    const target = this.anchors.get(token.value);
    if (target === undefined) throw new YamlError(`unknown anchor '${token.value}' referenced`, 0, token.start);
    return new YamlAlias(token.start, token.end, token.value, target);
  }

  private resolveTag(token: YamlToken): string {
    const prefix = token.value === "" ? "" : this.tagPrefixes.get(token.value);
    const tag = prefix === undefined ? "" : prefix + token.suffix;
    if (tag === "") this.fail("found undefined tag handle", token);
    return tag.startsWith(yamlTags) ? `!!${tag.slice(yamlTags.length)}` : tag;
  }

  /** Names a node before its children are read: they may refer to it. */
  private name<T extends Exclude<YamlNode, YamlAlias>>(
    anchor: string | undefined,
    tag: string | undefined,
    node: T,
  ): T {
    node.tag = tag;
    node.anchor = anchor;
    if (anchor !== undefined) this.anchors.set(anchor, node);
    return node;
  }

  private parseBlockSequence(node: YamlSequence): YamlNode {
    this.skip();
    while (this.isAt("block-entry")) {
      this.skip();
      const { type } = this.peek();
      this.addItem(node, type === "block-entry" || type === "block-end" ? this.nothing() : this.parseNode(true, false));
    }
    if (!this.isAt("block-end")) this.fail("did not find expected '-' indicator");
    this.drop();
    return node;
  }

  /** A list that is a mapping's value and stands no deeper than its key. */
  private parseIndentlessSequence(node: YamlSequence): YamlNode {
    while (this.isAt("block-entry")) {
      this.skip();
      const { type } = this.peek();
      const isEmpty = endsMember(type) || type === "block-entry";
      this.addItem(node, isEmpty ? this.nothing() : this.parseNode(true, false));
    }
    return node;
  }

  private addItem(node: YamlSequence, item: YamlNode): void {
    node.items.push(item);
    node.end = item.end;
  }

  private addMember(node: YamlMapping, key: YamlNode, value: YamlNode): void {
    node.keys.push(key);
    node.values.push(value);
    node.end = value.end;
  }

  private parseBlockMapping(node: YamlMapping): YamlNode {
    this.skip();
    while (this.isAt("key")) {
      this.skip();
      const key = this.parseMember();
      if (this.isAt("value")) {
        this.skip();
        this.addMember(node, key, this.parseMember());
      } else {
        this.addMember(node, key, this.nothing());
      }
    }
    if (!this.isAt("block-end")) this.fail("did not find expected key");
    this.drop();
    return node;
  }

  private parseMember(): YamlNode {
    return endsMember(this.peek().type) ? this.nothing() : this.parseNode(true, true);
  }

  private parseFlowSequence(node: YamlSequence): YamlNode {
    this.skip();
    for (let isFirst = true; !this.isAt("flow-sequence-end"); isFirst = false) {
      if (!isFirst) {
        if (!this.isAt("flow-entry")) this.failInFlow("did not find expected ',' or ']'", node.start);
        this.skip();
        if (this.isAt("flow-sequence-end")) break;
      }
      if (this.isAt("key")) {
        const { start } = this.peek();
        this.skip();
        node.items.push(this.parsePair(start));
      } else {
        node.items.push(this.parseFlowNode(node.start));
      }
    }
    this.skip();
    node.end = this.lastEnd;
    return node;
  }

  /** `[a: b]`: a mapping of one member. */
  private parsePair(start: number): YamlNode {
    const pair = new YamlMapping(start);
    const { type } = this.peek();
    let key: YamlNode;
    // Without a key the library drops what stands there, the value's colon too.
    if (type === "value" || type === "flow-entry" || type === "flow-sequence-end") {
      this.skip();
      key = this.nothing();
    } else {
      key = this.parseNode(false, false);
    }
    let value: YamlNode = this.nothing();
    if (this.isAt("value")) {
      this.skip();
      const { type } = this.peek();
      value = type === "flow-entry" || type === "flow-sequence-end" ? this.nothing() : this.parseNode(false, false);
    }
    this.addMember(pair, key, value);
    return pair;
  }

  private parseFlowMapping(node: YamlMapping): YamlNode {
    this.skip();
    for (let isFirst = true; !this.isAt("flow-mapping-end"); isFirst = false) {
      if (!isFirst) {
        if (!this.isAt("flow-entry")) this.failInFlow("did not find expected ',' or '}'", node.start);
        this.skip();
        if (this.isAt("flow-mapping-end")) break;
      }
      this.parseFlowMember(node);
    }
    this.skip();
    node.end = this.lastEnd;
    return node;
  }

  private parseFlowMember(node: YamlMapping): void {
    if (!this.isAt("key")) {
      this.addMember(node, this.parseFlowNode(node.start), this.nothing());
      return;
    }
    this.skip();
    const { type } = this.peek();
    const key = endsFlowMember(type) || type === "value" ? this.nothing() : this.parseFlowNode(node.start);
    if (!this.isAt("value")) {
      this.addMember(node, key, this.nothing());
      return;
    }
    this.skip();
    this.addMember(node, key, endsFlowMember(this.peek().type) ? this.nothing() : this.parseFlowNode(node.start));
  }

  /** A node within brackets that opened at `start`. */
  private parseFlowNode(start: number): YamlNode {
    if (this.isAt("stream-end")) this.failInFlow("did not find expected node content", start);
    return this.parseNode(false, false);
  }

  /** What is never closed is told where it begins. */
  private failInFlow(problem: string, start: number): never {
    const token = this.peek();
    const isOpen = token.type === "stream-end" || token.type === "document-start" || token.type === "document-end";
    return this.fail(problem, token, isOpen ? start : token.start);
  }
}

function opensDocument(type: YamlTokenType): boolean {
  return type === "document-start" || type === "version-directive" || type === "tag-directive";
}

function endsMember(type: YamlTokenType): boolean {
  return type === "key" || type === "value" || type === "block-end";
}

function endsFlowMember(type: YamlTokenType): boolean {
  return type === "flow-entry" || type === "flow-mapping-end";
}
