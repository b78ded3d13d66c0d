/** Tells what is wrong with an object, each fault at the place in the template that printed it. */
import type { ErrorCode, Place, Problem, SourcePlace } from "../../model/problem.ts";
import type { PrintedRange, RenderedText, TemplateSource } from "../../model/template.ts";
import { findAllPrinted, findPrinted, placeOfOutput, quoteValue } from "../output-place.ts";
import { placeInSource } from "../template-place.ts";
import { withoutExcerpt } from "../without-quotes.ts";
import type { YamlNode, YamlScalar } from "../yaml/node.ts";
import { nodeAt } from "./find-objects.ts";
import { OwnDocuments } from "./own-documents.ts";

/** Further ones help nobody, and finding the places of thousands takes long. */
const problemsMax = 20;

export class ObjectReport {
  readonly problems: Problem[] = [];
  readonly #rendered: RenderedText;
  readonly #source: TemplateSource;
  readonly #isConfidential: boolean;
  readonly #own: OwnDocuments;
  /** Whether values of the object that is being read may be quoted; set anew for each object. */
  #quotes = true;
  #isSecret = false;

  /** `own`: documents of the config folder, which are no event's although an action prints them. */
  constructor(
    rendered: RenderedText,
    source: TemplateSource,
    isConfidential = source.confidential === true,
    own = new OwnDocuments(),
  ) {
    this.#own = own;
    this.#rendered = rendered;
    this.#source = source;
    this.#isConfidential = isConfidential;
  }

  /** Begins another object. Nothing that a Secret holds is ever quoted. */
  begin(isSecret: boolean): void {
    this.#isSecret = isSecret;
    this.#quotes = !isSecret && !this.#isConfidential;
  }

  /** A Secret's template may have it in clear. */
  #shown(at: Place): Place {
    return this.#isSecret ? withoutExcerpt(at) : at;
  }

  get quotes(): boolean {
    return this.#quotes;
  }

  /** A value as a message may show it. */
  quote(value: string): string {
    return this.#quotes ? quoteValue(value) : "(not shown)";
  }

  #errors = 0;

  /** Whether further errors are left out. */
  get isFull(): boolean {
    return this.#errors >= problemsMax;
  }

  /** An error at a node: where a value in it was printed, else where it is written. */
  addAt(code: ErrorCode, node: YamlNode, message: string, hint?: string): void {
    if (this.isFull) return;
    this.#add(code, message, placeOfOutput(this.#rendered, this.#source, node.start, node.end), hint);
  }

  /** An error at the member of `object` that a path of keys names, or at as much of the path as there is. */
  addAtPath(code: ErrorCode, object: YamlNode, path: readonly string[], message: string, hint?: string): void {
    if (this.isFull) return;
    const node = nodeAt(object, path);
    // A collection is told by where it begins, or its first value would take the blame.
    if (node.kind === "scalar") this.addAt(code, node, message, hint);
    else this.#add(code, message, placeOfOutput(this.#rendered, this.#source, node.start), hint);
  }

  /** A warning at the member that a path names: the object is taken all the same. */
  warnAtPath(code: ErrorCode, object: YamlNode, path: readonly string[], message: string, hint?: string): void {
    if (this.problems.length - this.#errors >= problemsMax) return;
    const node = nodeAt(object, path);
    const end = node.kind === "scalar" ? node.end : node.start;
    this.problems.push({
      code,
      severity: "warning",
      message,
      at: this.#shown(placeOfOutput(this.#rendered, this.#source, node.start, end)),
      ...(hint === undefined ? {} : { hint }),
    });
  }

  /** An error of what is set from outside the template. */
  addOutside(code: ErrorCode, message: string): void {
    if (!this.isFull) this.#add(code, message, startOf(this.#source));
  }

  /** What another report found of the same object. */
  adopt(problems: readonly Problem[]): void {
    this.#errors += problems.filter(({ severity }) => severity === "error").length;
    this.problems.push(...problems);
  }

  get errors(): number {
    return this.#errors;
  }

  /** What printed a part of the node, if anything did. */
  printedIn(node: YamlNode): PrintedRange | undefined {
    if (this.#rendered.printed.length === 0 || node.start === node.end) return undefined;
    const range = findPrinted(this.#rendered, node.start, node.end);
    return range !== undefined && this.#own.isUnchanged(range) ? undefined : range;
  }

  /**
   * Whether anything that printed a part of the node may have printed what an event says: not where each action names
   * nothing but fields of the root's `.Cluster`, in a template in which a dot always means the root and nothing changes it.
   */
  isPrintedByEvent(node: YamlNode): boolean {
    if (node.start === node.end) return false;
    const { text } = this.#source;
    return findAllPrinted(this.#rendered, node.start, node.end).some((range) => {
      if (this.#own.isUnchanged(range)) return false;
      const action = text.slice(range.at, text.indexOf("}}", range.at)).replace(/^\{\{-?/, "");
      return !clusterAction.test(action) || movesDot.test(text) || changesData.test(text);
    });
  }

  /** Whether a key below `path` was printed, and not as one of a document of the config folder. */
  isKeyPrinted(key: YamlScalar, path: readonly string[]): boolean {
    const range = this.printedIn(key);
    return range !== undefined && !this.#own.hasKey(range, path, key.text);
  }

  get start(): SourcePlace {
    return startOf(this.#source);
  }

  #add(code: ErrorCode, message: string, at: SourcePlace, hint?: string): void {
    this.#errors++;
    this.problems.push({
      code,
      severity: "error",
      message,
      at: this.#shown(at),
      ...(hint === undefined ? {} : { hint }),
    });
  }
}

/** `.Cluster.metadata.labels.channel | default "stable" | quote`: one field, and functions of literals behind it. */
const clusterAction =
  /^\s*\$?\.Cluster(?:\.[A-Za-z_][A-Za-z0-9_]*)+(?:\s*\|\s*[A-Za-z]+(?:\s+(?:"[^"\\]*"|[0-9]+))*)*\s*-?$/;

/** After these a dot, or a variable, may be something else than the root. */
const movesDot = /\{\{-?\s*(?:with|range|define|block|template|#|\$)/;
/** Functions that change a dict which they are given. */
const changesData = /\b(?:set|unset|setField|removeField|(?:m|mustM)erge(?:Overwrite)?)\s+[.$(]/;

const starts = new WeakMap<TemplateSource, SourcePlace>();

function startOf(source: TemplateSource): SourcePlace {
  let start = starts.get(source);
  if (start === undefined) {
    start = placeInSource(source, 0);
    starts.set(source, start);
  }
  return start;
}
