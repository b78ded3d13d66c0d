/** What a YAML text is made of, each part with its place: offsets in UTF-16 units, `end` behind the last one. */

export type ScalarStyle = "plain" | "single" | "double" | "literal" | "folded";

/** The only tags that are read: those of YAML's core, and `!`, which makes a scalar a string. */
export type YamlTag = "!!str" | "!!int" | "!!float" | "!!bool" | "!!null" | "!!map" | "!!seq" | "!";

/** A scalar as written; what it is (string, number …) depends on its position, so that is decided by its reader. */
export class YamlScalar {
  readonly kind = "scalar";
  anchor: string | undefined = undefined;
  tag: YamlTag | undefined = undefined;
  readonly start: number;
  readonly end: number;
  readonly style: ScalarStyle;
  /** Its content: unescaped, folded and without quotes. Empty and plain where nothing stands. */
  readonly text: string;

  constructor(start: number, end: number, style: ScalarStyle, text: string) {
    this.start = start;
    this.end = end;
    this.style = style;
    this.text = text;
  }
}

export class YamlMapping {
  readonly kind = "mapping";
  anchor: string | undefined = undefined;
  tag: YamlTag | undefined = undefined;
  readonly start: number;
  end: number;
  /** Keys and values at the same index; no two keys have the same text. */
  readonly keys: YamlScalar[] = [];
  readonly values: YamlNode[] = [];

  constructor(start: number) {
    this.start = start;
    this.end = start;
  }
}

export class YamlSequence {
  readonly kind = "sequence";
  anchor: string | undefined = undefined;
  tag: YamlTag | undefined = undefined;
  readonly start: number;
  end: number;
  readonly items: YamlNode[] = [];

  constructor(start: number) {
    this.start = start;
    this.end = start;
  }
}

/** `*name`: the node that carries the anchor, earlier in the same document. */
export class YamlAlias {
  readonly kind = "alias";
  readonly anchor = undefined;
  readonly tag = undefined;
  readonly start: number;
  readonly end: number;
  readonly name: string;
  readonly target: YamlNode;

  constructor(start: number, end: number, name: string, target: YamlNode) {
    this.start = start;
    this.end = end;
    this.name = name;
    this.target = target;
  }
}

export type YamlNode = YamlScalar | YamlMapping | YamlSequence | YamlAlias;

/** What can't be read, and where. */
export class YamlSyntaxError extends Error {
  readonly offset: number;

  constructor(message: string, offset: number) {
    super(message);
    this.name = "YamlSyntaxError";
    this.offset = offset;
  }
}
