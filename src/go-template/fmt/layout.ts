/**
 * How one piece of text or one number is laid out: flags, width and precision of a verb, as package fmt has them.
 *
 * A Printer (printer.ts) decides what of a value is printed; this is the last step.
 */
import { byteLength, runesOf } from "../bytes.ts";
import { isPrint } from "../functions/unicode.ts";
import { type FloatVerb, formatFloat } from "../numbers.ts";
import { canBackquote, quoteGo } from "../quote.ts";

/** Accounts for that many bytes about to be made; throws where there are too many. */
export type ChargeBytes = (bytes: number) => void;

/** As large as one string of a template may become. */
const textUnitsMax = 4 * 1024 * 1024;

/** A value prints as more text than one string may have: it is large, or it shares parts so often that it looks so. */
export class TextBoundError extends Error {
  constructor() {
    super(`a text of more than ${textUnitsMax} characters`);
    this.name = "TextBoundError";
  }
}

export class Layout {
  text = "";

  width: number | undefined;
  precision: number | undefined;
  minus = false;
  plus = false;
  sharp = false;
  space = false;
  zero = false;
  /** `%+v`: with the names of fields. */
  plusV = false;
  /** `%#v`: as Go writes it in a program. */
  sharpV = false;

  private readonly charge: ChargeBytes;

  constructor(charge: ChargeBytes = () => {}) {
    this.charge = charge;
  }

  /** Called for each part of a value. Throws TextBoundError. */
  checkLength(): void {
    if (this.text.length > textUnitsMax) throw new TextBoundError();
  }

  clearFlags(): void {
    this.width = undefined;
    this.precision = undefined;
    this.minus = this.plus = this.sharp = this.space = this.zero = this.plusV = this.sharpV = false;
  }

  printQuoted(text: string): void {
    const cut = this.truncate(text);
    this.pad(this.sharp && canBackquote(cut) ? `\`${cut}\`` : quoteGo(cut, this.plus));
  }

  printHexBytes(bytes: Uint8Array, verb: "x" | "X"): void {
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

  printHex(value: bigint, hasPrefix: boolean): void {
    const { sharp } = this;
    this.sharp = hasPrefix;
    this.printDigits(value, 16, false, "v");
    this.sharp = sharp;
  }

  printDigits(value: bigint, base: 2 | 8 | 10 | 16, isSigned: boolean, verb: string): void {
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

  printUnicode(value: bigint): void {
    const digits = value
      .toString(16)
      .toUpperCase()
      .padStart(Math.max(4, this.precision ?? 0), "0");
    const isShown = this.sharp && value <= 0x10ffffn && isPrint(Number(value));
    this.padWithBlanks(`U+${digits}${isShown ? ` '${String.fromCodePoint(Number(value))}'` : ""}`);
  }

  printFloatAs(value: number, format: FloatVerb, defaultPrecision: number, verb: string): void {
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

  /** Cuts a string to the precision, which counts characters. */
  truncate(text: string): string {
    if (this.precision === undefined || text.length <= this.precision) return text;
    let count = this.precision;
    let end = 0;
    for (const char of text) {
      if (count-- === 0) return text.slice(0, end);
      end += char.length;
    }
    return text;
  }

  pad(text: string): void {
    if (this.width !== undefined || this.precision !== undefined) this.charge(text.length + (this.width ?? 0));
    if (this.width === undefined || this.width === 0) {
      this.text += text;
      return;
    }
    const padding = this.padding(this.width - countRunes(text));
    this.text += this.minus ? text + padding : padding + text;
  }

  padWithBlanks(text: string): void {
    const { zero } = this;
    this.zero = false;
    this.pad(text);
    this.zero = zero;
  }

  private padding(count: number): string {
    return count <= 0 ? "" : (this.zero && !this.minus ? "0" : " ").repeat(count);
  }
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

function countRunes(text: string): number {
  if (byteLength(text) === text.length && text.isWellFormed()) return text.length;
  let count = 0;
  for (const _ of runesOf(text)) count++;
  return count;
}
