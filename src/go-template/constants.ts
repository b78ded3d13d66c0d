/** Number and character constants: parsed once into every type that can hold them, as Go's untyped constants. */
import type { NumberNode } from "./nodes.ts";
import { parseFloat64, parseInt64, parseUint64 } from "./numbers.ts";
import { unquoteChar } from "./quote.ts";

/** A number's node, or what is wrong with it. */
export type NumberOrFailure = NumberNode | string;

/** A character constant in single quotes. */
export function parseCharConstant(text: string, at: number): NumberOrFailure {
  const char = unquoteChar(text, 1, "'");
  if (char === undefined) return "invalid syntax";
  if (text.slice(char.next) !== "'") return `malformed character constant: ${text}`;
  const value = BigInt(char.point);
  return { type: "number", at, text, int: value, uint: value, float: char.point };
}

/** A real and an imaginary part: 1+2i. */
export function parseComplexConstant(text: string, at: number): NumberOrFailure {
  const split = Math.max(text.lastIndexOf("+"), text.lastIndexOf("-"));
  const isExponentSign = /[eEpP]/.test(text[split - 1] ?? "");
  const border = isExponentSign ? Math.max(text.lastIndexOf("+", split - 1), text.lastIndexOf("-", split - 1)) : split;
  const real = scanFloat(text.slice(0, border));
  const imaginary = scanFloat(text.slice(border, -1));
  if (real === undefined || imaginary === undefined) return "syntax error scanning complex number";
  return complexNode(text, at, real, imaginary);
}

/** A part of a complex constant, which Go reads with fmt.Sscan: out of range is an error there. */
function scanFloat(text: string): number | undefined {
  const value = parseFloat64(text);
  return value === undefined || !Number.isFinite(value) ? undefined : value;
}

function complexNode(text: string, at: number, real: number, imaginary: number): NumberNode {
  const complex = { real, imaginary };
  if (imaginary !== 0) return { type: "number", at, text, complex };
  return { type: "number", at, text, complex, float: real, ...integersOf(real) };
}

export function parseNumberConstant(text: string, at: number): NumberOrFailure {
  if (text.endsWith("i")) {
    const imaginary = scanFloat(text.slice(0, -1));
    if (imaginary !== undefined) return complexNode(text, at, 0, imaginary);
  }
  const unsigned = parseUint64(text);
  const signed = parseInt64(text);
  const uint = typeof unsigned === "bigint" ? unsigned : signed === 0n ? 0n : undefined;
  const int = typeof signed === "bigint" ? signed : undefined;
  const integer = int ?? uint;
  if (integer !== undefined) {
    return {
      type: "number",
      at,
      text,
      float: Number(integer),
      ...(int !== undefined && { int }),
      ...(uint !== undefined && { uint }),
    };
  }
  const float = scanFloat(text);
  if (float === undefined) return `illegal number syntax: ${JSON.stringify(text)}`;
  if (!/[.eEpP]/.test(text)) return `integer overflow: ${JSON.stringify(text)}`;
  return { type: "number", at, text, float, ...integersOf(float) };
}

/** The integers equal to a float, as far as int64 and uint64 hold it. */
function integersOf(float: number): { int?: bigint; uint?: bigint } {
  if (!Number.isInteger(float)) return {};
  const value = BigInt(float);
  return {
    ...(BigInt.asIntN(64, value) === value && { int: value }),
    ...(BigInt.asUintN(64, value) === value && { uint: value }),
  };
}
