/**
 * toYaml: what sigs.k8s.io/yaml's Marshal writes. It marshals to JSON, reads that with go-yaml v2 and writes what it
 * read; here values go straight to the emitter, seen as they come out of that detour.
 */
import { toValidText } from "../bytes.ts";
import { sortedKeys } from "../compare.ts";
import { formatShortest } from "../numbers.ts";
import type { GoObject, GoValue } from "../value.ts";
import { encodeFloat } from "./encode-json.ts";
import { JsonEncodeError, JsonStruct, viewAsJson } from "./json-view.ts";
import type { Budget } from "./limits.ts";
import { emitYaml, PlainScalar, type YamlDialect, type YamlValue } from "./yaml-emitter.ts";

/**
 * The document, ending in a line break. Throws a {@link JsonEncodeError} where Go's Marshal fails: for what JSON cannot
 * say, and for what go-yaml cannot read back; a NestingError for what is nested too deeply.
 */
export function toYaml(value: GoValue, budget: Budget): string {
  return emitYaml(value, jsonDialect, budget);
}

const jsonDialect: YamlDialect = { version: 2, view: (value) => view(value as GoValue), viewText };

function view(value: GoValue): YamlValue {
  const json = viewAsJson(value);
  if (typeof json === "number") return viewFloat(json);
  if (json instanceof JsonStruct) return json.members;
  return json instanceof Map ? viewMap(json as GoObject) : (json as YamlValue);
}

/** Invalid UTF-8 makes keys equal that were not: the last one stands. */
function viewMap(entries: GoObject): GoObject {
  for (const key of entries.keys()) {
    if (!key.isWellFormed()) {
      return new Map(sortedKeys(entries).map((original) => [toValidText(original), entries.get(original)]));
    }
  }
  return entries;
}

const wholeNumber = /^-?[0-9]+$/;
const minInt64 = -(2n ** 63n);
const maxUint64 = 2n ** 64n - 1n;

/** A float that JSON writes without point and exponent is an integer again, if it fits one. */
function viewFloat(value: number): PlainScalar {
  const text = encodeFloat(value);
  if (wholeNumber.test(text)) {
    if (Number.isSafeInteger(value)) return new PlainScalar(String(value));
    const whole = BigInt(text);
    if (whole >= minInt64 && whole <= maxUint64) return new PlainScalar(text);
  }
  return new PlainScalar(formatShortest(value));
}

const unusual = /[\u007f-\u009f\ud800-\udfff\ufffe\uffff]/u;
const unreadable = /[\u007f-\u0084\u0086-\u009f\ufffe\uffff]/;
const nextLine = "\u0085";
const keyLengthMax = 1024;
const documentIndicator = /\u0085(?:---|\.\.\.)[ \u0085]/;

function viewText(text: string, isKey: boolean): { readonly text: string } {
  if (isKey && text.length * 6 + 2 > keyLengthMax) checkKeyLength(text);
  if (!unusual.test(text)) return { text };
  const valid = toValidText(text);
  if (unreadable.test(valid)) throw new JsonEncodeError("yaml: control characters are not allowed");
  if (!valid.includes(nextLine)) return { text: valid };
  // U+0085 is not escaped in JSON and a line break in YAML 1.1: a key must not hold one, and a string is folded there.
  if (isKey) throw new JsonEncodeError("yaml: did not find expected ',' or '}'");
  if (documentIndicator.test(valid)) throw new JsonEncodeError("yaml: found unexpected document indicator");
  const folded = valid.replace(/ *\u0085[ \u0085]*/g, (blanks) => {
    const breaks = blanks.split(nextLine).length - 1;
    return breaks === 1 ? " " : "\n".repeat(breaks - 1);
  });
  return { text: folded };
}

/** go-yaml reads a key only if it is not longer than this, as JSON has it: in quotes, with escapes. */
function checkKeyLength(key: string): void {
  const json = JSON.stringify(key).replace(/[<>&\u2028\u2029]/g, "\\u0000");
  if ([...json].length > keyLengthMax) throw new JsonEncodeError("yaml: did not find expected ',' or '}'");
}
