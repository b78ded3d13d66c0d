/** Sprig's functions for dates. What they call now is the context's clock. */
import { decimalInteger } from "../numbers.ts";
import { type GoArgument, integerOf, typeOf } from "../value.ts";
import { define, type FunctionContext, type FunctionTable, GoFunctionError } from "./registry.ts";
import { formatDuration, parseDuration } from "./time/duration.ts";
import { formatTime } from "./time/format-time.ts";
import {
  addDuration,
  GoTime,
  timeDifference,
  timeOfMilliseconds,
  timeOfSeconds,
  timeType,
  zeroTime,
} from "./time/go-time.ts";
import { loadLocation, utc } from "./time/location.ts";
import { parseTime } from "./time/parse-time.ts";

const nanosecondsPerSecond = 1_000_000_000n;

/** Sprig takes a time or seconds as int, int32 or int64; anything else, a float64 too, is silently now. */
function timeOf(context: FunctionContext, date: GoArgument): GoTime {
  if (date instanceof GoTime) return date;
  const isSeconds = ["int", "int32", "int64"].includes(typeOf(date)?.name ?? "");
  return isSeconds ? timeOfSeconds(integerOf(date)!) : timeOfMilliseconds(context.clock);
}

/** In an unknown zone it is shown in UTC. */
function dateInZone(context: FunctionContext, layout: string, date: GoArgument, zone: string): string {
  const { seconds, nanoseconds } = timeOf(context, date);
  return formatTime({ seconds, nanoseconds, location: loadLocation(zone) ?? utc }, layout);
}

/** `undefined` instead of the error that the must variants let through. */
function orUndefined<T>(parse: () => T): T | undefined {
  try {
    return parse();
  } catch (error) {
    if (error instanceof GoFunctionError) return undefined;
    throw error;
  }
}

const htmlLayout = "2006-01-02";

const dateInZoneFunction = define(["string", "any", "string"], dateInZone);
const dateModify = define(["string", timeType], (_, change, date) => {
  const duration = orUndefined(() => parseDuration(change));
  return duration === undefined ? date : addDuration(date as GoTime, duration);
});
const mustDateModify = define(["string", timeType], (_, change, date) =>
  addDuration(date as GoTime, parseDuration(change)),
);

/** Seconds, as an int64 or as decimal text; of an int Sprig makes nothing. */
function durationSeconds(value: GoArgument): bigint {
  if (typeof value === "bigint") return value;
  if (typeof value !== "string" || !/^[+-]?[0-9]+$/.test(value)) return 0n;
  const size = decimalInteger(value.replace(/^[+-]/, ""));
  return clampToInt64(value.startsWith("-") ? -size : size);
}

/** strconv.ParseInt gives the nearest int64 beside its error, and Sprig drops the error. */
function clampToInt64(value: bigint): bigint {
  const largest = (1n << 63n) - 1n;
  if (value > largest) return largest;
  return value < -largest - 1n ? -largest - 1n : value;
}

function durationOf(context: FunctionContext, value: GoArgument): bigint {
  if (typeof value === "string") return orUndefined(() => parseDuration(value)) ?? 0n;
  if (typeof value === "bigint") return value;
  return value instanceof GoTime ? timeDifference(timeOfMilliseconds(context.clock), value) : 0n;
}

const hour = 3600n * nanosecondsPerSecond;
const roundingUnits: readonly (readonly [nanoseconds: bigint, suffix: string])[] = [
  [365n * 24n * hour, "y"],
  [30n * 24n * hour, "mo"],
  [24n * hour, "d"],
  [hour, "h"],
  [60n * nanosecondsPerSecond, "m"],
  [nanosecondsPerSecond, "s"],
];

/** The largest unit that is exceeded, so that 60s is no minute yet. */
function roundDuration(duration: bigint): string {
  const size = duration < 0n ? -duration : duration;
  for (const [nanoseconds, suffix] of roundingUnits) {
    if (size > nanoseconds) return `${size / nanoseconds}${suffix}`;
  }
  return "0s";
}

/** Time since, to the second. Unlike `date`, an int32 is now. */
function ago(context: FunctionContext, date: GoArgument): string {
  const since = typeOf(date)?.name === "int32" ? null : date;
  const nanoseconds = timeDifference(timeOfMilliseconds(context.clock), timeOf(context, since));
  const size = nanoseconds < 0n ? -nanoseconds : nanoseconds;
  const rounded = ((size + nanosecondsPerSecond / 2n) / nanosecondsPerSecond) * nanosecondsPerSecond;
  return formatDuration(nanoseconds < 0n ? -rounded : rounded);
}

export const dateFunctions: FunctionTable = {
  now: define([], (context) => timeOfMilliseconds(context.clock)),
  ago: define(["any"], ago),
  date: define(["string", "any"], (context, layout, date) => dateInZone(context, layout, date, "Local")),
  dateInZone: dateInZoneFunction,
  date_in_zone: dateInZoneFunction,
  htmlDate: define(["any"], (context, date) => dateInZone(context, htmlLayout, date, "Local")),
  htmlDateInZone: define(["any", "string"], (context, date, zone) => dateInZone(context, htmlLayout, date, zone)),
  dateModify,
  date_modify: dateModify,
  mustDateModify,
  must_date_modify: mustDateModify,
  duration: define(["any"], (_, seconds) =>
    formatDuration(BigInt.asIntN(64, durationSeconds(seconds) * nanosecondsPerSecond)),
  ),
  durationRound: define(["any"], (context, duration) => roundDuration(durationOf(context, duration))),
  toDate: define(["string", "string"], (_, layout, text) => {
    const time = orUndefined(() => parseTime(layout, text));
    return time === undefined ? zeroTime : new GoTime(time);
  }),
  mustToDate: define(["string", "string"], (_, layout, text) => new GoTime(parseTime(layout, text))),
  unixEpoch: define([timeType], (_, date) => (date as GoTime).seconds.toString()),
};
