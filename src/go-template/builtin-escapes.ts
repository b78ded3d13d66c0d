/** html, js and urlquery. They take what an action would print of their arguments. */
import { encodeBytes, isEscape } from "./bytes.ts";
import { noValue } from "./execution.ts";
import { sprint } from "./format.ts";
import { isPrint } from "./functions/unicode.ts";
import { type GoValue, indirect } from "./value.ts";

/** fmt.Sprint of the arguments, each of them as an action prints it. */
export function printableText(values: readonly GoValue[]): string {
  const [only] = values;
  if (values.length === 1 && typeof only === "string") return only;
  return sprint(values.map((value) => (value === null ? noValue : indirect(value))));
}

const htmlEscapes: Readonly<Record<string, string>> = {
  "\u0000": "\ufffd",
  '"': "&#34;",
  "'": "&#39;",
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
};

export function escapeHtml(text: string): string {
  return text.replace(/[\u0000"'&<>]/g, (char) => htmlEscapes[char]!);
}

const jsEscapes: Readonly<Record<string, string>> = {
  "\\": "\\\\",
  "'": "\\'",
  '"': '\\"',
  "<": "\\u003C",
  ">": "\\u003E",
  "&": "\\u0026",
  "=": "\\u003D",
};

export function escapeJs(text: string): string {
  return text.replace(/[\\'"<>&=\u0000-\u001f\u0080-\u{10ffff}]/gu, (char) => {
    const known = jsEscapes[char];
    if (known !== undefined) return known;
    const point = char.codePointAt(0)!;
    if (point < 0x20) return `\\u00${hex(point, 2)}`;
    return isEscape(point) || isPrint(point) ? char : `\\u${hex(point, 4)}`;
  });
}

function hex(value: number, width: number): string {
  return value.toString(16).toUpperCase().padStart(width, "0");
}

/** url.QueryEscape: by bytes, a blank as a plus sign. */
export function escapeQuery(text: string): string {
  if (/^[A-Za-z0-9_.~-]*$/.test(text)) return text;
  let escaped = "";
  for (const byte of encodeBytes(text)) {
    const char = String.fromCharCode(byte);
    if (byte === 0x20) escaped += "+";
    else escaped += /[A-Za-z0-9_.~-]/.test(char) ? char : `%${hex(byte, 2)}`;
  }
  return escaped;
}
