/** Times of messages: nanoseconds since 1970 as NATS gives them, and RFC 3339 with nine digits, which sorts as text. */

const nanosPerSecond = 1_000_000_000n;

/** A writer of `nanos` (decimal digits) as RFC 3339; remembers the second, because messages come many a second. */
export function createTimeFormat(): (nanos: string) => string {
  let seconds = "";
  let prefix = "";
  return (nanos) => {
    const digits = nanos.padStart(10, "0");
    const whole = digits.slice(0, -9);
    if (whole !== seconds) {
      seconds = whole;
      prefix = new Date(Number(whole) * 1000).toISOString().slice(0, 20);
    }
    return `${prefix}${digits.slice(-9)}Z`;
  };
}

/** RFC 3339 with any number of fractional digits to nanoseconds; throws a RangeError for anything else. */
export function parseTime(time: string): bigint {
  const match = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9})\d*)?(Z|[+-]\d\d:\d\d)$/.exec(time);
  const milliseconds = match === null ? Number.NaN : Date.parse(`${match[1]}${match[3]}`);
  if (Number.isNaN(milliseconds)) throw new RangeError(`not a time in RFC 3339: ${JSON.stringify(time)}`);
  const fraction = (match?.[2] ?? "").padEnd(9, "0");
  return (BigInt(milliseconds) / 1000n) * nanosPerSecond + BigInt(fraction);
}

export function formatTime(nanos: bigint): string {
  const prefix = new Date(Number(nanos / nanosPerSecond) * 1000).toISOString().slice(0, 20);
  return `${prefix}${String(nanos % nanosPerSecond).padStart(9, "0")}Z`;
}
