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
  MarkedText,
} from "../value.ts";
import { type Budget, GrowthMeter, NestingError, nestingMax } from "./limits.ts";
import { localDate, localDatetime, localTime } from "./toml-scalars.ts";
import { formatTomlKeyPart, quoteToml } from "./toml-text.ts";

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

/** Throws a {@link TomlEncodeError}, a {@link TomlNilError} or a {@link NestingError}. */
export function encodeToml(value: GoValue, budget: Budget): string {
  const root = dereference(value);
  if (root === null) throw new TomlNilError();
  return new TomlEncoder(budget).encodeRoot(root);
}

/** A value behind all its pointers. */
type TomlValue = Exclude<GoValue, undefined>;
type TomlType = "table" | "table array" | "array" | "scalar" | "nil";

/** Where a value stands: the dotted key, its last part and how many parts it has. */
interface Path {
  readonly key: string;
  readonly name: string;
  readonly length: number;
}

const rootPath: Path = { key: "", name: "", length: 0 };

class TomlEncoder {
  private out = "";
  private readonly budget: Budget;
  private readonly growth: GrowthMeter;

  constructor(budget: Budget) {
    this.budget = budget;
    this.growth = new GrowthMeter(budget);
  }

  encodeRoot(value: TomlValue): string {
    this.encode(rootPath, value);
    return this.out;
  }

  private encode(path: Path, value: TomlValue): void {
    if (isList(value)) {
      if (this.typeOf(value, path.length) === "table array") this.encodeTables(path, itemsOf(value)!);
      else this.writeKeyValue(path, value);
      return;
    }
    if (isNilCollection(value)) return;
    if (value instanceof GoComplex) throw new TomlEncodeError(`unsupported type for key '${path.key}': complex128`);
    const table = tableOf(value);
    if (table === undefined) this.writeKeyValue(path, value);
    else this.encodeTable(path, table);
  }

  private encodeTables(path: Path, items: GoList): void {
    if (path.length === 0) throw new TomlEncodeError("toml: top-level values must be Go maps or structs");
    for (const item of items) {
      const table = tableOf(dereference(item));
      if (table === undefined) continue;
      this.newline();
      this.write(`${indentOf(path)}[[${path.key}]]`);
      this.newline();
      this.encodeMembers(path, table);
    }
  }

  private encodeTable(path: Path, table: Table): void {
    if (path.length === 1) this.newline();
    if (path.length > 0) {
      this.write(`${indentOf(path)}[${path.key}]`);
      this.newline();
    }
    this.encodeMembers(path, table);
  }

  private encodeMembers(path: Path, table: Table): void {
    const { direct, nested } = this.splitMembers(table, path.length);
    for (const [part, value] of [...direct, ...nested]) {
      if (isNilCollection(value)) continue;
      const name = formatTomlKeyPart(part);
      const key = path.length === 0 ? name : `${path.key}.${name}`;
      this.encode({ key, name, length: path.length + 1 }, value);
    }
  }

  private writeKeyValue(path: Path, value: TomlValue): void {
    if (path.length > 0) this.write(`${indentOf(path)}${path.name} = `);
    this.writeElement(value, path.length);
    if (path.length > 0) this.newline();
  }

  /** A value behind a key or in an array; tables are inline here. */
  private writeElement(value: TomlValue, depth: number): void {
    const items = itemsOf(value);
    const table = tableOf(value);
    if (items !== undefined) this.writeArray(items, depth);
    else if (table !== undefined) this.writeInlineTable(table, depth);
    else this.write(scalarText(value));
  }

  private writeArray(items: GoList, depth: number): void {
    this.account(items.length, depth);
    this.write("[");
    for (const [index, item] of items.entries()) {
      if (index > 0) this.write(", ");
      this.writeElement(dereference(item), depth + 1);
    }
    this.write("]");
  }

  private writeInlineTable(table: Table, depth: number): void {
    const { direct, nested } = this.splitMembers(table, depth);
    this.write("{");
    for (const [part, members] of [direct, nested].entries()) {
      for (const [index, [name, value]] of members.entries()) {
        // A nil leaves its comma behind if it is the last.
        if (isNilCollection(value)) continue;
        this.write(`${formatTomlKeyPart(name)} = `);
        this.writeElement(value, depth + 1);
        const isLast = index === members.length - 1 && (part === 1 || nested.length === 0);
        if (!isLast) this.write(", ");
      }
    }
    this.write("}");
  }

  /** Members with a line of their own, and behind them those that are tables. */
  private splitMembers(
    { entries, isSorted }: Table,
    depth: number,
  ): Record<"direct" | "nested", [string, TomlValue][]> {
    this.account(entries.size, depth);
    const direct: [string, TomlValue][] = [];
    const nested: [string, TomlValue][] = [];
    for (const [name, entry] of entries) {
      const value = dereference(entry);
      const type = this.typeOf(value, depth + 1);
      (type === "table" || type === "table array" ? nested : direct).push([name, value]);
    }
    if (isSorted) {
      for (const group of [direct, nested]) group.sort(([left], [right]) => compareStrings(left, right));
    }
    return { direct, nested };
  }

  private typeOf(value: TomlValue, depth: number): TomlType {
    if (isNilCollection(value)) return "nil";
    if (value instanceof GoComplex) throw new TomlEncodeError("unsupported type: complex128");
    const items = itemsOf(value);
    if (items !== undefined) return this.isTableArray(items, depth) ? "table array" : "array";
    return tableOf(value) === undefined ? "scalar" : "table";
  }

  private isTableArray(items: GoList, depth: number): boolean {
    this.account(items.length, depth);
    let onlyTables = items.length > 0;
    for (const item of items) {
      const type = this.typeOf(dereference(item), depth + 1);
      if (type === "nil") throw new TomlEncodeError("toml: cannot encode array with nil element");
      if (type !== "table") onlyTables = false;
    }
    return onlyTables;
  }

  private account(count: number, depth: number): void {
    if (depth >= nestingMax) throw new NestingError();
    this.budget.chargeItems(count);
  }

  private write(text: string): void {
    this.out += text;
    this.growth.note(this.out.length);
  }

  private newline(): void {
    if (this.out !== "") this.out += "\n";
  }
}

function indentOf(path: Path): string {
  return "  ".repeat(path.length - 1);
}

/** A map's entries, or a struct's fields in their order. */
type Table = { readonly entries: GoObject; readonly isSorted: boolean };

function tableOf(value: TomlValue): Table | undefined {
  if (value instanceof Map) return { entries: value as GoObject, isSorted: true };
  if (value instanceof GoMap) return { entries: value.entries ?? new Map(), isSorted: true };
  if (!(value instanceof GoStruct) || hasText(value)) return undefined;
  return { entries: new Map([...value.fields].filter(([name]) => /^\p{Lu}/u.test(name))), isSorted: false };
}

function dereference(value: GoValue): TomlValue {
  if (value instanceof GoPointer) return hasText(value) ? value : dereference(value.target);
  return value ?? null;
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
  if (value instanceof MarkedText) return quoteToml(value.text);
  if (value instanceof GoInteger) {
    return value.type.name === "time.Duration" ? quoteToml(value.type.text!(value as never)) : String(value.value);
  }
  if (value instanceof GoBoxed && hasText(value)) return quoteToml(value.type.text!(value as never));
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
