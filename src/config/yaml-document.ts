/**
 * YAML and JSON as people wrote it: the value, and for every part of it the place in the file.
 *
 * Files may hold secrets, so a document that is or may be a Secret is `confidential`: no line of it is ever quoted.
 */
import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseAllDocuments,
  type Scalar,
  visit,
} from "yaml";
import { isJsonObject, type Json, type JsonObject, writeJson } from "../model/json.ts";
import { type ErrorCode, isSourcePlace, type Problem, type SourcePlace } from "../model/problem.ts";
import type { TemplateSource } from "../model/template.ts";

/** Keys and indexes from the root of a document. */
export type Path = readonly (string | number)[];

/** A text that stands inside another document, such as the JSON in a Secret: its problems are placed at its holder. */
export interface Holder {
  readonly place: SourcePlace;
  readonly part: string;
}

export interface YamlOrigin {
  readonly file: string;
  readonly holder?: Holder;
  /** Never quote a line of it. */
  readonly confidential?: boolean;
}

/** How many nodes aliases may add to a document before it counts as an attack. */
const aliasNodesMax = 10_000;

/** Problems are kept with records, so what they quote has a bound. */
const excerptLengthMax = 1000;

/** What the documents of one file have in common. */
interface YamlFile {
  readonly origin: YamlOrigin;
  readonly text: string;
  readonly lines: readonly string[];
  readonly lineCounter: LineCounter;
  /** Whether the word stands anywhere in the text. */
  readonly mentionsSecret: boolean;
}

/** A document, or a part of one that is a document of its own. */
interface YamlPart {
  readonly file: YamlFile;
  readonly node: Document;
  /** Where in the node it is. */
  readonly base: Path;
  readonly start: number;
  readonly text: string;
  readonly value: Json;
  readonly isConfidential: boolean;
  readonly syntaxErrors: readonly Problem[];
}

/** One document of a YAML stream. With syntax errors, `value` is what could be made of it. */
export class YamlDocument {
  readonly origin: YamlOrigin;
  /** The document's own text, without its `---`. */
  readonly text: string;
  readonly value: Json;
  readonly syntaxErrors: readonly Problem[];
  readonly #part: YamlPart;
  readonly #file: YamlFile;

  constructor(part: YamlPart) {
    this.#part = part;
    this.#file = part.file;
    this.origin = part.file.origin;
    this.text = part.text;
    this.value = part.value;
    this.syntaxErrors = part.syntaxErrors;
  }

  static of(node: Document, file: YamlFile): YamlDocument {
    const [start, , end] = node.range ?? [0, 0, file.text.length];
    let failure: unknown;
    let value: Json = null;
    try {
      value = toJson(node.toJS({ mapAsMap: true, maxAliasCount: aliasNodesMax }));
    } catch (error) {
      failure = error;
    }
    const kind = memberText(value, "kind");
    const isWhole = node.errors.length === 0 && failure === undefined;
    // What is broken may have swallowed its neighbours or lost its kind, and a List holds anything: there the text decides.
    const isConfidential =
      file.origin.confidential === true ||
      (isWhole && kind !== undefined && !kind.endsWith("List") ? kind === "Secret" : file.mentionsSecret);
    const part = { file, node, base: [], start, text: file.text.slice(start, end), value, isConfidential };
    const unplaced = new YamlDocument({ ...part, syntaxErrors: [] });
    const errors = node.errors.map(({ code, message, pos }) => unplaced.#syntaxProblem(code, message, pos[0]));
    for (const offset of findDuplicateKeys(node.contents)) {
      errors.push(unplaced.#syntaxProblem("DUPLICATE_KEY", "Map keys must be unique", offset));
    }
    if (errors.length === 0 && failure !== undefined) {
      errors.push(unplaced.#syntaxProblem("ALIAS", String((failure as Error).message), start));
    }
    return new YamlDocument({ ...part, syntaxErrors: errors });
  }

  /** The same document with another value, such as one without what counts as absent. */
  withValue(value: Json): YamlDocument {
    return new YamlDocument({ ...this.#part, value });
  }

  /** What stands at the path as a document of its own. `value`: what it is taken for, if it isn't what is written. */
  documentAt(path: Path, value: Json, isAsWritten: boolean): YamlDocument {
    const node = this.#findNode(path);
    const isConfidential = this.origin.confidential === true || isConfidentialKind(value);
    return new YamlDocument({
      ...this.#part,
      base: [...this.#part.base, ...path],
      start: startOf(node) ?? this.#part.start,
      text: (isAsWritten ? this.#textOf(node) : undefined) ?? writeJson(value, 2),
      value,
      isConfidential,
    });
  }

  /** A node's own text, indented as it was; undefined where it stands for something that is written elsewhere. */
  #textOf(node: unknown): string | undefined {
    const range = (node as Node | undefined)?.range;
    if (range === undefined || range === null || hasAlias(node)) return undefined;
    const { col } = this.#file.lineCounter.linePos(range[0]);
    return " ".repeat(col - 1) + this.#file.text.slice(range[0], range[2]);
  }

  /** Whether the document has any content; `---` alone has none. */
  get isEmpty(): boolean {
    return this.value === null && this.syntaxErrors.length === 0;
  }

  /** Where the value at the path begins; what of the path is missing is placed at what there is. */
  placeOf(path: Path, part?: string): SourcePlace {
    return this.#place(startOf(this.#findNode(path)) ?? this.#part.start, part);
  }

  /** Where the key of the last step of the path stands. */
  keyPlaceOf(path: Path, part?: string): SourcePlace {
    const key = path.at(-1);
    const pair = findPair(this.#findNode(path.slice(0, -1)), String(key));
    return pair === undefined ? this.placeOf(path, part) : this.#place(startOf(pair.key) ?? this.#part.start, part);
  }

  /** Whether a place is that of a member, by its key or its value, within which one of the others is. */
  holdsOneOf(others: readonly SourcePlace[]): (place: SourcePlace) => boolean {
    const wanted = others.map((place) => this.#offsetOf(place)).sort((a, b) => a - b);
    const holding = new Set<number | undefined>();
    visit(this.#part.node, {
      Pair: (_, { key, value }) => {
        const start = startOf(key);
        if (start === undefined) return;
        const end = (value as Node | null)?.range?.[1] ?? start;
        const first = firstAtLeast(wanted, start);
        if (first !== undefined && first <= end) holding.add(start).add(startOf(value));
      },
    });
    return (place) => holding.has(this.#offsetOf(place));
  }

  problem(code: ErrorCode, message: string, at: SourcePlace, hint?: string): Problem {
    return { code, severity: "error", message, at, ...(hint === undefined ? {} : { hint }) };
  }

  warning(code: ErrorCode, message: string, at: SourcePlace, hint?: string): Problem {
    return { ...this.problem(code, message, at, hint), severity: "warning" };
  }

  /** The problem with its line as it stands in the file, for one who knew only a part of it. */
  quoteLine(problem: Problem): Problem {
    const { at } = problem;
    if (at === undefined || !isSourcePlace(at) || at.excerpt === undefined) return problem;
    const excerpt = this.#excerptOf(at.line);
    return excerpt === undefined || this.origin.holder !== undefined ? problem : { ...problem, at: { ...at, excerpt } };
  }

  /** The string at the path as a template, with the place of its first character in the file. */
  templateSource(path: Path, text: string, part: string, engine: TemplateSource["engine"]): TemplateSource {
    const node = this.#findNode(path);
    const start = startOf(node) ?? this.#part.start;
    const { line, column } = this.#place(start);
    const source = {
      text,
      engine,
      file: this.origin.file,
      part,
      ...(this.#part.isConfidential ? { confidential: true } : {}),
    };
    if (this.origin.holder !== undefined || !isScalar(node)) return { ...source, line, column };
    switch (node.type) {
      case "BLOCK_LITERAL":
      case "BLOCK_FOLDED":
        return { ...source, ...this.#blockStart(node, text, line) };
      case "QUOTE_DOUBLE":
      case "QUOTE_SINGLE":
        return { ...source, line, column: column + 1 };
      default:
        return { ...source, line, column };
    }
  }

  /** The first line of a block scalar's text, and for a literal one the column at which all its lines begin. */
  #blockStart(
    node: Scalar,
    text: string,
    headerLine: number,
  ): { line: number; column: number; continuationColumn?: number } {
    const textLines = text.split("\n");
    const index = Math.max(
      0,
      textLines.findIndex((line) => line.trim() !== ""),
    );
    const fileLine = (this.#file.lines[headerLine + index] ?? "").trimEnd();
    const column = fileLine.length - (textLines[index] ?? "").trimEnd().length + 1;
    const isLiteral = node.type === "BLOCK_LITERAL";
    // A folded line joins several of the file, so the length says nothing there: the first blank-free column is it.
    const first = isLiteral ? column : fileLine.length - fileLine.trimStart().length + 1;
    return { line: headerLine + 1, column: first, ...(isLiteral ? { continuationColumn: first } : {}) };
  }

  #findNode(path: Path): unknown {
    let node = this.#resolve(this.#part.node.contents);
    for (const step of [...this.#part.base, ...path]) {
      let next: unknown;
      if (isMap(node)) next = findPair(node, String(step))?.value;
      else if (isSeq(node)) next = node.items[Number(step)];
      if (next === undefined || next === null) return node;
      node = this.#resolve(next);
    }
    return node;
  }

  #resolve(node: unknown): unknown {
    return isAlias(node) ? (node.resolve(this.#part.node) ?? node) : node;
  }

  #place(offset: number, part?: string): SourcePlace {
    const { line, col } = this.#file.lineCounter.linePos(offset);
    const { holder } = this.origin;
    if (holder !== undefined) return { ...holder.place, part: `${holder.part}, line ${line}, column ${col}` };
    const excerpt = this.#part.isConfidential ? undefined : this.#excerptOf(line);
    return {
      file: this.origin.file,
      line,
      column: col,
      ...(part === undefined ? {} : { part }),
      ...(excerpt === undefined ? {} : { excerpt }),
    };
  }

  #offsetOf({ line, column }: SourcePlace): number {
    return (this.#file.lineCounter.lineStarts[line - 1] ?? 0) + column - 1;
  }

  /** Lines that no person wrote, such as JSON without line breaks, are not quoted. */
  #excerptOf(line: number): string | undefined {
    const excerpt = this.#file.lines[line - 1];
    return excerpt !== undefined && excerpt.length <= excerptLengthMax ? excerpt : undefined;
  }

  #syntaxProblem(code: string, message: string, offset: number): Problem {
    const words = code.toLowerCase().replaceAll("_", " ");
    return this.problem(
      "DOCUMENT_SYNTAX",
      this.#part.isConfidential
        ? `the document is not valid YAML: ${words}`
        : `the document is not valid YAML: ${message}`,
      this.#place(offset),
    );
  }
}

/** All documents of a file, those with syntax errors included; empty ones are left out. */
export function parseYaml(text: string, origin: YamlOrigin): YamlDocument[] {
  const lineCounter = new LineCounter();
  // Keys are compared here, because the parser compares each with all before it.
  const options = { lineCounter, intAsBigInt: true, merge: true, prettyErrors: false, uniqueKeys: false };
  const nodes = parseAllDocuments(text, options);
  if (!Array.isArray(nodes)) return [];
  const lines = text.split(/\r?\n/);
  const file: YamlFile = { origin, text, lines, lineCounter, mentionsSecret: text.includes("Secret") };
  return nodes.map((node) => YamlDocument.of(node, file)).filter((document) => !document.isEmpty);
}

/** Of numbers in their order. */
function firstAtLeast(sorted: readonly number[], least: number): number | undefined {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! >= least) high = middle;
    else low = middle + 1;
  }
  return sorted[low];
}

function isConfidentialKind(value: Json): boolean {
  const kind = memberText(value, "kind");
  return kind === undefined || kind === "Secret" || kind.endsWith("List");
}

/** Where keys stand that a mapping has already; a merge key may come several times. */
function findDuplicateKeys(root: unknown): number[] {
  const offsets: number[] = [];
  visit(root as Node, {
    Map: (_, map) => {
      const seen = new Set<string>();
      for (const { key } of map.items) {
        if (!isScalar(key) || (key.value === "<<" && key.type === "PLAIN")) continue;
        const text = String(key.value);
        if (seen.has(text)) offsets.push(startOf(key) ?? 0);
        seen.add(text);
      }
    },
  });
  return offsets;
}

function hasAlias(node: unknown): boolean {
  let found = false;
  visit(node as Node, {
    Alias: () => {
      found = true;
      return visit.BREAK;
    },
  });
  return found;
}

/** The member of an object if it is a string. */
export function memberText(value: Json | undefined, key: string): string | undefined {
  const member = isJsonObject(value) ? value.get(key) : undefined;
  return typeof member === "string" ? member : undefined;
}

/** The member of an object if it is an object. */
export function memberObject(value: Json | undefined, key: string): JsonObject | undefined {
  const member = isJsonObject(value) ? value.get(key) : undefined;
  return isJsonObject(member) ? member : undefined;
}

/** The member of an object if it is a list; else none. */
export function memberList(value: Json | undefined, key: string): readonly Json[] {
  const member = isJsonObject(value) ? value.get(key) : undefined;
  return Array.isArray(member) ? member : [];
}

type YamlPair = { readonly key: unknown; readonly value: unknown };

/** A mapping's pairs by key, made when they are first asked for: mappings can be large. */
const pairsByKey = new WeakMap<object, ReadonlyMap<string, YamlPair>>();

function findPair(node: unknown, key: string): YamlPair | undefined {
  if (!isMap(node)) return undefined;
  let pairs = pairsByKey.get(node);
  if (pairs === undefined) {
    // Of equal keys the first: there the error has its place.
    const keyOf = (pair: YamlPair) => (isScalar(pair.key) ? String(pair.key.value) : String(pair.key));
    pairs = new Map(node.items.toReversed().map((pair) => [keyOf(pair), pair]));
    pairsByKey.set(node, pairs);
  }
  return pairs.get(key);
}

function startOf(node: unknown): number | undefined {
  return (node as Node | null | undefined)?.range?.[0];
}

/** What the parser made, with keys as text: `8080: x` is the key "8080", as in Kubernetes. */
function toJson(value: unknown): Json {
  if (value instanceof Map) {
    const object = new Map<string, Json>();
    for (const [key, member] of value) object.set(String(key), toJson(member));
    return object;
  }
  if (Array.isArray(value)) return value.map(toJson);
  return (value ?? null) as Json;
}
