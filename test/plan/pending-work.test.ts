/** What is still to be rendered again, and how more joins it. */
import { expect, it } from "vitest";
import type { Pass } from "../../src/model/change-set.ts";
import { triggerOwner } from "../../src/model/owner.ts";
import { joinPass } from "../../src/plan/pending-work.ts";

const owner = triggerOwner("new");
const from = triggerOwner("old");
const after = { record: "", cluster: "" };

it("a pass that is held joins the one that comes, and is not held any more", () => {
  const held: Pass = { owner, clusters: ["mgmt/a"], after: { record: "records/x", cluster: "" }, held: "id" };
  expect(joinPass([held], owner, ["mgmt/b"])).toEqual([{ owner, clusters: ["mgmt/a", "mgmt/b"], after }]);
});

it("one that takes over another owner's records goes on with that, also where it was held", () => {
  const adoption: Pass = { owner, from, after: { record: "records/x", cluster: "" } };
  for (const pass of [adoption, { ...adoption, held: "id" }]) {
    expect(joinPass([pass], owner)).toEqual([adoption, { owner, after }]);
  }
});
