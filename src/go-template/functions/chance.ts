/**
 * Sprig's functions of chance, which here draw from the context: the same bytes give the same result.
 *
 * Every choice is uniform: draws that would favour some results are thrown away and drawn again.
 */
import { runesOf } from "../bytes.ts";
import { goInt } from "../value.ts";
import {
  define,
  type FunctionContext,
  type FunctionDeclaration,
  type FunctionTable,
  GoFunctionError,
} from "./registry.ts";

const digits = "0123456789";
const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const printable = String.fromCharCode(...Array.from({ length: 95 }, (_, index) => 32 + index));

/** `count` characters of an alphabet of at most 256; none where the count is negative, as in Sprig. */
function drawText(context: FunctionContext, count: number, alphabet: string): string {
  let text = "";
  const acceptedBelow = 256 - (256 % alphabet.length);
  while (text.length < count) {
    // A few more than needed, so that one draw mostly suffices.
    for (const byte of context.drawBytes(count - text.length + 8)) {
      if (byte < acceptedBelow && text.length < count) text += alphabet[byte % alphabet.length];
    }
  }
  return text;
}

/** A number from 0 to `bound`, which is left out. */
function drawBelow(context: FunctionContext, bound: bigint): bigint {
  const range = 1n << 64n;
  const acceptedBelow = range - (range % bound);
  for (;;) {
    const drawn = context.drawBytes(8).reduce((value, byte) => (value << 8n) | BigInt(byte), 0n);
    if (drawn < acceptedBelow) return drawn % bound;
  }
}

function textOf(alphabet: string): FunctionDeclaration {
  return define(["int"], (context, count) => drawText(context, count, alphabet));
}

function randInt(context: FunctionContext, least: bigint, bound: bigint) {
  const range = BigInt.asIntN(64, bound - least);
  if (range <= 0n) throw new GoFunctionError("invalid argument to Intn");
  return goInt(least + drawBelow(context, range));
}

function randBytes(context: FunctionContext, count: number): string {
  if (count < 0) throw new GoFunctionError("runtime error: makeslice: len out of range");
  return count === 0 ? "" : Buffer.from(context.drawBytes(count)).toString("base64");
}

/** A UUID of version 4, variant 10. */
function uuid(context: FunctionContext): string {
  const bytes = Uint8Array.from(context.drawBytes(16));
  bytes[6] = (bytes[6]! & 0x0f) | 0x40;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  return Buffer.from(bytes)
    .toString("hex")
    .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/** The characters in another order (Fisher and Yates). */
function shuffle(context: FunctionContext, text: string): string {
  const characters = Array.from(runesOf(text), (rune) => String.fromCodePoint(rune));
  for (let index = characters.length - 1; index > 0; index--) {
    const other = Number(drawBelow(context, BigInt(index + 1)));
    [characters[index], characters[other]] = [characters[other]!, characters[index]!];
  }
  return characters.join("");
}

export const chanceFunctions: FunctionTable = {
  randAlphaNum: textOf(letters + digits),
  randAlpha: textOf(letters),
  randNumeric: textOf(digits),
  randAscii: textOf(printable),
  randBytes: define(["int"], randBytes),
  randInt: define(["exactInt", "exactInt"], randInt),
  uuidv4: define([], uuid),
  shuffle: define(["string"], shuffle),
};
