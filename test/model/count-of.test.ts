import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { countEach, countOf } from "../../src/model/count-of.ts";
import { findProjectRoot } from "../tools/find-project-root.ts";

const cases: readonly { readonly count: number; readonly words: [string, string?]; readonly text: string }[] = [
  { count: 0, words: ["event"], text: "0 events" },
  { count: 1, words: ["event"], text: "1 event" },
  { count: 20_005, words: ["event"], text: "20,005 events" },
  { count: 2, words: ["recorded entity"], text: "2 recorded entities" },
  { count: 2, words: ["delivery"], text: "2 deliveries" },
  { count: 2, words: ["day"], text: "2 days" },
  { count: 2, words: ["push"], text: "2 pushes" },
  { count: 1, words: ["message was", "messages were"], text: "1 message was" },
  { count: 2, words: ["message was", "messages were"], text: "2 messages were" },
];

it.each(cases)("$text", ({ count, words, text }) => {
  expect(countOf(count, ...words)).toBe(text);
});

it.each([
  { counts: { create: 3, update: 0, delete: 1 }, text: "create 3, delete 1 manifests" },
  { counts: { create: 0, update: 1, delete: 0 }, text: "update 1 manifest" },
])("$text", ({ counts, text }) => {
  expect(countEach(counts, "manifest")).toBe(text);
});

/** What Sluice counts. */
const nouns =
  "alias batch branch byte chart cluster ConfigMap commit connection consumer document entity error event " +
  "EventSource EventTrigger file instance kind Kustomization letter letters line manifest message object outcome owner " +
  "problem profile push record release request row Secret sequence step stream subject trigger unit warning";
const several = nouns
  .split(" ")
  .map((noun) => countOf(2, noun).slice("2 ".length))
  .join("|");
/** A value, perhaps a word, and what several of something are called. A bound (…Max) is never one. */
const handMade = new RegExp(
  `\\$\\{(?![^{}]*Max\\})(?!count(?:Of|Each)\\()[^{}]*\\} (?:(?:more|other|new|left|failed) )?(?:${several})\\b(?! of )`,
);
/** What is said of one, written out; \`"1 cluster" : \`\${count} clusters\`\`. */
const choice = /=== 1 \? (["'`])[^"'`]+\1 : (["'`])[^"'`]*s\2/;

it.each([
  { line: "`#{events} events`", isFound: true },
  { line: "`#{clusters.size} more clusters`", isFound: true },
  { line: 'count === 1 ? "event" : "events"', isFound: true },
  { line: "`more than #{bytesMax} bytes`", isFound: false },
  { line: '`#{countOf(events, "event")}, #{created} created`', isFound: false },
])("sees in $line whether a count is hand-made: $isFound", ({ line, isFound }) => {
  // As they stand in a file; no template of this one.
  const written = line.replaceAll("#{", "$" + "{");
  expect(handMade.test(written) || choice.test(written)).toBe(isFound);
});

it("no text of ours counts by hand", () => {
  const source = join(findProjectRoot(), "src");
  const found = readdirSync(source, { recursive: true, encoding: "utf8" })
    // The engine's messages are Go's.
    .filter((path) => path.endsWith(".ts") && !path.startsWith("go-template"))
    .flatMap((path) => {
      const lines = readFileSync(join(source, path), "utf8").split("\n");
      return lines.flatMap((line, index) =>
        line.length < 1000 && (handMade.test(line) || choice.test(line))
          ? [`${path}:${index + 1}: ${line.trim()}`]
          : [],
      );
    });
  expect(found).toEqual([]);
});
