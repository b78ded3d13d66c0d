/** Directives and tags of YAML 1.1, as libyaml scans them. */
import { leadWidth, type YamlCursor } from "./yaml-cursor.ts";

export type YamlDirective =
  | { readonly name: "YAML"; readonly version: string }
  | { readonly name: "TAG"; readonly handle: string; readonly prefix: string };

export interface YamlTag {
  /** `!`, `!!` or `!name!`; empty where the suffix is the whole tag. */
  readonly handle: string;
  readonly suffix: string;
}

const tagCharacter = /^[0-9A-Za-z_\-;/?:@&=+$,.!~*'()[\]%]$/;
const escapedOctet = /^%([0-9a-fA-F]{2})$/;
const versionDigitsMax = 2;

/** Scans a line that begins with `%`, its line break included. */
export function scanDirective(cursor: YamlCursor): YamlDirective {
  cursor.skip();
  const name = takeWord(cursor);
  if (name === "") cursor.fail("could not find expected directive name");
  if (!cursor.isBlankOrEnd()) cursor.fail("found unexpected non-alphabetical character");
  if (name !== "YAML" && name !== "TAG") cursor.fail("found unknown directive name");
  cursor.skipBlanks();
  const directive: YamlDirective =
    name === "YAML" ? { name, version: scanVersion(cursor) } : { name, ...scanTagDirective(cursor) };
  cursor.skipBlanks();
  cursor.skipComment();
  if (!cursor.isBreakOrEnd()) cursor.fail("did not find expected comment or line break");
  if (cursor.isBreak()) cursor.readBreak();
  return directive;
}

function takeWord(cursor: YamlCursor): string {
  const start = cursor.at;
  while (cursor.isWord()) cursor.skip();
  return cursor.text.slice(start, cursor.at);
}

function scanVersion(cursor: YamlCursor): string {
  const major = scanVersionNumber(cursor);
  if (!cursor.isAt(".")) cursor.fail("did not find expected digit or '.' character");
  cursor.skip();
  return `${major}.${scanVersionNumber(cursor)}`;
}

function scanVersionNumber(cursor: YamlCursor): number {
  let digits = "";
  while (cursor.unit() >= 0x30 && cursor.unit() <= 0x39) {
    if (digits.length === versionDigitsMax) cursor.fail("found extremely long version number");
    digits += cursor.read();
  }
  if (digits === "") cursor.fail("did not find expected version number");
  return Number(digits);
}

function scanTagDirective(cursor: YamlCursor): { readonly handle: string; readonly prefix: string } {
  const handle = scanHandle(cursor, true);
  if (!cursor.isBlank()) cursor.fail("did not find expected whitespace");
  cursor.skipBlanks();
  const prefix = scanUri(cursor, "");
  if (!cursor.isBlankOrEnd()) cursor.fail("did not find expected whitespace or line break");
  return { handle, prefix };
}

/** Scans a node's tag: `!<uri>`, `!handle!suffix`, `!suffix` or `!`. */
export function scanTag(cursor: YamlCursor): YamlTag {
  const tag = cursor.isAt("<", 1) ? scanVerbatimTag(cursor) : scanShorthandTag(cursor);
  if (!cursor.isBlankOrEnd()) cursor.fail("did not find expected whitespace or line break");
  return tag;
}

function scanVerbatimTag(cursor: YamlCursor): YamlTag {
  cursor.skip(2);
  const suffix = scanUri(cursor, "");
  if (!cursor.isAt(">")) cursor.fail("did not find the expected '>'");
  cursor.skip();
  return { handle: "", suffix };
}

function scanShorthandTag(cursor: YamlCursor): YamlTag {
  const handle = scanHandle(cursor, false);
  if (handle.length > 1 && handle.endsWith("!")) return { handle, suffix: scanUri(cursor, "") };
  // It was no handle, but the beginning of the suffix.
  const suffix = scanUri(cursor, handle);
  return suffix === "" ? { handle: "", suffix: "!" } : { handle: "!", suffix };
}

function scanHandle(cursor: YamlCursor, isDirective: boolean): string {
  if (!cursor.isAt("!")) cursor.fail("did not find expected '!'");
  cursor.skip();
  const word = takeWord(cursor);
  if (cursor.isAt("!")) {
    cursor.skip();
    return `!${word}!`;
  }
  if (isDirective && word !== "") cursor.fail("did not find expected '!'");
  return `!${word}`;
}

/** A URI; `head` is what was scanned of it already, with its exclamation mark. */
function scanUri(cursor: YamlCursor, head: string): string {
  let uri = head.slice(1);
  const start = cursor.at;
  while (tagCharacter.test(cursor.text[cursor.at] ?? "")) uri += cursor.isAt("%") ? scanEscape(cursor) : cursor.read();
  if (head === "" && cursor.at === start) cursor.fail("did not find expected tag URI");
  return uri;
}

/** The UTF-8 octets of one character, each as `%NN`. */
function scanEscape(cursor: YamlCursor): string {
  const octets: number[] = [];
  let width = 1;
  while (octets.length < width) {
    const digits = escapedOctet.exec(cursor.text.slice(cursor.at, cursor.at + 3))?.[1];
    if (digits === undefined) cursor.fail("did not find URI escaped octet");
    const octet = Number.parseInt(digits, 16);
    if (octets.length === 0) {
      width = leadWidth(octet);
      if (width === 0) cursor.fail("found an incorrect leading UTF-8 octet");
    } else if ((octet & 0xc0) !== 0x80) {
      cursor.fail("found an incorrect trailing UTF-8 octet");
    }
    octets.push(octet);
    cursor.skip(3);
  }
  return Buffer.from(octets).toString();
}
