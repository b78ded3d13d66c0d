/** What gopkg.in/yaml.v3's Marshal writes: below copy, setField and removeField. No detour through JSON here. */
import { formatTime } from "../functions/time/format-time.ts";
import { GoTime } from "../functions/time/go-time.ts";
import { formatFloat } from "../numbers.ts";
import { GoBoxed, GoInteger, GoMap, GoPointer, GoSlice, GoStruct, type GoValue, MarkedText } from "../value.ts";
import { base64Of } from "./json-view.ts";
import type { Budget } from "./limits.ts";
import { emitYaml, PlainScalar, type YamlDialect, type YamlValue } from "./yaml-emitter.ts";

/** A value that yaml.v3 panics at; the message is Go's. */
export class YamlEncodeError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "YamlEncodeError";
  }
}

/** The document, ending in a line break. Throws a {@link YamlEncodeError} or a NestingError. */
export function toYamlV3(value: GoValue, budget: Budget): string {
  return emitYaml(value, plainDialect, budget);
}

const plainDialect: YamlDialect = { version: 3, view: (value) => view(value as GoValue), viewText };

function view(value: GoValue): YamlValue {
  if (value === undefined) return null;
  if (typeof value === "number") return new PlainScalar(floatText(value));
  return value instanceof GoBoxed ? viewBoxed(value) : value;
}

function viewBoxed(value: GoBoxed): YamlValue {
  if (value instanceof MarkedText) return value.text;
  if (value instanceof GoTime) return new PlainScalar(formatTime(value, "2006-01-02T15:04:05.999999999Z07:00"));
  if (value instanceof GoInteger) {
    return value.type.name === "time.Duration" ? value.type.text!(value as never) : value.value;
  }
  if (value instanceof GoMap) return value.entries ?? new Map();
  if (value instanceof GoSlice) return value.items ?? [];
  if (value instanceof GoPointer) return view(value.target);
  if (value instanceof GoStruct) return viewStruct(value);
  throw new YamlEncodeError(`cannot marshal type: ${value.type.name}`);
}

/** A struct with a text has MarshalText; of others the exported fields, in lower case. */
function viewStruct(value: GoStruct): YamlValue {
  if (value.type.text !== undefined) return value.type.text(value as never);
  const exported = [...value.fields].filter(([name]) => /^\p{Lu}/u.test(name));
  return new Map(exported.map(([name, field]) => [name.toLowerCase(), field]));
}

function floatText(value: number): string {
  if (Number.isNaN(value)) return ".nan";
  if (!Number.isFinite(value)) return value > 0 ? ".inf" : "-.inf";
  return formatFloat(value, "g", -1);
}

const base64LineLength = 70;

/** What is not valid UTF-8 is written as base64, in lines if it is long. */
function viewText(text: string): { readonly text: string; readonly tag?: string } {
  if (text.isWellFormed()) return { text };
  const digits = base64Of(text);
  if (digits.length < base64LineLength) return { text: digits, tag: "!!binary" };
  return { text: digits.replace(/.{1,70}/g, "$&\n"), tag: "!!binary" };
}
