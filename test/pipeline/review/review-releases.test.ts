/** Releases of charts in requests, where the applier has helm install them: among the files of their owner. */
import { expect, it } from "vitest";
import { namesInForce } from "../../../src/pipeline/branches/names-in-force.ts";
import { readContents, readDifferences } from "../../../src/pipeline/review/review-branch.ts";
import { planReview } from "../../../src/plan/plan-review.ts";
import { stateFolders } from "../../../src/plan/proposal-path.ts";
import { FakeGitRemote } from "../../fakes/fake-git-remote.ts";
import { FakeGitRepository } from "../../fakes/fake-git-repository.ts";

const remote = new FakeGitRemote();
const git = new FakeGitRepository(remote);
const release = (name: string) => `fleet/eu/triggers/users/tenants/helmchart.sluice.dev/${name}.yaml`;
const ours = "metadata:\n  labels:\n    app.kubernetes.io/managed-by: sluice\n    sluice.dev/instance: sluice\n";
const folders = { outputPath: "rendered", hasReleases: true };

async function treeOf(branch: string, files: Readonly<Record<string, string>>): Promise<string> {
  const commit = remote.commitAsPerson(branch, files);
  await git.fetchHeads([branch]);
  return (await git.readCommit(commit)).tree;
}

it("are proposed where they are new, changed or gone, and read from the state's own folder", async () => {
  const base = "fleet/eu/base/sluice-cluster.yaml";
  const state = await treeOf("state", {
    [`desired/${base}`]: "base",
    [`charts/${release("new")}`]: `${ours}new`,
    [`charts/${release("same")}`]: `${ours}same`,
    [`charts/${release("new").replace("helmchart", "kustomization")}`]: `${ours}built`,
  });
  const target = await treeOf("main", {
    [`rendered/${base}`]: "base",
    [`rendered/${release("same")}`]: `${ours}same`,
    [`rendered/${release("gone")}`]: `${ours}gone`,
  });
  const { differences, foreign } = await readDifferences(git, target, folders, state);
  const [have, want] = [
    await readContents(git, target, folders, [release("gone")]),
    await readContents(git, state, stateFolders, [release("new")]),
  ];
  expect(foreign).toEqual([]);
  expect(differences).toEqual(
    expect.arrayContaining([
      { path: release("new"), have: undefined, want: want.get(release("new")) },
      { path: release("gone"), have: have.get(release("gone")), want: undefined },
    ]),
  );
  expect(differences).toHaveLength(2);
  expect(want.get(release("new"))).toBeDefined();
  expect([...planReview(differences, "trigger", new Map()).keys()]).toEqual(["users"]);
});

it("stay off the target as long as a hub has units", () => {
  const names = { target: "main", state: "state", outputPath: "rendered", hasReleases: true };
  expect(namesInForce(names, new Map())).toMatchObject({ hasReleases: true });
  const flux = JSON.stringify({ kind: "flux", path: "delivery", split: "cluster", buckets: 1 });
  expect(namesInForce(names, new Map([["delivery", flux]])).hasReleases).toBeUndefined();
});
