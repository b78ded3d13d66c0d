/** Releases among a cluster's manifests on the target, for the applier. */
import { expect, it } from "vitest";
import { renderedProjection } from "../../src/pipeline/branches/projection.ts";
import { FakeGitRemote } from "../fakes/fake-git-remote.ts";
import { FakeGitRepository } from "../fakes/fake-git-repository.ts";

const remote = new FakeGitRemote();
const git = new FakeGitRepository(remote);
const projection = renderedProjection("rendered", true);

async function filesOf(files: Readonly<Record<string, string | undefined>>): Promise<readonly string[]> {
  const commit = remote.commitAsPerson("sluice/state", files);
  await git.fetchHeads(["sluice/state"]);
  const tree = await projection.treeOf(git, (await git.readCommit(commit)).tree);
  const paths: string[] = [];
  for await (const path of git.listFiles(tree!, "")) paths.push(path);
  return paths;
}

const eu = { base: "fleet/eu/base/sluice-cluster.yaml", map: "fleet/eu/triggers/t/a/configmap/b.yaml" };
const release = "fleet/eu/triggers/t/tenants/helmchart.sluice.dev/red.yaml";
const built = "fleet/eu/triggers/t/tenants/kustomization.sluice.dev/red.yaml";

it("has each release in its owner's folder, and no kustomization, which needs a source of Flux'", async () => {
  const manifests = { [`desired/${eu.base}`]: "base", [`desired/${eu.map}`]: "map" };
  expect(await filesOf(manifests)).toEqual([eu.base, eu.map]);
  expect(await filesOf({ [`charts/${release}`]: "red", [`charts/${built}`]: "built" })).toEqual([
    eu.base,
    eu.map,
    release,
  ]);
  expect(await filesOf({ [`desired/${eu.map}`]: undefined }), "another change of its cluster").toEqual([
    eu.base,
    release,
  ]);
  const us = release.replace("/eu/", "/us/");
  const others = { "desired/fleet/us/base/sluice-cluster.yaml": "base", [`charts/${us}`]: "us" };
  expect(await filesOf(others)).toEqual([eu.base, release, eu.base.replace("/eu/", "/us/"), us]);
  expect(await filesOf({ [`charts/${release}`]: undefined })).toEqual([eu.base, eu.base.replace("/eu/", "/us/"), us]);
});

it("has none without an applier", async () => {
  const { tree } = await git.readCommit((await git.fetchHeads(["sluice/state"])).get("sluice/state")!);
  const plain = await renderedProjection("rendered").treeOf(git, tree);
  expect(plain).toBe((await git.findEntry(tree, "desired"))?.id);
});
