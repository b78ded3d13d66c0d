/**
 * A disk that fails, at whichever call of the local store, with whichever error: nothing but a SluiceError leaves the port, pushing goes
 * on, and nothing is lost. Also a store that is deleted, or whose disk is full, while the service runs.
 */
import { existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type GitRepositoryOptions, openGitRepository } from "../../src/adapters/git/open-git-repository.ts";
import { machineFiles, type StoreFiles } from "../../src/adapters/git/store-files.ts";
import { SluiceError } from "../../src/model/problem.ts";
import type { GitRepository } from "../../src/ports/git.ts";
import { GitSandbox, identity } from "../tools/git-sandbox.ts";
import { MemoryLog } from "../tools/memory-log.ts";

const codes = ["ENOSPC", "EROFS", "ENOENT", "EMFILE", "EACCES"] as const;

let sandbox: GitSandbox;
let log: MemoryLog;
const opened: GitRepository[] = [];

beforeEach(() => {
  sandbox = new GitSandbox();
  sandbox.git(sandbox.remote, "config", "uploadpack.allowFilter", "true");
  sandbox.commitAsPerson("main", { "given/a": "a\n", "given/b": "b\n" });
  log = new MemoryLog();
});

afterEach(async () => {
  for (const repository of opened.splice(0)) await repository.close();
  sandbox.remove();
});

/** A file system that fails where it is told to; `calls` counts what is asked of it. */
function failingFiles(mustFail: (call: number, name: string, path: string) => string | undefined) {
  /** By what they do and to which kind of file, the first and the last of each. */
  const kinds = new Map<string, number>();
  const state = { calls: 0, kinds };
  const check = (name: string, args: readonly unknown[]) => {
    const path = args.filter((arg) => typeof arg === "string").join(" ");
    const code = mustFail(++state.calls, name, path);
    const kind = `${name} ${path.replace(/[0-9a-f]{40}|[0-9]+/g, "#")}`;
    if (!kinds.has(`first ${kind}`)) kinds.set(`first ${kind}`, state.calls);
    kinds.set(`last ${kind}`, state.calls);
    if (code !== undefined) throw Object.assign(new Error(`${code}: it fails, ${name}`), { code, syscall: name });
  };
  const files = new Proxy(machineFiles, {
    get(target, name: keyof StoreFiles) {
      const original = target[name] as (...args: unknown[]) => unknown;
      // Whether something is there can't fail, and what is closed is closed.
      if (name === "existsSync" || name === "closeSync") return original;
      if (!["mkdir", "open", "rename", "rm"].includes(name)) {
        return (...args: unknown[]) => {
          check(name, args);
          return original(...args);
        };
      }
      return async (...args: unknown[]) => {
        check(name, args);
        const result = await original(...args);
        if (name !== "open") return result;
        const handle = result as { write: (...args: unknown[]) => Promise<unknown> };
        const write = handle.write.bind(handle);
        handle.write = async (...data) => {
          check("write", args);
          return write(...data);
        };
        return handle;
      };
    },
  });
  return { files, state };
}

async function open(options: Partial<GitRepositoryOptions> = {}): Promise<GitRepository> {
  const fallback = join(sandbox.folder, "fallback");
  mkdirSync(fallback, { recursive: true });
  const repository = await openGitRepository({
    url: sandbox.remote,
    directory: join(sandbox.folder, "store"),
    fallbacks: [fallback],
    author: identity,
    log,
    limits: { unstoredBytesMax: 1, storeGrowthBytesMax: 20_000 },
    ...options,
  });
  opened.push(repository);
  return repository;
}

/** Does it until it is done: what a SluiceError refuses is tried again, as the service does. Anything else is a bug. */
async function insist<T>(work: () => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries++) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof SluiceError) || tries > 3) throw error;
    }
  }
}

let numbers = 0;

/** Pushes a file on the head, reads one that the filter has left out, and follows what a person pushes. */
async function work(git: GitRepository): Promise<void> {
  const push = async () => {
    const head = (await git.fetchHeads(["main"])).get("main")!;
    const { tree } = await git.readCommit(head);
    const path = `ours/${++numbers}`;
    const changes = [{ path, action: "write", text: `${path}\n`.repeat(50) } as const];
    const { id } = await git.writeCommit({ base: tree, changes, parents: [head], message: "m", time: 0 });
    const outcome = (await git.push([{ branch: "main", from: head, to: id }])).get("main");
    expect(outcome?.kind).toBe("pushed");
    expect(sandbox.headOf("main")).toBe(id);
  };
  await insist(push);
  await insist(push);
  const given = numbers;
  sandbox.commitAsPerson("main", { [`given/${given}`]: `${given}\n` });
  await insist(push);
  await insist(async () => {
    const head = (await git.fetchHeads(["main"])).get("main")!;
    const { tree } = await git.readCommit(head);
    const path = `given/${given}`;
    expect((await git.readFiles(tree, [path])).get(path)).toBe(`${given}\n`);
  });
}

describe("a call that fails once", () => {
  it("whichever it is: everything goes on", async () => {
    const counting = failingFiles(() => undefined);
    const first = await open({ files: counting.files, directory: join(sandbox.folder, "counted") });
    await work(first);
    await first.close();
    const calls = [...new Set(counting.state.kinds.values())];
    expect(calls.length).toBeGreaterThan(20);
    for (const [index, failing] of calls.entries()) {
      const code = codes[index % codes.length]!;
      const { files } = failingFiles((call) => (call === failing ? code : undefined));
      const directory = join(sandbox.folder, `store-${failing}`);
      try {
        const git = await insist(() => open({ files, directory }));
        await work(git);
        await git.close();
      } catch (error) {
        throw new Error(`${code} at call ${failing}`, { cause: error });
      }
      rmSync(directory, { recursive: true, force: true });
    }
    sandbox.fsck();
    expect(readdirSync(join(sandbox.folder, "fallback"))).toEqual([]);
  });
});

describe.each(codes)("a disk that says %s for good", (code) => {
  const writing = new Set([
    "mkdirSync",
    "mkdir",
    "renameSync",
    "rename",
    "write",
    "writeFileSync",
    "open",
    "mkdtempSync",
  ]);

  it("from the start: the store is in another folder, and says so", async () => {
    const own = join(sandbox.folder, "store");
    const { files } = failingFiles((_, name, path) => (writing.has(name) && path.includes(own) ? code : undefined));
    await work(await open({ files }));
    expect(log.lines.some(({ message }) => message.includes("in another one until the next start"))).toBe(true);
  });

  it("while it runs: the store goes on in another folder, and says so", async () => {
    const own = join(sandbox.folder, "store");
    let isFull = false;
    const { files } = failingFiles((_, name, path) =>
      isFull && writing.has(name) && path.includes(own) ? code : undefined,
    );
    const git = await open({ files });
    await work(git);
    isFull = true;
    await work(git);
    await expect.poll(() => log.lines.some(({ message }) => message.includes("goes on in another folder"))).toBe(true);
    await git.close();
    sandbox.fsck();
  });

  it("while it runs: what former heads had can be read, by many at a time", async () => {
    const own = join(sandbox.folder, "store");
    let isFull = false;
    const { files } = failingFiles((_, name, path) =>
      isFull && writing.has(name) && path.includes(own) ? code : undefined,
    );
    const git = await open({ files, limits: { unstoredBytesMax: 1 } });
    const heads: string[] = [];
    for (let round = 0; round < 6; round++) {
      await work(git);
      heads.push(sandbox.headOf("main")!);
    }
    const trees = await Promise.all(heads.map(async (head) => (await git.readCommit(head)).tree));
    isFull = true;
    await work(git);
    await expect.poll(() => log.lines.some(({ message }) => message.includes("goes on in another folder"))).toBe(true);
    const read = await Promise.all(trees.flatMap((tree) => [git.findEntry(tree, "given/a"), git.readTree(tree)]));
    expect(read.filter((entry) => entry === undefined)).toEqual([]);
    expect(log.lines.filter(({ message }) => message.includes("made anew"))).toEqual([]);
  });

  it("everywhere: pushing goes on from memory until somebody else pushes, and when there is room again", async () => {
    let isFull = false;
    const { files } = failingFiles((_, name) => (isFull && writing.has(name) ? code : undefined));
    const git = await open({ files, limits: { unstoredBytesMax: 1, memoryBytesMax: 20_000 } });
    let head = (await git.fetchHeads(["main"])).get("main")!;
    isFull = true;
    for (let round = 0; round < 60; round++) {
      const { tree } = await git.readCommit(head);
      const changes = [{ path: `ours/${round % 7}`, action: "write", text: `${round}\n`.repeat(300) } as const];
      const { id } = await git.writeCommit({ base: tree, changes, parents: [head], message: "m", time: 0 });
      expect((await git.push([{ branch: "main", from: head, to: id }])).get("main")?.kind).toBe("pushed");
      head = id;
    }
    isFull = false;
    sandbox.commitAsPerson("main", { "given/later": "1\n" });
    await work(git);
    sandbox.fsck();
  });
});

it("a store that is deleted while the service runs is made anew", async () => {
  const git = await open();
  await work(git);
  for (const what of ["store", "store/objects", "store/objects/pack"]) {
    rmSync(join(sandbox.folder, what), { recursive: true, force: true });
    await work(git);
  }
  await git.close();
  expect(existsSync(join(sandbox.folder, "store/sluice-store.json"))).toBe(true);
});
