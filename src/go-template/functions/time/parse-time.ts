/** time.ParseInLocation in the local zone, which is UTC. */
import { encodeBytes } from "../../bytes.ts";
import { GoFunctionError } from "../registry.ts";
import { daysBeforeMonth, daysInMonth, type Instant, instantOf, isLeapYear, wrapSeconds } from "./calendar.ts";
import { dayNames, type LayoutElement, type LayoutField, layoutOf, monthNames } from "./layout.ts";
import { fixedZone, type Location, local, utc } from "./location.ts";

/** The text does not begin with what the layout wants there. */
class BadValue extends Error {}
/** The text has the form of the layout but names no time: the message says why. */
class BadTime extends Error {}

interface Fields {
  year: number;
  /** From 1; `undefined` until read. */
  month: number | undefined;
  day: number | undefined;
  yearDay: number | undefined;
  hour: number;
  minute: number;
  second: number;
  nanosecond: number;
  half: "AM" | "PM" | undefined;
  isUtc: boolean;
  offset: number | undefined;
  abbreviation: string;
}

/** Reads a text in the form of a layout; throws a GoFunctionError that says where they part. */
export function parseTime(layoutText: string, text: string): Instant {
  const layout = layoutOf(layoutText);
  const failAt = (value: string, element: string): never => {
    throw new GoFunctionError(
      `parsing time ${quoteAscii(text)} as ${quoteAscii(layoutText)}: cannot parse ${quoteAscii(value)} as ${quoteAscii(element)}`,
    );
  };
  const fail = (message: string): never => {
    throw new GoFunctionError(`parsing time ${quoteAscii(text)}: ${message}`);
  };
  const fields: Fields = {
    year: 0,
    month: undefined,
    day: undefined,
    yearDay: undefined,
    hour: 0,
    minute: 0,
    second: 0,
    nanosecond: 0,
    half: undefined,
    isUtc: false,
    offset: undefined,
    abbreviation: "",
  };
  let rest = text;
  for (const [index, element] of layout.elements.entries()) {
    const { skipped, complete } = skipLiteral(rest, element.prefix);
    if (!complete) failAt(skipped, element.prefix);
    try {
      rest = readElement(element, layout.elements[index + 1], skipped, fields);
    } catch (error) {
      if (error instanceof BadTime) fail(error.message);
      if (error instanceof BadValue) failAt(skipped, element.text);
      throw error;
    }
  }
  const { skipped, complete } = skipLiteral(rest, layout.tail);
  if (!complete) failAt(skipped, layout.tail);
  if (skipped !== "") fail(`extra text: ${quoteAscii(skipped)}`);
  try {
    return toInstant(fields);
  } catch (error) {
    if (error instanceof BadTime) return fail(error.message);
    throw error;
  }
}

/** Takes literal text off; a run of blanks stands for any run of blanks, also for none at the end. */
function skipLiteral(value: string, literal: string): { skipped: string; complete: boolean } {
  let at = 0;
  for (let index = 0; index < literal.length; ) {
    if (literal[index] === " ") {
      if (at < value.length && value[at] !== " ") return { skipped: value.slice(at), complete: false };
      while (literal[index] === " ") index++;
      while (value[at] === " ") at++;
      continue;
    }
    if (value[at] !== literal[index]) return { skipped: value.slice(at), complete: false };
    index++;
    at++;
  }
  return { skipped: value.slice(at), complete: true };
}

function isDigit(value: string, at: number): boolean {
  const unit = value.charCodeAt(at);
  return unit >= 0x30 && unit <= 0x39;
}

/** One or two digits (exactly two if `fixed`). */
function readNumber(value: string, fixed: boolean): [number: number, rest: string] {
  if (!isDigit(value, 0)) throw new BadValue();
  if (isDigit(value, 1)) return [Number(value.slice(0, 2)), value.slice(2)];
  if (fixed) throw new BadValue();
  return [Number(value[0]), value.slice(1)];
}

function readName(names: readonly string[], value: string): [index: number, rest: string] {
  for (const [index, name] of names.entries()) {
    if (value.slice(0, name.length).toLowerCase() === name.toLowerCase()) return [index, value.slice(name.length)];
  }
  throw new BadValue();
}

/** A sign and digits, nothing else: what Go's atoi takes. */
function readWhole(text: string): number {
  if (!/^[+-]?[0-9]*$/.test(text)) throw new BadValue();
  return Number(text === "-" || text === "+" ? "0" : text);
}

const shortMonthNames = monthNames.map((name) => name.slice(0, 3));
const shortDayNames = dayNames.map((name) => name.slice(0, 3));

/** Reads one element off the value into the fields; returns the rest. */
function readElement(
  { field, text }: LayoutElement,
  next: LayoutElement | undefined,
  value: string,
  fields: Fields,
): string {
  const inRange = (ok: boolean, what: string, rest: string) => {
    if (!ok) throw new BadTime(`${what} out of range`);
    return rest;
  };
  switch (field) {
    case "06": {
      if (value.length < 2) throw new BadValue();
      const year = readWhole(value.slice(0, 2));
      fields.year = year >= 69 ? year + 1900 : year + 2000;
      return value.slice(2);
    }
    case "2006":
      if (value.length < 4 || !isDigit(value, 0)) throw new BadValue();
      fields.year = readWhole(value.slice(0, 4));
      return value.slice(4);
    case "Jan":
    case "January": {
      const [index, rest] = readName(field === "Jan" ? shortMonthNames : monthNames, value);
      fields.month = index + 1;
      return rest;
    }
    case "1":
    case "01": {
      const [month, rest] = readNumber(value, field === "01");
      fields.month = month;
      return inRange(month >= 1 && month <= 12, "month", rest);
    }
    case "Mon":
    case "Monday":
      return readName(field === "Mon" ? shortDayNames : dayNames, value)[1];
    case "2":
    case "_2":
    case "02": {
      const padded = field === "_2" && value.startsWith(" ") ? value.slice(1) : value;
      const [day, rest] = readNumber(padded, field === "02");
      fields.day = day;
      return rest;
    }
    case "__2":
    case "002": {
      const padded = field === "__2" ? value.replace(/^ {0,2}/, "") : value;
      const found = (field === "002" ? /^[0-9]{3}/ : /^[0-9]{1,3}/).exec(padded)?.[0];
      if (found === undefined) throw new BadValue();
      fields.yearDay = Number(found);
      return padded.slice(found.length);
    }
    case "15": {
      const [hour, rest] = readNumber(value, false);
      fields.hour = hour;
      return inRange(hour < 24, "hour", rest);
    }
    case "3":
    case "03": {
      const [hour, rest] = readNumber(value, field === "03");
      fields.hour = hour;
      return inRange(hour <= 12, "hour", rest);
    }
    case "4":
    case "04": {
      const [minute, rest] = readNumber(value, field === "04");
      fields.minute = minute;
      return inRange(minute < 60, "minute", rest);
    }
    case "5":
    case "05": {
      const [second, rest] = readNumber(value, field === "05");
      fields.second = second;
      inRange(second < 60, "second", rest);
      // A fraction may follow the seconds even where the layout has none.
      const isInLayout = next !== undefined && (next.field === "fraction0" || next.field === "fraction9");
      return isInLayout ? rest : readOptionalFraction(rest, fields);
    }
    case "PM":
    case "pm": {
      const half = value.slice(0, 2);
      if (half !== field && half !== (field === "PM" ? "AM" : "am")) throw new BadValue();
      fields.half = half.toUpperCase() as "AM" | "PM";
      return value.slice(2);
    }
    case "MST":
      return readAbbreviation(value, fields);
    case "fraction0": {
      if (value.length < text.length) throw new BadValue();
      fields.nanosecond = readFraction(value.slice(0, text.length));
      return value.slice(text.length);
    }
    case "fraction9":
      return readOptionalFraction(value, fields);
    default:
      return readOffset(field, value, fields);
  }
}

function readOptionalFraction(value: string, fields: Fields): string {
  const found = /^[.,][0-9]+/.exec(value)?.[0];
  if (found === undefined) return value;
  fields.nanosecond = readFraction(found);
  return value.slice(found.length);
}

/** Nanoseconds of a separator and digits; digits beyond the ninth are dropped. */
function readFraction(text: string): number {
  if (!/^[.,]/.test(text)) throw new BadValue();
  const shown = text.slice(1, 10);
  const number = readWhole(shown);
  if (number < 0) throw new BadTime("fractional second out of range");
  return number * 10 ** (9 - shown.length);
}

const offsetPatterns: Readonly<Partial<Record<LayoutField, RegExp>>> = {
  "-07:00": /^(.)(..):(..)/s,
  "-07": /^(.)(..)/s,
  "-07:00:00": /^(.)(..):(..):(..)/s,
  "-070000": /^(.)(..)(..)(..)/s,
  "-0700": /^(.)(..)(..)/s,
};

function readOffset(field: LayoutField, value: string, fields: Fields): string {
  if (field.startsWith("Z") && value.startsWith("Z")) {
    fields.isUtc = true;
    return value.slice(1);
  }
  const found = offsetPatterns[field.replace("Z", "-") as LayoutField]!.exec(value);
  if (found === null) throw new BadValue();
  const [all, sign, hours, minutes = "00", seconds = "00"] = found;
  const rest = value.slice(all.length);
  const [hour] = readNumber(hours!, true);
  const [minute] = readNumber(minutes, true);
  const [second] = readNumber(seconds, true);
  // Some people do write offsets of 24 hours or 60 minutes, so Go takes them.
  if (hour > 24) throw new BadTime("time zone offset hour out of range");
  if (minute > 60) throw new BadTime("time zone offset minute out of range");
  if (second > 60) throw new BadTime("time zone offset second out of range");
  if (sign !== "+" && sign !== "-") throw new BadValue();
  const offset = (hour * 60 + minute) * 60 + second;
  fields.offset = sign === "-" ? -offset : offset;
  return rest;
}

const abbreviationPattern =
  /^(?:ChST|MeST|GMT(?:[+-]0*(?:1?[0-9]|2[0-3])(?![0-9]))?|[+-]0*(?:1?[0-9]|2[0-3])(?![0-9])|[A-Z]{4}T(?![A-Z])|[A-Z]{3}T(?![A-Z])|WITA(?![A-Z])|[A-Z]{3}(?![A-Z]))/;

function readAbbreviation(value: string, fields: Fields): string {
  if (value.startsWith("UTC")) {
    fields.isUtc = true;
    return value.slice(3);
  }
  const found = value.length >= 3 ? abbreviationPattern.exec(value)?.[0] : undefined;
  if (found === undefined) throw new BadValue();
  fields.abbreviation = found;
  return value.slice(found.length);
}

/** The instant that the fields name, once the day is known to exist. */
function toInstant(fields: Fields): Instant {
  const { month, day } = dateOf(fields);
  if (day < 1 || day > daysInMonth(fields.year, month)) throw new BadTime("day out of range");
  const at = (location: Location) =>
    instantOf(
      {
        year: BigInt(fields.year),
        month: BigInt(month),
        day: BigInt(day),
        hour: hourOfDay(fields),
        minute: fields.minute,
        second: fields.second,
        nanosecond: fields.nanosecond,
      },
      location,
    );
  if (fields.isUtc) return at(utc);
  const { offset, abbreviation } = fields;
  // Go's own mark for "no offset" is -1 second.
  if (offset !== undefined && offset !== -1) {
    const shown = at(utc);
    const isLocal = offset === 0 && (abbreviation === "" || abbreviation === "UTC");
    const location = isLocal ? local : fixedZone(abbreviation, offset);
    return { ...shown, seconds: wrapSeconds(shown.seconds - BigInt(offset)), location };
  }
  if (abbreviation === "") return at(local);
  // Of an abbreviation that is not the local zone's only the name is known, but for GMT+3: the instant is left alone.
  const hours = abbreviation.length > 3 && abbreviation.startsWith("GMT") ? Number(abbreviation.slice(3)) : 0;
  return { ...at(utc), location: fixedZone(abbreviation, hours * 3600) };
}

function hourOfDay({ hour, half }: Fields): number {
  if (half === "PM" && hour < 12) return hour + 12;
  return half === "AM" && hour === 12 ? 0 : hour;
}

/** Month and day, also from the day of the year. */
function dateOf({ year, month, day, yearDay }: Fields): { month: number; day: number } {
  if (yearDay === undefined) return { month: month ?? 1, day: day ?? 1 };
  let found: { month: number; day: number };
  if (isLeapYear(year) && yearDay === 31 + 29) {
    found = { month: 2, day: 29 };
  } else {
    const ordinary = isLeapYear(year) && yearDay > 31 + 29 ? yearDay - 1 : yearDay;
    if (ordinary < 1 || ordinary > 365) throw new BadTime("day-of-year out of range");
    let inMonth = Math.floor((ordinary - 1) / 31) + 1;
    if (daysBeforeMonth(inMonth + 1) < ordinary) inMonth++;
    found = { month: inMonth, day: ordinary - daysBeforeMonth(inMonth) };
  }
  if (month !== undefined && month !== found.month) throw new BadTime("day-of-year does not match month");
  if (day !== undefined && day !== found.day) throw new BadTime("day-of-year does not match day");
  return found;
}

/** As Go's time package quotes: bytes beyond ASCII and control characters as \xNN. */
export function quoteAscii(text: string): string {
  let quoted = "";
  for (const byte of encodeBytes(text)) {
    const isPlain = byte >= 0x20 && byte < 0x80;
    if (byte === 0x22 || byte === 0x5c) quoted += `\\${String.fromCharCode(byte)}`;
    else quoted += isPlain ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, "0")}`;
  }
  return `"${quoted}"`;
}
