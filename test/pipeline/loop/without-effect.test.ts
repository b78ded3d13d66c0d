/** Why a delivery asks for nothing. */
import { expect, it } from "vitest";
import type { ClusterRendering } from "../../../src/model/manifest.ts";
import { whyWithoutEffect } from "../../../src/pipeline/loop/reader.ts";
import type { PlanInput } from "../../../src/plan/state-fold.ts";

const entity = (...actions: readonly ClusterRendering["action"][]) =>
  ({ kind: "entity", renderings: actions.map((action) => ({ cluster: "mgmt/one", action })) }) as unknown as PlanInput;
const letter = { kind: "dead-letter" } as unknown as PlanInput;

it.each([
  { name: "no trigger is meant", inputs: [], reason: "unmatched" },
  { name: "a dead letter", inputs: [letter], reason: "undecoded" },
  { name: "no cluster matches", inputs: [entity()], reason: "no cluster" },
  { name: "blank everywhere", inputs: [entity("none", "none")], reason: "blank" },
  { name: "blank on one cluster", inputs: [entity("none", "Delete")], reason: undefined },
  { name: "blank under one trigger", inputs: [entity("none"), entity("Create")], reason: undefined },
  { name: "a failure", inputs: [entity("fail")], reason: undefined },
  { name: "a batch of which one is no event", inputs: [letter, entity("Create")], reason: undefined },
])("$name", ({ inputs, reason }) => {
  expect(whyWithoutEffect(inputs)).toBe(reason);
});
