/**
 * Whether two readings of one template's output have the same structure: the one with what was printed, the other with words
 * in its place. Only the scalars that hold such a word may differ, what was printed must lie within just that scalar, and the
 * template's own text in it must be the same.
 */
import type { PrintedRange } from "../../model/template.ts";
import type { YamlNode, YamlScalar } from "../yaml/node.ts";
import { contentStart, type PlaceholderText, type Span, trimSpan, valueSpan } from "./placeholders.ts";
import { comparableText, templateText } from "./template-text.ts";

/** What was printed, and what it was read as; scalars know the origins of their text. */
export interface Reading {
  readonly text: string;
  readonly documents: readonly (YamlNode | undefined)[];
}

/** Whether the documents correspond. Ranges without a placeholder count as the template's. */
export function haveSameStructure(
  printed: Reading,
  ranges: readonly PrintedRange[],
  reference: Reading & Pick<PlaceholderText, "placeholders">,
): boolean {
  if (printed.documents.length !== reference.documents.length) return false;
  const comparison = new Comparison(printed.text, ranges, reference);
  return (
    reference.documents.every((node, index) => comparison.matches(printed.documents[index], node)) &&
    comparison.isRestOutside()
  );
}

class Comparison {
  readonly #text: string;
  readonly #referenceText: string;
  /** Of the ranges with a word in their place: where the value is printed, without blanks around it, and where the word is. */
  readonly #values: Span[] = [];
  readonly #trimmed: Span[] = [];
  readonly #words: Span[] = [];
  /** The first of them that no scalar so far has held. */
  #next = 0;
  /** Where the last scalar ended in the printed text. */
  #end = 0;
  /** Of the values outside of scalars since then: where the last one ends. */
  #outsideEnd = 0;

  constructor(
    text: string,
    ranges: readonly PrintedRange[],
    reference: Reading & Pick<PlaceholderText, "placeholders">,
  ) {
    this.#text = text;
    this.#referenceText = reference.text;
    for (let index = 0; index < ranges.length; index++) {
      const word = reference.placeholders[index];
      if (word === undefined) continue;
      const value = valueSpan(ranges[index]!);
      this.#values.push(value);
      this.#trimmed.push(trimSpan(text, value));
      this.#words.push(word);
    }
  }

  matches(printed: YamlNode | undefined, reference: YamlNode | undefined): boolean {
    if (printed === undefined || reference === undefined) return printed === reference;
    if (printed.anchor !== reference.anchor || printed.tag !== reference.tag) return false;
    switch (reference.kind) {
      case "scalar":
        return printed.kind === "scalar" && this.#matchScalars(printed, reference);
      case "alias":
        return printed.kind === "alias" && printed.name === reference.name && this.#passes(printed, reference);
      case "sequence": {
        if (printed.kind !== "sequence" || printed.items.length !== reference.items.length) return false;
        return reference.items.every((item, index) => this.matches(printed.items[index], item));
      }
      case "mapping": {
        if (printed.kind !== "mapping" || printed.keys.length !== reference.keys.length) return false;
        return reference.keys.every(
          (key, index) =>
            this.matches(printed.keys[index], key) && this.matches(printed.values[index], reference.values[index]),
        );
      }
    }
  }

  /** Whether the values behind the last scalar are outside of all. */
  isRestOutside(): boolean {
    return this.#skipOutside(Number.POSITIVE_INFINITY);
  }

  #matchScalars(printed: YamlScalar, reference: YamlScalar): boolean {
    const start = contentStart(this.#text, printed);
    if (!this.#skipOutside(contentStart(this.#referenceText, reference)) || this.#outsideEnd > start) return false;
    const first = this.#next;
    while (this.#next < this.#words.length && this.#words[this.#next]!.start < reference.end) {
      const trimmed = this.#trimmed[this.#next++]!;
      if (trimmed.start < trimmed.end && (trimmed.start < start || trimmed.end > printed.end)) return false;
    }
    this.#end = Math.max(this.#end, printed.end);
    if (first === this.#next) return printed.text === reference.text && printed.style === reference.style;
    return this.#keepsTemplateText(printed, reference, first) && !(isMergeText(printed) && !isMergeText(reference));
  }

  /** Whether the template's own text in a scalar with values, from the `first` one on, is what it is without them. */
  #keepsTemplateText(printed: YamlScalar, reference: YamlScalar, first: number): boolean {
    const areBlank = this.#trimmed.slice(first, this.#next).map(isEmpty);
    const own = comparableText(templateText(printed, this.#values.slice(first, this.#next)), printed, areBlank);
    const wanted = comparableText(templateText(reference, this.#words.slice(first, this.#next)), reference, areBlank);
    if (own !== wanted) return false;
    // A scalar that is all value may have the value's quotes.
    return printed.style === reference.style || wanted === "";
  }

  #passes(printed: Span, reference: Span): boolean {
    const isOutside = this.#skipOutside(reference.start) && this.#outsideEnd <= printed.start;
    this.#end = Math.max(this.#end, printed.end);
    return isOutside;
  }

  /**
   * Goes over the values whose words stand before `referenceStart`, outside of all scalars: in comments. What was printed
   * must then be outside, too.
   */
  #skipOutside(referenceStart: number): boolean {
    this.#outsideEnd = 0;
    for (; this.#next < this.#words.length && this.#words[this.#next]!.end <= referenceStart; this.#next++) {
      const { start, end } = this.#trimmed[this.#next]!;
      if (start < end && start < this.#end) return false;
      if (start < end) this.#outsideEnd = end;
    }
    return true;
  }
}

function isEmpty({ start, end }: Span): boolean {
  return start === end;
}

function isMergeText({ text, style }: YamlScalar): boolean {
  return text === "<<" && style === "plain";
}
