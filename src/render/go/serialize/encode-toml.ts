/** Values as TOML text, byte for byte as BurntSushi/toml writes them. */
import { compareStrings } from "../compare.ts";
import { formatTime } from "../functions/time/format-time.ts";
import { GoTime } from "../functions/time/go-time.ts";
import { formatFloat } from "../numbers.ts";
import {
  GoBoxed,
  GoComplex,
  GoInteger,
  type GoList,
  GoMap,
  type GoObject,
  GoPointer,
  GoSlice,
  GoStruct,
  type GoValue,
  SerializedText,
} from "../value.ts";
import { localDate, localDatetime, localTime } from "./toml-scalars.ts";
import { formatTomlKey, formatTomlKeyPart, quoteToml } from "./toml-text.ts";

/** A value that TOML cannot say; the message is the library's. */
export class TomlEncodeError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "TomlEncodeError";
  }
}

/** Go's reflect panics where the root is nil. */
export class TomlNilError extends Error {
  constructor() {
    super("reflect: call of reflect.Value.Type on zero Value");
    this.name = "TomlNilError";
  }
}

/** Throws a {@link TomlEncodeError} or a {@link TomlNilError}. */
export function encodeToml(value: GoValue): string {
  const root = dereference(value);
  if (root === null) throw new TomlNilError();
  return new TomlEncoder().encodeRoot(root);
}

type Key = readonly string[];
/** A value behind all its pointers. */
type TomlValue = Exclude<GoValue, undefined>;
type TomlType = "table" | "table array" | "array" | "scalar" | "nil";

const depthMax = 1000;

class TomlEncoder {
  private out = "";

  encodeRoot(value: TomlValue): string {
    this.encode([], value);
    return this.out;
  }

  private encode(key: Key, value: TomlValue): void {
    if (key.length > depthMax) throw new TomlEncodeError(`toml: nested deeper than ${depthMax} levels`);
    const type = isList(value) ? typeOf(value) : undefined;
    if (type === "table array") this.encodeTables(key, itemsOf(value)!);
    else if (isNilCollection(value) && !isList(value)) return;
    else if (tableOf(value) !== undefined) this.encodeTable(key, tableOf(value)!);
    else this.writeKeyValue(key, value, false);
  }

  private encodeTables(key: Key, items: GoList): void {
    if (key.length === 0) throw new TomlEncodeError("toml: top-level values must be Go maps or structs");
    for (const item of items) {
      const table = tableOf(dereference(item));
      if (table === undefined) continue;
      this.newline();
      this.out += `${indentOf(key)}[[${formatTomlKey(key)}]]`;
      this.newline();
      this.encodeMembers(key, table);
    }
  }

  private encodeTable(key: Key, table: Table): void {
    if (key.length === 1) this.newline();
    if (key.length > 0) {
      this.out += `${indentOf(key)}[${formatTomlKey(key)}]`;
      this.newline();
    }
    this.encodeMembers(key, table);
  }

  private encodeMembers(key: Key, table: Table): void {
    const { direct, nested } = splitMembers(table);
    for (const [name, value] of [...direct, ...nested]) {
      if (!isNilCollection(value)) this.encode([...key, name], value);
    }
  }

  private writeKeyValue(key: Key, value: TomlValue, isInline: boolean): void {
    if (key.length > 0) this.out += `${indentOf(key)}${formatTomlKeyPart(key.at(-1)!)} = `;
    this.writeElement(value, key.length);
    if (key.length > 0 && !isInline) this.newline();
  }

  /** A value behind a key or in an array; tables are inline here. */
  private writeElement(value: TomlValue, depth: number): void {
    if (depth > depthMax) throw new TomlEncodeError(`toml: nested deeper than ${depthMax} levels`);
    const items = itemsOf(value);
    const table = tableOf(value);
    if (items !== undefined) this.writeArray(items, depth);
    else if (table !== undefined) this.writeInlineTable(table, depth);
    else this.out += scalarText(value);
  }

  private writeArray(items: GoList, depth: number): void {
    this.out += "[";
    for (const [index, item] of items.entries()) {
      if (index > 0) this.out += ", ";
      this.writeElement(dereference(item), depth + 1);
    }
    this.out += "]";
  }

  private writeInlineTable(table: Table, depth: number): void {
    const { direct, nested } = splitMembers(table);
    this.out += "{";
    for (const [part, members] of [direct, nested].entries()) {
      for (const [index, [name, value]] of members.entries()) {
        if (isNilCollection(value)) continue;
        this.out += `${formatTomlKeyPart(name)} = `;
        this.writeElement(value, depth + 1);
        const isLast = index === members.length - 1 && (part === 1 || nested.length === 0);
        if (!isLast) this.out += ", ";
      }
    }
    this.out += "}";
  }

  private newline(): void {
    if (this.out !== "") this.out += "\n";
  }
}

function indentOf(key: Key): string {
  return "  ".repeat(key.length - 1);
}

/** A map's entries, or a struct's fields in their order. */
type Table = { readonly entries: GoObject; readonly isSorted: boolean };

function tableOf(value: TomlValue): Table | undefined {
  if (value instanceof Map) return { entries: value as GoObject, isSorted: true };
  if (value instanceof GoMap) return { entries: value.entries ?? new Map(), isSorted: true };
  if (!(value instanceof GoStruct) || hasText(value)) return undefined;
  return { entries: new Map([...value.fields].filter(([name]) => /^\p{Lu}/u.test(name))), isSorted: false };
}

/** Members with a line of their own, and behind them those that are tables. */
function splitMembers({ entries, isSorted }: Table): Record<"direct" | "nested", [string, TomlValue][]> {
  const members = [...entries].map(([name, value]): [string, TomlValue] => [name, dereference(value)]);
  const nested = members.filter(([, value]) => typeOf(value) === "table" || typeOf(value) === "table array");
  const direct = members.filter((member) => !nested.includes(member));
  if (isSorted) {
    for (const group of [direct, nested]) group.sort(([left], [right]) => compareStrings(left, right));
  }
  return { direct, nested };
}

function dereference(value: GoValue): TomlValue {
  if (value instanceof GoPointer) return hasText(value) ? value : dereference(value.target);
  return value ?? null;
}

function typeOf(value: TomlValue): TomlType {
  if (isNilCollection(value)) return "nil";
  const items = itemsOf(value);
  if (items !== undefined) return isTableArray(items) ? "table array" : "array";
  return tableOf(value) === undefined ? "scalar" : "table";
}

function isTableArray(items: GoList): boolean {
  let onlyTables = items.length > 0;
  for (const item of items) {
    const type = typeOf(dereference(item));
    if (type === "nil") throw new TomlEncodeError("toml: cannot encode array with nil element");
    if (type !== "table") onlyTables = false;
  }
  return onlyTables;
}

function isList(value: TomlValue): boolean {
  return itemsOf(value) !== undefined;
}

function itemsOf(value: TomlValue): GoList | undefined {
  if (Array.isArray(value)) return value as GoList;
  return value instanceof GoSlice ? (value.items ?? []) : undefined;
}

/** nil itself, or a nil map, slice or pointer. */
function isNilCollection(value: TomlValue): boolean {
  if (value === null) return true;
  if (value instanceof GoMap) return value.entries === null;
  if (value instanceof GoSlice) return value.items === null;
  return value instanceof GoPointer && value.target === null;
}

/** Types that marshal to one text: time.Time, and what has a text and is a struct, semver.Version. */
function hasText(value: GoBoxed): boolean {
  return value instanceof GoTime || (value.type.text !== undefined && /struct|ptr/.test(value.type.kind));
}

function scalarText(value: TomlValue): string {
  switch (typeof value) {
    case "string":
      return quoteToml(value);
    case "boolean":
    case "bigint":
      return String(value);
    case "number":
      return floatText(value);
  }
  if (value instanceof GoTime) return timeText(value);
  if (value instanceof SerializedText) return quoteToml(value.text);
  if (value instanceof GoInteger) {
    return value.type.name === "time.Duration" ? quoteToml(value.type.text!(value as never)) : String(value.value);
  }
  if (value instanceof GoBoxed && hasText(value)) return quoteToml(value.type.text!(value as never));
  if (value instanceof GoComplex) throw new TomlEncodeError("unsupported type: complex128");
  throw new TomlNilError();
}

/** A float has a point or an exponent. */
function floatText(value: number): string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  const text = formatFloat(value, "g", -1);
  return /[.e]/.test(text) ? text : `${text}.0`;
}

function timeText(time: GoTime): string {
  switch (time.location) {
    case localDatetime:
      return formatTime(time, "2006-01-02T15:04:05.999999999");
    case localDate:
      return formatTime(time, "2006-01-02");
    case localTime:
      return formatTime(time, "15:04:05.999999999");
    default:
      return formatTime(time, "2006-01-02T15:04:05.999999999Z07:00");
  }
}
