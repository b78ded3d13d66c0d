/**
 * Byte texts: strings in which each character is one byte, so that string functions cut and search as Go's do.
 *
 * An ASCII string is its own byte text, and nearly all are.
 */
import { decodeBytes, encodeBytes, isAscii } from "../bytes.ts";

export function toByteText(text: string): string {
  return isAscii(text) ? text : Buffer.from(encodeBytes(text)).toString("latin1");
}

export function ofByteText(bytes: string): string {
  return isAscii(bytes) ? bytes : decodeBytes(Buffer.from(bytes, "latin1"));
}

/**
 * Applies a string function to byte texts where a pattern holds bytes that are no character: they may be part of one in
 * the other string. Everywhere else the strings themselves give the same result.
 */
export function searching<R>(pattern: string, text: string, search: (pattern: string, text: string) => R): R {
  return pattern.isWellFormed() ? search(pattern, text) : search(toByteText(pattern), toByteText(text));
}
