/** Bytes to text, for what people wrote: only UTF-8 is text, and what isn't must not become U+FFFD in a manifest. */

export type DecodedText =
  | { readonly text: string }
  /** Why it is none, and where: line and column count from 1, the column in UTF-16 units. */
  | { readonly fault: string; readonly line: number; readonly column: number };

const strict = new TextDecoder("utf-8", { fatal: true });
const lenient = new TextDecoder("utf-8");
const lfsPointer = "version https://git-lfs.github.com/spec/";

/** The text, a byte order mark taken off. A pointer of Git LFS is text that stands for another, and so a fault. */
export function decodeText(bytes: Uint8Array): DecodedText {
  let text: string;
  try {
    text = strict.decode(bytes);
  } catch {
    return { fault: `it is not UTF-8${guessEncoding(bytes)}`, ...placeOf(bytes, firstFault(bytes)) };
  }
  if (text.startsWith(lfsPointer)) {
    return { fault: "it is a pointer of Git LFS: the file itself is not in the repository", line: 1, column: 1 };
  }
  const nul = bytes.indexOf(0);
  if (nul >= 0) return { fault: "it is not text: it has a NUL character", ...placeOf(bytes, nul) };
  return { text };
}

function guessEncoding(bytes: Uint8Array): string {
  const [first, second] = bytes;
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)) return " but UTF-16";
  return "";
}

/** The offset at which the bytes stop being UTF-8: the longest prefix that is, within the three bytes of a cut one. */
function firstFault(bytes: Uint8Array): number {
  let [good, bad] = [0, bytes.length];
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    if (isPrefixOfText(bytes.subarray(0, middle))) good = middle;
    else bad = middle;
  }
  return good;
}

/** `stream` lets a character be cut at the end. */
function isPrefixOfText(bytes: Uint8Array): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: true });
    return true;
  } catch {
    return false;
  }
}

function placeOf(bytes: Uint8Array, offset: number): { readonly line: number; readonly column: number } {
  const before = lenient.decode(bytes.subarray(0, offset));
  const start = before.lastIndexOf("\n") + 1;
  return { line: before.split("\n").length, column: before.length - start + 1 };
}
