/** Dials under way are bounded, in order, and none holds up the others for long. */
import { expect, it } from "vitest";
import { DialGate } from "../../../src/adapters/nats/dial-gate.ts";

/** Dials that end when they are told to. */
function startDials(gate: DialGate, count: number) {
  const begun: number[] = [];
  const ends: (() => void)[] = [];
  const passed = Array.from({ length: count }, (_, index) =>
    gate.pass(() => {
      begun.push(index);
      return new Promise<number>((resolve) => {
        ends[index] = () => resolve(index);
      });
    }),
  );
  return { begun, ends, passed };
}

it("so many at a time, the next in order as soon as one has ended, whatever it came to", async () => {
  const gate = new DialGate({ dialsMax: 2, heldMsMax: 1_000_000 });
  const { begun, ends, passed } = startDials(gate, 4);
  await Promise.resolve();
  expect(begun).toEqual([0, 1]);
  ends[1]!();
  expect(await passed[1]).toBe(1);
  await expect.poll(() => begun).toEqual([0, 1, 2]);
  ends[0]!();
  await expect.poll(() => begun).toEqual([0, 1, 2, 3]);
  ends[2]!();
  ends[3]!();
  await Promise.all(passed);

  const refused = gate.pass(() => Promise.reject(new Error("refused")));
  await expect(refused).rejects.toThrow("refused");
  const after = startDials(gate, 2);
  // All places are free again.
  await expect.poll(() => after.begun).toEqual([0, 1]);
});

it("one without an answer lets the next in", async () => {
  const gate = new DialGate({ dialsMax: 1, heldMsMax: 20 });
  const { begun } = startDials(gate, 3);
  await expect.poll(() => begun).toEqual([0, 1, 2]);
});
