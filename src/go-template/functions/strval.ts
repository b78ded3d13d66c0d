/** Sprig's strval and strslice: values as strings, without quotes. */
import { decodeBytes } from "../bytes.ts";
import { formatValue } from "../format.ts";
import { type GoArgument, GoSlice, type GoValue, integerOf, listItems, stringListType } from "../value.ts";

/** A []byte as the string of its bytes, everything else as `%v` prints it (nil as `<nil>`). */
export function strval(value: GoValue): string {
  if (typeof value === "string") return value;
  if (value instanceof GoSlice && value.type.elem?.kind === "uint8") {
    return decodeBytes(Uint8Array.from(value.items ?? [], (byte) => Number(integerOf(byte))));
  }
  return formatValue(value);
}

/** The elements of a list as strings, without the nil ones; of nil none; anything else is one string. */
export function strslice(value: GoArgument): readonly string[] {
  const items = listItems(value);
  if (items === undefined) return value === null ? [] : [strval(value)];
  if (value instanceof GoSlice && value.type.name === stringListType.name) return items as readonly string[];
  const texts: string[] = [];
  for (const item of items) if (item !== null && item !== undefined) texts.push(strval(item));
  return texts;
}
