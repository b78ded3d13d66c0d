/** The kept schemas of Flux' and Argo CD's kinds are those of their modules, and Sluice's every object is valid by them. */
import { expect, it } from "vitest";
import { deliveryKinds, readKeptCrd, readModuleCrd } from "../tools/delivery-crds.ts";

it.runIf(process.env.SLUICE_TEST_ALL === "1").each(deliveryKinds)("%s is as its module has it", (kind) => {
  expect(readKeptCrd(kind)).toEqual(readModuleCrd(kind));
});
