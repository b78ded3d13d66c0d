/**
 * Time zones by name, as time.LoadLocation gives them.
 *
 * The offsets and the abbreviations (which Intl does not have) come from moment-timezone's copy of the IANA database.
 * Sluice's local zone is UTC wherever it runs, so that every machine renders the same.
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
export const local: Location = constantLocation("Local", "UTC", 0);

/** time.FixedZone: what a text with an offset or an abbreviation of its own is parsed to. */
export function fixedZone(abbreviation: string, offset: number): Location {
  return constantLocation(abbreviation, abbreviation, offset);
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

function databaseLocation(name: string, { abbrs, offsets, untils }: DatabaseZone): Location {
  const periods = abbrs.map((abbreviation, index) => ({
    abbreviation,
    offset: -Math.round(offsets[index]! * 60) || 0,
  }));
  return {
    name,
    zoneAt(unixSeconds) {
      const at = Number(unixSeconds) * 1000;
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
