/**
 * Time zones by name, as time.LoadLocation gives them.
 *
 * The offsets and the abbreviations (which Intl does not have) come from moment-timezone's copy of the IANA database.
 * The local zone is UTC wherever it runs, so that every machine renders the same.
 */
import moment from "moment-timezone";

/** What holds at an instant: the abbreviation (`CEST`) and the offset in seconds east of UTC. */
export interface ZoneAt {
  readonly abbreviation: string;
  readonly offset: number;
}

export interface Location {
  /** What Location.String prints. */
  readonly name: string;
  zoneAt(unixSeconds: bigint): ZoneAt;
}

function constantLocation(name: string, abbreviation: string, offset: number): Location {
  const zone = { abbreviation, offset };
  return { name, zoneAt: () => zone };
}

export const utc: Location = constantLocation("UTC", "UTC", 0);
export const local: Location = constantLocation("UTC", "UTC", 0);

const unnamedZones = new Map<number, Location>();

/** time.FixedZone: what a text with an offset or an abbreviation of its own is parsed to. */
export function fixedZone(abbreviation: string, offset: number): Location {
  const known = abbreviation === "" ? unnamedZones.get(offset) : undefined;
  if (known !== undefined) return known;
  const zone = constantLocation(abbreviation, abbreviation, offset);
  // Go keeps just these, so that times in them can be equal.
  const isKept = abbreviation === "" && offset % 3600 === 0 && offset >= -12 * 3600 && offset <= 14 * 3600;
  if (isKept) unnamedZones.set(offset, zone);
  return zone;
}

/** Whether two locations have the same contents, as reflect.DeepEqual looks at them. */
export function areEqualLocations(left: Location, right: Location): boolean {
  if (left === right) return true;
  const hasConstant = [left, right].some((location) => location === utc || location === local);
  return !hasConstant && left.name === right.name && left.zoneAt(0n).offset === right.zoneAt(0n).offset;
}

const loaded = new Map<string, Location>();

/** time.LoadLocation; `undefined` where there is no such zone. */
export function loadLocation(name: string): Location | undefined {
  if (name === "" || name === "UTC") return utc;
  if (name === "Local") return local;
  const known = loaded.get(name);
  if (known !== undefined) return known;
  const zone = moment.tz.zone(name);
  // moment takes names in any case, Go does not.
  if (zone === null || zone.name !== name) return undefined;
  const location = databaseLocation(name, zone);
  loaded.set(name, location);
  return location;
}

interface DatabaseZone {
  readonly abbrs: readonly string[];
  /** Minutes west of UTC. */
  readonly offsets: readonly number[];
  /** Ends of the periods, in milliseconds; the last one is not finite. */
  readonly untils: readonly number[];
}

/** The database ends in 2499; rules by then hold for good, and the calendar repeats every 400 years. */
const repeatsFrom = 16_661_980_800n;
const secondsPer400Years = 12_622_780_800n;

function withinDatabase(unixSeconds: bigint): number {
  const beyond = unixSeconds - repeatsFrom;
  return Number(beyond < 0n ? unixSeconds : repeatsFrom - secondsPer400Years + (beyond % secondsPer400Years));
}

function databaseLocation(name: string, { abbrs, offsets, untils }: DatabaseZone): Location {
  const periods = abbrs.map((abbreviation, index) => ({
    abbreviation,
    offset: -Math.round(offsets[index]! * 60) || 0,
  }));
  return {
    name,
    zoneAt(unixSeconds) {
      const at = withinDatabase(unixSeconds) * 1000;
      let low = 0;
      let high = periods.length - 1;
      while (low < high) {
        const middle = (low + high) >>> 1;
        if (at < untils[middle]!) high = middle;
        else low = middle + 1;
      }
      return periods[low]!;
    },
  };
}
