/** The list of Sveltos' fields that is kept is what its modules have; the unit tests compare it with the schema. */
import { expect, it } from "vitest";
import { compareFields, readKeptFields, readSveltosFields } from "../tools/sveltos-fields.ts";

it.runIf(process.env.SLUICE_TEST_ALL === "1")("Sveltos' CRDs have the fields that are kept", () => {
  const kept = readKeptFields();
  expect(compareFields(kept, readSveltosFields(kept))).toEqual([]);
});
