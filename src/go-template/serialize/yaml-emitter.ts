/**
 * Writes values as one YAML document, byte for byte as the two go-yaml libraries do that Sveltos uses: v2 below toYaml,
 * v3 below copy, setField and removeField.
 *
 * Both carry libyaml's emitter, which here is a walk over the value instead of a queue of events. Collections are in
 * block style unless empty. What the values are beyond JSON's types, and how their scalars look, the
 * {@link YamlDialect} says.
 */
import { sortTexts } from "../compare.ts";
import { type Budget, GrowthMeter, NestingError, nestingMax } from "./limits.ts";
import { compareKeysV2, compareKeysV3 } from "./yaml-key-order.ts";
import { YamlLineWriter } from "./yaml-line-writer.ts";
import { resolvePlain } from "./yaml-resolve.ts";
import { analyzeScalar, type ScalarAnalysis } from "./yaml-scalar.ts";

/** A scalar whose text is written plain whatever it looks like: a number, a timestamp. */
export class PlainScalar {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** What the emitter writes. */
export type YamlValue =
  | null
  | boolean
  | string
  | bigint
  | PlainScalar
  | readonly unknown[]
  | ReadonlyMap<string, unknown>;

export interface YamlDialect {
  readonly version: 2 | 3;
  /** Turns whatever a collection holds, or the root is, into what the emitter writes. */
  view(value: unknown): YamlValue;
  /** A string as it reaches the emitter; `tag` is written before it. */
  viewText(text: string, isKey: boolean): { readonly text: string; readonly tag?: string };
}

/** Where a node stands: in a list, as a key on one line, or elsewhere. */
type NodePlace = "item" | "simple-key" | "other";

const simpleKeyBytesMax = 128;

/** The document, ending in a line break. Throws a {@link NestingError}. */
export function emitYaml(root: unknown, dialect: YamlDialect, budget: Budget): string {
  const emitter = new YamlEmitter(dialect, budget);
  emitter.emitNode(dialect.view(root), "other", false, 0);
  emitter.finish();
  return emitter.writer.out;
}

class YamlEmitter {
  readonly writer: YamlLineWriter;
  private readonly dialect: YamlDialect;
  private readonly budget: Budget;
  private readonly growth: GrowthMeter;
  private readonly isV3: boolean;
  private readonly step: number;
  private readonly compareKeys: (left: string, right: string) => number;

  constructor(dialect: YamlDialect, budget: Budget) {
    this.dialect = dialect;
    this.budget = budget;
    this.growth = new GrowthMeter(budget);
    this.isV3 = dialect.version === 3;
    this.step = this.isV3 ? 4 : 2;
    this.writer = new YamlLineWriter(this.isV3 ? Number.POSITIVE_INFINITY : 80, this.isV3);
    this.compareKeys = this.isV3 ? compareKeysV3 : compareKeysV2;
  }

  finish(): void {
    this.writer.writeIndent();
  }

  emitNode(value: YamlValue, place: NodePlace, inMapping: boolean, depth: number): void {
    this.growth.note(this.writer.out.length);
    if (typeof value === "string") this.emitText(value, place);
    else if (value === null) this.writer.writeWord("null");
    else if (typeof value !== "object") this.writer.writeWord(value.toString());
    else if (value instanceof PlainScalar) this.writer.writeWord(value.text);
    else if (value instanceof Map) this.emitMapping(value, place, depth);
    else this.emitSequence(value as readonly unknown[], place, inMapping, depth);
  }

  private emitMapping(entries: ReadonlyMap<string, unknown>, place: NodePlace, depth: number): void {
    if (entries.size === 0) {
      this.emitEmpty("{", "}");
      return;
    }
    const { writer, dialect } = this;
    this.account(entries.size, depth);
    const outer = this.increaseIndent(place, false, false);
    for (const key of this.sortKeys(entries)) {
      const value = dialect.view(entries.get(key));
      writer.writeIndent();
      if (this.emitKey(key)) {
        writer.writeIndicator(":", false, false, false);
      } else {
        writer.writeIndent();
        writer.writeIndicator(":", true, false, true);
      }
      this.emitNode(value, "other", true, depth + 1);
    }
    writer.indent = outer;
  }

  private sortKeys(entries: ReadonlyMap<string, unknown>): readonly string[] {
    return sortTexts([...entries.keys()], this.compareKeys);
  }

  private emitSequence(items: readonly unknown[], place: NodePlace, inMapping: boolean, depth: number): void {
    if (items.length === 0) {
      this.emitEmpty("[", "]");
      return;
    }
    const { writer, dialect } = this;
    this.account(items.length, depth);
    // v2 does not indent a list that is a key's value on the next line.
    const outer = this.increaseIndent(place, false, !this.isV3 && inMapping && !writer.indention);
    for (const item of items) {
      writer.writeIndent();
      writer.writeIndicator("-", true, false, true);
      this.emitNode(dialect.view(item), "item", false, depth + 1);
    }
    writer.indent = outer;
  }

  private account(count: number, depth: number): void {
    if (depth >= nestingMax) throw new NestingError();
    this.budget.chargeItems(count);
  }

  private emitEmpty(open: string, close: string): void {
    this.writer.writeIndicator(open, true, true, false);
    this.writer.writeIndicator(close, false, false, false);
  }

  /** Emits a key; `false` where it takes more than a line, or is long, and stands behind a `?`. */
  private emitKey(key: string): boolean {
    if (plainWord.test(key)) {
      this.writer.writeWord(key);
      return true;
    }
    const { text, tag } = this.dialect.viewText(key, true);
    const analysis = analyzeScalar(text, !this.isV3);
    const bytes = (text.length * 3 <= simpleKeyBytesMax ? text.length : Buffer.byteLength(text)) + (tag?.length ?? 0);
    const isSimple = !analysis.multiline && bytes <= simpleKeyBytesMax;
    if (!isSimple) this.writer.writeIndicator("?", true, false, true);
    this.writeScalar(text, tag, analysis, isSimple ? "simple-key" : "other");
    return isSimple;
  }

  private emitText(value: string, place: NodePlace): void {
    if (plainWord.test(value)) {
      this.writer.writeWord(value);
      return;
    }
    const { text, tag } = this.dialect.viewText(value, false);
    this.writeScalar(text, tag, analyzeScalar(text, !this.isV3), place);
  }

  private writeScalar(text: string, tag: string | undefined, analysis: ScalarAnalysis, place: NodePlace): void {
    const { writer } = this;
    if (tag !== undefined) writer.writeWord(tag);
    const outer = this.increaseIndent(place, true, false);
    const isKey = place === "simple-key";
    if (text.includes("\n")) {
      if (analysis.literalAllowed && !isKey) writer.writeLiteral(text, this.step);
      else writer.writeDoubleQuoted(text, !isKey);
    } else if (tag === undefined && !this.staysString(text)) {
      writer.writeDoubleQuoted(text, !isKey);
    } else if (analysis.plainAllowed) {
      writer.writePlain(text, !isKey);
    } else if (analysis.singleQuotedAllowed) {
      writer.writeSingleQuoted(text, !isKey);
    } else {
      writer.writeDoubleQuoted(text, !isKey);
    }
    writer.indent = outer;
  }

  /** Whether a plain scalar of this text is read as a string, by YAML 1.1 in all its dialects. */
  private staysString(text: string): boolean {
    if (!suspicious.test(text)) return true;
    if (resolvePlain(text).tag !== "!!str" || base60Number.test(text)) return false;
    return !(this.isV3 && inlySignedOctal.test(text.replaceAll("_", "")));
  }

  /** Goes one level deeper and returns the indentation to come back to. */
  private increaseIndent(place: NodePlace, isFlow: boolean, indentless: boolean): number {
    const { writer, step } = this;
    const outer = writer.indent;
    if (outer < 0) writer.indent = isFlow ? step : 0;
    else if (indentless) writer.indent = outer;
    else if (!this.isV3) writer.indent = outer + step;
    // v3 aligns to multiples of its step, except behind the `- ` of a list.
    else writer.indent = place === "item" ? outer + 2 : step * Math.floor((outer + step) / step);
    return outer;
  }
}

/** Most keys and many texts: strings to every reader, which need no analysis and are never folded. */
const plainWord = /^[a-eg-mp-su-xzA-EG-MP-SU-XZ_/][\w./@+=-]{0,80}$/;
/** What could be something else than a string: numbers, dates and the known words. */
const suspicious = /^(?:[-+.0-9]|[~yYnNtTfFoO].{0,4}$|$)/;
const base60Number = /^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?$/;
/** Octals that only v3 takes for numbers. */
const inlySignedOctal = /^0o[-+][0-7]+$/;
