import { expect, it } from "vitest";
import { renewEpoch, resumeStream } from "../../../src/adapters/nats/stream-epoch.ts";

const created = "2026-01-01T00:00:00.000000001Z";
const from = { epoch: created, sequence: 10, time: "2026-01-01T00:01:00.000000000Z" };

it.each([
  { name: "from the beginning", from: undefined, facts: {}, epoch: created, renewed: false },
  { name: "the same stream", from, facts: {}, epoch: created, renewed: false },
  { name: "the same stream, nothing new", from, facts: { lastSequence: 10 }, epoch: created, renewed: false },
  {
    name: "another writing of the time",
    from,
    facts: { created: "2026-01-01T01:00:00.000000001+01:00" },
    epoch: created,
    renewed: false,
  },
  {
    name: "created anew",
    from,
    facts: { created: "2026-02-01T00:00:00Z" },
    epoch: "2026-02-01T00:00:00.000000000Z",
    renewed: true,
  },
  { name: "restored", from, facts: { lastSequence: 9 }, epoch: `${created}+1`, renewed: true },
  {
    name: "the restored one, later",
    from: { ...from, epoch: `${created}+1` },
    facts: {},
    epoch: `${created}+1`,
    renewed: false,
  },
  {
    name: "restored again",
    from: { ...from, epoch: `${created}+1` },
    facts: { lastSequence: 1 },
    epoch: `${created}+2`,
    renewed: true,
  },
])("$name", ({ from: position, facts, epoch, renewed }) => {
  const resumption = resumeStream({ created, lastSequence: 20, ...facts }, position);
  expect(resumption.epoch).toBe(epoch);
  expect(resumption.renewed !== undefined).toBe(renewed);
});

it("gives every restored incarnation an epoch of its own", () => {
  expect(renewEpoch(from, "").epoch).toBe(`${created}+1`);
  expect(renewEpoch({ ...from, epoch: `${created}+9` }, "").epoch).toBe(`${created}+10`);
});
