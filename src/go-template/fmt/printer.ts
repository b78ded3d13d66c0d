/** What of a value is printed: its methods (String, GoString) first, then by its kind, as package fmt does. */
import { decodeBytes, encodeBytes } from "../bytes.ts";
import { sortedKeys } from "../compare.ts";
import { isValidRune, quoteRune } from "../quote.ts";
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
  type GoType,
  type GoValue,
  MarkedText,
  typeOf,
} from "../value.ts";
import { Layout } from "./layout.ts";

export const nilText = "<nil>";

export class Printer extends Layout {
  /** Printing inside of `%!verb(...)`, where methods are not called. */
  private isErroring = false;

  printArgument(value: GoValue, verb: string): void {
    const type = typeOf(value);
    if (type === undefined) {
      if (verb === "v" || verb === "T") this.pad(nilText);
      else this.badVerb(verb, value);
    } else if (verb === "T") this.pad(this.truncate(type.name));
    else if (verb === "p") this.printPointer(value, type, verb);
    else this.printValue(value, verb, 0);
  }

  private badVerb(verb: string, value: GoValue): void {
    this.isErroring = true;
    this.text += `%!${verb}(`;
    const type = typeOf(value);
    if (type === undefined) this.text += nilText;
    else {
      this.text += `${type.name}=`;
      this.printArgument(value, "v");
    }
    this.text += ")";
    this.isErroring = false;
  }

  /** String methods where the verb takes a string, GoString for `%#v`. */
  private printByMethod(value: GoBoxed, verb: string): boolean {
    if (this.isErroring) return false;
    if (verb === "w") {
      this.badVerb(verb, value);
      return true;
    }
    if (this.sharpV) {
      if (value.type.goText === undefined) return false;
      this.pad(this.truncate(value.type.goText(value as never)));
      return true;
    }
    if (value.type.text === undefined || !"vsxXq".includes(verb)) return false;
    if (value instanceof GoPointer && value.target === null) this.text += nilText;
    else this.printString(value.type.text((value instanceof GoPointer ? value.target : value) as never), verb, value);
    return true;
  }

  private printValue(value: GoValue, verb: string, depth: number): void {
    this.checkLength();
    switch (typeof value) {
      case "string":
        this.printString(value, verb, value);
        return;
      case "boolean":
        if (verb === "t" || verb === "v") this.pad(String(value));
        else this.badVerb(verb, value);
        return;
      case "number":
        this.printFloat(value, verb, value);
        return;
      case "bigint":
        this.printInteger(value, true, verb, value);
        return;
      case "undefined":
        this.printNil();
        return;
    }
    if (value === null) this.printNil();
    else if (value instanceof GoBoxed) this.printBoxed(value, verb, depth);
    else if (value instanceof Map) this.printMap(value as GoObject, "map[string]interface {}", verb, depth);
    else this.printList(value as GoList, "[]interface {}", verb, depth);
  }

  private printBoxed(value: GoBoxed, verb: string, depth: number): void {
    if (value instanceof MarkedText) {
      this.printString(value.text, verb, value.text);
      return;
    }
    if (this.printByMethod(value, verb)) return;
    if (value instanceof GoInteger) {
      this.printInteger(value.value, !value.type.kind.startsWith("u"), verb, value);
    } else if (value instanceof GoSlice) this.printSlice(value, verb, depth);
    else if (value instanceof GoMap) {
      if (value.entries === null && this.sharpV) this.text += `${value.type.name}(nil)`;
      else this.printMap(value.entries ?? new Map(), value.type.name, verb, depth);
    } else if (value instanceof GoStruct) this.printStruct(value, verb, depth);
    else if (value instanceof GoComplex) this.printComplex(value, verb);
    else if (value instanceof GoPointer) this.printPointerTo(value, verb, depth);
  }

  /** A nil inside of a list or map, whose static type is interface{}. */
  private printNil(): void {
    this.text += this.sharpV ? "interface {}(nil)" : nilText;
  }

  private printMap(entries: GoObject, type: string, verb: string, depth: number): void {
    this.text += this.sharpV ? `${type}{` : "map[";
    let isFirst = true;
    for (const key of sortedKeys(entries)) {
      if (!isFirst) this.text += this.sharpV ? ", " : " ";
      isFirst = false;
      this.printString(key, verb, key);
      this.text += ":";
      this.printValue(entries.get(key), verb, depth + 1);
    }
    this.text += this.sharpV ? "}" : "]";
  }

  private printSlice(slice: GoSlice, verb: string, depth: number): void {
    if (slice.type.elem?.kind === "uint8" && "sqxX".includes(verb)) {
      const bytes = Uint8Array.from(slice.items ?? [], (item) => Number((item as GoInteger).value));
      this.printBytes(bytes, verb);
    } else if (slice.items === null && this.sharpV) this.text += `${slice.type.name}(nil)`;
    else this.printList(slice.items ?? [], slice.type.name, verb, depth);
  }

  private printList(items: GoList, type: string, verb: string, depth: number): void {
    this.text += this.sharpV ? `${type}{` : "[";
    for (let index = 0; index < items.length; index++) {
      if (index > 0) this.text += this.sharpV ? ", " : " ";
      this.printValue(items[index], verb, depth + 1);
    }
    this.text += this.sharpV ? "}" : "]";
  }

  private printStruct(struct: GoStruct, verb: string, depth: number): void {
    this.text += this.sharpV ? `${struct.type.name}{` : "{";
    let isFirst = true;
    for (const [name, field] of struct.fields) {
      if (!isFirst) this.text += this.sharpV ? ", " : " ";
      isFirst = false;
      if (this.plusV || this.sharpV) this.text += `${name}:`;
      this.printValue(field, verb, depth + 1);
    }
    this.text += "}";
  }

  private printPointerTo(pointer: GoPointer, verb: string, depth: number): void {
    const { target } = pointer;
    const kind = typeOf(target)?.kind;
    if (depth === 0 && (kind === "struct" || kind === "slice" || kind === "map")) {
      this.text += "&";
      this.printValue(target, verb, depth + 1);
    } else this.printPointer(pointer, pointer.type, verb);
  }

  /** Addresses are not deterministic, so every one that is not nil is printed as the same. */
  private printPointer(value: GoValue, type: GoType, verb: string): void {
    const address = isNilReference(value) ? 0n : 0xc000000000n;
    if (!["slice", "map", "ptr"].includes(type.kind)) this.badVerb(verb, value);
    else if (verb === "v" && this.sharpV) this.text += `(${type.name})(${address === 0n ? "nil" : "0xc000000000"})`;
    else if (verb === "v" && address === 0n) this.pad(nilText);
    else if (verb === "v" || verb === "p") this.printHex(address, !this.sharp);
    else if ("bodxX".includes(verb)) this.printInteger(address, false, verb, value);
    else this.badVerb(verb, value);
  }

  private printString(text: string, verb: string, value: GoValue): void {
    switch (verb) {
      case "v":
        if (this.sharpV) this.printQuoted(text);
        else this.pad(this.truncate(text));
        return;
      case "s":
        this.pad(this.truncate(text));
        return;
      case "q":
        this.printQuoted(text);
        return;
      case "x":
      case "X":
        this.printHexBytes(encodeBytes(text), verb);
        return;
      default:
        this.badVerb(verb, value);
    }
  }

  private printBytes(bytes: Uint8Array, verb: string): void {
    if (verb === "x" || verb === "X") this.printHexBytes(bytes, verb);
    else this.printString(decodeBytes(bytes), verb, null);
  }

  private printInteger(value: bigint, isSigned: boolean, verb: string, original: GoValue): void {
    switch (verb) {
      case "v":
        if (this.sharpV && !isSigned) this.printHex(value, true);
        else this.printDigits(value, 10, isSigned, verb);
        return;
      case "d":
        this.printDigits(value, 10, isSigned, verb);
        return;
      case "b":
        this.printDigits(value, 2, isSigned, verb);
        return;
      case "o":
      case "O":
        this.printDigits(value, 8, isSigned, verb);
        return;
      case "x":
      case "X":
        this.printDigits(value, 16, isSigned, verb);
        return;
      case "c":
        this.pad(String.fromCodePoint(runeOf(value)));
        return;
      case "q":
        this.pad(quoteRune(runeOf(value), this.plus));
        return;
      case "U":
        this.printUnicode(BigInt.asUintN(64, value));
        return;
      default:
        this.badVerb(verb, original);
    }
  }

  private printFloat(value: number, verb: string, original: GoValue): void {
    switch (verb) {
      case "v":
        this.printFloatAs(value, "g", -1, "v");
        return;
      case "b":
      case "g":
      case "G":
      case "x":
      case "X":
        this.printFloatAs(value, verb, -1, verb);
        return;
      case "f":
      case "e":
      case "E":
        this.printFloatAs(value, verb, 6, verb);
        return;
      case "F":
        this.printFloatAs(value, "f", 6, "f");
        return;
      default:
        this.badVerb(verb, original);
    }
  }

  private printComplex(value: GoComplex, verb: string): void {
    if (!"vbgGxXfFeE".includes(verb)) {
      this.badVerb(verb, value);
      return;
    }
    const { plus } = this;
    this.text += "(";
    this.printFloat(value.real, verb, value);
    this.plus = true;
    this.printFloat(value.imaginary, verb, value);
    this.text += "i)";
    this.plus = plus;
  }
}

function isNilReference(value: GoValue): boolean {
  if (value instanceof GoPointer) return value.target === null;
  if (value instanceof GoSlice) return value.items === null;
  return value instanceof GoMap && value.entries === null;
}

/** An integer as the character that it stands for; U+FFFD where there is none. */
function runeOf(value: bigint): number {
  const point = BigInt.asUintN(64, value) > 0x10ffffn ? 0xfffd : Number(value);
  return isValidRune(point) ? point : 0xfffd;
}
