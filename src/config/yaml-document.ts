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
} from "yaml";
import { isJsonObject, type Json, type JsonObject } from "../model/json.ts";
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

/** One document of a YAML stream. With syntax errors, `value` is what could be made of it. */
export class YamlDocument {
  readonly origin: YamlOrigin;
  /** The document's own text, without its `---`. */
  readonly text: string;
  readonly value: Json;
  readonly syntaxErrors: readonly Problem[];
  readonly #node: Document;
  readonly #start: number;
  readonly #lines: readonly string[];
  readonly #lineCounter: LineCounter;
  readonly #confidential: boolean;

  constructor(node: Document, text: string, lines: readonly string[], lineCounter: LineCounter, origin: YamlOrigin) {
    this.origin = origin;
    this.#node = node;
    this.#lines = lines;
    this.#lineCounter = lineCounter;
    const [start, , end] = node.range ?? [0, 0, text.length];
    this.#start = start;
    this.text = text.slice(start, end);
    let failure: unknown;
    let value: Json = null;
    try {
      value = toJson(node.toJS({ mapAsMap: true, maxAliasCount: aliasNodesMax }));
    } catch (error) {
      failure = error;
    }
    this.value = value;
    const kind = memberText(value, "kind");
    const isWhole = node.errors.length === 0 && failure === undefined;
    // What is broken may have swallowed its neighbours or lost its kind, and a List holds anything: there the text decides.
    this.#confidential =
      origin.confidential === true ||
      (isWhole && kind !== undefined && !kind.endsWith("List") ? kind === "Secret" : text.includes("Secret"));
    const errors = node.errors.map(({ code, message, pos }) => this.#syntaxProblem(code, message, pos[0]));
    if (errors.length === 0 && failure !== undefined) {
      errors.push(this.#syntaxProblem("ALIAS", String((failure as Error).message), start));
    }
    this.syntaxErrors = errors;
  }

  /** Whether the document has any content; `---` alone has none. */
  get isEmpty(): boolean {
    return this.value === null && this.syntaxErrors.length === 0;
  }

  /** Where the value at the path begins; what of the path is missing is placed at what there is. */
  placeOf(path: Path, part?: string): SourcePlace {
    return this.#place(startOf(this.#findNode(path)) ?? this.#start, part);
  }

  /** Where the key of the last step of the path stands. */
  keyPlaceOf(path: Path, part?: string): SourcePlace {
    const key = path.at(-1);
    const pair = findPair(this.#findNode(path.slice(0, -1)), String(key));
    return pair === undefined ? this.placeOf(path, part) : this.#place(startOf(pair.key) ?? this.#start, part);
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
    const start = startOf(node) ?? this.#start;
    const { line, column } = this.#place(start);
    const source = {
      text,
      engine,
      file: this.origin.file,
      part,
      ...(this.#confidential ? { confidential: true } : {}),
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
    const fileLine = (this.#lines[headerLine + index] ?? "").trimEnd();
    const column = fileLine.length - (textLines[index] ?? "").trimEnd().length + 1;
    const isLiteral = node.type === "BLOCK_LITERAL";
    // A folded line joins several of the file, so the length says nothing there: the first blank-free column is it.
    const first = isLiteral ? column : fileLine.length - fileLine.trimStart().length + 1;
    return { line: headerLine + 1, column: first, ...(isLiteral ? { continuationColumn: first } : {}) };
  }

  #findNode(path: Path): unknown {
    let node = this.#resolve(this.#node.contents);
    for (const step of path) {
      let next: unknown;
      if (isMap(node)) next = findPair(node, String(step))?.value;
      else if (isSeq(node)) next = node.items[Number(step)];
      if (next === undefined || next === null) return node;
      node = this.#resolve(next);
    }
    return node;
  }

  #resolve(node: unknown): unknown {
    return isAlias(node) ? (node.resolve(this.#node) ?? node) : node;
  }

  #place(offset: number, part?: string): SourcePlace {
    const { line, col } = this.#lineCounter.linePos(offset);
    const { holder } = this.origin;
    if (holder !== undefined) return { ...holder.place, part: `${holder.part}, line ${line}, column ${col}` };
    const excerpt = this.#confidential ? undefined : this.#excerptOf(line);
    return {
      file: this.origin.file,
      line,
      column: col,
      ...(part === undefined ? {} : { part }),
      ...(excerpt === undefined ? {} : { excerpt }),
    };
  }

  /** Lines that no person wrote, such as JSON without line breaks, are not quoted. */
  #excerptOf(line: number): string | undefined {
    const excerpt = this.#lines[line - 1];
    return excerpt !== undefined && excerpt.length <= excerptLengthMax ? excerpt : undefined;
  }

  #syntaxProblem(code: string, message: string, offset: number): Problem {
    const words = code.toLowerCase().replaceAll("_", " ");
    return this.problem(
      "DOCUMENT_SYNTAX",
      this.#confidential ? `the document is not valid YAML: ${words}` : `the document is not valid YAML: ${message}`,
      this.#place(offset),
    );
  }
}

/** All documents of a file, those with syntax errors included; empty ones are left out. */
export function parseYaml(text: string, origin: YamlOrigin): YamlDocument[] {
  const lineCounter = new LineCounter();
  const nodes = parseAllDocuments(text, { lineCounter, intAsBigInt: true, merge: true, prettyErrors: false });
  if (!Array.isArray(nodes)) return [];
  const lines = text.split(/\r?\n/);
  return nodes
    .map((node) => new YamlDocument(node, text, lines, lineCounter, origin))
    .filter((document) => !document.isEmpty);
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

function findPair(node: unknown, key: string): { key: unknown; value: unknown } | undefined {
  if (!isMap(node)) return undefined;
  return node.items.find((pair) => (isScalar(pair.key) ? String(pair.key.value) : String(pair.key)) === key);
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
