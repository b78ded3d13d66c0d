/**
 * Go's strings are bytes, ours are UTF-16: a byte 0xNN that is not valid UTF-8 is kept as the lone surrogate U+DCNN.
 *
 * Lengths, offsets and slices count bytes as in Go. Most strings are ASCII, where a byte is a UTF-16 unit: that case is
 * found by one native call and needs no conversion.
 */

const strictDecoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** All UTF-16 units are below 0x80, so that bytes and units are the same. */
export function isAscii(text: string): boolean {
  return Buffer.byteLength(text) === text.length;
}

/** len(text). */
export function byteLength(text: string): number {
  const bytes = Buffer.byteLength(text);
  if (bytes === text.length || text.isWellFormed()) return bytes;
  // A lone surrogate counts as three bytes above, and stands for one.
  let lone = 0;
  for (const char of text) if (isEscape(char.codePointAt(0)!)) lone++;
  return bytes - 2 * lone;
}

/** text[start:end]; the offsets must be within it. */
export function byteSlice(text: string, start: number, end?: number): string {
  if (isAscii(text)) return text.slice(start, end);
  return decodeBytes(encodeBytes(text).subarray(start, end));
}

/** text[offset]; `undefined` outside. */
export function byteAt(text: string, offset: number): number | undefined {
  if (isAscii(text)) return offset >= 0 && offset < text.length ? text.charCodeAt(offset) : undefined;
  return encodeBytes(text)[offset];
}

/** The bytes that a string stands for. */
export function encodeBytes(text: string): Uint8Array {
  if (text.isWellFormed()) return Buffer.from(text);
  const bytes = Buffer.alloc(text.length * 3);
  let length = 0;
  for (const char of text) {
    const point = char.codePointAt(0)!;
    if (isEscape(point)) bytes[length++] = point & 0xff;
    else length += bytes.write(char, length);
  }
  return bytes.subarray(0, length);
}

/** The string for bytes, valid UTF-8 or not. */
export function decodeBytes(bytes: Uint8Array): string {
  try {
    return strictDecoder.decode(bytes);
  } catch {
    return decodeInvalid(bytes);
  }
}

function decodeInvalid(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; ) {
    const [rune, width] = decodeRune(bytes, at);
    text += String.fromCodePoint(rune === runeError && width === 1 ? 0xdc00 | bytes[at]! : rune);
    at += width;
  }
  return text;
}

export const runeError = 0xfffd;
const escapeRuns = /[\udc80-\udcff]+/gu;

/** utf8.DecodeRune: the code point at an offset and its width; U+FFFD of width 1 where the bytes are not valid. */
export function decodeRune(bytes: Uint8Array, at: number): [rune: number, width: number] {
  const lead = bytes[at]!;
  if (lead < 0x80) return [lead, 1];
  const width = lead >= 0xc2 && lead < 0xe0 ? 2 : lead >= 0xe0 && lead < 0xf0 ? 3 : lead >= 0xf0 && lead < 0xf5 ? 4 : 0;
  if (width === 0 || at + width > bytes.length) return [runeError, 1];
  let rune = lead & (0xff >> (width + 1));
  for (let index = 1; index < width; index++) {
    const next = bytes[at + index]!;
    if ((next & 0xc0) !== 0x80) return [runeError, 1];
    rune = (rune << 6) | (next & 0x3f);
  }
  const least = width === 2 ? 0x80 : width === 3 ? 0x800 : 0x10000;
  if (rune < least || rune > 0x10ffff || (rune >= 0xd800 && rune < 0xe000)) return [runeError, 1];
  return [rune, width];
}

/** Go's `range text`: the code points, with U+FFFD for each byte that is not valid. */
export function* runesOf(text: string): Generator<number> {
  for (const char of joinBytes(text)) {
    const point = char.codePointAt(0)!;
    yield isEscape(point) ? runeError : point;
  }
}

/** `[]rune(text)` back as a string: every byte that is not valid becomes U+FFFD. */
export function toValidText(text: string): string {
  return text.isWellFormed() ? text : joinBytes(text).toWellFormed();
}

/** Bytes that concatenation brought together may form a character: makes it one, so that equal bytes are equal strings. */
export function joinBytes(text: string): string {
  return text.isWellFormed() ? text : decodeBytes(encodeBytes(text));
}

/** Like {@link joinBytes}, with where each offset of the old text is in the new one; inside a character: behind it. */
export function joinBytesWithOffsets(text: string): { text: string; offsets: Uint32Array } {
  const offsets = new Uint32Array(text.length + 1);
  const parts: string[] = [];
  let at = 0;
  let length = 0;
  const keep = (end: number): void => {
    parts.push(text.slice(at, end));
    for (; at < end; at++) offsets[at] = length++;
  };
  for (const { 0: run, index } of text.matchAll(escapeRuns)) {
    keep(index);
    const bytes = encodeBytes(run);
    for (let byte = 0; byte < bytes.length; ) {
      const [rune, width] = decodeRune(bytes, byte);
      const part = rune === runeError && width === 1 ? run[byte]! : String.fromCodePoint(rune);
      parts.push(part);
      offsets[at] = length;
      length += part.length;
      offsets.fill(length, at + 1, at + width);
      at += width;
      byte += width;
    }
  }
  keep(text.length);
  offsets[text.length] = length;
  return { text: parts.join(""), offsets };
}

/** Whether a code point stands for one byte that is not valid UTF-8. */
export function isEscape(point: number): boolean {
  return point >= 0xdc80 && point <= 0xdcff;
}
