/** Go values as encoding/json sees them: what each type is marshalled as. */
import { encodeBytes } from "../bytes.ts";
import { formatTime } from "../functions/time/format-time.ts";
import type { GoTime } from "../functions/time/go-time.ts";
import {
  GoBoxed,
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

/** A value that encoding/json refuses; the message is Go's. */
export class JsonEncodeError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "JsonEncodeError";
  }
}

/** A struct's members in the order of its fields; all other objects are sorted. */
export class JsonStruct {
  readonly members: GoObject;

  constructor(members: GoObject) {
    this.members = members;
  }
}

export type JsonView = null | boolean | string | number | bigint | GoList | GoObject | JsonStruct;

/** What encoding/json writes for a value; what collections hold stays as it is. Throws a {@link JsonEncodeError}. */
export function viewAsJson(value: GoValue): JsonView {
  if (value === undefined) return null;
  return value instanceof GoBoxed ? viewBoxed(value) : value;
}

function viewBoxed(value: GoBoxed): JsonView {
  if (value instanceof MarkedText) return value.text;
  if (value instanceof GoInteger) return value.value;
  if (value instanceof GoMap) return value.entries;
  if (value instanceof GoSlice) return viewSlice(value);
  if (value instanceof GoPointer) return value.target === null ? null : viewAsJson(value.target);
  if (value instanceof GoStruct) return viewStruct(value);
  throw new JsonEncodeError(`json: unsupported type: ${value.type.name}`);
}

function viewSlice({ type, items }: GoSlice): JsonView {
  if (items === null || type.elem?.kind !== "uint8") return items;
  return Buffer.from(items.map((item) => Number((item as GoInteger).value))).toString("base64");
}

/** Structs whose JSON is one text (they have MarshalJSON or MarshalText), by the name of their type. */
const structTexts: Readonly<Record<string, (value: GoStruct) => string>> = {
  "time.Time": (value) => timeText(value as GoTime),
  "semver.Version": (value) => value.type.text!(value as never),
};
/** Fields that a struct tag renames or omits when empty. */
const taggedFields: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "v1.ObjectReference": {
    Kind: "kind",
    Namespace: "namespace",
    Name: "name",
    UID: "uid",
    APIVersion: "apiVersion",
    ResourceVersion: "resourceVersion",
    FieldPath: "fieldPath",
  },
};
const exportedName = /^\p{Lu}/u;

function viewStruct(value: GoStruct): JsonView {
  const text = structTexts[value.type.name];
  if (text !== undefined) return text(value);
  const tags = taggedFields[value.type.name];
  const members = new Map<string, GoValue>();
  for (const [field, member] of value.fields) {
    if (!exportedName.test(field)) continue;
    const name = tags?.[field];
    if (name === undefined) members.set(field, member);
    else if (member !== "") members.set(name, member);
  }
  return new JsonStruct(members);
}

/** The RFC 3339 form, with as many fractional digits as there are. */
function timeText(time: GoTime): string {
  const text = formatTime(time, "2006-01-02T15:04:05.999999999Z07:00");
  if (!/^\d{4}-/.test(text)) {
    const reason = "year outside of range [0,9999]";
    throw new JsonEncodeError(`json: error calling MarshalJSON for type time.Time: Time.MarshalJSON: ${reason}`);
  }
  return text;
}

/** The bytes of a string, in base64. */
export function base64Of(text: string): string {
  return Buffer.from(encodeBytes(text)).toString("base64");
}
