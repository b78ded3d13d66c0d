/** The guard against values that mean harm, with PyYAML as the judge: a little of `npm run fuzz:guard`. */
import { expect, it } from "vitest";
import { Random } from "../tools/fuzz/random.ts";
import { type GuardCase, randomGuardCase, randomLegitimateCase } from "../tools/guard/random-case.ts";
import { runCases } from "../tools/guard/run-cases.ts";

const isAll = process.env.SLUICE_TEST_ALL === "1";

function faults(count: number, wrong: "taken" | "refused", make: (random: Random) => GuardCase): string[] {
  const random = new Random(20_000);
  const found: string[] = [];
  for (let judged = 0; judged < count; ) {
    for (const { guardCase, outcome, fault } of runCases(
      Array.from({ length: 1_000 }, () => make(random)),
      wrong,
    )) {
      if (outcome !== "template") judged++;
      if (fault?.startsWith(wrong)) found.push(`${fault}: ${guardCase.engine} ${JSON.stringify(guardCase.template)}`);
    }
  }
  return found;
}

it.skipIf(!isAll)("2,000 hostile cases change no more than their own scalar", () => {
  expect(faults(2_000, "taken", randomGuardCase)).toEqual([]);
});

it.skipIf(!isAll)("of 2,000 legitimate templates none is refused", () => {
  expect(faults(2_000, "refused", randomLegitimateCase)).toEqual([]);
});
