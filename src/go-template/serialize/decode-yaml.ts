/**
 * From YAML nodes to values, as go-yaml v2 decodes into an interface{}: tags resolved, aliases expanded, `<<` merged.
 */
import { decodeBytes } from "../bytes.ts";
import { compareStrings } from "../compare.ts";
import { formatFloat } from "../numbers.ts";
import { quoteGo } from "../quote.ts";
import { type Budget, nestingMax } from "./limits.ts";
import { YamlError } from "./yaml-cursor.ts";
import type { YamlMapping, YamlNode, YamlScalar } from "./yaml-node.ts";
import { parseYamlNodes, parseYamlStream } from "./yaml-parser.ts";
import { type ResolvedScalar, resolvePlain } from "./yaml-resolve.ts";

export type YamlScalarValue = ResolvedScalar["value"];
/** An integer is a bigint, a float a number. A mapping's keys are scalars of any type, null included. */
export type YamlData = YamlScalarValue | YamlData[] | Map<YamlScalarValue, YamlData>;

/** Decodes the first document; null where there is none. Throws a {@link YamlError}. */
export function decodeYaml(text: string, budget: Budget): YamlData {
  budget.chargeBytes(text.length);
  const root = parseYamlNodes(text);
  return root === undefined ? null : new YamlDecoder(budget).decode(root);
}

/** The same of every document; those in which nothing stands are left out. */
export function decodeYamlStream(text: string, budget: Budget): YamlData[] {
  budget.chargeBytes(text.length);
  return parseYamlStream(text).flatMap((root) => (root === undefined ? [] : [new YamlDecoder(budget).decode(root)]));
}

/** Collections and aliases within each other. */
const depthMax = 2 * nestingMax;

class YamlDecoder {
  private readonly budget: Budget;
  private decoded = 0;
  private decodedFromAliases = 0;
  private aliasDepth = 0;
  private depth = 0;
  private readonly openAliases = new Set<YamlNode>();

  constructor(budget: Budget) {
    this.budget = budget;
  }

  decode(node: YamlNode): YamlData {
    this.count();
    if (node.kind === "scalar") return decodeScalar(node);
    // Aliases can nest deeper than the text does.
    if (++this.depth > depthMax) throw new YamlError(`exceeded max depth of ${depthMax}`);
    const value = this.decodeNested(node);
    this.depth--;
    return value;
  }

  private decodeNested(node: Exclude<YamlNode, YamlScalar>): YamlData {
    switch (node.kind) {
      case "sequence":
        this.budget.chargeItems(node.items.length);
        return node.items.map((item) => this.decode(item));
      case "mapping":
        return this.decodeMapping(node, new Map());
      case "alias":
        return this.expand(node, () => this.decode(node.target));
    }
  }

  /** Small texts that expand without end are refused in the library's own measure. */
  private count(): void {
    this.decoded++;
    if (this.aliasDepth > 0) this.decodedFromAliases++;
    const share = this.decodedFromAliases / this.decoded;
    if (this.decodedFromAliases > 100 && this.decoded > 1000 && share > allowedAliasShare(this.decoded)) {
      throw new YamlError("document contains excessive aliasing");
    }
  }

  private expand<T>(alias: YamlNode & { kind: "alias" }, decode: () => T): T {
    if (this.openAliases.has(alias)) throw new YamlError(`anchor '${alias.name}' value contains itself`);
    this.openAliases.add(alias);
    this.aliasDepth++;
    const value = decode();
    this.aliasDepth--;
    this.openAliases.delete(alias);
    return value;
  }

  private decodeMapping({ keys, values }: YamlMapping, into: Map<YamlScalarValue, YamlData>): typeof into {
    this.budget.chargeItems(keys.length);
    for (let index = 0; index < keys.length; index++) {
      const keyNode = keys[index]!;
      const valueNode = values[index]!;
      if (isMerge(keyNode)) {
        this.merge(valueNode, into);
        continue;
      }
      const key = this.decode(keyNode);
      if (key !== null && typeof key === "object") throw new YamlError(`invalid map key: ${goSyntax(key)}`);
      into.set(key, this.decode(valueNode));
    }
    return into;
  }

  /** What is merged overrides what stands before it, and of a list earlier mappings take precedence. */
  private merge(node: YamlNode, into: Map<YamlScalarValue, YamlData>): void {
    const sources = node.kind === "sequence" ? node.items.toReversed() : [node];
    for (const source of sources) {
      const target = source.kind === "alias" ? source.target : source;
      if (target.kind !== "mapping") throw new YamlError("map merge requires map or sequence of maps as the value");
      this.count();
      if (source.kind === "alias") {
        this.expand(source, () => {
          this.count();
          this.decodeMapping(target, into);
        });
      } else {
        this.decodeMapping(target, into);
      }
    }
  }
}

function allowedAliasShare(decoded: number): number {
  const low = 400_000;
  const high = 4_000_000;
  if (decoded <= low) return 0.99;
  if (decoded >= high) return 0.1;
  return 0.99 - 0.89 * ((decoded - low) / (high - low));
}

function isMerge(node: YamlNode): boolean {
  if (node.kind !== "scalar" || node.text !== "<<") return false;
  return node.tag === undefined ? node.style === "plain" : node.tag === "!" || node.tag === "!!merge";
}

const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

function decodeScalar({ tag, text, style }: YamlScalar): YamlScalarValue {
  if (tag === undefined) return style === "plain" ? resolvePlain(text).value : text;
  switch (tag) {
    case "!!binary": {
      const digits = text.replace(/[\r\n]/g, "");
      if (!base64.test(digits)) throw new YamlError("!!binary value contains invalid base64 data");
      return decodeBytes(Buffer.from(digits, "base64"));
    }
    case "!!null":
    case "!!bool":
    case "!!int":
    case "!!float":
    case "!!timestamp":
      return resolveAs(tag, text);
    default:
      return text;
  }
}

function resolveAs(tag: string, text: string): YamlScalarValue {
  // Only an untagged scalar and a !!timestamp are tried as a timestamp, which 2001-01-01 then is instead of a string.
  const { tag: found, value } = resolvePlain(text);
  if (found === tag) return value;
  if (tag === "!!float" && typeof value === "bigint" && value <= maxInt64) return Number(value);
  const shown = found === "!!timestamp" ? "!!str" : found;
  throw new YamlError(`cannot decode ${shown} \`${text}\` as a ${tag}`);
}

const maxInt64 = 2n ** 63n - 1n;

/** A value as Go's `%#v` shows it, for errors. */
export function goSyntax(value: YamlData): string {
  if (value === null) return "interface {}(nil)";
  switch (typeof value) {
    case "string":
      return quoteGo(value);
    case "boolean":
      return String(value);
    case "bigint":
      return value > maxInt64 ? `0x${value.toString(16)}` : String(value);
    case "number": {
      const size = Math.abs(value);
      return formatFloat(value, size === 0 || (size >= 1e-4 && size < 1e21) ? "f" : "e", -1);
    }
  }
  if (Array.isArray(value)) return `[]interface {}{${value.map(goSyntax).join(", ")}}`;
  const sorted = [...value].sort(([left], [right]) => compareKeys(left, right));
  const members = sorted.map(([key, member]) => `${goSyntax(key)}:${goSyntax(member)}`);
  return `map[interface {}]interface {}{${members.join(", ")}}`;
}

/** Keys of different types Go orders by where their types lie in memory; those of one type by value. */
function compareKeys(left: YamlScalarValue, right: YamlScalarValue): number {
  if (left === null || right === null || typeof left !== typeof right) return 0;
  if (typeof left === "string") return compareStrings(left, right as string);
  return left < right ? -1 : 1;
}
