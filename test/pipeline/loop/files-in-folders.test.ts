/** Asked of one tree after the other, the answer is what a look at every file would give, and few are looked at. */
import { expect, it } from "vitest";
import { FilesInFolders } from "../../../src/pipeline/loop/files-in-folders.ts";
import { createFakeChance } from "../../fakes/fake-chance.ts";
import { FakeGitRemote } from "../../fakes/fake-git-remote.ts";
import { FakeGitRepository } from "../../fakes/fake-git-repository.ts";

const wanted = ["a", "b"].flatMap((parent) =>
  ["x", "y", "z"].map((folder) => ({
    parent: `rendered/${parent}`,
    folder,
    path: `rendered/${parent}/${folder}/secret.yaml`,
  })),
);

/** The tree of a branch, and how many paths were looked for in all. */
function open() {
  const remote = new FakeGitRemote();
  const git = new FakeGitRepository(remote);
  let asked = 0;
  const counting = new Proxy(git, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (name === "findIds") {
        return (tree: string, paths: readonly string[]) => {
          asked += paths.length;
          return target.findIds(tree, paths);
        };
      }
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  const commit = async (files: Readonly<Record<string, string | undefined>>) => {
    remote.commitAsPerson("main", files);
    const head = (await git.fetchHeads(["main"])).get("main")!;
    return (await git.readCommit(head)).tree;
  };
  return { git, commit, files: new FilesInFolders(counting, wanted), asked: () => asked };
}

it("is what each tree has, whatever comes and goes", async () => {
  const chance = createFakeChance(7);
  const { git, commit, files } = open();
  for (let round = 0; round < 100; round++) {
    const text = chance.pick([undefined, "1", "2"]);
    const path = chance.pick([
      ...wanted.map((one) => one.path),
      "rendered/a/x/other.yaml",
      "rendered/b/notes.md",
      "README.md",
    ]);
    const tree = await commit({ "keep.md": String(round), [path]: text });
    const ids = await git.findIds(
      tree,
      wanted.map((one) => one.path),
    );
    expect([...(await files.findIn(tree))].sort(), `round ${round}`).toEqual([...ids.keys()].sort());
  }
});

it("looks only into folders that have changed, and gives the same set where that changed nothing", async () => {
  const { commit, files, asked } = open();
  const all = Object.fromEntries(wanted.map(({ path }) => [path, "1"]));
  const first = await files.findIn(await commit(all));
  expect([first.size, asked()]).toEqual([6, 6]);
  const second = await files.findIn(await commit({ "rendered/a/x/other.yaml": "1" }));
  expect(second).toBe(first);
  expect(asked()).toBe(7);
  expect(await files.findIn(await commit({ "README.md": "1" }))).toBe(first);
  expect(asked()).toBe(7);
  expect((await files.findIn(await commit({ "rendered/b/y/secret.yaml": undefined }))).size).toBe(5);
  expect(asked()).toBe(8);
});
