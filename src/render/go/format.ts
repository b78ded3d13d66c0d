/**
 * Package fmt: print, printf and println, and how `%v` writes values of every kind.
 *
 * The common cases, a string or a small number printed by an action, take no printer; all others go through one
 * Printer, which keeps fmt's structure: an argument, its methods (String, Error), then its kind.
 */
import { byteLength, decodeBytes, encodeBytes, runesOf, toValidText } from "./bytes.ts";
import { sortedKeys } from "./compare.ts";
import { isPrint } from "./functions/unicode.ts";
import { type FloatVerb, formatFloat, formatShortest } from "./numbers.ts";
import { canBackquote, isValidRune, quoteGo, quoteRune } from "./quote.ts";
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
  SerializedText,
  typeOf,
} from "./value.ts";

/** Accounts for that many bytes about to be made; throws where there are too many. */
export type ChargeBytes = (bytes: number) => void;

/** `%v` of one value, as fmt.Sprint prints it: nil is `<nil>`. */
export function formatValue(value: GoValue): string {
  switch (typeof value) {
    case "string":
      return value;
    case "number":
      return formatShortest(value);
    case "bigint":
    case "boolean":
      return String(value);
  }
  const printer = new Printer();
  printer.printArgument(value, "v");
  return printer.text;
}

/** fmt.Sprint: blanks between operands when neither is a string. */
export function sprint(values: readonly GoValue[]): string {
  let text = "";
  let wasString = true;
  for (const [index, value] of values.entries()) {
    const isString = typeOf(value)?.kind === "string";
    if (index > 0 && !isString && !wasString) text += " ";
    text += formatValue(value);
    wasString = isString;
  }
  return text;
}

/** fmt.Sprintln: blanks between all operands, and a newline. */
export function sprintln(values: readonly GoValue[]): string {
  return `${values.map(formatValue).join(" ")}\n`;
}

/** fmt.Sprintf. Widths and precisions, which a template can make large, are charged before they are used. */
export function sprintf(format: string, values: readonly GoValue[], charge: ChargeBytes): string {
  return new Printer(charge).printFormat(format, values);
}

const sizeMax = 1e6;
const nilText = "<nil>";

class Printer {
  text = "";

  private readonly charge: ChargeBytes;
  private width: number | undefined;
  private precision: number | undefined;
  private minus = false;
  private plus = false;
  private sharp = false;
  private space = false;
  private zero = false;
  private plusV = false;
  private sharpV = false;
  /** Printing inside of `%!verb(...)`, where methods are not called. */
  private isErroring = false;
  private isReordered = false;
  private isGoodArgument = true;

  constructor(charge: ChargeBytes = () => {}) {
    this.charge = charge;
  }

  private clearFlags(): void {
    this.width = undefined;
    this.precision = undefined;
    this.minus = this.plus = this.sharp = this.space = this.zero = this.plusV = this.sharpV = false;
  }

  printFormat(format: string, values: readonly GoValue[]): string {
    this.isReordered = false;
    let argument = 0;
    let isAfterIndex = false;
    for (let at = 0; at < format.length; ) {
      this.isGoodArgument = true;
      const percent = format.indexOf("%", at);
      if (percent !== at) this.text += percent < 0 ? format.slice(at) : format.slice(at, percent);
      if (percent < 0) break;
      this.clearFlags();
      at = this.readFlags(format, percent + 1);

      [argument, at, isAfterIndex] = this.readArgumentNumber(argument, format, at, values.length);
      if (format[at] === "*") {
        at++;
        [this.width, argument] = sizeFrom(values, argument);
        if (this.width === undefined) this.text += "%!(BADWIDTH)";
        else if (this.width < 0) {
          this.width = -this.width;
          this.minus = true;
          this.zero = false;
        }
        isAfterIndex = false;
      } else {
        [this.width, at] = readNumber(format, at, format.length);
        if (isAfterIndex && this.width !== undefined) this.isGoodArgument = false;
      }

      if (at + 1 < format.length && format[at] === ".") {
        at++;
        if (isAfterIndex) this.isGoodArgument = false;
        [argument, at, isAfterIndex] = this.readArgumentNumber(argument, format, at, values.length);
        if (format[at] === "*") {
          at++;
          [this.precision, argument] = sizeFrom(values, argument);
          if (this.precision !== undefined && this.precision < 0) this.precision = undefined;
          if (this.precision === undefined) this.text += "%!(BADPREC)";
          isAfterIndex = false;
        } else {
          [this.precision, at] = readNumber(format, at, format.length);
          this.precision ??= 0;
        }
      }
      if (!isAfterIndex) {
        [argument, at, isAfterIndex] = this.readArgumentNumber(argument, format, at, values.length);
      }
      if (at >= format.length) {
        this.text += "%!(NOVERB)";
        break;
      }
      const verb = toValidText(String.fromCodePoint(format.codePointAt(at)!));
      at += verb.length;
      if (verb === "%") this.text += "%";
      else if (!this.isGoodArgument) this.text += `%!${verb}(BADINDEX)`;
      else if (argument >= values.length) this.text += `%!${verb}(MISSING)`;
      else this.printVerb(values[argument++], verb);
    }
    if (!this.isReordered && argument < values.length) this.printExtra(values.slice(argument));
    return this.text;
  }

  private readFlags(format: string, start: number): number {
    let at = start;
    for (; at < format.length; at++) {
      switch (format[at]) {
        case "#":
          this.sharp = true;
          break;
        case "0":
          this.zero = true;
          break;
        case "+":
          this.plus = true;
          break;
        case "-":
          this.minus = true;
          break;
        case " ":
          this.space = true;
          break;
        default:
          return at;
      }
    }
    return at;
  }

  /** `[n]`: which argument is next. */
  private readArgumentNumber(
    argument: number,
    format: string,
    at: number,
    count: number,
  ): [argument: number, at: number, isFound: boolean] {
    if (format[at] !== "[") return [argument, at, false];
    this.isReordered = true;
    const close = format.indexOf("]", at);
    if (format.length - at < 3 || close < 0) {
      this.isGoodArgument = false;
      return [argument, at + 1, false];
    }
    const [number, end] = readNumber(format, at + 1, close);
    if (number === undefined || end !== close) {
      this.isGoodArgument = false;
      return [argument, close + 1, false];
    }
    if (number >= 1 && number <= count) return [number - 1, close + 1, true];
    this.isGoodArgument = false;
    return [argument, close + 1, true];
  }

  private printVerb(value: GoValue, verb: string): void {
    if (verb === "v") {
      this.sharpV = this.sharp;
      this.sharp = false;
      this.plusV = this.plus;
      this.plus = false;
    }
    this.printArgument(value, verb);
  }

  private printExtra(values: readonly GoValue[]): void {
    this.clearFlags();
    this.text += "%!(EXTRA ";
    for (const [index, value] of values.entries()) {
      if (index > 0) this.text += ", ";
      const type = typeOf(value);
      if (type === undefined) {
        this.text += nilText;
        continue;
      }
      this.text += `${type.name}=`;
      this.printArgument(value, "v");
    }
    this.text += ")";
  }

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
    if (value instanceof SerializedText) {
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

  private printQuoted(text: string): void {
    const cut = this.truncate(text);
    this.pad(this.sharp && canBackquote(cut) ? `\`${cut}\`` : quoteGo(cut, this.plus));
  }

  private printBytes(bytes: Uint8Array, verb: string): void {
    if (verb === "x" || verb === "X") this.printHexBytes(bytes, verb);
    else this.printString(decodeBytes(bytes), verb, null);
  }

  private printHexBytes(bytes: Uint8Array, verb: "x" | "X"): void {
    const length = Math.min(this.precision ?? bytes.length, bytes.length);
    if (length === 0) {
      this.text += this.padding(this.width ?? 0);
      return;
    }
    const prefix = this.sharp ? `0${verb}` : "";
    let hex = prefix;
    for (let index = 0; index < length; index++) {
      if (this.space && index > 0) hex += ` ${prefix}`;
      const digits = bytes[index]!.toString(16).padStart(2, "0");
      hex += verb === "X" ? digits.toUpperCase() : digits;
    }
    this.pad(hex);
  }

  private printHex(value: bigint, hasPrefix: boolean): void {
    const { sharp } = this;
    this.sharp = hasPrefix;
    this.printDigits(value, 16, false, "v");
    this.sharp = sharp;
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

  private printDigits(value: bigint, base: 2 | 8 | 10 | 16, isSigned: boolean, verb: string): void {
    const isNegative = isSigned && value < 0n;
    let leastDigits = 0;
    if (this.precision !== undefined) {
      leastDigits = this.precision;
      if (leastDigits === 0 && value === 0n) {
        this.text += " ".repeat(this.width ?? 0);
        return;
      }
    } else if (this.zero && !this.minus && this.width !== undefined) {
      leastDigits = this.width - (isNegative || this.plus || this.space ? 1 : 0);
    }
    let digits = (isNegative ? -value : value).toString(base).padStart(leastDigits, "0");
    if (verb === "X") digits = digits.toUpperCase();
    if (this.sharp) {
      if (base === 2) digits = `0b${digits}`;
      else if (base === 8 && !digits.startsWith("0")) digits = `0${digits}`;
      else if (base === 16) digits = (verb === "X" ? "0X" : "0x") + digits;
    }
    if (verb === "O") digits = `0o${digits}`;
    this.padWithBlanks((isNegative ? "-" : this.plus ? "+" : this.space ? " " : "") + digits);
  }

  private printUnicode(value: bigint): void {
    const digits = value
      .toString(16)
      .toUpperCase()
      .padStart(Math.max(4, this.precision ?? 0), "0");
    const isShown = this.sharp && value <= 0x10ffffn && isPrint(Number(value));
    this.padWithBlanks(`U+${digits}${isShown ? ` '${String.fromCodePoint(Number(value))}'` : ""}`);
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

  private printFloatAs(value: number, format: FloatVerb, defaultPrecision: number, verb: string): void {
    const precision = this.precision ?? defaultPrecision;
    let number = formatFloat(value, format, precision);
    if (!/^[+-]/.test(number)) number = `+${number}`;
    if (this.space && number.startsWith("+") && !this.plus) number = ` ${number.slice(1)}`;
    if (number[1] === "I" || number[1] === "N") {
      this.padWithBlanks(number[1] === "N" && !this.space && !this.plus ? number.slice(1) : number);
      return;
    }
    if (this.sharp && verb !== "b") number = withPoint(number, format, precision);
    if (!this.plus && number.startsWith("+")) {
      this.pad(number.slice(1));
      return;
    }
    if (this.zero && !this.minus && this.width !== undefined && this.width > number.length) {
      this.text += number[0] + "0".repeat(this.width - number.length) + number.slice(1);
      return;
    }
    this.pad(number);
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

  /** Cuts a string to the precision, which counts characters. */
  private truncate(text: string): string {
    if (this.precision === undefined || text.length <= this.precision) return text;
    let count = this.precision;
    let end = 0;
    for (const char of text) {
      if (count-- === 0) return text.slice(0, end);
      end += char.length;
    }
    return text;
  }

  private pad(text: string): void {
    if (this.width !== undefined || this.precision !== undefined) this.charge(text.length + (this.width ?? 0));
    if (this.width === undefined || this.width === 0) {
      this.text += text;
      return;
    }
    const padding = this.padding(this.width - countRunes(text));
    this.text += this.minus ? text + padding : padding + text;
  }

  private padWithBlanks(text: string): void {
    const { zero } = this;
    this.zero = false;
    this.pad(text);
    this.zero = zero;
  }

  private padding(count: number): string {
    return count <= 0 ? "" : (this.zero && !this.minus ? "0" : " ").repeat(count);
  }
}

function isNilReference(value: GoValue): boolean {
  if (value instanceof GoPointer) return value.target === null;
  if (value instanceof GoSlice) return value.items === null;
  return value instanceof GoMap && value.entries === null;
}

/** The flag `#` forces a point into a float, and keeps the zeros that %g drops. */
function withPoint(number: string, format: FloatVerb, precision: number): string {
  const isHex = format === "x" || format === "X";
  let wanted = format === "g" || format === "G" || format === "x" ? (precision === -1 ? 6 : precision) : 0;
  const tailAt = number.search(isHex ? /[pP]/ : /[eE]/);
  let body = tailAt < 0 ? number : number.slice(0, tailAt);
  const tail = tailAt < 0 ? "" : number.slice(tailAt);
  let isSignificant = false;
  for (const char of body.slice(1)) {
    if (char === ".") continue;
    if (char !== "0") isSignificant = true;
    if (isSignificant) wanted--;
  }
  if (!body.includes(".")) {
    if (body.length === 2 && body[1] === "0") wanted--;
    body += ".";
  }
  return body + "0".repeat(Math.max(wanted, 0)) + tail;
}

/** An integer as the character that it stands for; U+FFFD where there is none. */
function runeOf(value: bigint): number {
  const point = BigInt.asUintN(64, value) > 0x10ffffn ? 0xfffd : Number(value);
  return isValidRune(point) ? point : 0xfffd;
}

function countRunes(text: string): number {
  if (byteLength(text) === text.length && text.isWellFormed()) return text.length;
  let count = 0;
  for (const _ of runesOf(text)) count++;
  return count;
}

/** A decimal number in a format; too large a one is none, and then nothing of the format is left to read. */
function readNumber(format: string, start: number, end: number): [number: number | undefined, at: number] {
  let number: number | undefined;
  let at = start;
  for (; at < end; at++) {
    const digit = format.charCodeAt(at) - 0x30;
    if (digit < 0 || digit > 9) break;
    if (number !== undefined && number > sizeMax) return [undefined, end];
    number = (number ?? 0) * 10 + digit;
  }
  return [number, at];
}

/** A width or precision from an argument (`*`), which must be an integer and not too large. */
function sizeFrom(values: readonly GoValue[], argument: number): [size: number | undefined, next: number] {
  if (argument >= values.length) return [undefined, argument];
  const value = values[argument];
  const integer = typeof value === "bigint" ? value : value instanceof GoInteger ? value.value : undefined;
  const size = integer === undefined ? undefined : Number(integer);
  return [size === undefined || Math.abs(size) > sizeMax ? undefined : size, argument + 1];
}
