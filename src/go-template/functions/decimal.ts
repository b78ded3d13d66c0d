/** shopspring/decimal as Sprig uses it for addf and kin: 0.1 + 0.2 is 0.3. */
import { formatFloat } from "../numbers.ts";
import { GoFunctionError } from "./registry.ts";

/** coefficient * 10^exponent. */
export interface Decimal {
  readonly coefficient: bigint;
  readonly exponent: number;
}

/** The shortest decimal that reads back as the float. */
export function decimalOf(value: number): Decimal {
  if (!Number.isFinite(value)) {
    throw new GoFunctionError(`Cannot create a Decimal from ${formatFloat(value, "g", -1)}`);
  }
  const [mantissa, exponent] = value.toExponential().split("e") as [string, string];
  const [whole, fraction = ""] = mantissa.split(".");
  return { coefficient: BigInt(whole + fraction), exponent: Number(exponent) - fraction.length };
}

/** The nearest float64. */
export function floatOf({ coefficient, exponent }: Decimal): number {
  return Number(`${coefficient}e${exponent}`);
}

function scaled(coefficient: bigint, places: number): bigint {
  return coefficient * 10n ** BigInt(places);
}

function combine(left: Decimal, right: Decimal, of: (left: bigint, right: bigint) => bigint): Decimal {
  const exponent = Math.min(left.exponent, right.exponent);
  return {
    coefficient: of(
      scaled(left.coefficient, left.exponent - exponent),
      scaled(right.coefficient, right.exponent - exponent),
    ),
    exponent,
  };
}

export function addDecimals(left: Decimal, right: Decimal): Decimal {
  return combine(left, right, (a, b) => a + b);
}

export function subtractDecimals(left: Decimal, right: Decimal): Decimal {
  return combine(left, right, (a, b) => a - b);
}

export function multiplyDecimals(left: Decimal, right: Decimal): Decimal {
  return { coefficient: left.coefficient * right.coefficient, exponent: left.exponent + right.exponent };
}

/** Digits behind the point of a quotient. */
const quotientPlaces = 16;

/** Decimal.Div: sixteen digits behind the point, half away from zero. */
export function divideDecimals(left: Decimal, right: Decimal): Decimal {
  if (right.coefficient === 0n) throw new GoFunctionError("decimal division by 0");
  const shift = left.exponent - right.exponent + quotientPlaces;
  const dividend = shift > 0 ? scaled(left.coefficient, shift) : left.coefficient;
  const divisor = shift < 0 ? scaled(right.coefficient, -shift) : right.coefficient;
  const quotient = dividend / divisor;
  const remainder = dividend - quotient * divisor;
  const isNegative = dividend < 0n !== divisor < 0n;
  const roundsAway = magnitude(remainder) * 2n >= magnitude(divisor);
  return { coefficient: roundsAway ? quotient + (isNegative ? -1n : 1n) : quotient, exponent: -quotientPlaces };
}

function magnitude(value: bigint): bigint {
  return value < 0n ? -value : value;
}
