/**
 * Canonical YAML: one text for each value, the same for every reader.
 *
 * Block style throughout. Keys in a stable order: `apiVersion`, `kind` and `metadata` lead an object, its name and
 * namespace, labels and annotations lead the metadata, all else goes by code unit. A string is plain only where no reader, be
 * it of YAML 1.1 or 1.2, could take it for anything else; text of several lines is a literal block; everything else is
 * quoted as JSON quotes it. So a changed value changes its own line and no other.
 */
import { isJsonObject, type Json, type JsonObject } from "../../model/json.ts";

const leadingKeys: readonly string[] = ["apiVersion", "kind", "metadata"];
const leadingMetadataKeys: readonly string[] = ["name", "namespace", "labels", "annotations"];
const noKeys: readonly string[] = [];
const handSortedMax = 12;

/**
 * What is a string to every reader without quotes: words of letters, digits and harmless signs that begin with a letter,
 * joined by single blanks, colons or commas.
 */
const plainText = /^[A-Za-z_/][\w./@+=-]*(?:[ :][A-Za-z0-9_/][\w./@+=-]*)*$/;
/** As well: a number with a unit, such as `500m` or `1Gi`, whose letters no notation of numbers uses. */
const quantity = /^[1-9][0-9]*(?:m|s|h|Ki|Mi|Gi|Ti|M|G|T|k)$/;
/** Words that YAML 1.1 (its null, booleans and single letters) or somebody else's reader takes for more than text. */
const reservedWords = new Set(["y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf", "infinity"]);
const reservedLengthMax = 8;

/** What a literal block can't hold unharmed: control characters, and what some readers take for line breaks. */
const notLiteral = /[\0-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]/;
/** What JSON leaves as it is and YAML does not allow or may fold. */
const toEscape = /[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]/g;
const anyToEscape = /[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]/;
const loneSurrogates = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;
const anySurrogate = /[\ud800-\udfff]/;

/** Readers look for a key's colon within 1,024 characters; a longer key is written with `? `. */
const keyLengthMax = 1000;

/** Argo CD skips a whole file that holds these bytes, wherever they stand: a plus sign that is escaped keeps it from that. */
const skipMarker = "+argocd:skip-file-rendering";
const markers = /\+(?=argocd:skip-file-rendering)/g;

/** Writes a value as one YAML document, ending in a newline. */
export function writeCanonicalYaml(value: Json): string {
  if (typeof value !== "object" || value === null) return `${writeScalar(value, "\n")}\n`;
  if (isJsonObject(value)) return value.size === 0 ? "{}\n" : `${writeMapping(value, "\n", leadingKeys).slice(1)}\n`;
  return value.length === 0 ? "[]\n" : `${writeSequence(value, "\n").slice(1)}\n`;
}

type Scalar = null | boolean | number | bigint | string;

/** `newline` is a line break with the indentation of the mapping's keys; each entry begins with it. */
function writeMapping(mapping: JsonObject, newline: string, leading: readonly string[]): string {
  let out = "";
  for (const key of orderKeys(mapping, leading)) {
    const value = mapping.get(key)!;
    const writtenKey = writeText(key);
    out += writtenKey.length > keyLengthMax ? `${newline}? ${writtenKey}${newline}:` : `${newline}${writtenKey}:`;
    const members = leading === leadingKeys && key === "metadata" ? leadingMetadataKeys : noKeys;
    out += writeMember(value, newline, members);
  }
  return out;
}

/** What stands behind `key:`, the blank included. */
function writeMember(value: Json, newline: string, leading: readonly string[]): string {
  if (typeof value === "object" && value !== null) {
    if (isJsonObject(value)) return value.size === 0 ? " {}" : writeMapping(value, `${newline}  `, leading);
    return value.length === 0 ? " []" : writeSequence(value, newline);
  }
  return ` ${writeScalar(value, newline)}`;
}

/** Items stand at the column of the key that they belong to. */
function writeSequence(items: readonly Json[], newline: string): string {
  let out = "";
  const inner = `${newline}  `;
  for (const item of items) {
    out += `${newline}- `;
    if (typeof item !== "object" || item === null) {
      out += writeScalar(item, newline);
    } else if (isJsonObject(item)) {
      out += item.size === 0 ? "{}" : writeMapping(item, inner, noKeys).slice(inner.length);
    } else {
      out += item.length === 0 ? "[]" : writeSequence(item, inner).slice(inner.length);
    }
  }
  return out;
}

/** Keys in their order; the leading ones first, as far as they are there. */
function orderKeys(mapping: JsonObject, leading: readonly string[]): string[] {
  const keys = sortKeys([...mapping.keys()]);
  if (leading.length === 0) return keys;
  const ordered = leading.filter((key) => mapping.has(key));
  if (ordered.length === 0) return keys;
  for (const key of keys) if (!leading.includes(key)) ordered.push(key);
  return ordered;
}

/** By code unit. Few keys, as most objects have, are put in order faster by hand. */
function sortKeys(keys: string[]): string[] {
  if (keys.length > handSortedMax) return keys.sort();
  for (let index = 1; index < keys.length; index++) {
    const key = keys[index]!;
    let at = index;
    for (; at > 0 && keys[at - 1]! > key; at--) keys[at] = keys[at - 1]!;
    keys[at] = key;
  }
  return keys;
}

function writeScalar(value: Scalar, newline: string): string {
  if (typeof value === "string") return value.includes("\n") ? writeLines(value, newline) : writeText(value);
  return typeof value === "number" ? writeFloat(value) : String(value);
}

/** As JSON has it in Go: a whole number is an integer there. PyYAML wants a point before an exponent. */
function writeFloat(value: number): string {
  if (!Number.isFinite(value)) return "null";
  if (Object.is(value, -0)) return "-0.0";
  const text = String(value);
  return text.includes("e") && !text.includes(".") ? text.replace("e", ".0e") : text;
}

/** A string on one line. */
function writeText(text: string): string {
  const isPlain = plainText.test(text) ? !isReserved(text) && !text.includes(skipMarker) : quantity.test(text);
  return isPlain ? text : quoteText(text);
}

function isReserved(text: string): boolean {
  return text.length <= reservedLengthMax && reservedWords.has(text.toLowerCase());
}

function quoteText(text: string): string {
  let quoted = JSON.stringify(replaceHalves(text));
  if (quoted.includes(skipMarker)) quoted = quoted.replace(markers, "\\u002b");
  if (!anyToEscape.test(quoted)) return quoted;
  return quoted.replace(toEscape, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** Half a character has no place in UTF-8; it becomes U+FFFD, as Go writes it. */
function replaceHalves(text: string): string {
  return anySurrogate.test(text) ? text.replace(loneSurrogates, "\ufffd") : text;
}

/** A string of several lines: a literal block where every reader gets the same out of it, else quoted. */
function writeLines(value: string, newline: string): string {
  // Readers do not agree on a last line of nothing but blanks.
  const isLiteral = !notLiteral.test(value) && !/(?:^|\n)[ \t]+$|^\s*$/.test(value) && !value.includes(skipMarker);
  if (!isLiteral) return quoteText(value);
  const text = replaceHalves(value);
  const first = text.charCodeAt(0);
  // Readers find the indentation by the first line; where that begins with a blank they must be told.
  const indicator = first === 0x20 || first === 0x0a || first === 0x09 ? "2" : "";
  const content = text.endsWith("\n") ? text.slice(0, -1) : text;
  const chomping = content === text ? "-" : content.endsWith("\n") ? "+" : "";
  const inner = `${newline}  `;
  let out = `|${indicator}${chomping}`;
  for (const line of content.split("\n")) out += line === "" ? "\n" : inner + line;
  return out;
}
