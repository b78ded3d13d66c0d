/** Time.Format and Time.String. */
import { type CivilTime, type Instant, toCivilTime } from "./calendar.ts";
import { dayNames, type LayoutElement, layoutOf, monthNames } from "./layout.ts";

/** An instant in the form of a Go layout. */
export function formatTime(instant: Instant, layout: string): string {
  const { elements, tail } = layoutOf(layout);
  const time = toCivilTime(instant);
  let text = "";
  for (const element of elements) text += element.prefix + formatElement(element, time);
  return text + tail;
}

/** Time.String. */
export function timeToString(instant: Instant): string {
  return formatTime(instant, "2006-01-02 15:04:05.999999999 -0700 MST");
}

/** The decimal digits of a number, padded with zeros to a width that does not count the sign. */
function digits(value: number, width = 0): string {
  return value < 0 ? `-${String(-value).padStart(width, "0")}` : String(value).padStart(width, "0");
}

function formatElement({ field, text }: LayoutElement, time: CivilTime): string {
  switch (field) {
    case "06":
      return digits(Math.abs(time.year) % 100, 2);
    case "2006":
      return digits(time.year, 4);
    case "Jan":
      return monthNames[time.month - 1]!.slice(0, 3);
    case "January":
      return monthNames[time.month - 1]!;
    case "1":
      return digits(time.month);
    case "01":
      return digits(time.month, 2);
    case "Mon":
      return dayNames[time.weekday]!.slice(0, 3);
    case "Monday":
      return dayNames[time.weekday]!;
    case "2":
      return digits(time.day);
    case "_2":
      return digits(time.day).padStart(2, " ");
    case "02":
      return digits(time.day, 2);
    case "__2":
      return digits(time.yearDay).padStart(3, " ");
    case "002":
      return digits(time.yearDay, 3);
    case "15":
      return digits(time.hour, 2);
    case "3":
      return digits(time.hour % 12 || 12);
    case "03":
      return digits(time.hour % 12 || 12, 2);
    case "4":
      return digits(time.minute);
    case "04":
      return digits(time.minute, 2);
    case "5":
      return digits(time.second);
    case "05":
      return digits(time.second, 2);
    case "PM":
      return time.hour >= 12 ? "PM" : "AM";
    case "pm":
      return time.hour >= 12 ? "pm" : "am";
    case "MST":
      return time.abbreviation === "" ? formatOffset("-0700", time.offset) : time.abbreviation;
    case "fraction0":
      return text[0]! + fractionDigits(time.nanosecond, text.length - 1);
    case "fraction9": {
      if (time.nanosecond === 0) return "";
      const kept = fractionDigits(time.nanosecond, text.length - 1).replace(/0+$/, "");
      return kept === "" ? "" : text[0]! + kept;
    }
    default:
      return time.offset === 0 && field.startsWith("Z") ? "Z" : formatOffset(field, time.offset);
  }
}

/** At most nine digits, however many the layout has. */
function fractionDigits(nanosecond: number, count: number): string {
  return digits(nanosecond, 9).slice(0, count);
}

/** An offset (seconds east of UTC) with the parts that its field has: hours, minutes, seconds, colons. */
function formatOffset(field: string, offset: number): string {
  // The sign is that of the minutes: an offset of less than one shows as +00.
  const minutes = Math.abs(Math.trunc(offset / 60));
  const sign = offset <= -60 ? "-" : "+";
  const colon = field.includes(":") ? ":" : "";
  const count = field.replaceAll(":", "").length;
  let text = sign + digits(Math.floor(minutes / 60), 2);
  if (count >= 5) text += colon + digits(minutes % 60, 2);
  // Below a minute Go leaves the seconds their sign and prints the remainder as it is.
  if (count >= 7) text += colon + digits((offset <= -60 ? -offset : offset) % 60, 2);
  return text;
}
