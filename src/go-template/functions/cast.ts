/** spf13/cast as Sprig uses it: any value to a number, and what is none to 0. */
import { parseFloat64, parseInt64 } from "../numbers.ts";
import { type GoArgument, GoInteger } from "../value.ts";

const int64Max = (1n << 63n) - 1n;
const two63 = 2 ** 63;

/** cast.ToInt64, which is cast.ToInt too. */
export function toInt64(value: GoArgument): bigint {
  switch (typeof value) {
    case "bigint":
      return value;
    case "number":
      return truncateFloat(value);
    case "boolean":
      return value ? 1n : 0n;
    case "string":
      return parseInteger(value);
  }
  return value instanceof GoInteger ? BigInt.asIntN(64, value.value) : 0n;
}

/** Go's int64(float) on amd64: towards zero, and the least int64 for everything that does not fit. */
function truncateFloat(value: number): bigint {
  return value >= -two63 && value < two63 ? BigInt(Math.trunc(value)) : -int64Max - 1n;
}

const decimal = /^([-+]?[0-9]*)(?:\.[0-9]*)?$/;

/** An integer of base 10, 16 (0x), 8 (0, 0o) or 2 (0b), with what a decimal has behind its point cut off. */
function parseInteger(text: string): bigint {
  const whole = text.includes(".") ? (decimal.exec(text)?.[1] ?? text) : text;
  const parsed = parseInt64(whole === "" ? "0" : whole);
  return typeof parsed === "bigint" ? parsed : 0n;
}

/** cast.ToFloat64. */
export function toFloat64(value: GoArgument): number {
  switch (typeof value) {
    case "number":
      return value;
    case "bigint":
      return Number(value);
    case "boolean":
      return value ? 1 : 0;
    case "string":
      return parseDecimal(value);
  }
  return value instanceof GoInteger ? Number(value.value) : 0;
}

/** Beyond the range of a float64 it is an error, so 0; infinity has to be spelled out. */
function parseDecimal(text: string): number {
  const parsed = parseFloat64(text) ?? 0;
  const isOutOfRange = Math.abs(parsed) === Infinity && !/^[+-]?inf/i.test(text);
  return isOutOfRange ? 0 : parsed;
}
