/** Under review too, several Sluices may share a target: each proposes for its own files alone. */
import { expect, it } from "vitest";
import { readDifferences } from "../../../src/pipeline/review/review-branch.ts";
import { FakeGitRemote } from "../../fakes/fake-git-remote.ts";
import { FakeGitRepository } from "../../fakes/fake-git-repository.ts";

const owned = (instance: string) =>
  `metadata:\n  labels:\n    app.kubernetes.io/managed-by: sluice\n    sluice.dev/instance: ${instance}\n`;

it.each([
  { instance: "east", differences: ["a/c/old.yaml"], foreign: ["rendered/a/c/other.yaml"] },
  { instance: "west", differences: ["a/c/other.yaml"], foreign: ["rendered/a/c/old.yaml"] },
  { instance: undefined, differences: [], foreign: ["rendered/a/c/old.yaml", "rendered/a/c/other.yaml"] },
])("$instance: takes away $differences", async ({ instance, differences, foreign }) => {
  const remote = new FakeGitRemote();
  const head = remote.commitAsPerson("main", {
    "rendered/a/c/old.yaml": owned("east"),
    "rendered/a/c/other.yaml": owned("west"),
  });
  const git = new FakeGitRepository(remote);
  const { tree } = remote.commit(head);
  const read = await readDifferences(git, tree, { outputPath: "rendered", instance }, undefined);
  expect([read.differences.map(({ path }) => path), read.foreign]).toEqual([differences, foreign]);
});
