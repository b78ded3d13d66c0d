/** Keys and strings as BurntSushi/toml writes them. */

const bareKey = /^[0-9A-Za-z_-]+$/;
const special = /["\\\u0000-\u001f\u007f]/g;
const namedEscapes: Readonly<Record<string, string>> = {
  '"': '\\"',
  "\\": "\\\\",
  "\b": "\\b",
  "\t": "\\t",
  "\n": "\\n",
  "\f": "\\f",
  "\r": "\\r",
};

/** A basic string. */
export function quoteToml(text: string): string {
  const escaped = text.replace(
    special,
    (char) => namedEscapes[char] ?? `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  return `"${escaped}"`;
}

/** One part of a key, in quotes where it needs them. */
export function formatTomlKeyPart(part: string): string {
  return bareKey.test(part) ? part : quoteToml(part);
}

/** A dotted key. */
export function formatTomlKey(key: readonly string[]): string {
  return key.map(formatTomlKeyPart).join(".");
}
