/** printf: the format string, its verbs with flags, widths, precisions and argument numbers, and what is wrong with them. */
import { toValidText } from "../bytes.ts";
import { type GoValue, integerOf, typeOf } from "../value.ts";
import type { ChargeBytes } from "./layout.ts";
import { nilText, Printer } from "./printer.ts";

/** fmt.Sprintf. Widths and precisions, which a template can make large, are charged before they are used. */
export function sprintf(format: string, values: readonly GoValue[], charge: ChargeBytes): string {
  return joinTexts(format, values) ?? new Formatting(format, values, charge).print();
}

/** What is longer is counted while it is printed. */
const joinedUnitsMax = 64 * 1024;

/** The text where each verb is `%s` or `%v` and has a string, which is how printf is mostly used. */
function joinTexts(format: string, values: readonly GoValue[]): string | undefined {
  let text = "";
  let from = 0;
  let next = 0;
  for (let percent = format.indexOf("%"); percent >= 0; percent = format.indexOf("%", from)) {
    const verb = format[percent + 1];
    const value = values[next++];
    if ((verb !== "s" && verb !== "v") || typeof value !== "string" || text.length > joinedUnitsMax) return undefined;
    text += format.slice(from, percent) + value;
    from = percent + 2;
  }
  return next === values.length ? text + format.slice(from) : undefined;
}

const sizeMax = 1e6;

/** One call of printf: where it is in the format, and which argument is next. */
class Formatting {
  private readonly format: string;
  private readonly values: readonly GoValue[];
  private readonly printer: Printer;
  private at = 0;
  private argument = 0;
  /** The last thing read was an argument number, `[n]`. */
  private isAfterIndex = false;
  private isReordered = false;
  private isGoodArgument = true;

  constructor(format: string, values: readonly GoValue[], charge: ChargeBytes) {
    this.format = format;
    this.values = values;
    this.printer = new Printer(charge);
  }

  print(): string {
    const { format, printer } = this;
    while (this.at < format.length) {
      const percent = format.indexOf("%", this.at);
      printer.text += percent < 0 ? format.slice(this.at) : format.slice(this.at, percent);
      if (percent < 0) break;
      this.at = percent + 1;
      this.isGoodArgument = true;
      printer.clearFlags();
      this.readFlags();
      this.readArgumentNumber();
      this.readWidth();
      this.readPrecision();
      if (!this.isAfterIndex) this.readArgumentNumber();
      if (this.at >= format.length) {
        printer.text += "%!(NOVERB)";
        break;
      }
      this.printVerb();
    }
    if (!this.isReordered && this.argument < this.values.length) this.printExtra();
    return printer.text;
  }

  private readFlags(): void {
    const { printer } = this;
    for (; this.at < this.format.length; this.at++) {
      switch (this.format[this.at]) {
        case "#":
          printer.sharp = true;
          break;
        case "0":
          printer.zero = true;
          break;
        case "+":
          printer.plus = true;
          break;
        case "-":
          printer.minus = true;
          break;
        case " ":
          printer.space = true;
          break;
        default:
          return;
      }
    }
  }

  /** `[n]`: which argument is next. */
  private readArgumentNumber(): void {
    this.isAfterIndex = false;
    const { format, at } = this;
    if (format[at] !== "[") return;
    this.isReordered = true;
    const close = format.indexOf("]", at);
    if (format.length - at < 3 || close < 0) {
      this.isGoodArgument = false;
      this.at++;
      return;
    }
    this.at++;
    const number = this.readNumber(close);
    const isNumber = number !== undefined && this.at === close;
    this.at = close + 1;
    this.isAfterIndex = isNumber;
    if (isNumber && number >= 1 && number <= this.values.length) this.argument = number - 1;
    else this.isGoodArgument = false;
  }

  private readWidth(): void {
    const { printer } = this;
    if (this.format[this.at] !== "*") {
      printer.width = this.readNumber(this.format.length);
      if (this.isAfterIndex && printer.width !== undefined) this.isGoodArgument = false;
      return;
    }
    this.at++;
    printer.width = this.sizeFromArgument();
    if (printer.width === undefined) printer.text += "%!(BADWIDTH)";
    else if (printer.width < 0) {
      printer.width = -printer.width;
      printer.minus = true;
      printer.zero = false;
    }
    this.isAfterIndex = false;
  }

  private readPrecision(): void {
    const { format, printer } = this;
    if (this.at + 1 >= format.length || format[this.at] !== ".") return;
    this.at++;
    if (this.isAfterIndex) this.isGoodArgument = false;
    this.readArgumentNumber();
    if (format[this.at] !== "*") {
      printer.precision = this.readNumber(format.length) ?? 0;
      return;
    }
    this.at++;
    printer.precision = this.sizeFromArgument();
    if (printer.precision !== undefined && printer.precision < 0) printer.precision = undefined;
    if (printer.precision === undefined) printer.text += "%!(BADPREC)";
    this.isAfterIndex = false;
  }

  /** A decimal number; too large a one is none, and then nothing up to the end is left to read. */
  private readNumber(end: number): number | undefined {
    let number: number | undefined;
    for (; this.at < end; this.at++) {
      const digit = this.format.charCodeAt(this.at) - 0x30;
      if (digit < 0 || digit > 9) break;
      if (number !== undefined && number > sizeMax) {
        this.at = end;
        return undefined;
      }
      number = (number ?? 0) * 10 + digit;
    }
    return number;
  }

  /** A width or precision from an argument (`*`), which must be an integer and not too large. */
  private sizeFromArgument(): number | undefined {
    if (this.argument >= this.values.length) return undefined;
    const integer = integerOf(this.values[this.argument++]);
    const size = integer === undefined ? undefined : Number(integer);
    return size === undefined || Math.abs(size) > sizeMax ? undefined : size;
  }

  private printVerb(): void {
    const { printer, values } = this;
    const char = String.fromCodePoint(this.format.codePointAt(this.at)!);
    const verb = toValidText(char);
    this.at += char.length;
    if (verb === "%") printer.text += "%";
    else if (!this.isGoodArgument) printer.text += `%!${verb}(BADINDEX)`;
    else if (this.argument >= values.length) printer.text += `%!${verb}(MISSING)`;
    else {
      if (verb === "v") {
        printer.sharpV = printer.sharp;
        printer.sharp = false;
        printer.plusV = printer.plus;
        printer.plus = false;
      }
      printer.printArgument(values[this.argument++], verb);
    }
  }

  /** Arguments that no verb has taken, with their types. */
  private printExtra(): void {
    const { printer } = this;
    printer.clearFlags();
    printer.text += "%!(EXTRA ";
    for (const [index, value] of this.values.slice(this.argument).entries()) {
      if (index > 0) printer.text += ", ";
      const type = typeOf(value);
      if (type === undefined) {
        printer.text += nilText;
        continue;
      }
      printer.text += `${type.name}=`;
      printer.printArgument(value, "v");
    }
    printer.text += ")";
  }
}
