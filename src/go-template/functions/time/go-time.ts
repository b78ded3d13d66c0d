/** time.Time as a template value: what it prints, what it equals, and the methods that templates can call. */
import { GoInteger, GoPointer, GoStruct, type GoType, type GoValue, goInt, integerOf, pointerTo } from "../../value.ts";
import { define, type FunctionDeclaration } from "../registry.ts";
import { type CivilTime, type Instant, instantOf, secondsToUnixEpoch, toCivilTime, wrapSeconds } from "./calendar.ts";
import { durationType, goDuration } from "./duration.ts";
import { formatTime, timeToString } from "./format-time.ts";
import { dayNames, monthNames } from "./layout.ts";
import { areEqualLocations, type Location, local, utc } from "./location.ts";

const nanosecondsPerSecond = 1_000_000_000n;
const noFields: ReadonlyMap<string, GoValue> = new Map();
const methods = new Map<string, FunctionDeclaration>();

export const timeType: GoType = {
  name: "time.Time",
  kind: "struct",
  text: (time: GoTime) => timeToString(time),
  goText: (time: GoTime) => timeToGoString(time),
  equals: (left: GoTime, right: GoTime) => areIdentical(left, right),
  methods,
};

/** A time.Time. */
export class GoTime extends GoStruct implements Instant {
  readonly seconds: bigint;
  readonly nanoseconds: number;
  readonly location: Location;

  constructor({ seconds, nanoseconds, location }: Instant) {
    super(timeType, noFields);
    this.seconds = seconds;
    this.nanoseconds = nanoseconds;
    this.location = location;
  }
}

/** time.Unix with seconds, shown in the local zone. */
export function timeOfSeconds(seconds: bigint): GoTime {
  return new GoTime({ seconds: wrapSeconds(seconds), nanoseconds: 0, location: local });
}

/** The time of the context's clock, milliseconds since 1970. */
export function timeOfMilliseconds(milliseconds: number): GoTime {
  const seconds = Math.floor(milliseconds / 1000);
  const nanoseconds = Math.round((milliseconds - seconds * 1000) * 1_000_000);
  return new GoTime({ seconds: BigInt(seconds), nanoseconds, location: local });
}

/** The zero time, 1 January of year 1. */
export const zeroTime = new GoTime({ seconds: -secondsToUnixEpoch, nanoseconds: 0, location: utc });

/** Time.Add; nanoseconds may be negative. */
export function addDuration(time: GoTime, nanoseconds: bigint): GoTime {
  const sum = BigInt(time.nanoseconds) + nanoseconds;
  const rest = ((sum % nanosecondsPerSecond) + nanosecondsPerSecond) % nanosecondsPerSecond;
  const seconds = wrapSeconds(time.seconds + (sum - rest) / nanosecondsPerSecond);
  return new GoTime({ seconds, nanoseconds: Number(rest), location: time.location });
}

/** Time.Sub in nanoseconds, kept within an int64. */
export function timeDifference(left: Instant, right: Instant): bigint {
  const exact =
    (left.seconds - right.seconds) * nanosecondsPerSecond + BigInt(left.nanoseconds) - BigInt(right.nanoseconds);
  const largest = (1n << 63n) - 1n;
  if (exact > largest) return largest;
  return exact < -largest - 1n ? -largest - 1n : exact;
}

/** Go's == looks at the zone too, not only at the instant. */
function areIdentical(left: GoTime, right: GoTime): boolean {
  return compareTimes(left, right) === 0 && left.location === right.location;
}

/** reflect.DeepEqual of times. */
export function areDeepEqualTimes(left: GoTime, right: GoTime): boolean {
  return compareTimes(left, right) === 0 && areEqualLocations(left.location, right.location);
}

function compareTimes(left: Instant, right: Instant): number {
  if (left.seconds !== right.seconds) return left.seconds < right.seconds ? -1 : 1;
  return Math.sign(left.nanoseconds - right.nanoseconds);
}

/** Time.GoString, what `%#v` prints. */
function timeToGoString(time: GoTime): string {
  const { year, month, day, hour, minute, second, nanosecond } = toCivilTime(time);
  const zone =
    time.location === utc
      ? "time.UTC"
      : time.location === local
        ? "time.Local"
        : `time.Location(${JSON.stringify(time.location.name)})`;
  return `time.Date(${year}, time.${monthNames[month - 1]}, ${day}, ${hour}, ${minute}, ${second}, ${nanosecond}, ${zone})`;
}

function namedIntegerType(name: string, kind: "int", names: readonly string[], first: number): GoType {
  const nameOf = (value: bigint) => names[Number(value) - first] ?? `%!${name.replace("time.", "")}(${value})`;
  const type: GoType = {
    name,
    kind,
    text: (value: GoInteger) => nameOf(value.value),
    methods: new Map([["String", define([{ name, kind }], (_, value) => nameOf(integerOf(value)!))]]),
  };
  return type;
}

const monthType = namedIntegerType("time.Month", "int", monthNames, 1);
const weekdayType = namedIntegerType("time.Weekday", "int", dayNames, 0);

const locationType: GoType = {
  name: "time.Location",
  kind: "struct",
  text: ({ location }: GoLocation) => location.name,
};

class GoLocation extends GoStruct {
  readonly location: Location;

  constructor(location: Location) {
    super(locationType, noFields);
    this.location = location;
  }
}

const locationPointerType: GoType = {
  ...pointerTo(locationType),
  text: (pointer: GoPointer) => (pointer.target as GoLocation).location.name,
  methods: new Map([
    [
      "String",
      define([pointerTo(locationType)], (_, pointer) => ((pointer as GoPointer).target as GoLocation).location.name),
    ],
  ]),
};

function getter(read: (time: GoTime) => GoValue): FunctionDeclaration {
  return define([timeType], (_, time) => read(time as GoTime));
}

function civilGetter(read: (civil: CivilTime) => GoValue): FunctionDeclaration {
  return getter((time) => read(toCivilTime(time)));
}

function comparison(holds: (order: number) => GoValue): FunctionDeclaration {
  return define([timeType, timeType], (_, left, right) => holds(compareTimes(left as GoTime, right as GoTime)));
}

function moved(by: (time: GoTime, nanoseconds: bigint) => bigint): FunctionDeclaration {
  return define([timeType, durationType], (_, time, duration) =>
    addDuration(time as GoTime, by(time as GoTime, integerOf(duration)!)),
  );
}

function shownIn(location: Location): FunctionDeclaration {
  return getter(({ seconds, nanoseconds }) => new GoTime({ seconds, nanoseconds, location }));
}

function nanosecondsSinceYear1({ seconds, nanoseconds }: Instant): bigint {
  return (seconds + secondsToUnixEpoch) * nanosecondsPerSecond + BigInt(nanoseconds);
}

/** How far a time is beyond the last multiple of a duration since year 1. */
function remainderOf(time: Instant, unit: bigint): bigint {
  return ((nanosecondsSinceYear1(time) % unit) + unit) % unit;
}

function unixIn(perSecond: bigint): FunctionDeclaration {
  return getter(({ seconds, nanoseconds }) =>
    BigInt.asIntN(64, seconds * perSecond + BigInt(nanoseconds) / (nanosecondsPerSecond / perSecond)),
  );
}

function addDate(time: GoTime, years: bigint, months: bigint, days: bigint): GoTime {
  const civil = toCivilTime(time);
  const date = {
    year: BigInt(civil.year) + years,
    month: BigInt(civil.month) + months,
    day: BigInt(civil.day) + days,
  };
  return new GoTime(instantOf({ ...civil, ...date }, time.location));
}

methods
  .set(
    "Add",
    moved((_, duration) => duration),
  )
  .set(
    "AddDate",
    define([timeType, "exactInt", "exactInt", "exactInt"], (_, time, years, months, days) =>
      addDate(time as GoTime, years, months, days),
    ),
  )
  .set(
    "After",
    comparison((order) => order > 0),
  )
  .set(
    "Before",
    comparison((order) => order < 0),
  )
  .set(
    "Compare",
    comparison((order) => goInt(order)),
  )
  .set(
    "Day",
    civilGetter(({ day }) => goInt(day)),
  )
  .set(
    "Equal",
    comparison((order) => order === 0),
  )
  .set(
    "Format",
    define([timeType, "string"], (_, time, layout) => formatTime(time as GoTime, layout)),
  )
  .set("GoString", getter(timeToGoString))
  .set(
    "Hour",
    civilGetter(({ hour }) => goInt(hour)),
  )
  .set(
    "In",
    define([timeType, locationPointerType], (_, time, location) => {
      const { seconds, nanoseconds } = time as GoTime;
      return new GoTime({ seconds, nanoseconds, location: ((location as GoPointer).target as GoLocation).location });
    }),
  )
  .set(
    "IsDST",
    getter(() => false),
  )
  .set(
    "IsZero",
    getter((time) => nanosecondsSinceYear1(time) === 0n),
  )
  .set("Local", shownIn(local))
  .set(
    "Location",
    getter(({ location }) => new GoPointer(locationPointerType, new GoLocation(location))),
  )
  .set(
    "Minute",
    civilGetter(({ minute }) => goInt(minute)),
  )
  .set(
    "Month",
    civilGetter(({ month }) => new GoInteger(monthType, BigInt(month))),
  )
  .set(
    "Nanosecond",
    civilGetter(({ nanosecond }) => goInt(nanosecond)),
  )
  .set(
    "Round",
    moved((time, unit) => {
      if (unit <= 0n) return 0n;
      const beyond = remainderOf(time, unit);
      return beyond + beyond < unit ? -beyond : unit - beyond;
    }),
  )
  .set(
    "Second",
    civilGetter(({ second }) => goInt(second)),
  )
  .set("String", getter(timeToString))
  .set(
    "Sub",
    define([timeType, timeType], (_, left, right) => goDuration(timeDifference(left as GoTime, right as GoTime))),
  )
  .set(
    "Truncate",
    moved((time, unit) => (unit <= 0n ? 0n : -remainderOf(time, unit))),
  )
  .set("UTC", shownIn(utc))
  .set("Unix", unixIn(1n))
  .set("UnixMicro", unixIn(1_000_000n))
  .set("UnixMilli", unixIn(1_000n))
  .set("UnixNano", unixIn(nanosecondsPerSecond))
  .set(
    "Weekday",
    civilGetter(({ weekday }) => new GoInteger(weekdayType, BigInt(weekday))),
  )
  .set(
    "Year",
    civilGetter(({ year }) => goInt(year)),
  )
  .set(
    "YearDay",
    civilGetter(({ yearDay }) => goInt(yearDay)),
  );
