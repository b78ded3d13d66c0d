/**
 * What a plain scalar of YAML 1.1 is: null, a boolean, a number, a timestamp or a string, exactly as go-yaml v2 decides
 * (its resolve.go). Emitting needs it too: a string that would be read as something else is quoted.
 */
import { decimalInteger } from "../numbers.ts";

/** The short tags of what plain scalars can be. A timestamp stays a string, but is quoted when emitted. */
export type ScalarTag = "!!null" | "!!bool" | "!!int" | "!!float" | "!!timestamp" | "!!str";

export interface ResolvedScalar {
  readonly tag: ScalarTag;
  /** An integer (int64 or uint64) is a bigint, a float a number, a timestamp its text. */
  readonly value: null | boolean | bigint | number | string;
}

const knownWords = new Map<string, ResolvedScalar>();
for (const [tag, value, words] of [
  ["!!bool", true, "y Y yes Yes YES true True TRUE on On ON"],
  ["!!bool", false, "n N no No NO false False FALSE off Off OFF"],
  ["!!null", null, "~ null Null NULL"],
  ["!!float", Number.NaN, ".nan .NaN .NAN"],
  ["!!float", Number.POSITIVE_INFINITY, ".inf .Inf .INF +.inf +.Inf +.INF"],
  ["!!float", Number.NEGATIVE_INFINITY, "-.inf -.Inf -.INF"],
] as const) {
  for (const word of words.split(" ")) knownWords.set(word, { tag, value });
}
knownWords.set("", { tag: "!!null", value: null });

/** Texts that begin like no other scalar. */
const surelyString = /^[^-+.0-9~yYnNtTfFoO]/;
/** `.5`, where Go's ParseFloat takes underscores between digits. */
const dottedFloat = /^\.[0-9]+(?:_[0-9]+)*(?:[eE][+-]?[0-9]+(?:_[0-9]+)*)?$/;
const decimalFloat = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/;
/** Go's ParseInt with base 0: a leading zero means octal. */
const integer = /^([-+]?)(?:0[bB]([01]+)|0[oO]([0-7]+)|0[xX]([0-9a-fA-F]+)|0([0-7]*)|([1-9][0-9]*))$/;
/** go-yaml's own second try at binary, which lets a sign stand behind the prefix. */
const inlySignedBinary = /^0b([-+])([01]+)$/;
const minInt64 = -(2n ** 63n);
const maxInt64 = 2n ** 63n - 1n;
const maxUint64 = 2n ** 64n - 1n;

const dot = 0x2e;
const plus = 0x2b;
const minus = 0x2d;
const zero = 0x30;
const nine = 0x39;

/** Resolves a plain scalar without a tag. */
export function resolvePlain(text: string): ResolvedScalar {
  if (surelyString.test(text)) return { tag: "!!str", value: text };
  const known = knownWords.get(text);
  if (known !== undefined) return known;
  const first = text.charCodeAt(0);
  if (first === dot) {
    const value = dottedFloat.test(text) ? Number(text.replaceAll("_", "")) : Number.NaN;
    if (Number.isFinite(value)) return { tag: "!!float", value };
  } else if (first === plus || first === minus || (first >= zero && first <= nine)) {
    if (isTimestamp(text)) return { tag: "!!timestamp", value: text };
    const value = parseNumber(text.replaceAll("_", ""));
    if (value !== undefined) return { tag: typeof value === "bigint" ? "!!int" : "!!float", value };
  }
  return { tag: "!!str", value: text };
}

function parseNumber(text: string): bigint | number | undefined {
  const match = integer.exec(text);
  if (match !== null) {
    const [, sign = "", binary, octal, hexadecimal, oldOctal, decimal] = match;
    const magnitude =
      binary !== undefined
        ? BigInt(`0b${binary}`)
        : octal !== undefined
          ? BigInt(`0o${octal}`)
          : hexadecimal !== undefined
            ? BigInt(`0x${hexadecimal}`)
            : oldOctal !== undefined
              ? BigInt(oldOctal === "" ? 0 : `0o${oldOctal}`)
              : decimalInteger(decimal!);
    const value = sign === "-" ? -magnitude : magnitude;
    if (value >= minInt64 && value <= (sign === "" ? maxUint64 : maxInt64)) return value;
  }
  if (decimalFloat.test(text)) {
    const value = Number(text);
    return Number.isFinite(value) ? value : undefined;
  }
  const signed = inlySignedBinary.exec(text);
  if (signed !== null) {
    const magnitude = BigInt(`0b${signed[2]}`);
    const value = signed[1] === "-" ? -magnitude : magnitude;
    if (value >= minInt64 && value <= maxInt64) return value;
  }
  return undefined;
}

const date =
  /^([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})(?:([Tt]| +)([0-9]{1,2}):([0-9]{1,2}):([0-9]{1,2})(?:[.,][0-9]+)?(Z|[-+][0-9]{2}:[0-9]{2})?)?$/;

/** Whether go-yaml reads a plain scalar as a timestamp: its four layouts, with the leniences of Go's time.Parse. */
function isTimestamp(text: string): boolean {
  const match = date.exec(text);
  if (match === null) return false;
  const [, year, month, day, separator, hour, minute, second, zone] = match;
  if (!isDate(Number(year), Number(month), Number(day))) return false;
  if (separator === undefined) return true;
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return false;
  if (separator.startsWith(" ")) return zone === undefined;
  if (zone === undefined) return false;
  return zone === "Z" || (Number(zone.slice(1, 3)) <= 24 && Number(zone.slice(4)) <= 60);
}

function isDate(year: number, month: number, day: number): boolean {
  if (month < 1 || month > 12 || day < 1) return false;
  const isLeapYear = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const days =
    month === 2 ? (isLeapYear ? 29 : 28) : month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
  return day <= days;
}
