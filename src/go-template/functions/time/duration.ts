/** time.Duration: nanoseconds in an int64, its text and its methods. */
import { decimalInteger } from "../../numbers.ts";
import { GoInteger, type GoType, type GoValue, integerOf } from "../../value.ts";
import { define, type FunctionDeclaration, GoFunctionError } from "../registry.ts";
import { quoteAscii } from "./parse-time.ts";

const nanosecondsPerUnit: ReadonlyMap<string, bigint> = new Map([
  ["ns", 1n],
  ["us", 1_000n],
  ["\u00b5s", 1_000n],
  ["\u03bcs", 1_000n],
  ["ms", 1_000_000n],
  ["s", 1_000_000_000n],
  ["m", 60_000_000_000n],
  ["h", 3_600_000_000_000n],
]);
const two63 = 1n << 63n;
const durationMax = two63 - 1n;

/** time.ParseDuration: nanoseconds of a text such as `-1.5h30m`. */
export function parseDuration(text: string): bigint {
  const invalid = (why = "invalid duration"): never => {
    throw new GoFunctionError(`time: ${why} ${quoteAscii(text)}`);
  };
  const isNegative = text.startsWith("-");
  let rest = /^[+-]/.test(text) ? text.slice(1) : text;
  if (rest === "0") return 0n;
  if (rest === "") invalid();
  let sum = 0n;
  while (rest !== "") {
    const [number = "", whole = "", point = "", decimals = ""] = /^([0-9]*)(\.?)([0-9]*)/.exec(rest) ?? [];
    if (whole === "" && decimals === "") invalid();
    const name = /^[^.0-9]*/.exec(rest.slice(number.length))![0];
    if (name === "") invalid("missing unit in duration");
    const unit = nanosecondsPerUnit.get(name) ?? invalid(`unknown unit ${quoteAscii(name)} in duration`);
    const units = decimalInteger(whole === "" ? "0" : whole);
    if (units > two63 / unit) invalid();
    sum += units * unit + (point === "" ? 0n : fractionOf(decimals, unit));
    if (sum > two63) invalid();
    rest = rest.slice(number.length + name.length);
  }
  if (isNegative) return -sum;
  return sum > durationMax ? invalid() : sum;
}

/** Decimals of a unit in nanoseconds, with the float64 arithmetic that Go uses; digits that overflow are dropped. */
function fractionOf(decimals: string, unit: bigint): bigint {
  let digits = 0n;
  let scale = 1;
  for (const digit of decimals) {
    if (digits > durationMax / 10n) break;
    const next = digits * 10n + BigInt(digit);
    if (next > two63) break;
    digits = next;
    scale *= 10;
  }
  return BigInt(Math.trunc(Number(digits) * (Number(unit) / scale)));
}

/** Duration.String: `1h0m0.5s`, and below a second `1.5ms`. */
export function formatDuration(nanoseconds: bigint): string {
  const sign = nanoseconds < 0n ? "-" : "";
  const value = nanoseconds < 0n ? -nanoseconds : nanoseconds;
  if (value === 0n) return "0s";
  if (value < 1_000n) return `${sign}${value}ns`;
  if (value < 1_000_000n) return `${sign}${withFraction(value, 3)}\u00b5s`;
  if (value < 1_000_000_000n) return `${sign}${withFraction(value, 6)}ms`;
  const minutes = value / 60_000_000_000n;
  const seconds = `${withFraction(value % 60_000_000_000n, 9)}s`;
  if (minutes === 0n) return sign + seconds;
  const hours = minutes / 60n;
  return `${sign}${hours === 0n ? "" : `${hours}h`}${minutes % 60n}m${seconds}`;
}

/** A number with its last `places` digits behind the point, without trailing zeros. */
function withFraction(value: bigint, places: number): string {
  const digits = value.toString().padStart(places + 1, "0");
  const fraction = digits.slice(-places).replace(/0+$/, "");
  return digits.slice(0, -places) + (fraction === "" ? "" : `.${fraction}`);
}

/** Duration.Truncate. */
function truncateDuration(duration: bigint, to: bigint): bigint {
  return to <= 0n ? duration : duration - (duration % to);
}

/** Duration.Round: half away from zero, saturating. */
function roundDuration(duration: bigint, to: bigint): bigint {
  if (to <= 0n) return duration;
  const size = duration < 0n ? -duration : duration;
  const remainder = size % to;
  const rounded = remainder + remainder < to ? size - remainder : size + to - remainder;
  if (duration < 0n) return rounded > two63 ? -two63 : -rounded;
  return rounded > durationMax ? durationMax : rounded;
}

/** Whole units and the rest apart, as Go divides, which rounds differently from one division. */
function inUnits(duration: bigint, unit: bigint): number {
  return Number(duration / unit) + Number(duration % unit) / Number(unit);
}

const methods = new Map<string, FunctionDeclaration>();

export const durationType: GoType = {
  name: "time.Duration",
  kind: "int64",
  text: (duration: GoInteger) => formatDuration(duration.value),
  methods,
};

/** A time.Duration; beyond int64 it wraps. */
export function goDuration(nanoseconds: bigint): GoInteger {
  return new GoInteger(durationType, BigInt.asIntN(64, nanoseconds));
}

function getter(read: (nanoseconds: bigint) => GoValue): FunctionDeclaration {
  return define([durationType], (_, duration) => read(integerOf(duration)!));
}

function toMultiple(adjust: (nanoseconds: bigint, to: bigint) => bigint): FunctionDeclaration {
  return define([durationType, durationType], (_, duration, to) =>
    goDuration(adjust(integerOf(duration)!, integerOf(to)!)),
  );
}

methods
  .set(
    "Abs",
    getter((duration) => goDuration(duration === -two63 ? durationMax : duration < 0n ? -duration : duration)),
  )
  .set(
    "Hours",
    getter((duration) => inUnits(duration, 3_600_000_000_000n)),
  )
  .set(
    "Minutes",
    getter((duration) => inUnits(duration, 60_000_000_000n)),
  )
  .set(
    "Seconds",
    getter((duration) => inUnits(duration, 1_000_000_000n)),
  )
  .set(
    "Milliseconds",
    getter((duration) => duration / 1_000_000n),
  )
  .set(
    "Microseconds",
    getter((duration) => duration / 1_000n),
  )
  .set(
    "Nanoseconds",
    getter((duration) => duration),
  )
  .set("String", getter(formatDuration))
  .set("Round", toMultiple(roundDuration))
  .set("Truncate", toMultiple(truncateDuration));
