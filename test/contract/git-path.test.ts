/** The Git adapter on a repository of this machine, through `git receive-pack`. */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openGitRepository } from "../../src/adapters/git/open-git-repository.ts";
import type { GitRepository, RefOutcome } from "../../src/ports/git.ts";
import { GitSandbox, identity } from "../tools/git-sandbox.ts";
import { MemoryLog } from "../tools/memory-log.ts";

let sandbox: GitSandbox;
let log: MemoryLog;
const opened: GitRepository[] = [];

beforeEach(() => {
  sandbox = new GitSandbox();
  log = new MemoryLog();
});

afterEach(async () => {
  for (const repository of opened.splice(0)) await repository.close();
  sandbox.remove();
});

async function open(store = "store", url = sandbox.remote): Promise<GitRepository> {
  const repository = await openGitRepository({
    url,
    directory: join(sandbox.folder, store),
    author: identity,
    auth: { kind: "none" },
    log,
  });
  opened.push(repository);
  return repository;
}

async function commit(
  repository: GitRepository,
  head: string | undefined,
  files: Readonly<Record<string, string | undefined>>,
): Promise<string> {
  const base = head === undefined ? undefined : (await repository.readCommit(head)).tree;
  const changes = Object.entries(files).map(([path, text]) =>
    text === undefined ? ({ path, action: "delete" } as const) : ({ path, action: "write", text } as const),
  );
  const request = {
    base,
    changes,
    parents: head === undefined ? [] : [head],
    message: "Say hello",
    time: 1_800_000_000_000,
  };
  return (await repository.writeCommit(request)).id;
}

function kinds(outcomes: ReadonlyMap<string, RefOutcome>): Record<string, string> {
  return Object.fromEntries([...outcomes].map(([branch, outcome]) => [branch, outcome.kind]));
}

describe("an empty repository", () => {
  it("gets its first commits on two branches in one push", async () => {
    const repository = await open();
    const heads = await repository.fetchHeads(["main", "sluice/state"]);
    expect([...heads]).toEqual([
      ["main", undefined],
      ["sluice/state", undefined],
    ]);

    const main = await commit(repository, undefined, { "rendered/a/b.yaml": "b: 1\n" });
    const state = await commit(repository, undefined, { "checkpoint.json": "{}", "desired/a/b.yaml": "b: 1\n" });
    const outcomes = await repository.push([
      { branch: "sluice/state", from: undefined, to: state },
      { branch: "main", from: undefined, to: main },
    ]);

    expect(kinds(outcomes)).toEqual({ main: "pushed", "sluice/state": "pushed" });
    expect(sandbox.headOf("main")).toBe(main);
    expect(sandbox.headOf("sluice/state")).toBe(state);
    expect(sandbox.fileOf("main", "rendered/a/b.yaml")).toBe("b: 1\n");
    sandbox.fsck();
  });
});

describe("a repository with history", () => {
  it("is read, written and read again by a store that is reopened, or was deleted", async () => {
    let head = sandbox.commitAsPerson("main", { "config/a.yaml": "a: 1\n", "x/y/z.txt": "z", README: "hello" });
    let repository = await open();
    expect((await repository.fetchHeads(["main"])).get("main")).toBe(head);
    const { tree } = await repository.readCommit(head);
    expect((await repository.readTree(tree)).map(({ name }) => name)).toEqual(["README", "config", "x"]);
    expect(await repository.findEntry(tree, "x/y")).toMatchObject({ mode: "40000", name: "y" });
    expect(await repository.findEntry(tree, "x/nothing")).toBeUndefined();
    expect([...(await repository.readFiles(tree, ["config/a.yaml", "x/y/z.txt", "none"]))]).toEqual([
      ["config/a.yaml", "a: 1\n"],
      ["x/y/z.txt", "z"],
    ]);

    for (let round = 0; round < 5; round++) {
      const next = await commit(repository, head, {
        [`rendered/${round}.yaml`]: `n: ${round}\n`,
        "x/y/z.txt": undefined,
      });
      expect(kinds(await repository.push([{ branch: "main", from: head, to: next }]))).toEqual({ main: "pushed" });
      head = next;
      if (round === 1) {
        await repository.close();
        repository = await open();
      }
      if (round === 3) {
        await repository.close();
        rmSync(join(sandbox.folder, "store"), { recursive: true });
        repository = await open();
      }
      expect((await repository.fetchHeads(["main"])).get("main")).toBe(head);
    }
    const files: string[] = [];
    for await (const path of repository.listFiles((await repository.readCommit(head)).tree, "")) files.push(path);
    expect(files).toEqual(["README", "config/a.yaml", ...[0, 1, 2, 3, 4].map((round) => `rendered/${round}.yaml`)]);
    sandbox.fsck();
  });

  it("tells that a branch moved, pushes nothing then, and goes on from the new head", async () => {
    const first = sandbox.commitAsPerson("main", { a: "1" });
    const repository = await open();
    await repository.fetchHeads(["main", "state"]);
    const main = await commit(repository, first, { b: "2" });
    const state = await commit(repository, undefined, { s: "1" });
    const second = sandbox.commitAsPerson("main", { c: "3" });

    const outcomes = await repository.push([
      { branch: "state", from: undefined, to: state },
      { branch: "main", from: first, to: main },
    ]);

    expect(kinds(outcomes)).toEqual({ main: "moved" });
    expect(sandbox.headOf("main")).toBe(second);
    expect(sandbox.headOf("state")).toBeUndefined();
    expect((await repository.fetchHeads(["main"])).get("main")).toBe(second);
    const again = await commit(repository, second, { b: "2" });
    expect(kinds(await repository.push([{ branch: "main", from: second, to: again }]))).toEqual({ main: "pushed" });
    expect(sandbox.git(sandbox.remote, "ls-tree", "--name-only", "main").split("\n")).toEqual(["a", "b", "c"]);
  });

  it("tells a refusal by a hook, with the hook's words in the log", async () => {
    const first = sandbox.commitAsPerson("main", { a: "1" });
    sandbox.installHook("pre-receive", "echo only on weekdays >&2; exit 1");
    const repository = await open();
    await repository.fetchHeads(["main"]);
    const next = await commit(repository, first, { b: "2" });

    const outcomes = await repository.push([{ branch: "main", from: first, to: next }]);

    expect(outcomes.get("main")).toMatchObject({ kind: "refused", problem: { code: "GIT_REFUSED" } });
    expect(log.lines.map(({ fields }) => fields.remote)).toContain("only on weekdays");
    expect(sandbox.headOf("main")).toBe(first);
  });
});
