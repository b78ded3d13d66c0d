/**
 * The order in which the go-yaml libraries write a map's keys: numbers in names by their value, and letters behind
 * everything else. They differ in one rule: in v3 a letter comes before a sign where digits stand before both.
 */
import { toValidText } from "../bytes.ts";

const letter = /\p{L}/u;
const digit = /\p{Nd}/u;
const zero = 0x30;

/** Orders two different keys as go-yaml v2 does. */
export function compareKeysV2(left: string, right: string): number {
  return compareKeys(left, right, false);
}

/** Orders two different keys as go-yaml v3 does. */
export function compareKeysV3(left: string, right: string): number {
  return compareKeys(left, right, true);
}

function compareKeys(left: string, right: string, letterFirstAfterDigits: boolean): number {
  const length = Math.min(left.length, right.length);
  let at = 0;
  while (at < length && left.charCodeAt(at) === right.charCodeAt(at)) at++;
  if (at === length) return left.length - right.length;
  const a = left.charCodeAt(at);
  const b = right.charCodeAt(at);
  if (isAsciiLetter(a) && isAsciiLetter(b)) return a - b;
  if (!left.isWellFormed() || !right.isWellFormed()) {
    // Bytes that are not UTF-8 compare as U+FFFD each.
    return compareValidKeys(toValidText(left), toValidText(right), letterFirstAfterDigits);
  }
  if (at > 0 && isLowSurrogate(a)) at--;
  return isLess(left, right, at, letterFirstAfterDigits) ? -1 : 1;
}

function compareValidKeys(left: string, right: string, letterFirstAfterDigits: boolean): number {
  return left === right ? 0 : compareKeys(left, right, letterFirstAfterDigits);
}

/** Compares where two keys first differ, at the beginning of a character. */
function isLess(left: string, right: string, at: number, letterFirstAfterDigits: boolean): boolean {
  const a = charAt(left, at);
  const b = charAt(right, at);
  const isLetterA = letter.test(a);
  const isLetterB = letter.test(b);
  if (isLetterA && isLetterB) return a.codePointAt(0)! < b.codePointAt(0)!;
  if (isLetterA || isLetterB) {
    const afterDigits = letterFirstAfterDigits && digit.test(charBefore(left, at));
    return afterDigits ? isLetterA : isLetterB;
  }

  // Behind a digit that is not zero, a zero counts as a digit of the same number.
  const start = (a === "0" || b === "0") && continuesNumber(left, at) ? 1n : 0n;
  const [valueA, digitsA] = readNumber(left, at, start);
  const [valueB, digitsB] = readNumber(right, at, start);
  if (valueA !== valueB) return valueA < valueB;
  if (digitsA !== digitsB) return digitsA < digitsB;
  return a.codePointAt(0)! < b.codePointAt(0)!;
}

function continuesNumber(key: string, at: number): boolean {
  for (let before = charBefore(key, at), end = at; digit.test(before); before = charBefore(key, end)) {
    if (before !== "0") return true;
    end -= before.length;
  }
  return false;
}

/** The int64 that the digits from `at` on give, overflow included, and how many they are. */
function readNumber(key: string, at: number, start: bigint): [value: bigint, digits: number] {
  let value = start;
  let count = 0;
  for (let end = at, char = charAt(key, end); digit.test(char); char = charAt(key, end)) {
    value = BigInt.asIntN(64, value * 10n + BigInt(char.codePointAt(0)! - zero));
    end += char.length;
    count++;
  }
  return [value, count];
}

function charAt(text: string, at: number): string {
  const point = text.codePointAt(at);
  return point === undefined ? "" : String.fromCodePoint(point);
}

function charBefore(text: string, at: number): string {
  if (at === 0) return "";
  return isLowSurrogate(text.charCodeAt(at - 1)) ? text.slice(at - 2, at) : text[at - 1]!;
}

function isLowSurrogate(unit: number): boolean {
  return unit >= 0xdc00 && unit <= 0xdfff;
}

function isAsciiLetter(unit: number): boolean {
  return (unit >= 0x61 && unit <= 0x7a) || (unit >= 0x41 && unit <= 0x5a);
}
