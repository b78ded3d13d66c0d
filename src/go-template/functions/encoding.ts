/** Sprig's base64 and base32, which give Go's error message in place of what they cannot decode. */
import { decodeBytes, encodeBytes } from "../bytes.ts";
import { toByteText } from "./byte-text.ts";
import { define, type FunctionTable } from "./registry.ts";

/** The bytes, or the offset at which they are corrupt. */
export type Decoded = { readonly bytes: Uint8Array } | { readonly corruptAt: number };

/** encoding/base64's StdEncoding: newlines are skipped, padding is required. */
export function decodeBase64(text: string): Decoded {
  const source = toByteText(text);
  const corruptAt = base64Corruption(source);
  return corruptAt === undefined ? { bytes: Buffer.from(source, "base64") } : { corruptAt };
}

const wholeBase64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const base64Digit = /[A-Za-z0-9+/]/;

function base64Corruption(source: string): number | undefined {
  if (wholeBase64.test(source)) return undefined;
  let at = 0;
  const skipNewlines = () => {
    while (source[at] === "\n" || source[at] === "\r") at++;
  };
  for (let digits = 0; ; ) {
    skipNewlines();
    if (at === source.length) return digits === 0 ? undefined : at - digits;
    const character = source[at++]!;
    if (base64Digit.test(character)) {
      digits = (digits + 1) % 4;
      continue;
    }
    if (character !== "=" || digits < 2) return at - 1;
    if (digits === 2) {
      skipNewlines();
      if (at === source.length) return at;
      if (source[at] !== "=") return at - 1;
      at++;
    }
    skipNewlines();
    return at < source.length ? at : undefined;
  }
}

const base32Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/** RFC 4648's base32 of bytes, padded to whole groups of eight. */
export function encodeBase32(bytes: Uint8Array): string {
  let text = "";
  let bits = 0;
  let count = 0;
  for (const byte of bytes) {
    bits = ((bits << 8) | byte) & 0xfff;
    for (count += 8; count >= 5; count -= 5) text += base32Alphabet[(bits >> (count - 5)) & 31];
  }
  if (count > 0) text += base32Alphabet[(bits << (5 - count)) & 31];
  return text + "=".repeat((8 - (text.length % 8)) % 8);
}

/** encoding/base32's StdEncoding: newlines are taken out first, so that offsets do not count them. */
function decodeBase32(text: string): Decoded {
  const source = toByteText(text).replace(/[\r\n]/g, "");
  const bytes: number[] = [];
  for (let at = 0; at < source.length; ) {
    let digits = 0;
    let bits = 0n;
    for (; digits < 8; digits++, at++) {
      if (at === source.length) return { corruptAt: at - digits };
      const left = source.length - at - 1;
      if (source[at] === "=" && digits >= 2 && left < 8) {
        const corruptAt = paddingCorruption(source, at, digits);
        if (corruptAt !== undefined) return { corruptAt };
        at = source.length;
        break;
      }
      const digit = base32Alphabet.indexOf(source[at]!);
      if (digit < 0) return { corruptAt: at };
      bits = (bits << 5n) | BigInt(digit);
    }
    bits <<= BigInt(5 * (8 - digits));
    const count = Math.floor((digits * 5) / 8);
    for (let index = 0; index < count; index++) bytes.push(Number((bits >> BigInt(32 - 8 * index)) & 0xffn));
  }
  return { bytes: Uint8Array.from(bytes) };
}

/** Where the padding that begins at an offset, behind so many digits, is wrong. What follows it is not looked at. */
function paddingCorruption(source: string, at: number, digits: number): number | undefined {
  const left = source.length - at - 1;
  if (left + digits < 7) return source.length;
  for (let index = 0; index < 7 - digits; index++) {
    if (source[at + 1 + index] !== "=") return at + index;
  }
  const isPossible = digits !== 3 && digits !== 6;
  return isPossible ? undefined : at;
}

function orMessage(decoded: Decoded, name: string): string {
  return "bytes" in decoded ? decodeBytes(decoded.bytes) : `illegal ${name} data at input byte ${decoded.corruptAt}`;
}

export const encodingFunctions: FunctionTable = {
  b64enc: define(["string"], (_, text) => Buffer.from(encodeBytes(text)).toString("base64")),
  b64dec: define(["string"], (_, text) => orMessage(decodeBase64(text), "base64")),
  b32enc: define(["string"], (_, text) => encodeBase32(encodeBytes(text))),
  b32dec: define(["string"], (_, text) => orMessage(decodeBase32(text), "base32")),
};
