/**
 * Go's layouts: a text in which the reference time, Mon Jan 2 15:04:05 MST 2006, stands for what is printed or read.
 */

/** What an element stands for; the letters and digits are those of the layout. */
export type LayoutField =
  | "January"
  | "Jan"
  | "1"
  | "01"
  | "Monday"
  | "Mon"
  | "2"
  | "_2"
  | "02"
  | "__2"
  | "002"
  | "15"
  | "3"
  | "03"
  | "4"
  | "04"
  | "5"
  | "05"
  | "2006"
  | "06"
  | "PM"
  | "pm"
  | "MST"
  | "Z0700"
  | "Z070000"
  | "Z07"
  | "Z07:00"
  | "Z07:00:00"
  | "-0700"
  | "-070000"
  | "-07"
  | "-07:00"
  | "-07:00:00"
  | "fraction0"
  | "fraction9";

export interface LayoutElement {
  /** Literal text in front of the element. */
  readonly prefix: string;
  readonly field: LayoutField;
  /** The element as written. */
  readonly text: string;
}

export interface Layout {
  readonly elements: readonly LayoutElement[];
  /** Literal text behind the last element. */
  readonly tail: string;
}

/** Fields in the order in which Go tries them at a place: the longer before its prefix. */
const fieldsByFirst: Readonly<Record<string, readonly LayoutField[]>> = {
  J: ["January", "Jan"],
  M: ["Monday", "Mon", "MST"],
  "0": ["01", "02", "03", "04", "05", "06", "002"],
  "1": ["15", "1"],
  "2": ["2006", "2"],
  _: ["_2", "__2"],
  "3": ["3"],
  "4": ["4"],
  "5": ["5"],
  P: ["PM"],
  p: ["pm"],
  "-": ["-070000", "-07:00:00", "-0700", "-07:00", "-07"],
  Z: ["Z070000", "Z07:00:00", "Z0700", "Z07:00", "Z07"],
};

const fraction = /[.,](?:0+|9+)(?![0-9])/y;

function fieldAt(layout: string, at: number): [field: LayoutField, length: number] | undefined {
  const first = layout[at]!;
  if (first === "." || first === ",") {
    fraction.lastIndex = at;
    if (!fraction.test(layout)) return undefined;
    return [layout[at + 1] === "0" ? "fraction0" : "fraction9", fraction.lastIndex - at];
  }
  for (const field of fieldsByFirst[first] ?? []) {
    if (!layout.startsWith(field, at)) continue;
    // "Month" has no month in it.
    const isPartOfWord = (field === "Jan" || field === "Mon") && /[a-z]/.test(layout.charAt(at + 3));
    // _2006 is an underscore and a year.
    if (isPartOfWord || (field === "_2" && layout.startsWith("_2006", at))) continue;
    return [field, field.length];
  }
  return undefined;
}

function parseLayout(layout: string): Layout {
  const elements: LayoutElement[] = [];
  let from = 0;
  for (let at = 0; at < layout.length; ) {
    const found = fieldAt(layout, at);
    if (found === undefined) {
      at++;
      continue;
    }
    const [field, length] = found;
    elements.push({ prefix: layout.slice(from, at), field, text: layout.slice(at, at + length) });
    at += length;
    from = at;
  }
  return { elements, tail: layout.slice(from) };
}

const layoutsMax = 256;
const layouts = new Map<string, Layout>();

/** The elements of a layout; every text is one. Those in use are few, so they are kept. */
export function layoutOf(text: string): Layout {
  const known = layouts.get(text);
  if (known !== undefined) return known;
  const layout = parseLayout(text);
  if (layouts.size >= layoutsMax) layouts.clear();
  layouts.set(text, layout);
  return layout;
}

export const monthNames = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December",
] as const;
export const dayNames = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"] as const;
