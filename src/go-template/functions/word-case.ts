/** xstrings' snake, kebab and Pascal case, with its own idea of where words begin. */
import { decodeBytes, decodeRune, encodeBytes, joinBytes, runeError, runesOf } from "../bytes.ts";
import { isLetter, isNumber, isPunct, isSpace, isUpper, toLowerRune, toUpperRune } from "./unicode.ts";

function isConnector(rune: number): boolean {
  return rune === 0x2d || rune === 0x5f || isSpace(rune);
}

/** A letter that is not one of the CJK ideographs which xstrings counts as words of their own. */
function isAlphabet(rune: number): boolean {
  if (!isLetter(rune)) return false;
  const isIdeograph =
    (rune >= 0x4e00 && rune <= 0x9fcc) || (rune >= 0x3400 && rune <= 0x4d85) || (rune >= 0x20000 && rune <= 0x2b81d);
  return !isIdeograph;
}

/** xstrings.ToPascalCase. Of connectors in a row, the last one goes and the others stay. */
export function toPascalCase(text: string): string {
  const runes = [...runesOf(text)];
  if (runes.length === 0) return "";
  let at = 0;
  const written: number[] = [];
  while (at < runes.length && isConnector(runes[at]!)) written.push(runes[at++]!);
  if (at === runes.length) {
    // Only connectors: the last one is written again, as xstrings does for a text of one character.
    return fromRunes([...written, written.at(-1)!]);
  }
  let isInUpperRun = isUpper(runes[at]!);
  let current = toUpperRune(runes[at]!);
  for (at++; at < runes.length; at++) {
    const previous = current;
    current = runes[at]!;
    if (isConnector(previous)) {
      if (isConnector(current)) {
        written.push(previous);
        continue;
      }
      isInUpperRun = isUpper(current);
      current = toUpperRune(current);
      continue;
    }
    if (isInUpperRun) {
      if (isUpper(current)) current = toLowerRune(current);
      else isInUpperRun = false;
    }
    written.push(previous);
  }
  written.push(current);
  return fromRunes(written);
}

function fromRunes(runes: readonly number[]): string {
  let text = "";
  for (const rune of runes) text += String.fromCodePoint(rune);
  return text;
}

type WordKind = "invalid" | "number" | "upper" | "alphabet" | "connector" | "punctuation" | "other";

interface Word {
  readonly kind: WordKind;
  readonly bytes: Uint8Array;
  readonly rest: Uint8Array;
}

/** The next valid character and the bytes up to its end; `previous` where no valid one is left. */
function nextRune(bytes: Uint8Array, from: number, previous: number): [rune: number, size: number] {
  let size = 0;
  while (from + size < bytes.length) {
    const [rune, width] = decodeRune(bytes, from + size);
    size += width;
    if (rune !== runeError) return [rune, size];
  }
  return [previous, size];
}

const noBytes = new Uint8Array(0);

function nextWord(bytes: Uint8Array): Word {
  if (bytes.length === 0) return { kind: "invalid", bytes: noBytes, rest: noBytes };
  const [first, firstSize] = nextRune(bytes, 0, runeError);
  if (first === runeError) return cutWord("invalid", bytes, firstSize);
  const runWhile = (from: number, rune: number, belongs: (rune: number) => boolean): number => {
    let at = from;
    for (let previous = rune; at < bytes.length; ) {
      const [next, size] = nextRune(bytes, at, previous);
      if (!belongs(next)) break;
      previous = next;
      at += size;
    }
    return at;
  };
  const isLowerLetter = (rune: number) => isAlphabet(rune) && !isUpper(rune);
  if (isConnector(first)) return cutWord("connector", bytes, runWhile(firstSize, first, isConnector));
  if (isPunct(first)) return cutWord("punctuation", bytes, runWhile(firstSize, first, isPunct));
  if (isUpper(first)) return nextUpperWord(bytes, first, firstSize, runWhile);
  if (isAlphabet(first)) return cutWord("alphabet", bytes, runWhile(firstSize, first, isLowerLetter));
  if (isNumber(first)) return cutWord("number", bytes, runWhile(firstSize, first, isNumber));
  const isOther = (rune: number) => !(isConnector(rune) || isAlphabet(rune) || isNumber(rune) || isPunct(rune));
  return cutWord("other", bytes, runWhile(firstSize, first, isOther));
}

/** HTTPStatus is HTTP and Status: of a run of capitals before a small letter, the last begins the next word. */
function nextUpperWord(
  bytes: Uint8Array,
  first: number,
  firstSize: number,
  runWhile: (from: number, rune: number, belongs: (rune: number) => boolean) => number,
): Word {
  if (firstSize >= bytes.length) return cutWord("upper", bytes, firstSize);
  const [second, secondSize] = nextRune(bytes, firstSize, first);
  if (isUpper(second)) {
    let at = firstSize + secondSize;
    let lastSize = secondSize;
    let rune = second;
    while (at < bytes.length) {
      const [next, size] = nextRune(bytes, at, rune);
      rune = next;
      if (!isUpper(next)) break;
      lastSize = size;
      at += size;
    }
    return cutWord("upper", bytes, at < bytes.length && isAlphabet(rune) ? at - lastSize : at);
  }
  if (!isAlphabet(second)) return cutWord("upper", bytes, firstSize);
  const isLowerLetter = (rune: number) => isAlphabet(rune) && !isUpper(rune);
  return cutWord("upper", bytes, runWhile(firstSize + secondSize, second, isLowerLetter));
}

function cutWord(kind: WordKind, bytes: Uint8Array, size: number): Word {
  return { kind, bytes: bytes.subarray(0, size), rest: bytes.subarray(size) };
}

/** xstrings.ToSnakeCase and ToKebabCase: words in lower case, joined by `connector` (`_` or `-`). */
export function joinWords(text: string, connector: string): string {
  if (text === "") return "";
  const written: string[] = [];
  const write = ({ kind, bytes }: Word) => written.push(wordText(kind, bytes, connector));
  /** Numbers and small letters that follow a number belong to it: 20x. */
  const writeNumberTail = (word: Word): Word => {
    let next = word;
    while (next.kind === "alphabet" || next.kind === "number") {
      write(next);
      next = nextWord(next.rest);
    }
    if (!endsWords(next.kind) && next.kind !== "invalid") written.push(connector);
    return next;
  };

  let word = nextWord(encodeBytes(text));
  while (word.rest.length > 0) {
    const previous = word;
    if (previous.kind !== "connector") write(previous);
    word = nextWord(previous.rest);
    if (previous.kind === "number") {
      word = writeNumberTail(word);
    } else if (previous.kind === "connector") {
      write(previous);
    } else if (previous.kind !== "punctuation") {
      word = joinNext(word);
    }
  }
  write(word);
  return joinBytes(written.join(""));

  /** What stands between a word and the next one; a number may belong to the word before or to the one behind. */
  function joinNext(next: Word): Word {
    if (next.kind !== "number") {
      if (!endsWords(next.kind)) written.push(connector);
      return next;
    }
    if (next.rest.length === 0) return next;
    const behind = nextWord(next.rest);
    if (behind.kind === "alphabet") {
      written.push(connector);
      write(next);
      return writeNumberTail(behind);
    }
    write(next);
    if (!endsWords(behind.kind)) written.push(connector);
    return behind;
  }
}

function endsWords(kind: WordKind): boolean {
  return kind === "connector" || kind === "punctuation";
}

/** Only words that begin with a capital and connectors are changed. */
function wordText(kind: WordKind, bytes: Uint8Array, connector: string): string {
  const text = decodeBytes(bytes);
  if (kind !== "upper" && kind !== "connector") return text;
  let lower = "";
  for (const rune of runesOf(text)) {
    if (isConnector(rune)) lower += connector;
    else lower += String.fromCodePoint(isUpper(rune) ? toLowerRune(rune) : rune);
  }
  return lower;
}
