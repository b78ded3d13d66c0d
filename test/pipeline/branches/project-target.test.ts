/** The target as a projection of the desired tree: what is Sluice's is restored, what isn't is left and reported. */
import { expect, it } from "vitest";
import { projectTarget } from "../../../src/pipeline/branches/project-target.ts";
import type { ObjectId } from "../../../src/ports/git.ts";
import { FakeGitRemote } from "../../fakes/fake-git-remote.ts";
import { FakeGitRepository } from "../../fakes/fake-git-repository.ts";
import { changeTree, walkFiles } from "../../fakes/git-objects.ts";

type Files = Readonly<Record<string, string>>;

const owned = (value: string) => `metadata:\n  labels:\n    app.kubernetes.io/managed-by: sluice\ndata: ${value}\n`;
const one = owned("1");
const two = owned("2");

interface Case {
  readonly name: string;
  /** Below `rendered/` of the target; a name with a leading slash is outside. */
  readonly target: Files;
  readonly desired: Files;
  /** What the target was last made from; absent: not known. */
  readonly before?: Files;
  /** `<action> <path below rendered>`. */
  readonly changes: readonly string[];
  readonly foreign?: readonly string[];
}

const anothers = owned("1").replace("    app", "    sluice.dev/instance: staging\n    app");

const cases: Case[] = [
  {
    name: "another Sluice's file is left alone, wanted or not",
    target: { "a/c/x.yaml": anothers, "a/c/y.yaml": anothers, "a/c/z.yaml": one },
    desired: { "a/c/x.yaml": two, "a/c/z.yaml": two },
    changes: ["place a/c/z.yaml"],
    foreign: ["a/c/x.yaml", "a/c/y.yaml"],
  },
  {
    name: "an empty target gets the whole tree at once",
    target: {},
    desired: { "a/c/x.yaml": one },
    changes: ["place "],
  },
  {
    name: "an equal target is left as it is",
    target: { "a/c/x.yaml": one },
    desired: { "a/c/x.yaml": one },
    changes: [],
  },
  { name: "nothing wanted, nothing there", target: { "/config/a.yaml": "a" }, desired: {}, changes: [] },
  {
    name: "a folder that is new is placed whole",
    target: { "a/c/x.yaml": one },
    desired: { "a/c/x.yaml": one, "a/d/x.yaml": one, "a/d/y.yaml": one },
    changes: ["place a/d"],
  },
  {
    name: "what changed since the last time takes its place without being looked at",
    target: { "a/c/x.yaml": one, "a/d/y.yaml": one },
    before: { "a/c/x.yaml": one, "a/d/y.yaml": one },
    desired: { "a/c/x.yaml": two, "a/d/y.yaml": one },
    changes: ["place "],
  },
  {
    name: "what is not wanted any more goes, folder and all",
    target: { "a/c/x.yaml": one, "a/d/y.yaml": one },
    before: { "a/c/x.yaml": one, "a/d/y.yaml": one },
    desired: { "a/c/x.yaml": one },
    changes: ["place "],
  },
  {
    name: "the last of everything goes",
    target: { "a/c/x.yaml": one },
    before: { "a/c/x.yaml": one },
    desired: {},
    changes: ["delete "],
  },
  {
    name: "without knowing what was there, owned files that nobody wants go one by one",
    target: { "a/c/x.yaml": one, "a/c/y.yaml": one, "a/c/note.md": "hi" },
    desired: { "a/c/x.yaml": one },
    changes: ["delete a/c/y.yaml"],
    foreign: ["a/c/note.md"],
  },
  {
    name: "a person's change of an owned file is undone",
    target: { "a/c/x.yaml": two, "a/c/y.yaml": one },
    before: { "a/c/x.yaml": one, "a/c/y.yaml": one },
    desired: { "a/c/x.yaml": one, "a/c/y.yaml": one },
    changes: ["place a/c/x.yaml"],
  },
  {
    name: "even where they took the label off",
    target: { "a/c/x.yaml": "data: 2\n" },
    before: { "a/c/x.yaml": one },
    desired: { "a/c/x.yaml": one },
    changes: ["place a/c/x.yaml"],
  },
  {
    name: "a file that a person deleted comes back",
    target: { "a/c/y.yaml": one },
    before: { "a/c/x.yaml": one, "a/c/y.yaml": one },
    desired: { "a/c/x.yaml": one, "a/c/y.yaml": one },
    changes: ["place a/c/x.yaml"],
  },
  {
    name: "a folder that a person deleted comes back whole",
    target: { "b/c/y.yaml": one },
    before: { "a/c/x.yaml": one, "b/c/y.yaml": one },
    desired: { "a/c/x.yaml": one, "b/c/y.yaml": one },
    changes: ["place a"],
  },
  {
    name: "a person's files are left alone and reported, and ours beside them follow",
    target: { "a/c/x.yaml": one, "a/c/kustomization.yaml": "kind: Kustomization\n", "README.md": "hi", "b/e.txt": "e" },
    before: { "a/c/x.yaml": one },
    desired: { "a/c/x.yaml": two, "a/c/y.yaml": one },
    changes: ["place a/c/x.yaml", "place a/c/y.yaml"],
    foreign: ["README.md", "a/c/kustomization.yaml", "b/e.txt"],
  },
  {
    name: "a person's folder is left alone when ours beside it go",
    target: { "a/c/x.yaml": one, "a/c/mine/z.yaml": "z: 1\n" },
    before: { "a/c/x.yaml": one },
    desired: {},
    changes: ["delete a/c/x.yaml"],
    foreign: ["a/c/mine/z.yaml"],
  },
  {
    name: "a marked file above the clusters' folders is nobody's of ours",
    target: { "x.yaml": one, "a/x.yaml": one },
    desired: {},
    changes: [],
    foreign: ["a/x.yaml", "x.yaml"],
  },
  {
    name: "a person's file in the way of a folder is left alone",
    target: { "a/c": "a file" },
    desired: { "a/c/x.yaml": one },
    changes: [],
    foreign: ["a/c"],
  },
  {
    name: "a folder in the way of a file gives way where all in it is ours",
    target: { "a/c/x.yaml/y.yaml": one, "a/c/z.yaml/y.yaml": one, "a/c/z.yaml/z.yaml": anothers },
    desired: { "a/c/x.yaml": two, "a/c/z.yaml": two },
    changes: ["place a/c/x.yaml"],
    foreign: ["a/c/z.yaml"],
  },
  {
    name: "a person's folder in the way of a file is left alone",
    target: { "a/c/x.yaml/y": "y" },
    desired: { "a/c/x.yaml": one },
    changes: [],
    foreign: ["a/c/x.yaml"],
  },
  {
    name: "what stands outside the output folder does not count",
    target: { "/config/a.yaml": one, "/rendered-too/a/c/x.yaml": one },
    desired: { "a/c/x.yaml": one },
    changes: ["place "],
  },
];

for (const { name, target, desired, before, changes, foreign = [] } of cases) {
  it(name, async () => {
    const git = new FakeGitRepository(new FakeGitRemote());
    const tree = (files: Files, folder: string): ObjectId | undefined =>
      changeTree(
        git,
        undefined,
        Object.entries(files).map(([path, text]) => ({
          path: path.startsWith("/") ? path.slice(1) : `${folder}${path}`,
          action: "write",
          text,
        })),
      );
    const targetTree = tree(target, "rendered/");
    const desiredTree = tree(desired, "");
    const beforeTree = before === undefined ? undefined : tree(before, "");

    const projection = await projectTarget(git, targetTree, {
      folder: "rendered",
      desired: desiredTree,
      before: beforeTree,
    });

    const below = (path: string) => path.replace(/^rendered\/?/, "");
    expect(projection.changes.map(({ action, path }) => `${action} ${below(path)}`)).toEqual(changes);
    expect(projection.foreign.map(({ path }) => below(path)).sort()).toEqual([...foreign].sort());

    // Once it is done, nothing is left to do, and everything wanted is there unless somebody is in the way.
    const done = changeTree(git, targetTree, projection.changes);
    const again = await projectTarget(git, done, {
      folder: "rendered",
      desired: desiredTree,
      before: desiredTree,
    });
    expect(again.changes).toEqual([]);
    const files = new Map(done === undefined ? [] : walkFiles(git, done));
    for (const [path, text] of Object.entries(desired)) {
      const isBlocked = foreign.some((other) => path.startsWith(other));
      if (!isBlocked) expect(files.get(`rendered/${path}`)).toBe(text);
    }
    for (const path of foreign)
      expect([...files.keys()].some((file) => file.startsWith(`rendered/${path}`))).toBe(true);
  });
}
