/**
 * Whether two readings of one template's output have the same structure: the one with what was printed, the other with words
 * in its place. Only the scalars that hold such a word may differ, and what was printed must lie within just that scalar.
 */
import type { PrintedRange } from "../../model/template.ts";
import type { YamlNode, YamlScalar } from "../yaml/node.ts";
import { isBlockScalar, type Placeholder, trimRange } from "./placeholders.ts";

interface Span {
  readonly start: number;
  readonly end: number;
}

/** Whether the documents correspond. `text` is what was printed; ranges without a placeholder count as literal. */
export function haveSameStructure(
  text: string,
  ranges: readonly PrintedRange[],
  placeholders: readonly (Placeholder | undefined)[],
  printed: readonly (YamlNode | undefined)[],
  reference: readonly (YamlNode | undefined)[],
): boolean {
  if (printed.length !== reference.length) return false;
  const comparison = new Comparison(text, ranges, placeholders);
  return reference.every((node, index) => comparison.matches(printed[index], node)) && comparison.isRestOutside();
}

class Comparison {
  readonly #text: string;
  readonly #ranges: readonly PrintedRange[];
  readonly #placeholders: readonly (Placeholder | undefined)[];
  /** The first range that no scalar so far has held. */
  #next = 0;
  /** Where the last scalar ended in the printed text. */
  #end = 0;
  /** Of the ranges outside of scalars since then: where the last one ends. */
  #outsideEnd = 0;

  constructor(text: string, ranges: readonly PrintedRange[], placeholders: readonly (Placeholder | undefined)[]) {
    this.#text = text;
    this.#ranges = ranges;
    this.#placeholders = placeholders;
  }

  matches(printed: YamlNode | undefined, reference: YamlNode | undefined): boolean {
    if (printed === undefined || reference === undefined) return printed === reference;
    if (printed.anchor !== reference.anchor || printed.tag !== reference.tag) return false;
    switch (reference.kind) {
      case "scalar":
        return printed.kind === "scalar" && this.#matchScalars(printed, reference, false);
      case "alias":
        return printed.kind === "alias" && printed.name === reference.name && this.#passes(printed, reference);
      case "sequence": {
        if (printed.kind !== "sequence" || printed.items.length !== reference.items.length) return false;
        return reference.items.every((item, index) => this.matches(printed.items[index], item));
      }
      case "mapping": {
        if (printed.kind !== "mapping" || printed.keys.length !== reference.keys.length) return false;
        for (let index = 0; index < reference.keys.length; index++) {
          if (!this.#matchKeys(printed.keys[index]!, reference.keys[index]!)) return false;
          if (!this.matches(printed.values[index], reference.values[index])) return false;
        }
        return true;
      }
    }
  }

  /** Whether the ranges behind the last scalar are outside of all. */
  isRestOutside(): boolean {
    return this.#skipOutside(Number.POSITIVE_INFINITY);
  }

  #matchKeys(printed: YamlScalar, reference: YamlScalar): boolean {
    const isMarkedAlike = printed.anchor === reference.anchor && printed.tag === reference.tag;
    return isMarkedAlike && this.#matchScalars(printed, reference, true);
  }

  #matchScalars(printed: YamlScalar, reference: YamlScalar, isKey: boolean): boolean {
    if (!this.#skipOutside(reference.start) || this.#outsideEnd > printed.start) return false;
    let held = 0;
    for (; this.#next < this.#ranges.length; this.#next++) {
      const placeholder = this.#placeholders[this.#next];
      const range = this.#ranges[this.#next]!;
      if (placeholder === undefined) {
        if (range.start >= printed.end) break;
        continue;
      }
      if (placeholder.start >= reference.end) break;
      const { start, end } = trimRange(this.#text, range);
      if (start < end && (start < printed.start || end > printed.end)) return false;
      if (placeholder.isIndented && (isKey || isBlockScalar(printed) !== isBlockScalar(reference))) return false;
      held++;
    }
    this.#end = printed.end;
    if (held > 0) return !(isMergeText(printed) && !isMergeText(reference));
    return printed.text === reference.text && printed.style === reference.style;
  }

  #passes(printed: Span, reference: Span): boolean {
    const isOutside = this.#skipOutside(reference.start) && this.#outsideEnd <= printed.start;
    this.#end = printed.end;
    return isOutside;
  }

  /**
   * Goes over the ranges whose words stand before `referenceStart`, outside of all scalars: in comments. What was printed
   * must then be outside, too.
   */
  #skipOutside(referenceStart: number): boolean {
    this.#outsideEnd = 0;
    for (; this.#next < this.#ranges.length; this.#next++) {
      const placeholder = this.#placeholders[this.#next];
      if (placeholder === undefined) continue;
      if (placeholder.end > referenceStart) break;
      const { start, end } = trimRange(this.#text, this.#ranges[this.#next]!);
      if (placeholder.isIndented || (start < end && start < this.#end)) return false;
      if (start < end) this.#outsideEnd = end;
    }
    return true;
  }
}

function isMergeText({ text, style }: YamlScalar): boolean {
  return text === "<<" && style === "plain";
}
