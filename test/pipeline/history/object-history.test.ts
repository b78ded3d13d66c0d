import { expect, it } from "vitest";
import { findHistory } from "../../../src/pipeline/history/object-history.ts";
import { FakeGitRemote } from "../../fakes/fake-git-remote.ts";
import { FakeGitRepository } from "../../fakes/fake-git-repository.ts";

const path = "desired/fleet/eu/triggers/users/_cluster/namespace/bob.yaml";
const checkpoint = (version: number) => JSON.stringify({ version });

/** A state's commits, the oldest first: the manifest's text, or that there is none. */
async function historyOf(steps: readonly { readonly text?: string; readonly version?: number }[], commitsMax = 10_000) {
  const remote = new FakeGitRemote();
  for (const [index, { text, version = 2 }] of steps.entries())
    remote.commitAsPerson("state", { "checkpoint.json": checkpoint(version), [path]: text, n: String(index) });
  const history = await findHistory(
    { kind: "path", path },
    {
      ...{ git: new FakeGitRepository(remote), branch: "state", layout: { shards: 0, buckets: 1 } },
      ...{ commitsMax, signal: new AbortController().signal },
    },
  );
  const changes = history.changes.map(({ change, commit }) => [
    change,
    remote.history("state").findIndex(({ id }) => id === commit.id),
  ]);
  return { changes, commits: history.commits, end: history.end };
}

it("has each change where it was made, the newest first", async () => {
  const steps = [{}, { text: "a" }, { text: "a" }, { text: "b" }, {}, { text: "b" }];
  expect(await historyOf(steps)).toEqual({
    changes: [
      ["created", 0],
      ["deleted", 1],
      ["updated", 2],
      ["created", 4],
    ],
    commits: 6,
    end: "history",
  });
});

it("what the first commit has was made by it; where more is not looked at, it was there before", async () => {
  const steps = [{ text: "a" }, { text: "a" }, { text: "a" }];
  expect(await historyOf(steps)).toMatchObject({ changes: [["created", 2]], commits: 3, end: "history" });
  expect(await historyOf(steps, 2)).toMatchObject({ changes: [["first", 1]], commits: 2, end: "limit" });
});

it.each([1, 3, 4])("ends at an older format, after %i commits", async (count) => {
  const steps = Array.from({ length: 5 }, (_, index) => ({ text: "a", version: index < 5 - count ? 1 : 2 }));
  const expected = { changes: [["first", count - 1]], commits: count, end: "format" };
  expect(await historyOf(steps)).toEqual(expected);
});

it("loses nothing where it goes from block to block", async () => {
  const steps = Array.from({ length: 1205 }, (_, index) => ({ text: String(Math.floor(index / 100)) }));
  const { changes, commits } = await historyOf(steps);
  expect(commits).toBe(1205);
  expect(changes).toHaveLength(13);
});
