import { expect, it } from "vitest";
import { explainPause } from "../../../src/pipeline/review/paused-review.ts";

const folders = { outputPath: "rendered", deliveryPath: "delivery" };

it.each([
  ["what is in force is reviewed", folders, false, false],
  ["nothing is delivered", { outputPath: "rendered" }, false, true],
  ["another folder is delivered", { ...folders, deliveryPath: "hub" }, false, true],
  ["manifests are to stand elsewhere", { ...folders, outputPath: "out" }, false, true],
  ["units are handed over", folders, true, true],
])("requests stay as they are where something has to be handed over: %s", (_, reviewed, isHandingOver, isPaused) => {
  const problem = explainPause(reviewed, { inForce: folders, isHandingOver });
  expect(problem?.code).toBe(isPaused ? "CHANGE_HELD" : undefined);
});
