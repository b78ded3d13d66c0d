/** What tells states apart, in the checkpoint and on target commits. */
import { expect, it } from "vitest";
import { addStateTrailer, noMark, readStateMark, readStateTrailers } from "../../src/plan/state-mark.ts";

it.each([
  { text: "no JSON", mark: noMark },
  { text: "null", mark: noMark },
  { text: '{"version": 1, "catalog": ""}', mark: noMark },
  {
    text: '{"stateId": "ab12", "commits": 7, "term": {"number": 3, "holder": "cd"}}',
    mark: { stateId: "ab12", commits: 7, term: { number: 3, holder: "cd" } },
  },
  { text: '{"stateId": 1, "commits": "7", "term": null}', mark: noMark },
])("reads $text", ({ text, mark }) => {
  expect(readStateMark(text)).toEqual(mark);
});

it.each([
  { message: "Create a\n", all: "Create a\n\nSluice-State: ab12 7\n" },
  { message: "Create a\n\nSluice-Event: x y z\n", all: "Create a\n\nSluice-Event: x y z\nSluice-State: ab12 7\n" },
  // A subject that looks like a trailer is none.
  { message: "Sluice-Event: x\n", all: "Sluice-Event: x\n\nSluice-State: ab12 7\n" },
])("adds the trailer to $message", ({ message, all }) => {
  const mark = { ...noMark, stateId: "ab12", commits: 7 };
  expect(addStateTrailer(message, mark)).toBe(all);
  expect(readStateTrailers(all)).toEqual([{ stateId: "ab12", commits: 7 }]);
  expect(addStateTrailer(message, noMark)).toBe(message);
});

it("reads all trailers of a squashed commit, and none in running text", () => {
  const message = "Squash\n\nSluice-State: a 1\nSluice-State: a 2\nsee Sluice-State: b 3\n";
  expect(readStateTrailers(message).map(({ commits }) => commits)).toEqual([1, 2]);
});
