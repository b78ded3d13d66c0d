import { expect, it } from "vitest";
import { parseJson, writeJson } from "../../src/model/json.ts";
import { positionFromJson, positionToJson } from "../../src/plan/position-json.ts";

const plain = { epoch: "2026-01-01T00:00:00.000000000Z", sequence: 17, time: "2026-01-02T00:00:00.000000000Z" };

it.each([
  ["of a journal", plain],
  ["of a stream, with its subjects", { ...plain, subjects: ["a.*", "b"] }],
  ["with cursors of other subjects", { ...plain, subjects: ["a"], added: [{ subjects: ["b", "c"], sequence: 3 }] }],
])("comes back from the state: %s", (_, position) => {
  const read = parseJson(writeJson(positionToJson(position), 0));
  expect(positionFromJson(read as Map<string, never>)).toEqual(position);
});
