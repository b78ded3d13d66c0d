/** Schedules of CronJobs, as github.com/robfig/cron/v3 reads them with its standard parser. */

const fields = [
  { name: "minute", min: 0, max: 59, names: "" },
  { name: "hour", min: 0, max: 23, names: "" },
  { name: "day of the month", min: 1, max: 31, names: "" },
  { name: "month", min: 1, max: 12, names: "jan feb mar apr may jun jul aug sep oct nov dec" },
  { name: "day of the week", min: 0, max: 6, names: "sun mon tue wed thu fri sat" },
] as const;
const words = new Set(["@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"]);
const duration = /^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:ns|us|µs|μs|ms|s|m|h)/;

/** What is wrong with a schedule, as the end of a sentence; undefined where nothing is. */
export function faultOfSchedule(schedule: string): string | undefined {
  if (/(?:^|\s)(?:CRON_)?TZ=/.test(schedule)) return "names a time zone, which timeZone does";
  const text = schedule.trim();
  if (text.startsWith("@every ")) return isDuration(text.slice("@every ".length)) ? undefined : "has no valid duration";
  if (text.startsWith("@")) return words.has(text) ? undefined : "is no schedule that is known";
  const parts = text.split(/\s+/);
  if (parts.length !== fields.length) return `must have ${fields.length} fields`;
  for (const [index, { name, min, max, names }] of fields.entries()) {
    const isValid = parts[index]!.split(",")
      .filter(Boolean)
      .every((range) => isRange(range, min, max, names.split(" ")));
    if (!isValid) return `has no valid ${name}`;
  }
  return undefined;
}

function isDuration(text: string): boolean {
  let rest = text.replace(/^[+-]/, "");
  if (rest === "0") return true;
  if (rest === "") return false;
  while (rest !== "") {
    const match = duration.exec(rest);
    if (match === null) return false;
    rest = rest.slice(match[0].length);
  }
  return true;
}

function isRange(text: string, min: number, max: number, names: readonly string[]): boolean {
  const [range, step, more] = text.split("/");
  if (more !== undefined || (step !== undefined && !/^[0-9]{1,9}$/.test(step)) || Number(step) === 0) return false;
  const [from, to, rest] = range!.split("-");
  if (rest !== undefined) return false;
  if (from === "*" || from === "?") return to === undefined;
  const low = numberOf(from!, min, names);
  const high = to === undefined ? low : numberOf(to, min, names);
  return low !== undefined && high !== undefined && low >= min && high <= max && low <= high;
}

function numberOf(text: string, min: number, names: readonly string[]): number | undefined {
  const named = names.indexOf(text.toLowerCase());
  if (named >= 0 && text !== "") return named + min;
  return /^[0-9]{1,9}$/.test(text) ? Number(text) : undefined;
}
