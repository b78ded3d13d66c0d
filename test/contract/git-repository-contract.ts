/** What every GitRepository promises: over the fake in every run, over the real adapter too. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { TreesOnDemand } from "../../src/pipeline/history/trees-on-demand.ts";
import type { CommitInfo, GitRepository, ObjectId, RefOutcome } from "../../src/ports/git.ts";

/** A remote of its own, and clones of it. */
export interface GitWorld {
  openClone(): Promise<GitRepository>;
  commitAsPerson(branch: string, files: Readonly<Record<string, string | undefined>>): ObjectId;
  headOf(branch: string): ObjectId | undefined;
  fileOf(branch: string, path: string): string | undefined;
  /** From now on the server lets no branch be set back. */
  refuseRewinds(): void;
  close(): Promise<void>;
}

const time = Date.UTC(2026, 0, 1);

function kinds(outcomes: ReadonlyMap<string, RefOutcome>): Record<string, string> {
  return Object.fromEntries([...outcomes].map(([branch, { kind }]) => [branch, kind]));
}

async function collect(paths: AsyncIterable<string>): Promise<string[]> {
  const all: string[] = [];
  for await (const path of paths) all.push(path);
  return all;
}

export function describeGitRepository(name: string, openWorld: () => Promise<GitWorld>): void {
  describe(name, () => {
    let world: GitWorld;
    let git: GitRepository;

    beforeEach(async () => {
      world = await openWorld();
      git = await world.openClone();
    });
    afterEach(() => world.close());

    /** Writes a commit of these files on a head. */
    async function write(
      clone: GitRepository,
      head: ObjectId | undefined,
      files: Readonly<Record<string, string | undefined>>,
    ): Promise<ObjectId> {
      const changes = Object.entries(files).map(([path, text]) =>
        text === undefined ? ({ path, action: "delete" } as const) : ({ path, action: "write", text } as const),
      );
      const base = head === undefined ? undefined : (await clone.readCommit(head)).tree;
      const parents = head === undefined ? [] : [head];
      return (await clone.writeCommit({ base, changes, parents, message: "Change files\n", time })).id;
    }

    async function files(clone: GitRepository, commit: ObjectId): Promise<Record<string, string>> {
      const { tree } = await clone.readCommit(commit);
      return Object.fromEntries(await clone.readFiles(tree, await collect(clone.listFiles(tree, ""))));
    }

    it("goes through a branch's history, however long, and reads of each commit what is asked for", async () => {
      let head: ObjectId | undefined;
      const ids: ObjectId[] = [];
      for (let number = 0; number < 300; number++) {
        head = await write(git, head, { "a/b/n.txt": String(number), "same/s.txt": "same" });
        ids.unshift(head);
      }
      await git.push([{ branch: "state", from: undefined, to: head! }]);
      const reader = await world.openClone();
      const walked: CommitInfo[] = [];
      for await (const commit of reader.walkHistory("state")) walked.push(commit);
      expect(walked.map(({ id }) => id)).toEqual(ids);

      const trees = new TreesOnDemand(reader);
      const { tree } = walked.find(({ id }) => id === ids[42])!;
      expect(await trees.readFiles(tree, ["a/b/n.txt", "a/none.txt", "none"])).toEqual(new Map([["a/b/n.txt", "257"]]));
      expect(await collect(trees.listFiles(tree, ""))).toEqual(["a/b/n.txt", "same/s.txt"]);
      expect(await collect(trees.listFiles(tree, "a/b"))).toEqual(["a/b/n.txt"]);
      expect(await collect(trees.listFiles(tree, "none"))).toEqual([]);
      expect(await trees.findEntry(tree, "same")).toMatchObject({ mode: "40000", name: "same" });
      for await (const _ of reader.walkHistory("none")) expect.fail("there is no such branch");
    });

    it("says which branches there are, and reads what they hold", async () => {
      const head = world.commitAsPerson("main", { "a.txt": "one\n", "b/c.txt": "zwölf\n", "b-c.txt": "" });

      const heads = await git.fetchHeads(["main", "nothing"]);
      const commit = await git.readCommit(head);

      expect([...heads]).toEqual([
        ["main", head],
        ["nothing", undefined],
      ]);
      expect(commit).toMatchObject({ id: head, parents: [], author: { name: "Ada", email: "ada@example.com" } });
      expect((await git.readTree(commit.tree)).map(({ mode, name }) => `${mode} ${name}`)).toEqual([
        "100644 a.txt",
        "100644 b-c.txt",
        "40000 b",
      ]);
      expect(await git.findEntry(commit.tree, "")).toMatchObject({ mode: "40000", id: commit.tree });
      expect(await git.findEntry(commit.tree, "b/c.txt")).toMatchObject({ mode: "100644", name: "c.txt" });
      expect(await git.findEntry(commit.tree, "a.txt/c")).toBeUndefined();
      expect([...(await git.readFiles(commit.tree, ["b/c.txt", "b", "nothing"]))]).toEqual([["b/c.txt", "zwölf\n"]]);
      const { id } = (await git.findEntry(commit.tree, "b/c.txt"))!;
      expect([...(await git.readBlobs([id, id]))]).toEqual([[id, Buffer.from("zwölf\n")]]);
      expect([...(await git.findIds(commit.tree, ["b-c.txt", "b", "x/y"]))]).toEqual([
        ["b-c.txt", "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"],
      ]);
      expect(await collect(git.listFiles(commit.tree, ""))).toEqual(["a.txt", "b-c.txt", "b/c.txt"]);
      expect(await collect(git.listFiles(commit.tree, "b"))).toEqual(["b/c.txt"]);
      expect(await collect(git.listFiles(commit.tree, "a.txt"))).toEqual([]);
    });

    it("reads what was written and not pushed, and nobody else sees it", async () => {
      const first = await write(git, undefined, { "a.txt": "1\n", "b/c/d.txt": "2\n" });
      const second = await write(git, first, { "a.txt": "3\n", "b/c/d.txt": undefined });

      expect(await files(git, first)).toEqual({ "a.txt": "1\n", "b/c/d.txt": "2\n" });
      expect(await files(git, second)).toEqual({ "a.txt": "3\n" });
      expect(world.headOf("main")).toBeUndefined();
    });

    it("gives equal commits equal names", async () => {
      const other = await world.openClone();
      expect(await write(git, undefined, { "a.txt": "1\n" })).toBe(await write(other, undefined, { "a.txt": "1\n" }));
    });

    it("places files and folders that are there already, and replaces what is in the way", async () => {
      const head = await write(git, undefined, { "from/x/a.txt": "a\n", "from/b.txt": "b\n", "to/x": "a file\n" });
      const { tree } = await git.readCommit(head);
      const folder = await git.findEntry(tree, "from/x");
      const file = await git.findEntry(tree, "from/b.txt");
      const { id } = await git.writeCommit({
        base: tree,
        changes: [
          { path: "to/x", action: "place", id: folder!.id, mode: folder!.mode },
          { path: "to/c.txt", action: "place", id: file!.id, mode: file!.mode },
          { path: "from", action: "delete" },
        ],
        parents: [head],
        message: "Move\n",
        time,
      });

      expect(await files(git, id)).toEqual({ "to/x/a.txt": "a\n", "to/c.txt": "b\n" });
    });

    it("pushes several branches, and another clone reads them", async () => {
      const main = await write(git, undefined, { "a.txt": "1\n" });
      const state = await write(git, undefined, { "checkpoint.json": "{}\n" });

      const outcomes = await git.push([
        { branch: "sluice/state", from: undefined, to: state },
        { branch: "main", from: undefined, to: main },
      ]);

      expect(kinds(outcomes)).toEqual({ main: "pushed", "sluice/state": "pushed" });
      const other = await world.openClone();
      await other.fetchHeads(["main", "sluice/state"]);
      expect(await files(other, main)).toEqual({ "a.txt": "1\n" });
      expect(await files(other, state)).toEqual({ "checkpoint.json": "{}\n" });
    });

    it("pushes a chain of commits at once", async () => {
      const first = await write(git, undefined, { "a.txt": "1\n" });
      const second = await write(git, first, { "a.txt": "2\n" });
      const third = await write(git, second, { "b.txt": "3\n" });

      await git.push([{ branch: "main", from: undefined, to: third }]);

      expect(world.headOf("main")).toBe(third);
      expect(world.fileOf("main", "a.txt")).toBe("2\n");
    });

    it("goes on writing while it pushes, and leaves nothing out", async () => {
      let pushed: ObjectId | undefined;
      let tip: ObjectId | undefined;
      const content: Record<string, string> = {};
      const advance = async (number: number) => {
        content[`folder-${number % 3}/file-${number}`] = `${number}\n`.repeat(10);
        tip = await write(git, tip, { [`folder-${number % 3}/file-${number}`]: `${number}\n`.repeat(10) });
      };
      for (let round = 0; round < 5; round++) {
        await advance(3 * round);
        const to = tip!;
        await advance(3 * round + 1);
        // The push begins in the middle of a commit, and another one is written already.
        const writing = advance(3 * round + 2);
        expect(kinds(await git.push([{ branch: "main", from: pushed, to }]))).toEqual({ main: "pushed" });
        pushed = to;
        await writing;
        expect(await files(git, tip!)).toEqual(content);
      }
      expect(kinds(await git.push([{ branch: "main", from: pushed, to: tip! }]))).toEqual({ main: "pushed" });
      const other = await world.openClone();
      await other.fetchHeads(["main"]);
      expect(await files(other, tip!)).toEqual(content);
    });

    it("never overwrites what somebody else pushed, and goes on from there", async () => {
      const mine = world.commitAsPerson("main", { "a.txt": "1\n" });
      await git.fetchHeads(["main"]);
      const lost = await write(git, mine, { "b.txt": "mine\n" });
      const theirs = world.commitAsPerson("main", { "c.txt": "theirs\n" });

      expect(kinds(await git.push([{ branch: "main", from: mine, to: lost }]))).toEqual({ main: "moved" });
      expect(world.headOf("main")).toBe(theirs);

      expect((await git.fetchHeads(["main"])).get("main")).toBe(theirs);
      const again = await write(git, theirs, { "b.txt": "mine\n" });
      expect(kinds(await git.push([{ branch: "main", from: theirs, to: again }]))).toEqual({ main: "pushed" });
      expect(await files(git, again)).toEqual({ "a.txt": "1\n", "b.txt": "mine\n", "c.txt": "theirs\n" });
    });

    it("moves no branch where an atomic push fails for one", async () => {
      const main = world.commitAsPerson("main", { "a.txt": "1\n" });
      await git.fetchHeads(["main"]);
      const state = await write(git, undefined, { "checkpoint.json": "{}\n" });
      const next = await write(git, main, { "b.txt": "2\n" });
      const theirs = world.commitAsPerson("main", { "c.txt": "theirs\n" });

      const outcomes = await git.push([
        { branch: "sluice/state", from: undefined, to: state },
        { branch: "main", from: main, to: next },
      ]);

      expect(kinds(outcomes)).toEqual({ main: "moved" });
      expect([world.headOf("main"), world.headOf("sluice/state")]).toEqual([theirs, undefined]);
      // What did not arrive goes with the next push.
      await git.push([{ branch: "sluice/state", from: undefined, to: state }]);
      expect(world.fileOf("sluice/state", "checkpoint.json")).toBe("{}\n");
    });

    it("creates no branch that is there already", async () => {
      const theirs = world.commitAsPerson("main", { "a.txt": "1\n" });
      const mine = await write(git, undefined, { "b.txt": "2\n" });

      expect(kinds(await git.push([{ branch: "main", from: undefined, to: mine }]))).toEqual({ main: "moved" });
      expect(world.headOf("main")).toBe(theirs);
    });

    it("moves a branch back where it may be, but only from where it is", async () => {
      const main = world.commitAsPerson("main", { "a.txt": "1\n" });
      await git.fetchHeads(["main"]);
      const first = await write(git, main, { "b.txt": "1\n" });
      await git.push([{ branch: "review", from: undefined, to: first, mayRewind: true }]);
      const second = await write(git, main, { "b.txt": "2\n" });
      const third = await write(git, main, { "b.txt": "3\n" });

      expect(kinds(await git.push([{ branch: "review", from: first, to: second, mayRewind: true }]))).toEqual({
        review: "pushed",
      });
      expect(kinds(await git.push([{ branch: "review", from: first, to: third, mayRewind: true }]))).toEqual({
        review: "moved",
      });
      expect(world.headOf("review")).toBe(second);
    });

    it("sets no branch back that is not said to be one that may be, and sends nothing then", async () => {
      const main = world.commitAsPerson("main", { "a.txt": "1\n" });
      await git.fetchHeads(["main"]);
      const anew = await write(git, undefined, { "b.txt": "1\n" });

      expect(kinds(await git.push([{ branch: "main", from: main, to: anew }]))).toEqual({ main: "refused" });
      expect(world.headOf("main")).toBe(main);
      const next = await write(git, main, { "b.txt": "2\n" });
      expect(kinds(await git.push([{ branch: "main", from: main, to: next }]))).toEqual({ main: "pushed" });
    });

    it("says that the server lets no branch be set back, and goes on forwards", async () => {
      world.refuseRewinds();
      const first = await write(git, undefined, { "a.txt": "1\n" });
      await git.push([{ branch: "state", from: undefined, to: first }]);
      const anew = await write(git, undefined, { "a.txt": "2\n" });
      expect(kinds(await git.push([{ branch: "state", from: first, to: anew, mayRewind: true }]))).toEqual({
        state: "refused",
      });
      expect(world.headOf("state")).toBe(first);
      const next = await write(git, first, { "a.txt": "3\n" });
      expect(kinds(await git.push([{ branch: "state", from: first, to: next }]))).toEqual({ state: "pushed" });
    });

    it("sends what its heads reach, whoever has written it", async () => {
      // As a tree is laid out anew: in commits that no branch ever reaches.
      const scratch = await write(git, undefined, { "x/ab/one.txt": "1\n", "x/cd/two.txt": "2\n" });
      const folder = await git.findEntry((await git.readCommit(scratch)).tree, "x");
      const more = await git.writeCommit({
        base: folder!.id,
        changes: [{ path: "ef/three.txt", action: "write", text: "3\n" }],
        parents: [],
        message: "More\n",
        time,
      });
      const { id, tree } = await git.writeCommit({
        base: undefined,
        changes: [{ path: "y", action: "place", id: more.tree, mode: "40000" }],
        parents: [],
        message: "Place\n",
        time,
      });
      const tip = await git.writeCommit({
        base: tree,
        changes: [{ path: "z.txt", action: "write", text: "z\n" }],
        parents: [id],
        message: "Go on\n",
        time,
      });

      expect(kinds(await git.push([{ branch: "main", from: undefined, to: tip.id }]))).toEqual({ main: "pushed" });
      const other = await world.openClone();
      await other.fetchHeads(["main"]);
      expect(await files(other, tip.id)).toEqual({
        "y/ab/one.txt": "1\n",
        "y/cd/two.txt": "2\n",
        "y/ef/three.txt": "3\n",
        "z.txt": "z\n",
      });
    });

    it("gives a push up when told so, and goes on afterwards", async () => {
      const main = await write(git, undefined, { "a.txt": "1\n" });
      const updates = [{ branch: "main", from: undefined, to: main }];

      await expect(git.push(updates, AbortSignal.abort())).rejects.toMatchObject({
        problem: { code: "GIT_UNAVAILABLE" },
      });
      await expect(git.fetchHeads(["main"], AbortSignal.abort())).rejects.toMatchObject({
        problem: { code: "GIT_UNAVAILABLE" },
      });
      const head = (await git.fetchHeads(["main"])).get("main");
      expect([undefined, main]).toContain(head);
      expect(kinds(await git.push(updates))).toEqual({ main: "pushed" });
    });

    it("fetches refs that are no branches by their whole name", async () => {
      const first = await write(git, undefined, { "a.txt": "1\n" });
      await git.push([{ branch: "refs/pull/1/head", from: undefined, to: first }]);

      const other = await world.openClone();
      expect([...(await other.fetchHeads(["refs/pull/1/head", "refs/pull/2/head"]))]).toEqual([
        ["refs/pull/1/head", first],
        ["refs/pull/2/head", undefined],
      ]);
      expect(await files(other, first)).toEqual({ "a.txt": "1\n" });
    });

    it("takes a push that had arrived already for pushed", async () => {
      const main = await write(git, undefined, { "a.txt": "1\n" });
      await git.push([{ branch: "main", from: undefined, to: main }]);

      expect(kinds(await git.push([{ branch: "main", from: undefined, to: main }]))).toEqual({ main: "pushed" });
    });
  });
}
