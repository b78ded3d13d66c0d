/**
 * Whether what an event could do to a manifest is what it may do, by another reader's word.
 *
 * The reading of the same template with a harmless word for each value says what the template's structure is, and by the
 * places of its scalars which of them hold values. A reading with other values must have that structure, the template's own
 * text at its place, and where a whole value was meant to stand exactly that value.
 */
import { isJsonObject, type Json } from "../../../src/model/json.ts";
import type { Tree } from "./python-yaml.ts";
import type { Use } from "./random-case.ts";

export interface Expected {
  /** Whether texts that values are a part of must be those with the values in place of the words, and not only keep the rest. */
  readonly isExact?: boolean;
  /** What the template gives with harmless words; scalars have their places. */
  readonly reading: Tree;
  readonly printed: readonly PrintedWord[];
  readonly uses: readonly Use[];
  readonly values: readonly Json[];
}

/** What an action printed for a harmless word, and where. */
export interface PrintedWord {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** Why a reading is none that the template may give, in one line; undefined if it may. */
export function findDeviation(reading: Tree, expected: Expected): string | undefined {
  return new Judge(expected).compare(reading, expected.reading, "");
}

const wordPattern = /qaz(\d+)wsx/;

class Judge {
  readonly #expected: Expected;

  constructor(expected: Expected) {
    this.#expected = expected;
  }

  compare(reading: Tree, wanted: Tree, path: string): string | undefined {
    if (isScalar(wanted)) return this.#compareScalars(reading, wanted, path);
    if (isList(wanted)) return isList(reading) ? this.#compareLists(reading, wanted, path) : `${path}: no list`;
    if (!isMapping(wanted) || !isMapping(reading)) return `${path}: no mapping`;
    return this.#compareMappings(reading.m, wanted.m, path);
  }

  #compareScalars(reading: Tree, wanted: Tree, path: string): string | undefined {
    const index = this.#wholeValue(wanted);
    // A whole value stands for itself, unless the template makes it a part of a text.
    if (index !== undefined && /^(?:value|scalar)$/.test(this.#expected.uses[index]!)) {
      return equals(reading, this.#expected.values[index]!) ? undefined : `${path}: another value`;
    }
    if (textOf(reading) === undefined) return `${path}: no scalar any more`;
    if (!this.#isPrinted(wanted)) return isSame(reading, wanted) ? undefined : `${path}: the template's own scalar`;
    return this.#holdsPieces(reading, wanted) ? undefined : `${path}: the template's own text`;
  }

  #compareLists(reading: readonly Tree[], wanted: readonly Tree[], path: string): string | undefined {
    const at = wanted.findIndex((item) => this.#useOf(item) === "list");
    if (at >= 0) {
      const value = this.#valueOf(wanted[at]!) as readonly Json[];
      const spliced = reading.slice(at, at + value.length);
      if (!spliced.every((item, index) => equals(item, value[index]!))) return `${path}/${at}: another value`;
      const rest = [...reading.slice(0, at), ...reading.slice(at + value.length)];
      return this.#compareLists(rest, wanted.toSpliced(at, 1), path);
    }
    if (reading.length !== wanted.length) return `${path}: ${reading.length} items`;
    for (const [index, item] of reading.entries()) {
      const found = this.compare(item, wanted[index]!, `${path}/${index}`);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** By key: manifests have theirs sorted. */
  #compareMappings(reading: Members, wanted: Members, path: string): string | undefined {
    const rest = new Map(reading.map(([key, value]) => [textOf(key), value]));
    if (rest.size !== reading.length) return `${path}: two keys alike`;
    const printed: (readonly [Tree, Tree])[] = [];
    for (const [key, value] of wanted) {
      const text = textOf(key);
      if (this.#useOf(key) === "mapping") {
        for (const [name, member] of this.#valueOf(key) as ReadonlyMap<string, Json>) {
          if (!rest.has(name) || !equals(rest.get(name)!, member)) return `${path}/${name}: another value`;
          rest.delete(name);
        }
      } else if (this.#isPrinted(key)) {
        printed.push([key, value]);
      } else {
        if (!rest.has(text)) return `${path}: no key ${text}`;
        const found = this.compare(rest.get(text)!, value, `${path}/${text}`);
        if (found !== undefined) return found;
        rest.delete(text);
      }
    }
    return this.#comparePrinted(rest, printed, path);
  }

  /** Keys that values have named: as many as there were, each with the template's own text in it. */
  #comparePrinted(
    rest: ReadonlyMap<string | undefined, Tree>,
    printed: readonly (readonly [Tree, Tree])[],
    path: string,
  ): string | undefined {
    if (rest.size !== printed.length) return `${path}: ${rest.size} keys of values, not ${printed.length}`;
    const fault = `${path}: the template's own text in a key, or what it leads to`;
    return this.#canAssign([...rest], printed, path) ? undefined : fault;
  }

  /** Whether each printed key can be one of the members that are left. */
  #canAssign(
    left: readonly (readonly [string | undefined, Tree])[],
    printed: readonly (readonly [Tree, Tree])[],
    path: string,
  ): boolean {
    const [next, ...others] = printed;
    if (next === undefined) return true;
    const [key, value] = next;
    return left.some(
      ([name, member], index) =>
        name !== undefined &&
        this.#holdsPieces(name, key) &&
        this.compare(member, value, path) === undefined &&
        this.#canAssign(left.toSpliced(index, 1), others, path),
    );
  }

  /** The values that were printed within a scalar. */
  #printedIn(tree: Tree): readonly PrintedWord[] {
    if (tree === null || typeof tree !== "object" || !("s" in tree) || tree.at === undefined) return [];
    const [from, to] = tree.at;
    return this.#expected.printed.filter(({ start, end, text }) => {
      // Nothing at all can be a value, and a scalar, which PyYAML then has before the blank.
      return text === "" || from === to ? start <= to + 1 && end >= from : start < to && end > from;
    });
  }

  #isPrinted(tree: Tree): boolean {
    return this.#printedIn(tree).length > 0;
  }

  /** Whether a text has the template's pieces, which can be told where every value in it stands there as its word. */
  #holdsPieces(reading: Tree, wanted: Tree): boolean {
    const text = textOf(wanted)!;
    const pieces = text.split(/qaz\d+wsx/);
    if (this.#expected.isExact === true) return trim(this.#withValues(textOf(wanted)!)) === trim(textOf(reading)!);
    const printed = this.#printedIn(wanted);
    const areWords = printed.every((word) => /^qaz\d+wsx$/.test(word.text) || isQuotedWord(word.text, text));
    if (!areWords || pieces.length - 1 !== printed.length) return true;
    return holdsInOrder(trim(textOf(reading)!), pieces);
  }

  #withValues(text: string): string {
    return text.replace(/qaz(\d+)wsx/g, (_, index) => String(this.#expected.values[Number(index)]));
  }

  /** The index of the value whose word is all of a scalar. */
  #wholeValue(tree: Tree): number | undefined {
    const text = textOf(tree);
    const index = text === undefined ? undefined : wordPattern.exec(text)?.[1];
    return index !== undefined && text === `qaz${index}wsx` ? Number(index) : undefined;
  }

  #useOf(tree: Tree): Use | undefined {
    const index = this.#wholeValue(tree);
    return index === undefined ? undefined : this.#expected.uses[index];
  }

  #valueOf(tree: Tree): Json {
    return this.#expected.values[this.#wholeValue(tree)!]!;
  }
}

/** Alike but for how null is written, and places. */
function isSame(left: Tree, right: Tree): boolean {
  return textOf(left) === textOf(right)
    ? tagOf(left) === tagOf(right)
    : tagOf(left) === "null" && tagOf(right) === "null";
}

function tagOf(tree: Tree): string | undefined {
  if (typeof tree === "string") return "str";
  return tree !== null && typeof tree === "object" && "s" in tree ? tree.t : undefined;
}

/** A word in quotes that are the scalar's, not its text's. */
function isQuotedWord(printed: string, text: string): boolean {
  const word = /^(["'])(qaz\d+wsx)\1$/.exec(printed);
  return word !== null && !text.includes(word[0]);
}

type Members = readonly (readonly [Tree, Tree])[];

function isScalar(tree: Tree): boolean {
  return tree === null || typeof tree === "string" || "s" in tree;
}

function isList(tree: Tree): tree is readonly Tree[] {
  return Array.isArray(tree);
}

function isMapping(tree: Tree): tree is { readonly m: Members } {
  return tree !== null && typeof tree === "object" && "m" in tree && !("t" in tree);
}

/** A scalar's text. */
export function textOf(tree: Tree): string | undefined {
  if (typeof tree === "string") return tree;
  return tree !== null && typeof tree === "object" && "s" in tree ? tree.s : undefined;
}

/** Whether a text begins with the first piece, ends with the last, and has the others in between, but for blanks at its ends. */
function holdsInOrder(whole: string, pieces: readonly string[]): boolean {
  if (pieces.length === 1) return whole === trim(pieces[0]!);
  const [first, last] = [trimStart(pieces[0]!), trimEnd(pieces.at(-1)!)];
  if (whole.startsWith(first) && whole.endsWith(last)) {
    let at = first.length;
    const isFound = pieces.slice(1, -1).every((piece) => {
      const found = whole.indexOf(piece, at);
      at = found + piece.length;
      return found >= 0;
    });
    if (isFound && at <= whole.length - last.length) return true;
  }
  // A value of blanks at an end takes those of the template beside it with it.
  if (last === "" && holdsInOrder(whole, pieces.slice(0, -1))) return true;
  return first === "" && holdsInOrder(whole, pieces.slice(1));
}

function trimStart(text: string): string {
  return text.replace(/^[ \t\n]+/, "");
}

function trimEnd(text: string): string {
  return text.replace(/[ \t\n]+$/, "");
}

function trim(text: string): string {
  return trimEnd(trimStart(text));
}

/** Whether a reading says a value. PyYAML has other numbers than Go: they are compared as numbers. */
function equals(tree: Tree, value: Json): boolean {
  if (Array.isArray(value)) {
    return isList(tree) && tree.length === value.length && tree.every((item, index) => equals(item, value[index]!));
  }
  if (isJsonObject(value)) {
    if (!isMapping(tree) || tree.m.length !== value.size) return false;
    return tree.m.every(([key, member]) => {
      const name = typeof key === "string" ? key : undefined;
      return name !== undefined && value.has(name) && equals(member, value.get(name)!);
    });
  }
  if (typeof value === "string") return tree === value;
  const text = textOf(tree);
  if (text === undefined) return false;
  if (typeof value === "bigint" || typeof value === "number") return Number(text.replaceAll("_", "")) === Number(value);
  return typeof tree !== "string" && text === String(value);
}
