/**
 * Go's calendar: proleptic Gregorian, any year that 64-bit seconds reach, wrapping where Go's arithmetic wraps.
 */
import type { Location } from "./location.ts";

/** A point in time and the zone that it is shown in. */
export interface Instant {
  /** Since 1970; wrapped as Go does, which counts from year 1 in an int64. */
  readonly seconds: bigint;
  readonly nanoseconds: number;
  readonly location: Location;
}

/** An instant as the calendar and the clock of its zone show it. */
export interface CivilTime {
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;
  readonly day: number;
  /** 1 to 366. */
  readonly yearDay: number;
  /** 0 is Sunday. */
  readonly weekday: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly nanosecond: number;
  readonly abbreviation: string;
  /** Seconds east of UTC. */
  readonly offset: number;
}

const secondsPerDay = 86_400;
const daysPer400Years = 146_097;
/** From year 1 to 1970. */
export const secondsToUnixEpoch = 62_135_596_800n;
/** Go's own beginning, some 292 billion years ago, to 1970: before it the unsigned seconds wrap. */
const secondsOfAbsoluteEpoch = 9_223_372_028_715_321_600n;
const daysOfAbsoluteEpoch = 106_751_991_073_094;

/** Seconds since 1970 as Go keeps them. */
export function wrapSeconds(seconds: bigint): bigint {
  return BigInt.asIntN(64, seconds + secondsToUnixEpoch) - secondsToUnixEpoch;
}

export function toCivilTime({ seconds, nanoseconds, location }: Instant): CivilTime {
  const { abbreviation, offset } = location.zoneAt(seconds);
  const absolute = BigInt.asUintN(64, seconds + BigInt(offset) + secondsOfAbsoluteEpoch);
  const day = Number(absolute / BigInt(secondsPerDay)) - daysOfAbsoluteEpoch;
  const second = Number(absolute % BigInt(secondsPerDay));
  return {
    ...toCivilDate(day),
    weekday: modulo(day + 4, 7),
    hour: Math.floor(second / 3600),
    minute: Math.floor(second / 60) % 60,
    second: second % 60,
    nanosecond: nanoseconds,
    abbreviation,
    offset,
  };
}

function modulo(value: number, by: number): number {
  return ((value % by) + by) % by;
}

/** Days since 1970 to a date. Years are counted from 1 March, so that the leap day is the last one. */
function toCivilDate(unixDay: number): Pick<CivilTime, "year" | "month" | "day" | "yearDay"> {
  const shifted = unixDay + 719_468;
  const era = Math.floor(shifted / daysPer400Years);
  const dayOfEra = shifted - era * daysPer400Years;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayFromMarch = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const monthFromMarch = Math.floor((5 * dayFromMarch + 2) / 153);
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  return {
    year,
    month,
    day: dayFromMarch - Math.floor((153 * monthFromMarch + 2) / 5) + 1,
    yearDay: dayFromMarch >= 306 ? dayFromMarch - 305 : dayFromMarch + 60 + (isLeapYear(year) ? 1 : 0),
  };
}

/** Days from 1970 to a date of the calendar; month from 1 to 12, any day. */
function toUnixDay(year: bigint, month: number, day: bigint): bigint {
  const marchYear = month <= 2 ? year - 1n : year;
  const era = (marchYear >= 0n ? marchYear : marchYear - 399n) / 400n;
  const yearOfEra = marchYear - era * 400n;
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5);
  const dayOfEra = yearOfEra * 365n + yearOfEra / 4n - yearOfEra / 100n + BigInt(dayOfYear);
  return era * BigInt(daysPer400Years) + dayOfEra + day - 1n - 719_468n;
}

export function isLeapYear(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
}

const monthDays = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] as const;

export function daysInMonth(year: number, month: number): number {
  return month === 2 && isLeapYear(year) ? 29 : monthDays[month - 1]!;
}

/** Days of a common year before a month (1 to 13). */
export function daysBeforeMonth(month: number): number {
  let days = 0;
  for (let index = 0; index < month - 1; index++) days += monthDays[index]!;
  return days;
}

/** A date and time of the clock: month and day may be beyond their ranges and carry over, as in time.Date. */
export interface ClockTime {
  readonly year: bigint;
  readonly month: bigint;
  readonly day: bigint;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly nanosecond: number;
}

/** time.Date. A time that a zone skips or has twice is read with the offset on one side of the change, as Go does. */
export function instantOf(clock: ClockTime, location: Location): Instant {
  const monthIndex = clock.month - 1n;
  const carriedYears = (monthIndex - (((monthIndex % 12n) + 12n) % 12n)) / 12n;
  const month = Number(monthIndex - carriedYears * 12n) + 1;
  const day = toUnixDay(clock.year + carriedYears, month, clock.day);
  const ofDay = clock.hour * 3600 + clock.minute * 60 + clock.second;
  const shown = BigInt.asIntN(64, day * BigInt(secondsPerDay) + BigInt(ofDay));
  const first = shown - BigInt(location.zoneAt(shown).offset);
  const seconds = shown - BigInt(location.zoneAt(first).offset);
  return { seconds: wrapSeconds(seconds), nanoseconds: clock.nanosecond, location };
}
