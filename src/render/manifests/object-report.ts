/** Tells what is wrong with an object, each fault at the place in the template that printed it. */
import type { ErrorCode, Problem, SourcePlace } from "../../model/problem.ts";
import type { PrintedRange, RenderedText, TemplateSource } from "../../model/template.ts";
import { findPrinted, placeOfOutput } from "../output-place.ts";
import { placeInSource } from "../template-place.ts";
import type { YamlNode } from "../yaml/node.ts";
import { nodeAt } from "./find-objects.ts";

/** Further ones help nobody, and finding the places of thousands takes long. */
const problemsMax = 20;

export class ObjectReport {
  readonly problems: Problem[] = [];
  readonly #rendered: RenderedText;
  readonly #source: TemplateSource;

  constructor(rendered: RenderedText, source: TemplateSource) {
    this.#rendered = rendered;
    this.#source = source;
  }

  /** Whether further problems are left out. */
  get isFull(): boolean {
    return this.problems.length >= problemsMax;
  }

  /** An error at a node: where a value in it was printed, else where it is written. */
  addAt(code: ErrorCode, node: YamlNode, message: string): void {
    if (this.isFull) return;
    this.#add(code, message, placeOfOutput(this.#rendered, this.#source, node.start, node.end));
  }

  /** An error at the member of `object` that a path of keys names, or at as much of the path as there is. */
  addAtPath(code: ErrorCode, object: YamlNode, path: readonly string[], message: string): void {
    if (this.isFull) return;
    const node = nodeAt(object, path);
    // A collection is told by where it begins, or its first value would take the blame.
    if (node.kind === "scalar") this.addAt(code, node, message);
    else this.#add(code, message, placeOfOutput(this.#rendered, this.#source, node.start));
  }

  /** An error of what is set from outside the template. */
  addOutside(code: ErrorCode, message: string): void {
    if (!this.isFull) this.#add(code, message, startOf(this.#source));
  }

  /** What printed a part of the node, if anything did. */
  printedIn(node: YamlNode): PrintedRange | undefined {
    if (this.#rendered.printed.length === 0 || node.start === node.end) return undefined;
    return findPrinted(this.#rendered, node.start, node.end);
  }

  get start(): SourcePlace {
    return startOf(this.#source);
  }

  #add(code: ErrorCode, message: string, at: SourcePlace): void {
    this.problems.push({ code, severity: "error", message, at });
  }
}

const starts = new WeakMap<TemplateSource, SourcePlace>();

function startOf(source: TemplateSource): SourcePlace {
  let start = starts.get(source);
  if (start === undefined) {
    start = placeInSource(source, 0);
    starts.set(source, start);
  }
  return start;
}
