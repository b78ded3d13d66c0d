/** What a YAML text is made of, each part with its place: offsets in UTF-16 units, `end` behind the last one. */
import type { TextOrigins } from "./scalar-text.ts";

export type YamlStyle = "plain" | "single" | "double" | "literal" | "folded";

/** A scalar as written; what it is (string, number …) depends on its style, its tag and who reads it. */
export class YamlScalar {
  readonly kind = "scalar";
  anchor: string | undefined = undefined;
  /** In short: `!!str`, `!local`; undefined where none is written. */
  tag: string | undefined = undefined;
  readonly start: number;
  readonly end: number;
  readonly style: YamlStyle;
  /** Its content: unescaped, folded and without quotes. Empty and plain where nothing stands. */
  readonly text: string;
  /** Where its text comes from, in a text that is read with that request. */
  readonly origins: TextOrigins | undefined;

  constructor(start: number, end: number, style: YamlStyle, text: string, origins?: TextOrigins) {
    this.start = start;
    this.end = end;
    this.style = style;
    this.text = text;
    this.origins = origins;
  }
}

export class YamlMapping {
  readonly kind = "mapping";
  anchor: string | undefined = undefined;
  tag: string | undefined = undefined;
  readonly start: number;
  end: number;
  /** Keys and values at the same index. */
  readonly keys: YamlNode[] = [];
  readonly values: YamlNode[] = [];

  constructor(start: number) {
    this.start = start;
    this.end = start;
  }
}

export class YamlSequence {
  readonly kind = "sequence";
  anchor: string | undefined = undefined;
  tag: string | undefined = undefined;
  readonly start: number;
  end: number;
  readonly items: YamlNode[] = [];

  constructor(start: number) {
    this.start = start;
    this.end = start;
  }
}

/** `*name`: the node that carries the anchor, earlier in the same document; or one around it, which then contains itself. */
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
