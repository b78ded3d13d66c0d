import { expect, it } from "vitest";
import { clock, printed } from "./run-template.ts";

const cases: [template: string, text: string][] = [
  ["{{ now }}", "2024-06-01 12:34:56.789 +0000 UTC"],
  ['{{ date "2006-01-02T15:04:05.000Z07:00" "a string is now" }}', "2024-06-01T12:34:56.789Z"],
  ['{{ now | dateModify "-24h" | htmlDate }}', "2024-05-31"],
  ['{{ htmlDateInZone now "Pacific/Auckland" }}', "2024-06-02"],
  ["{{ ago 1717245290 }}", "7s"],
  ['{{ ago (int "1717245357") }}', "-1m0s"],
  ['{{ durationRound (now | dateModify "-49h") }}', "2d"],
  // Go prints inner fields, an address in memory among them.
  ['{{ printf "%b %d %o %p" now now now now }}', "{} {} {} %!p(time.Time={})"],
];

it.each(cases)("%s is about the event's time", (template, text) => {
  expect(printed(template, "{}", { clock: clock + 789 })).toBe(text);
});
