import { expect, it } from "vitest";
import { loadCatalog } from "../../../src/config/load-catalog.ts";
import { UnitSizes } from "../../../src/pipeline/keeper/unit-sizes.ts";
import { deliveries } from "../../delivery/deliveries.ts";
import { FakeGitRemote } from "../../fakes/fake-git-remote.ts";
import { FakeGitRepository } from "../../fakes/fake-git-repository.ts";
import { clusterDocument } from "../service-bench.ts";

const catalog = {
  ...loadCatalog([{ path: "a.yaml", text: clusterDocument("one") }], { compatibility: "strict" }).value,
  delivery: deliveries.flux,
};

it("tells once of a unit with more than 2,000 objects, with the number of buckets that does", async () => {
  const remote = new FakeGitRemote();
  const git = new FakeGitRepository(remote);
  const treeOf = async (objects: number) => {
    const folder = "desired/mgmt/one/triggers";
    const names = Array.from({ length: objects }, (_, index) => `${folder}/login/_cluster/namespace/n${index}.yaml`);
    remote.commitAsPerson(
      "main",
      Object.fromEntries([...names, `${folder}/sluice-unit.yaml`].map((path) => [path, "x"])),
    );
    const head = (await git.fetchHeads(["main"])).get("main")!;
    return (await git.readCommit(head)).tree;
  };
  const sizes = new UnitSizes();

  expect(await sizes.look(git, await treeOf(2000), catalog)).toBeUndefined();
  const tree = await treeOf(2001);
  expect(await sizes.look(git, tree, catalog)).toMatchObject({
    code: "DELIVERY_COSTLY",
    message: expect.stringContaining("mgmt/one/triggers has 2,001 objects"),
    hint: expect.stringContaining("delivery.buckets: 4"),
  });
  expect(await sizes.look(git, tree, catalog)).toBeUndefined();
});
