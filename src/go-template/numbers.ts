/**
 * Numbers as text, both ways, as Go's strconv has them.
 *
 * JavaScript finds the same shortest digits of a float as Go does; where a precision is asked for, digits are computed
 * exactly, because Go rounds the exact value half to even.
 */

const int64Max = (1n << 63n) - 1n;
const uint64Max = (1n << 64n) - 1n;

/** Underscores stand between digits, or between a base prefix and a digit. */
const wellPlacedUnderscores =
  /^[+-]?(?:0[xX](?:_?[0-9a-fA-F])*(?:\.(?:[0-9a-fA-F](?:_?[0-9a-fA-F])*)?)?(?:[pP].*)?|0[bBoO](?:_?[0-9])*|[0-9](?:_?[0-9])*(?:\.(?:[0-9](?:_?[0-9])*)?)?|\.[0-9](?:_?[0-9])*)(?:[eEpP][+-]?[0-9](?:_?[0-9])*)?$/;

const digitsOfBase = { 2: /^[01]+$/, 8: /^[0-7]+$/, 10: /^[0-9]+$/, 16: /^[0-9a-fA-F]+$/ } as const;
const prefixOfBase = { 2: "0b", 8: "0o", 10: "", 16: "0x" } as const;

/** strconv.ParseInt(text, 0, 64); `undefined` where it is no integer, `"range"` where it does not fit. */
export function parseInt64(text: string): bigint | "range" | undefined {
  const value = parseLiteral(text.replace(/^[+-]/, ""), text);
  if (value === undefined) return undefined;
  const signed = text.startsWith("-") ? -value : value;
  return signed > int64Max || signed < -int64Max - 1n ? "range" : signed;
}

/** strconv.ParseUint(text, 0, 64), which takes no sign. */
export function parseUint64(text: string): bigint | "range" | undefined {
  const value = parseLiteral(text, text);
  return value !== undefined && value > uint64Max ? "range" : value;
}

/**
 * Decimal digits as an integer; of more than any 64 bits hold some integer that is too large as well. Making one of a million
 * digits takes long.
 */
export function decimalInteger(digits: string): bigint {
  if (digits.length <= safeDigits) return BigInt(digits);
  const significant = digits.replace(/^0+(?=[0-9])/, "");
  return BigInt(significant.slice(0, safeDigits));
}

/** More than the 20 that a uint64 can have. */
const safeDigits = 30;

function parseLiteral(unsigned: string, text: string): bigint | undefined {
  let base: keyof typeof digitsOfBase = 10;
  let digits = unsigned;
  if (digits.startsWith("0") && digits.length > 1) {
    const letter = digits[1]!.toLowerCase();
    base = digits.length < 3 ? 8 : letter === "x" ? 16 : letter === "b" ? 2 : 8;
    digits = digits.slice(digits.length >= 3 && /[xbo]/.test(letter) ? 2 : 1);
  }
  if (digits.includes("_")) {
    if (!wellPlacedUnderscores.test(text)) return undefined;
    digits = digits.replaceAll("_", "");
  }
  if (!digitsOfBase[base].test(digits)) return undefined;
  return base === 10 ? decimalInteger(digits) : BigInt(prefixOfBase[base] + digits);
}

const decimalFloat = /^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$/;
const hexFloat = /^([+-]?)0[xX]([0-9a-fA-F]*)\.?([0-9a-fA-F]*)[pP]([+-]?[0-9]+)$/;
const namedFloat = /^([+-]?)(?:(inf(?:inity)?)|nan)$/i;

/** strconv.ParseFloat(text, 64); `undefined` where it is no float, an infinity where it is out of range. */
export function parseFloat64(text: string): number | undefined {
  let digits = text;
  if (text.includes("_")) {
    if (!wellPlacedUnderscores.test(text)) return undefined;
    digits = text.replaceAll("_", "");
  }
  if (decimalFloat.test(digits)) return Number(digits);
  const hex = hexFloat.exec(digits);
  if (hex !== null) return parseHexFloat(hex[1]!, hex[2]!, hex[3]!, Number(hex[4]));
  const named = namedFloat.exec(text);
  if (named === null) return undefined;
  if (named[2] === undefined) return named[1] === "" ? Number.NaN : undefined;
  return named[1] === "-" ? -Infinity : Infinity;
}

function parseHexFloat(sign: string, whole: string, fraction: string, exponent: number): number | undefined {
  if (whole === "" && fraction === "") return undefined;
  const mantissa = BigInt(`0x${whole}${fraction}`);
  const magnitude = mantissa === 0n ? 0 : scaleByPowerOfTwo(mantissa, exponent - 4 * fraction.length);
  return sign === "-" ? -magnitude : magnitude;
}

/** mantissa * 2^exponent, rounded once, half to even; subnormal numbers have fewer bits. */
function scaleByPowerOfTwo(mantissa: bigint, exponent: number): number {
  const bits = mantissa.toString(2).length;
  const top = bits + exponent;
  if (top > 1024) return Infinity;
  if (top < -1075) return 0;
  const surplus = bits - Math.min(53, top + 1074);
  if (surplus <= 0) return multiply(Number(mantissa), exponent);
  const rounded = divideHalfToEven(mantissa, 1n << BigInt(surplus));
  return multiply(Number(rounded), exponent + surplus);
}

/** value * 2^exponent in steps that neither overflow nor lose bits before the last. */
function multiply(value: number, exponent: number): number {
  let rest = exponent;
  let result = value;
  for (; rest > 1000; rest -= 1000) result *= 2 ** 1000;
  for (; rest < -1000; rest += 1000) result *= 2 ** -1000;
  return result * 2 ** rest;
}

function divideHalfToEven(dividend: bigint, divisor: bigint): bigint {
  const quotient = dividend / divisor;
  const twice = (dividend - quotient * divisor) * 2n;
  return twice > divisor || (twice === divisor && (quotient & 1n) === 1n) ? quotient + 1n : quotient;
}

/** The significant digits of a number without zeros at the end, and where its point is: 0.digits * 10^point. */
interface Decimal {
  digits: string;
  point: number;
}

export type FloatVerb = "e" | "E" | "f" | "g" | "G" | "b" | "x" | "X";

/** strconv.FormatFloat(value, verb, precision, 64); precision -1 is the least that tells the value apart. */
export function formatFloat(value: number, verb: FloatVerb, precision: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "+Inf" : "-Inf";
  const sign = value < 0 || Object.is(value, -0) ? "-" : "";
  const magnitude = Math.abs(value);
  if (verb === "b") return sign + binaryText(magnitude);
  if (verb === "x" || verb === "X") return sign + hexText(magnitude, verb, precision);
  const isShortest = precision < 0;
  if (verb === "f") {
    const decimal = isShortest ? shortestDecimal(magnitude) : decimalToFraction(magnitude, precision);
    return sign + plainText(decimal, isShortest ? Math.max(decimal.digits.length - decimal.point, 0) : precision);
  }
  if (verb === "e" || verb === "E") {
    const decimal = isShortest ? shortestDecimal(magnitude) : decimalToDigits(magnitude, precision + 1);
    return sign + exponentText(decimal, isShortest ? Math.max(decimal.digits.length - 1, 0) : precision, verb);
  }
  const wanted = precision === 0 ? 1 : precision;
  const decimal = isShortest ? shortestDecimal(magnitude) : decimalToDigits(magnitude, wanted);
  return sign + generalText(decimal, isShortest ? undefined : wanted, verb === "g" ? "e" : "E");
}

/** What `%v` prints: formatFloat(value, "g", -1), which between 0.0001 and 1e6 is how JavaScript writes it. */
export function formatShortest(value: number): string {
  const magnitude = Math.abs(value);
  if ((magnitude < 1e6 && magnitude >= 1e-4) || Object.is(value, 0)) return String(value);
  return formatFloat(value, "g", -1);
}

function generalText(decimal: Decimal, precision: number | undefined, letter: "e" | "E"): string {
  const { digits, point } = decimal;
  let exponentFrom = precision ?? 6;
  if (exponentFrom > digits.length && digits.length >= point) exponentFrom = digits.length;
  if (precision === undefined) exponentFrom = 6;
  const exponent = point - 1;
  if (exponent < -4 || exponent >= exponentFrom) {
    return exponentText(decimal, Math.max(Math.min(precision ?? digits.length, digits.length) - 1, 0), letter);
  }
  return plainText(decimal, Math.max(digits.length - point, 0));
}

function plainText({ digits, point }: Decimal, precision: number): string {
  const whole = point > 0 ? digits.slice(0, point).padEnd(point, "0") : "0";
  if (precision === 0) return whole;
  const fraction = point >= 0 ? digits.slice(point) : "0".repeat(-point) + digits;
  return `${whole}.${fraction.slice(0, precision).padEnd(precision, "0")}`;
}

function exponentText({ digits, point }: Decimal, precision: number, letter: string): string {
  const exponent = digits === "" ? 0 : point - 1;
  const fraction = precision > 0 ? `.${digits.slice(1, precision + 1).padEnd(precision, "0")}` : "";
  const sign = exponent < 0 ? "-" : "+";
  return `${digits[0] ?? "0"}${fraction}${letter}${sign}${String(Math.abs(exponent)).padStart(2, "0")}`;
}

function shortestDecimal(magnitude: number): Decimal {
  if (magnitude === 0) return { digits: "", point: 0 };
  const [mantissa, exponent] = magnitude.toExponential().split("e") as [string, string];
  return { digits: mantissa.replace(".", ""), point: Number(exponent) + 1 };
}

/** Beyond this many digits behind the point, every digit of a double is zero. */
const fractionDigitsMax = 1100;

function decimalToFraction(magnitude: number, precision: number): Decimal {
  if (magnitude === 0) return { digits: "", point: 0 };
  const places = Math.min(precision, fractionDigitsMax);
  return trimmed(roundScaled(magnitude, places).toString(), places);
}

function decimalToDigits(magnitude: number, count: number): Decimal {
  if (magnitude === 0) return { digits: "", point: 0 };
  const wanted = Math.min(count, fractionDigitsMax);
  const exponent = Number(magnitude.toExponential().split("e")[1]);
  // The shortest form of 1e23 is above its exact value, 9.99...e22, which has one digit less.
  const places = wanted - 1 - exponent;
  const digits = roundScaled(magnitude, places).toString();
  if (digits.length >= wanted) return trimmed(digits, places);
  return trimmed(roundScaled(magnitude, places + 1).toString(), places + 1);
}

function trimmed(digits: string, places: number): Decimal {
  return digits === "0"
    ? { digits: "", point: 0 }
    : { digits: digits.replace(/0+$/, ""), point: digits.length - places };
}

/** magnitude * 10^places, exactly, rounded half to even. */
function roundScaled(magnitude: number, places: number): bigint {
  const [mantissa, exponent] = splitFloat(magnitude);
  const ten = 10n ** BigInt(Math.abs(places));
  const two = 1n << BigInt(Math.abs(exponent));
  const dividend = mantissa * (exponent > 0 ? two : 1n) * (places > 0 ? ten : 1n);
  return divideHalfToEven(dividend, (exponent < 0 ? two : 1n) * (places < 0 ? ten : 1n));
}

/** A double as mantissa * 2^exponent, the mantissa with 53 bits unless the number is subnormal. */
function splitFloat(magnitude: number): [mantissa: bigint, exponent: number] {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, magnitude);
  const bits = view.getBigUint64(0);
  const fraction = bits & 0xfffffffffffffn;
  const exponent = Number(bits >> 52n);
  return exponent === 0 ? [fraction, -1074] : [fraction | (1n << 52n), exponent - 1075];
}

/** %b: the mantissa, `p`, and the power of two. */
function binaryText(magnitude: number): string {
  const [mantissa, exponent] = splitFloat(magnitude);
  return `${mantissa}p${exponent >= 0 ? "+" : ""}${exponent}`;
}

/** %x: one hexadecimal digit before the point, the power of two behind `p`. */
function hexText(magnitude: number, verb: "x" | "X", precision: number): string {
  let [mantissa, exponent] = splitFloat(magnitude);
  let fraction = "";
  let power = 0;
  let lead = 0n;
  if (mantissa !== 0n) {
    const bits = mantissa.toString(2).length;
    power = exponent + bits - 1;
    // One leading bit and 60 bits of fraction: 15 hexadecimal digits.
    mantissa <<= BigInt(61 - bits);
    if (precision >= 0 && precision < 15) {
      const unit = 1n << BigInt(60 - 4 * precision);
      mantissa = divideHalfToEven(mantissa, unit) * unit;
      if (mantissa >> 61n !== 0n) {
        mantissa >>= 1n;
        power++;
      }
    }
    lead = 1n;
    fraction = (mantissa & ((1n << 60n) - 1n)).toString(16).padStart(15, "0");
  }
  const digits = precision < 0 ? fraction.replace(/0+$/, "") : fraction.slice(0, precision).padEnd(precision, "0");
  const sign = power < 0 ? "-" : "+";
  const text = `0x${lead}${digits === "" ? "" : `.${digits}`}p${sign}${String(Math.abs(power)).padStart(2, "0")}`;
  return verb === "X" ? text.toUpperCase() : text;
}
