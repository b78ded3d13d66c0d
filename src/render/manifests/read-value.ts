/** From YAML nodes to values: aliases and merge keys resolved, scalars read as their position wants them. */
import { resolvePlain } from "../../go-template/index.ts";
import type { Json, JsonObject } from "../../model/json.ts";
import type { YamlMapping, YamlNode, YamlScalar } from "../yaml/node.ts";
import { itemPosition, memberPosition, type Position } from "./string-positions.ts";

/** Bounds what aliases of aliases can grow to. */
const nodesMax = 200_000;

/** A value that no JSON has, or that grew too large; `node` is where. */
export class ValueError extends Error {
  readonly node: YamlNode;

  constructor(message: string, node: YamlNode) {
    super(message);
    this.name = "ValueError";
    this.node = node;
  }
}

/** Reads a node at a position of its object. Throws {@link ValueError}. */
export function readValue(node: YamlNode, position: Position): Json {
  return new ValueReader().read(node, position);
}

class ValueReader {
  #nodes = 0;

  read(node: YamlNode, position: Position): Json {
    if (++this.#nodes > nodesMax) throw new ValueError(`aliases make this larger than ${nodesMax} values`, node);
    switch (node.kind) {
      case "scalar":
        return readScalar(node, position);
      case "mapping":
        checkTag(node, "!!map");
        return this.#readMapping(node, position);
      case "sequence": {
        checkTag(node, "!!seq");
        const items = itemPosition(position);
        return node.items.map((item) => this.read(item, items));
      }
      case "alias":
        return this.read(node.target, position);
    }
  }

  #readMapping({ keys, values }: YamlMapping, position: Position): JsonObject {
    const object = new Map<string, Json>();
    let merged: YamlNode | undefined;
    for (let index = 0; index < keys.length; index++) {
      const key = keys[index]!;
      const value = values[index]!;
      if (isMergeKey(key)) merged = value;
      else object.set(key.text, this.read(value, memberPosition(position, key.text)));
    }
    if (merged !== undefined) this.#merge(merged, object, position);
    return object;
  }

  /** What is merged stands behind what is there, and of several sources the first counts. */
  #merge(source: YamlNode, object: Map<string, Json>, position: Position): void {
    const node = source.kind === "alias" ? source.target : source;
    if (node.kind === "sequence" && source.kind !== "alias") {
      for (const item of node.items) {
        if (item.kind === "sequence") throw new ValueError("only mappings can be merged", item);
        this.#merge(item, object, position);
      }
      return;
    }
    if (node.kind !== "mapping") throw new ValueError("only mappings can be merged", source);
    const mapping = this.read(node, position) as JsonObject;
    for (const [key, value] of mapping) if (!object.has(key)) object.set(key, value);
  }
}

/** `<<` without quotes merges what it maps to, as in YAML 1.1. */
export function isMergeKey({ text, style, tag }: YamlScalar): boolean {
  return text === "<<" && style === "plain" && tag === undefined;
}

function readScalar(node: YamlScalar, { scalar }: Position): Json {
  const { text } = node;
  if (scalar === "text") return text;
  const value = readScalarByLooks(node);
  return scalar === "textUnlessNull" && value !== null ? text : value;
}

/** What Go's reader makes of a scalar; a date stays a string there too. */
export function readScalarByLooks(node: YamlScalar): Exclude<Json, object> | null {
  const { text, style, tag } = node;
  if (tag === undefined ? style !== "plain" : tag === "!!str" || tag === "!") return text;
  const resolved = resolvePlain(text);
  if (tag !== undefined && tag !== resolved.tag) {
    if (tag === "!!float" && typeof resolved.value === "bigint") return Number(resolved.value);
    throw new ValueError(`${JSON.stringify(text)} is no ${tag.slice(2)}`, node);
  }
  if (typeof resolved.value === "number" && !Number.isFinite(resolved.value)) {
    throw new ValueError(`${text} is a number that JSON does not have`, node);
  }
  return resolved.value;
}

function checkTag(node: YamlNode, tag: string): void {
  if (node.tag !== undefined && node.tag !== tag) throw new ValueError(`a ${node.kind} is no ${node.tag}`, node);
}
