/** Sprig's functions for numbers: int64 arithmetic that wraps, decimal arithmetic, and conversions that never fail. */
import { formatValue } from "../format.ts";
import { decimalInteger } from "../numbers.ts";
import { type GoArgument, GoSlice, goInt, intListType } from "../value.ts";
import { toFloat64, toInt64 } from "./cast.ts";
import {
  addDecimals,
  type Decimal,
  decimalOf,
  divideDecimals,
  floatOf,
  multiplyDecimals,
  subtractDecimals,
} from "./decimal.ts";
import { define, defineVariadic, type FunctionContext, type FunctionTable, GoFunctionError } from "./registry.ts";

const wrap = (value: bigint): bigint => BigInt.asIntN(64, value);
const int64Max = (1n << 63n) - 1n;

function quotient(left: bigint, right: bigint): bigint {
  if (right === 0n) throw new GoFunctionError("runtime error: integer divide by zero");
  return wrap(left / right);
}

function remainder(left: bigint, right: bigint): bigint {
  if (right === 0n) throw new GoFunctionError("runtime error: integer divide by zero");
  return left % right;
}

function largest(first: GoArgument, ...rest: GoArgument[]): bigint {
  let result = toInt64(first);
  for (const value of rest.map(toInt64)) if (value > result) result = value;
  return result;
}

function smallest(first: GoArgument, ...rest: GoArgument[]): bigint {
  let result = toInt64(first);
  for (const value of rest.map(toInt64)) if (value < result) result = value;
  return result;
}

/** Each value in turn combined with the result so far, in decimal. */
function reduceDecimals(
  first: number,
  rest: readonly GoArgument[],
  combine: (left: Decimal, right: Decimal) => Decimal,
): number {
  let result = decimalOf(first);
  for (const value of rest) result = combine(result, decimalOf(toFloat64(value)));
  return floatOf(result);
}

/** Sprig's round, binary as it is: 1.005 to two places is 1. */
function round(_: FunctionContext, value: GoArgument, places: number, ...options: number[]): number {
  const roundOn = options[0] ?? 0.5;
  const power = powerOfTen(places);
  const digits = power * toFloat64(value);
  const fraction = digits - Math.trunc(digits);
  return (fraction >= roundOn ? Math.ceil(digits) : Math.floor(digits)) / power;
}

/** math.Pow(10, n) with Go's own steps, which are not always the nearest float64. */
function powerOfTen(exponent: number): number {
  let mantissa = 1;
  let binaryExponent = 0;
  // 10 is 0.625 * 2^4.
  let factor = 0.625;
  let factorExponent = 4;
  for (let rest = Math.abs(exponent); rest !== 0; rest = Math.floor(rest / 2)) {
    if (Math.abs(factorExponent) > 4096) {
      binaryExponent += factorExponent;
      break;
    }
    if (rest % 2 === 1) {
      mantissa *= factor;
      binaryExponent += factorExponent;
    }
    factor *= factor;
    factorExponent *= 2;
    if (factor < 0.5) {
      factor += factor;
      factorExponent--;
    }
  }
  return exponent < 0 ? scaleBinary(1 / mantissa, -binaryExponent) : scaleBinary(mantissa, binaryExponent);
}

/** math.Ldexp for numbers near 1: one rounding, at the last step. */
function scaleBinary(value: number, exponent: number): number {
  if (exponent < -1000) return value * 2 ** -1000 * 2 ** (exponent + 1000);
  return exponent > 1000 ? value * 2 ** 1000 * 2 ** (exponent - 1000) : value * 2 ** exponent;
}

/** math.Max: an infinity wins over NaN. */
function maxFloat(left: number, right: number): number {
  return left === Infinity || right === Infinity ? Infinity : Math.max(left, right);
}

function minFloat(left: number, right: number): number {
  return left === -Infinity || right === -Infinity ? -Infinity : Math.min(left, right);
}

/** From start to stop, which is left out. */
function untilStep(context: FunctionContext, start: number, stop: number, step: number): number[] {
  const distance = stop - start;
  if (distance === 0 || step === 0 || distance < 0 !== step < 0) return [];
  const count = Math.ceil(distance / step);
  context.chargeItems(count);
  return Array.from({ length: count }, (_, index) => start + index * step);
}

function intList(values: readonly number[]): GoSlice {
  return new GoSlice(intListType, values.map(goInt));
}

function seq(context: FunctionContext, ...params: number[]): string {
  const [first, second, third] = params as [number, number, number];
  switch (params.length) {
    case 1: {
      const step = first < 1 ? -1 : 1;
      return untilStep(context, 1, first + step, step).join(" ");
    }
    case 2: {
      const step = second < first ? -1 : 1;
      return untilStep(context, first, second + step, step).join(" ");
    }
    case 3: {
      if (third < first && second > 0) return "";
      return untilStep(context, first, third + (third < first ? -1 : 1), second).join(" ");
    }
    default:
      return "";
  }
}

/** strconv.Atoi without its error: of what is out of range the nearest int. */
function atoi(text: string): bigint {
  if (!/^[+-]?[0-9]+$/.test(text)) return 0n;
  const size = decimalInteger(text.replace(/^[+-]/, ""));
  const value = text.startsWith("-") ? -size : size;
  if (value > int64Max) return int64Max;
  return value < -int64Max - 1n ? -int64Max - 1n : value;
}

/** Octal digits as a number, as for file modes. */
function octalToDecimal(value: GoArgument): bigint {
  const text = formatValue(value);
  if (!/^[+-]?[0-7]+$/.test(text)) return 0n;
  const digits = BigInt(`0o${text.replace(/^[+-]/, "")}`);
  const result = text.startsWith("-") ? -digits : digits;
  return result === wrap(result) ? result : 0n;
}

const biggest = defineVariadic(["any", "any"], (_, first, ...rest) => largest(first, ...rest));

export const mathFunctions: FunctionTable = {
  int: define(["any"], (_, value) => goInt(toInt64(value))),
  int64: define(["any"], (_, value) => toInt64(value)),
  float64: define(["any"], (_, value) => toFloat64(value)),
  atoi: define(["string"], (_, text) => goInt(atoi(text))),
  toDecimal: define(["any"], (_, value) => octalToDecimal(value)),
  add1: define(["any"], (_, value) => wrap(toInt64(value) + 1n)),
  add: defineVariadic(["any"], (_, ...values) => wrap(values.reduce((sum: bigint, value) => sum + toInt64(value), 0n))),
  sub: define(["any", "any"], (_, left, right) => wrap(toInt64(left) - toInt64(right))),
  mul: defineVariadic(["any", "any"], (_, first, ...rest) =>
    rest.reduce((product: bigint, value) => wrap(product * toInt64(value)), toInt64(first)),
  ),
  div: define(["any", "any"], (_, left, right) => quotient(toInt64(left), toInt64(right))),
  mod: define(["any", "any"], (_, left, right) => remainder(toInt64(left), toInt64(right))),
  max: biggest,
  biggest,
  min: defineVariadic(["any", "any"], (_, first, ...rest) => smallest(first, ...rest)),
  maxf: defineVariadic(["any", "any"], (_, first, ...rest) => rest.map(toFloat64).reduce(maxFloat, toFloat64(first))),
  minf: defineVariadic(["any", "any"], (_, first, ...rest) => rest.map(toFloat64).reduce(minFloat, toFloat64(first))),
  add1f: define(["any"], (_, value) => reduceDecimals(toFloat64(value), [goInt(1)], addDecimals)),
  addf: defineVariadic(["any"], (_, ...values) => reduceDecimals(0, values, addDecimals)),
  subf: defineVariadic(["any", "any"], (_, first, ...rest) => reduceDecimals(toFloat64(first), rest, subtractDecimals)),
  mulf: defineVariadic(["any", "any"], (_, first, ...rest) => reduceDecimals(toFloat64(first), rest, multiplyDecimals)),
  divf: defineVariadic(["any", "any"], (_, first, ...rest) => reduceDecimals(toFloat64(first), rest, divideDecimals)),
  floor: define(["any"], (_, value) => Math.floor(toFloat64(value))),
  ceil: define(["any"], (_, value) => Math.ceil(toFloat64(value))),
  round: defineVariadic(["any", "int", "float64"], round),
  until: define(["int"], (context, count) => intList(untilStep(context, 0, count, count < 0 ? -1 : 1))),
  untilStep: define(["int", "int", "int"], (context, start, stop, step) =>
    intList(untilStep(context, start, stop, step)),
  ),
  seq: defineVariadic(["int"], seq),
};
