/**
 * Values as Go's reflect package would see them, so that templates tell an int from an int64 and a nil from nothing.
 *
 * Plain JSON (json.ts) goes in as it is, without a copy. Of each Go type the commonest form is a
 * plain JavaScript value; every other type is a {@link GoBoxed} that carries its type:
 *
 * | Go                                   | here                                                   |
 * | ------------------------------------ | ------------------------------------------------------ |
 * | reflect.Value{}, "no value"          | `undefined` (functions get `null` in its place)        |
 * | nil interface{}                      | `null`                                                 |
 * | bool, string                         | `boolean`, `string` (bytes: see bytes.ts)              |
 * | float64, int64                       | `number`, `bigint`                                     |
 * | []interface{}                        | array                                                  |
 * | map[string]interface{}               | `Map` (unordered to templates: sort with sortedKeys)   |
 * | int, uint64, time.Duration, ...      | {@link GoInteger} (`goInt(3)` for an int)              |
 * | []string, []int, a nil []interface{} | {@link GoSlice}                                        |
 * | map[string]string, a nil map         | {@link GoMap}                                          |
 * | structs: time.Time, semver.Version   | {@link GoStruct}, or a subclass with its own contents  |
 * | *T                                   | {@link GoPointer}                                      |
 * | complex128                           | {@link GoComplex}                                      |
 *
 * A non-nil []interface{} is always an array and a non-nil map[string]interface{} always a Map, never the boxed form.
 */

/** reflect.Kind, by the name that Go prints. There are no functions among the values, so `call` has nothing to call. */
export type GoKind =
  | "bool"
  | "int"
  | "int8"
  | "int16"
  | "int32"
  | "int64"
  | "uint"
  | "uint8"
  | "uint16"
  | "uint32"
  | "uint64"
  | "uintptr"
  | "float64"
  | "complex128"
  | "string"
  | "slice"
  | "map"
  | "struct"
  | "ptr"
  | "interface";

export interface GoType {
  /** As `%T` prints it: `[]interface {}`, `*semver.Version`. Two types are identical if their names are. */
  readonly name: string;
  readonly kind: GoKind;
  /** What slices and maps hold, and what pointers point to. All maps have string keys. */
  readonly elem?: GoType;
  /** The String method of fmt.Stringer: what `%v`, `%s` and `%q` print. */
  readonly text?: (value: never) => string;
  /** A String method of the pointer: what an action prints of a struct that it reaches in place, and nothing else. */
  readonly textInPlace?: (value: never) => string;
  /** The GoString method: what `%#v` prints. */
  readonly goText?: (value: never) => string;
  /** Go's == for structs of this type; without it they compare field by field. */
  readonly equals?: (left: never, right: never) => boolean;
  /** Methods that templates call as fields, `(semver "1.2.3").Major`: the first parameter is the receiver. */
  readonly methods?: ReadonlyMap<string, GoMethod>;
}

/** A method, with its receiver as the first parameter. How it is declared and called is the registry's to know. */
export interface GoMethod {
  readonly params: readonly (string | GoType)[];
  readonly variadic: boolean;
  readonly call: (context: never, ...args: never[]) => GoValue;
}

export type GoList = readonly GoValue[];
export type GoObject = ReadonlyMap<string, GoValue>;

/** Any value; `undefined` is reflect's invalid value, which only a missing key or an empty pipeline gives. */
export type GoValue = undefined | null | boolean | string | number | bigint | GoList | GoObject | GoBoxed;

/** A value as a function parameter of type interface{} gets it: nothing and nil are one. */
export type GoArgument = Exclude<GoValue, undefined>;

/** A value whose Go type its JavaScript type does not tell. */
export abstract class GoBoxed {
  readonly type: GoType;

  constructor(type: GoType) {
    this.type = type;
  }
}

/** An integer of any kind but plain int64, named types (time.Duration, time.Month) included. */
export class GoInteger extends GoBoxed {
  readonly value: bigint;

  constructor(type: GoType, value: bigint) {
    super(type);
    this.value = value;
  }
}

export class GoComplex extends GoBoxed {
  readonly real: number;
  readonly imaginary: number;

  constructor(real: number, imaginary: number) {
    super(complexType);
    this.real = real;
    this.imaginary = imaginary;
  }
}

/** A slice that is not a plain []interface{}. Nil slices have `items: null`. */
export class GoSlice extends GoBoxed {
  readonly items: GoList | null;

  constructor(type: GoType, items: GoList | null) {
    super(type);
    this.items = items;
  }
}

/** A map that is not a plain map[string]interface{}. Nil maps have `entries: null`. */
export class GoMap extends GoBoxed {
  readonly entries: GoObject | null;

  constructor(type: GoType, entries: GoObject | null) {
    super(type);
    this.entries = entries;
  }
}

/** A struct with its fields in order; those whose name is not exported (capital) are out of a template's reach. */
export class GoStruct extends GoBoxed {
  readonly fields: GoObject;

  constructor(type: GoType, fields: GoObject) {
    super(type);
    this.fields = fields;
  }
}

export class GoPointer extends GoBoxed {
  /** What is pointed to; `null` for a nil pointer. */
  readonly target: GoValue;

  constructor(type: GoType, target: GoValue) {
    super(type);
    this.target = target;
  }
}

/**
 * A string of which is known what it serializes, or how far the template itself has indented it; it is printed as such. It
 * exists only between functions: in a pipeline or a variable. The engine hands functions the plain text, and wraps the
 * result again where a function is declared to only move its text (`nindent`).
 */
export class MarkedText extends GoBoxed {
  readonly text: string;
  /** What was serialized; undefined where nothing was. */
  readonly value: GoArgument | undefined;
  /** The blanks and line breaks that `indent` and `nindent` have put before the text. */
  readonly lead: string;

  constructor(text: string, value: GoArgument | undefined, lead = "") {
    super(stringType);
    this.text = text;
    this.value = value;
    this.lead = lead;
  }
}

const basic = (kind: GoKind): GoType => ({ name: kind, kind });

export const boolType = basic("bool");
export const stringType = basic("string");
export const float64Type = basic("float64");
const complexType = basic("complex128");
export const intType = basic("int");
export const int64Type = basic("int64");
export const uint8Type = basic("uint8");
export const uint32Type = basic("uint32");
export const uint64Type = basic("uint64");
export const anyType: GoType = { name: "interface {}", kind: "interface" };
export const listType = sliceOf(anyType);
export const mapType = mapOf(anyType);
export const stringListType = sliceOf(stringType);
export const intListType = sliceOf(intType);
export const stringMapType = mapOf(stringType);

export function sliceOf(elem: GoType): GoType {
  return { name: `[]${elem.name}`, kind: "slice", elem };
}

function mapOf(elem: GoType): GoType {
  return { name: `map[string]${elem.name}`, kind: "map", elem };
}

/** The type `*elem`, with the methods and the text of what it points to (Go's method sets of values and pointers). */
export function pointerTo(elem: GoType): GoType {
  return { ...elem, name: `*${elem.name}`, kind: "ptr", elem };
}

/** The dynamic type of a value; `undefined` for nil and for no value, which have none. */
export function typeOf(value: GoValue): GoType | undefined {
  switch (typeof value) {
    case "string":
      return stringType;
    case "boolean":
      return boolType;
    case "number":
      return float64Type;
    case "bigint":
      return int64Type;
    case "undefined":
      return undefined;
  }
  if (value === null) return undefined;
  if (value instanceof GoBoxed) return value.type;
  return value instanceof Map ? mapType : listType;
}

/** reflect.Kind by its name: `invalid` for nil and for no value. */
export function kindOf(value: GoValue): GoKind | "invalid" {
  return typeOf(value)?.kind ?? "invalid";
}

const smallInts: readonly GoInteger[] = Array.from(
  { length: 1280 },
  (_, index) => new GoInteger(intType, BigInt(index - 256)),
);

/** A Go int. */
export function goInt(value: number | bigint): GoInteger {
  const small = smallInts[Number(value) + 256];
  return small ?? new GoInteger(intType, BigInt.asIntN(64, BigInt(value)));
}

/** A []string. */
export function stringList(items: readonly string[]): GoSlice {
  return new GoSlice(stringListType, items);
}

/** An integer of any kind as a bigint; `undefined` for everything else. */
export function integerOf(value: GoValue): bigint | undefined {
  if (typeof value === "bigint") return value;
  return value instanceof GoInteger ? value.value : undefined;
}

/** The elements of a slice of any type (none of a nil one); `undefined` for everything else. */
export function listItems(value: GoValue): GoList | undefined {
  if (Array.isArray(value)) return value as GoList;
  return value instanceof GoSlice ? (value.items ?? []) : undefined;
}

/** The entries of a map of any type (none of a nil one); `undefined` for everything else. */
export function mapEntries(value: GoValue): GoObject | undefined {
  if (value instanceof Map) return value as GoObject;
  return value instanceof GoMap ? (value.entries ?? emptyEntries) : undefined;
}

const emptyEntries: GoObject = new Map();

/** reflect.Zero. */
export function zeroValue(type: GoType): GoValue {
  switch (type.kind) {
    case "bool":
      return false;
    case "string":
      return "";
    case "float64":
      return 0;
    case "complex128":
      return new GoComplex(0, 0);
    case "interface":
      return null;
    case "slice":
      return new GoSlice(type, null);
    case "map":
      return new GoMap(type, null);
    case "ptr":
      return new GoPointer(type, null);
    case "struct":
      return new GoStruct(type, emptyEntries);
    default:
      return type.name === "int64" ? 0n : new GoInteger(type, 0n);
  }
}

/** Follows pointers; a nil one is returned as it is. */
export function indirect(value: GoValue): GoValue {
  let target = value;
  while (target instanceof GoPointer && target.target !== null) target = target.target;
  return target;
}
