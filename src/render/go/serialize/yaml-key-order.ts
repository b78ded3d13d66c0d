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
  if (at < length) {
    const a = left.charCodeAt(at);
    const b = right.charCodeAt(at);
    if (isAsciiLetter(a) && isAsciiLetter(b)) return a - b;
    return isLess([...toValidText(left)], [...toValidText(right)], letterFirstAfterDigits) ? -1 : 1;
  }
  return left.length - right.length;
}

function isLess(left: readonly string[], right: readonly string[], letterFirstAfterDigits: boolean): boolean {
  const length = Math.min(left.length, right.length);
  let at = 0;
  while (at < length && left[at] === right[at]) at++;
  if (at === length) return left.length < right.length;

  const a = left[at]!;
  const b = right[at]!;
  const isLetterA = letter.test(a);
  const isLetterB = letter.test(b);
  if (isLetterA && isLetterB) return a.codePointAt(0)! < b.codePointAt(0)!;
  if (isLetterA || isLetterB) {
    const afterDigits = letterFirstAfterDigits && at > 0 && digit.test(left[at - 1]!);
    return afterDigits ? isLetterA : isLetterB;
  }

  // Behind a digit that is not zero, a zero counts as a digit of the same number.
  const start = (a === "0" || b === "0") && continuesNumber(left, at) ? 1n : 0n;
  const [valueA, endA] = readNumber(left, at, start);
  const [valueB, endB] = readNumber(right, at, start);
  if (valueA !== valueB) return valueA < valueB;
  if (endA !== endB) return endA < endB;
  return a.codePointAt(0)! < b.codePointAt(0)!;
}

function continuesNumber(key: readonly string[], at: number): boolean {
  for (let before = at - 1; before >= 0 && digit.test(key[before]!); before--) {
    if (key[before] !== "0") return true;
  }
  return false;
}

/** The int64 that the digits from `at` on give, overflow included, and where they end. */
function readNumber(key: readonly string[], at: number, start: bigint): [value: bigint, end: number] {
  let value = start;
  let end = at;
  for (; end < key.length && digit.test(key[end]!); end++) {
    value = BigInt.asIntN(64, value * 10n + BigInt(key[end]!.codePointAt(0)! - zero));
  }
  return [value, end];
}

function isAsciiLetter(unit: number): boolean {
  return (unit >= 0x61 && unit <= 0x7a) || (unit >= 0x41 && unit <= 0x5a);
}
