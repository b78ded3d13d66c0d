/**
 * From YAML text to a tree of nodes, exactly as go-yaml v2 (libyaml) parses: first document only, the rest is not read.
 */
import { YamlError } from "./yaml-cursor.ts";
import { YamlScanner, type YamlToken, type YamlTokenType } from "./yaml-scanner.ts";

export type YamlNode =
  | { readonly kind: "scalar"; readonly tag: string; readonly value: string; readonly isImplicit: boolean }
  | { readonly kind: "sequence"; readonly items: YamlNode[] }
  /** Keys and values in turn. */
  | { readonly kind: "mapping"; readonly members: YamlNode[] }
  | { readonly kind: "alias"; readonly name: string; readonly target: YamlNode };

/** The root of the first document; `undefined` where there is none. Throws a {@link YamlError}. */
export function parseYamlNodes(text: string): YamlNode | undefined {
  return new YamlParser(text).parseDocument();
}

const emptyScalar: YamlNode = { kind: "scalar", tag: "", value: "", isImplicit: true };

type TokenTypes = ReadonlySet<YamlTokenType>;
const documentOpenings: TokenTypes = new Set(["version-directive", "tag-directive", "document-start"]);
// What stands where a node could, if there is none.
const emptyDocumentEnds: TokenTypes = new Set([...documentOpenings, "document-end", "stream-end"]);
const emptyItemEnds: TokenTypes = new Set(["block-entry", "block-end"]);
const emptyMemberEnds: TokenTypes = new Set(["key", "value", "block-end"]);
const emptyIndentlessItemEnds: TokenTypes = new Set([...emptyMemberEnds, "block-entry"]);
const emptyPairValueEnds: TokenTypes = new Set(["flow-entry", "flow-sequence-end"]);
const emptyPairKeyEnds: TokenTypes = new Set([...emptyPairValueEnds, "value"]);
const emptyFlowValueEnds: TokenTypes = new Set(["flow-entry", "flow-mapping-end"]);
const emptyFlowKeyEnds: TokenTypes = new Set([...emptyFlowValueEnds, "value"]);

class YamlParser {
  private readonly scanner: YamlScanner;
  private readonly tagPrefixes = new Map<string, string>();
  private readonly anchors = new Map<string, YamlNode>();

  constructor(text: string) {
    this.scanner = new YamlScanner(text);
  }

  parseDocument(): YamlNode | undefined {
    this.scanner.peek();
    this.scanner.skip();
    let root: YamlNode;
    if (this.isAt("stream-end")) return undefined;
    if (this.isAtAny(documentOpenings)) {
      this.parseDirectives();
      if (!this.isAt("document-start")) this.fail("did not find expected <document start>");
      this.scanner.skip();
      root = this.isAtAny(emptyDocumentEnds) ? emptyScalar : this.parseNode(true, false);
    } else {
      this.parseDirectives();
      root = this.parseNode(true, false);
    }
    // What follows is not read, but its first token is scanned.
    this.scanner.peek();
    return root;
  }

  private isAt(type: YamlTokenType): boolean {
    return this.scanner.peek().type === type;
  }

  private isAtAny(types: TokenTypes): boolean {
    return types.has(this.scanner.peek().type);
  }

  private fail(problem: string, token = this.scanner.peek()): never {
    throw new YamlError(problem, token.line);
  }

  private parseDirectives(): void {
    let hasVersion = false;
    for (;;) {
      const token = this.scanner.peek();
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
      this.scanner.skip();
    }
    if (!this.tagPrefixes.has("!")) this.tagPrefixes.set("!", "!");
    if (!this.tagPrefixes.has("!!")) this.tagPrefixes.set("!!", "tag:yaml.org,2002:");
  }

  private parseNode(inBlock: boolean, mayBeIndentless: boolean): YamlNode {
    const first = this.scanner.peek();
    if (first.type === "alias") return this.parseAlias(first);

    let anchor: string | undefined;
    let tagToken: YamlToken | undefined;
    for (let token = first; ; token = this.scanner.peek()) {
      if (token.type === "anchor" && anchor === undefined) anchor = token.value;
      else if (token.type === "tag" && tagToken === undefined) tagToken = token;
      else break;
      this.scanner.skip();
    }
    const tag = tagToken === undefined ? "" : this.resolveTag(tagToken);

    const token = this.scanner.peek();
    if (mayBeIndentless && token.type === "block-entry") return this.parseIndentlessSequence(anchor);
    switch (token.type) {
      case "scalar": {
        this.scanner.skip();
        const isImplicit = (tag === "" && token.isPlain) || tag === "!";
        return this.name(anchor, { kind: "scalar", tag, value: token.value, isImplicit });
      }
      case "flow-sequence-start":
        return this.parseFlowSequence(anchor);
      case "flow-mapping-start":
        return this.parseFlowMapping(anchor);
      case "block-sequence-start":
        if (inBlock) return this.parseBlockSequence(anchor);
        break;
      case "block-mapping-start":
        if (inBlock) return this.parseBlockMapping(anchor);
        break;
    }
    if (anchor === undefined && tag === "") this.fail("did not find expected node content");
    return this.name(anchor, { kind: "scalar", tag, value: "", isImplicit: tag === "" });
  }

  private parseAlias(token: YamlToken): YamlNode {
    this.scanner.skip();
    const target = this.anchors.get(token.value);
    if (target === undefined) throw new YamlError(`unknown anchor '${token.value}' referenced`);
    return { kind: "alias", name: token.value, target };
  }

  private resolveTag(token: YamlToken): string {
    if (token.value === "") return token.suffix;
    const prefix = this.tagPrefixes.get(token.value);
    const tag = prefix === undefined ? "" : prefix + token.suffix;
    if (tag === "") this.fail("found undefined tag handle", token);
    return tag;
  }

  /** Names a node before its children are read: they may refer to it. */
  private name<T extends YamlNode>(anchor: string | undefined, node: T): T {
    if (anchor !== undefined) this.anchors.set(anchor, node);
    return node;
  }

  private parseBlockSequence(anchor: string | undefined): YamlNode {
    const items: YamlNode[] = [];
    const node = this.name(anchor, { kind: "sequence", items } as const);
    this.scanner.skip();
    while (this.isAt("block-entry")) {
      this.scanner.skip();
      items.push(this.isAtAny(emptyItemEnds) ? emptyScalar : this.parseNode(true, false));
    }
    if (!this.isAt("block-end")) this.fail("did not find expected '-' indicator");
    this.scanner.skip();
    return node;
  }

  /** A list that is a mapping's value and stands no deeper than its key. */
  private parseIndentlessSequence(anchor: string | undefined): YamlNode {
    const items: YamlNode[] = [];
    const node = this.name(anchor, { kind: "sequence", items } as const);
    while (this.isAt("block-entry")) {
      this.scanner.skip();
      items.push(this.isAtAny(emptyIndentlessItemEnds) ? emptyScalar : this.parseNode(true, false));
    }
    return node;
  }

  private parseBlockMapping(anchor: string | undefined): YamlNode {
    const members: YamlNode[] = [];
    const node = this.name(anchor, { kind: "mapping", members } as const);
    this.scanner.skip();
    while (this.isAt("key")) {
      this.scanner.skip();
      members.push(this.parseMember());
      if (this.isAt("value")) {
        this.scanner.skip();
        members.push(this.parseMember());
      } else {
        members.push(emptyScalar);
      }
    }
    if (!this.isAt("block-end")) this.fail("did not find expected key");
    this.scanner.skip();
    return node;
  }

  private parseMember(): YamlNode {
    return this.isAtAny(emptyMemberEnds) ? emptyScalar : this.parseNode(true, true);
  }

  private parseFlowSequence(anchor: string | undefined): YamlNode {
    const items: YamlNode[] = [];
    const node = this.name(anchor, { kind: "sequence", items } as const);
    this.scanner.skip();
    for (let isFirst = true; !this.isAt("flow-sequence-end"); isFirst = false) {
      if (!isFirst) {
        if (!this.isAt("flow-entry")) this.fail("did not find expected ',' or ']'");
        this.scanner.skip();
        if (this.isAt("flow-sequence-end")) break;
      }
      if (this.isAt("key")) {
        this.scanner.skip();
        items.push(this.parsePair());
      } else {
        items.push(this.parseNode(false, false));
      }
    }
    this.scanner.skip();
    return node;
  }

  /** `[a: b]`: a mapping of one member. */
  private parsePair(): YamlNode {
    let key: YamlNode = emptyScalar;
    // Without a key the library drops what stands there, the value's colon too.
    if (this.isAtAny(emptyPairKeyEnds)) this.scanner.skip();
    else key = this.parseNode(false, false);
    let value: YamlNode = emptyScalar;
    if (this.isAt("value")) {
      this.scanner.skip();
      if (!this.isAtAny(emptyPairValueEnds)) value = this.parseNode(false, false);
    }
    return { kind: "mapping", members: [key, value] };
  }

  private parseFlowMapping(anchor: string | undefined): YamlNode {
    const members: YamlNode[] = [];
    const node = this.name(anchor, { kind: "mapping", members } as const);
    this.scanner.skip();
    for (let isFirst = true; !this.isAt("flow-mapping-end"); isFirst = false) {
      if (!isFirst) {
        if (!this.isAt("flow-entry")) this.fail("did not find expected ',' or '}'");
        this.scanner.skip();
        if (this.isAt("flow-mapping-end")) break;
      }
      if (!this.isAt("key")) {
        members.push(this.parseNode(false, false), emptyScalar);
        continue;
      }
      this.scanner.skip();
      members.push(this.isAtAny(emptyFlowKeyEnds) ? emptyScalar : this.parseNode(false, false));
      if (!this.isAt("value")) {
        members.push(emptyScalar);
        continue;
      }
      this.scanner.skip();
      members.push(this.isAtAny(emptyFlowValueEnds) ? emptyScalar : this.parseNode(false, false));
    }
    this.scanner.skip();
    return node;
  }
}
