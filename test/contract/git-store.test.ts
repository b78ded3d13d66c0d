/** The local store over a long time, and after accidents. */
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  closeSync,
  existsSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type GitLimits, openGitRepository } from "../../src/adapters/git/open-git-repository.ts";
import { preparedStore } from "../../src/adapters/git/seed-store.ts";
import type { GitRepository } from "../../src/ports/git.ts";
import { GitSandbox, identity } from "../tools/git-sandbox.ts";
import { MemoryLog } from "../tools/memory-log.ts";

let sandbox: GitSandbox;
let store: string;
let log: MemoryLog;
let repository: GitRepository | undefined;

beforeEach(() => {
  sandbox = new GitSandbox();
  sandbox.git(sandbox.remote, "config", "uploadpack.allowFilter", "true");
  store = join(sandbox.folder, "store");
  log = new MemoryLog();
});

afterEach(async () => {
  await repository?.close();
  repository = undefined;
  sandbox.remove();
});

async function open(limits: Partial<GitLimits> = {}): Promise<GitRepository> {
  repository = await openGitRepository({ url: sandbox.remote, directory: store, author: identity, log, limits });
  await repository.fetchHeads(["main"]);
  return repository;
}

async function commitFile(git: GitRepository, head: string | undefined, path: string): Promise<string> {
  const base = head === undefined ? undefined : (await git.readCommit(head)).tree;
  const changes = [{ path, action: "write", text: `${path}\n`.repeat(20) } as const];
  const parents = head === undefined ? [] : [head];
  return (await git.writeCommit({ base, changes, parents, message: "m", time: 1_800_000_000_000 })).id;
}

async function pushFile(git: GitRepository, head: string | undefined, path: string): Promise<string> {
  const id = await commitFile(git, head, path);
  expect((await git.push([{ branch: "main", from: head, to: id }])).get("main")?.kind).toBe("pushed");
  return id;
}

async function readAll(git: GitRepository, head: string): Promise<Map<string, string>> {
  const { tree } = await git.readCommit(head);
  const paths: string[] = [];
  for await (const path of git.listFiles(tree, "")) paths.push(path);
  return new Map(await git.readFiles(tree, paths));
}

const packsOf = (folder: string) => readdirSync(join(folder, "objects/pack")).filter((name) => name.endsWith(".pack"));

/** A store that was fetched anew has the last commit alone of the history that was there then. */
const isShallow = () => existsSync(join(store, "shallow"));

/** A repository in which every kind of object is in the store's packs. */
async function fill(count: number, limits: Partial<GitLimits>): Promise<string> {
  const git = await open(limits);
  let head = sandbox.headOf("main");
  for (let index = 0; index < count; index++) head = await pushFile(git, head, `folder-${index % 7}/file-${index}`);
  return head!;
}

describe("over a long time", () => {
  it("a push takes no more than its branch reaches", async () => {
    const git = await open();
    const first = await commitFile(git, undefined, "a");
    const second = await commitFile(git, first, "b");
    await git.push([{ branch: "main", from: undefined, to: first }]);
    expect(() => sandbox.git(sandbox.remote, "cat-file", "-e", second)).toThrow();
    expect((await git.push([{ branch: "main", from: first, to: second }])).get("main")?.kind).toBe("pushed");
    expect(sandbox.git(sandbox.remote, "ls-tree", "--name-only", "main").trim().split("\n")).toEqual(["a", "b"]);
  });

  it("merges small packs into ones that git can read too", async () => {
    const head = await fill(60, { unstoredBytesMax: 1 });
    await expect.poll(() => packsOf(store).length).toBeLessThan(16);
    await repository?.close();
    for (const name of packsOf(store)) execFileSync("git", ["verify-pack", join(store, "objects/pack", name)]);
    expect((await readAll(await open(), head)).size).toBe(60);
  });

  it("starts anew from the remote when history has piled up, and reads and writes on", async () => {
    const head = await fill(20, { unstoredBytesMax: 1, storeGrowthBytesMax: 1_000 });
    await expect.poll(isShallow).toBe(true);
    const next = await pushFile(repository!, head, "after");
    expect((await readAll(repository!, next)).size).toBe(21);
    expect(log.lines.filter(({ level }) => level !== "info")).toEqual([]);
  });

  it("still reads what former heads had when it has started anew, each many at a time", async () => {
    const git = await open({ unstoredBytesMax: 1, storeGrowthBytesMax: 1_000 });
    const heads: string[] = [];
    for (let index = 0; index < 20; index++)
      heads.push(await pushFile(git, heads.at(-1), `folder-${index % 7}/file-${index}`));
    const trees = await Promise.all(heads.map(async (head) => (await git.readCommit(head)).tree));
    await expect.poll(isShallow).toBe(true);
    await repository?.close();
    const again = await open();
    const files = await Promise.all(
      trees.map((tree, index) => again.findEntry(tree, `folder-${index % 7}/file-${index}`)),
    );
    expect(files.filter((entry) => entry === undefined)).toEqual([]);
    expect(await Promise.all(heads.map(async (head) => (await again.readCommit(head)).tree))).toEqual(trees);
    expect(log.lines.filter(({ level }) => level === "warn")).toEqual([]);
  });

  it.each([
    [
      "pushed",
      async (git: GitRepository, head: string) =>
        void (await git.push([{ branch: "review/a", from: undefined, to: head }])),
    ],
    [
      "fetched",
      async (git: GitRepository, head: string) => {
        sandbox.git(sandbox.remote, "update-ref", "refs/heads/review/a", head);
        await git.fetchHeads(["main", "review/a"]);
      },
    ],
  ])("starts anew also where a branch that it had %s was deleted on the server", async (_, know) => {
    const git = await open({ unstoredBytesMax: 1, storeGrowthBytesMax: 1_000 });
    let head = await pushFile(git, undefined, "first");
    await know(git, head);
    sandbox.git(sandbox.remote, "update-ref", "-d", "refs/heads/review/a");
    for (let index = 0; index < 19; index++) head = await pushFile(git, head, `folder-${index % 7}/file-${index}`);
    await expect.poll(isShallow).toBe(true);
    const next = await pushFile(git, head, "after");
    expect((await readAll(git, next)).size).toBe(21);
    expect(log.lines.filter(({ level }) => level !== "info")).toEqual([]);
  });

  it("keeps lone pushes in memory until they are worth a pack, and stores them when it is closed", async () => {
    const head = await fill(10, {});
    expect(packsOf(store)).toEqual([]);
    await repository?.close();
    expect(packsOf(store).length).toBe(1);
    expect((await readAll(await open(), head)).size).toBe(10);
  });
});

it("reads and writes nothing any more when it is closed: whoever was given up ends there", async () => {
  const head = await fill(2, {});
  const { tree } = await repository!.readCommit(head);
  const closing = repository!.close();
  await expect(repository!.readTree(tree)).rejects.toMatchObject({ problem: { code: "GIT_UNAVAILABLE" } });
  await expect(commitFile(repository!, head, "late")).rejects.toMatchObject({ problem: { code: "GIT_UNAVAILABLE" } });
  await closing;
});

describe("in another folder", () => {
  const elsewhere = () => join(sandbox.folder, "elsewhere", "store");
  const openThere = async (directory: string, seed?: string) => {
    const given = seed === undefined ? {} : { seed };
    return openGitRepository({ url: sandbox.remote, directory, author: identity, log, ...given });
  };
  const filesOf = (folder: string) => packsOf(folder).map((name) => statSync(join(folder, "objects/pack", name)).ino);

  it("takes over what the store of the same repository has, beside the one that goes on, and takes the place meant for it", async () => {
    let head = await fill(20, { unstoredBytesMax: 1 });
    await expect.poll(() => packsOf(store).length).toBeGreaterThan(0);
    const prepared = await openThere(preparedStore(elsewhere()), store);
    const taken = filesOf(preparedStore(elsewhere()));
    expect(taken.length).toBeGreaterThan(0);
    expect(filesOf(store)).toEqual(expect.arrayContaining(taken));
    head = await pushFile(repository!, head, "after");
    await prepared.fetchHeads(["main"]);
    expect((await readAll(prepared, head)).size).toBe(21);
    await prepared.close();
    const there = await openThere(elsewhere());
    expect(existsSync(preparedStore(elsewhere()))).toBe(false);
    expect(filesOf(elsewhere())).toEqual(expect.arrayContaining(taken));
    await there.fetchHeads(["main"]);
    expect((await readAll(there, head)).size).toBe(21);
    await there.close();
    execFileSync("git", ["--git-dir", elsewhere(), "fsck", "--connectivity-only"], { stdio: "pipe" });
    expect(log.lines.filter(({ level }) => level === "warn")).toEqual([]);
  });

  it.each(["another repository's", "damaged", "away"])("does without where that one is %s", async (kind) => {
    const head = await fill(5, { unstoredBytesMax: 1 });
    await repository?.close();
    if (kind === "away") rmSync(store, { recursive: true });
    if (kind === "another repository's") writeFileSync(join(store, "sluice-store.json"), '{"version":1,"url":"/else"}');
    if (kind === "damaged") for (const name of packsOf(store)) truncate(join(store, "objects/pack", name));
    const there = await openThere(elsewhere(), store);
    await there.fetchHeads(["main"]);
    expect((await readAll(there, head)).size).toBe(5);
    await there.close();
  });

  function truncate(path: string): void {
    chmodSync(path, 0o644);
    truncateSync(path, statSync(path).size - 30);
  }
});

describe("after accidents", () => {
  const accidents: Record<string, () => void> = {
    "a pack cut short": () => eachPack((path) => truncateSync(path, statSync(path).size - 30)),
    "a pack without its index": () => eachPack((path) => rmSync(path.replace(/pack$/, "idx"))),
    "a byte that flipped": () => eachPack((path) => overwrite(path, 40)),
    "zeros where the pack was": () => eachPack((path) => writeFileSync(path, Buffer.alloc(statSync(path).size))),
    "an index of nonsense": () =>
      eachPack((path) => writeFileSync(path.replace(/pack$/, "idx"), "nonsense", { flag: "w" })),
    "no folder of objects": () => rmSync(join(store, "objects"), { recursive: true }),
    "no HEAD": () => rmSync(join(store, "HEAD")),
    "an empty configuration": () => writeFileSync(join(store, "config"), ""),
    "nothing left": () => rmSync(store, { recursive: true }),
    "something else altogether": () => {
      rmSync(store, { recursive: true });
      writeFileSync(store, "a file");
    },
  };

  it.each(Object.keys(accidents))("goes on with %s", async (name) => {
    sandbox.commitAsPerson(
      "main",
      Object.fromEntries(Array.from({ length: 30 }, (_, index) => [`given/${index}`, `text ${index}`])),
    );
    let head = await fill(5, {});
    await repository?.close();
    accidents[name]!();
    head = await pushFile(await open(), head, "after");
    sandbox.commitAsPerson("main", { "by-a-person": "1" });
    const heads = await repository!.fetchHeads(["main"]);
    expect((await readAll(repository!, heads.get("main")!)).size).toBe(37);
    expect(head).toBeDefined();
  });

  it("makes the store anew where it finds out as it looks whether a push would set the branch back", async () => {
    const former = await fill(3, {});
    const head = await pushFile(repository!, former, "after");
    await repository?.close();
    const git = await open();
    eachPack((path) => overwrite(path, 12, statSync(path).size - 32));
    const outcomes = await git.push([{ branch: "main", from: head, to: former }]);
    expect(outcomes.get("main")).toMatchObject({ kind: "refused", problem: { code: "GIT_REFUSED" } });
    expect(log.lines.filter(({ level }) => level === "warn")).toMatchObject([
      { message: "the local Git store is damaged and made anew" },
    ]);
    expect((await readAll(git, await pushFile(git, head, "later"))).size).toBe(5);
  });

  function eachPack(action: (path: string) => void): void {
    for (const name of packsOf(store)) {
      const path = join(store, "objects/pack", name);
      for (const extension of ["pack", "idx"]) chmodSync(path.replace(/pack$/, extension), 0o644);
      action(path);
    }
  }

  function overwrite(path: string, at: number, bytes = 3): void {
    const file = openSync(path, "r+");
    writeSync(file, Buffer.alloc(bytes, 0xa5), 0, bytes, at);
    closeSync(file);
  }
});
