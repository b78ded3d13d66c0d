/**
 * YAML as manifests may use it: the nodes of the YAML reader (go-template), checked by parse-yaml.ts to be of the few kinds
 * that every consumer understands alike.
 */
import type { YamlScalar as AnyScalar } from "../../go-template/index.ts";

/** The only tags that are read: those of YAML's core, and `!`, which makes a scalar a string. */
export type YamlTag = "!!str" | "!!int" | "!!float" | "!!bool" | "!!null" | "!!map" | "!!seq" | "!";

/** A scalar as written; what it is (string, number …) depends on its position, so that is decided by its reader. */
export interface YamlScalar extends Omit<AnyScalar, "tag"> {
  readonly tag: YamlTag | undefined;
}

interface Collection {
  readonly anchor: string | undefined;
  readonly tag: YamlTag | undefined;
  readonly start: number;
  readonly end: number;
}

export interface YamlMapping extends Collection {
  readonly kind: "mapping";
  /** Keys and values at the same index; no two keys have the same text. */
  readonly keys: readonly YamlScalar[];
  readonly values: readonly YamlNode[];
}

export interface YamlSequence extends Collection {
  readonly kind: "sequence";
  readonly items: readonly YamlNode[];
}

/** `*name`: the node that carries the anchor, earlier in the same document. */
export interface YamlAlias {
  readonly kind: "alias";
  readonly anchor: undefined;
  readonly tag: undefined;
  readonly start: number;
  readonly end: number;
  readonly name: string;
  readonly target: YamlNode;
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
