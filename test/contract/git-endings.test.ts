/**
 * However an exchange with a Git server ends, nothing of it stays: no program, no connection. Over http, a path and ssh, with a server
 * that is silent, slow, of another kind, or told to be left.
 */
import { execFileSync } from "node:child_process";
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type GitRepositoryOptions, openGitRepository } from "../../src/adapters/git/open-git-repository.ts";
import { SluiceError } from "../../src/model/problem.ts";
import type { GitRepository } from "../../src/ports/git.ts";
import { createFakeClock, type FakeClock } from "../fakes/fake-clock.ts";
import { GitHttpServer } from "../tools/git-http.ts";
import { GitSandbox, identity } from "../tools/git-sandbox.ts";
import { MemoryLog } from "../tools/memory-log.ts";

let sandbox: GitSandbox;
let server: GitHttpServer;
let clock: FakeClock;
const opened: GitRepository[] = [];

beforeEach(async () => {
  sandbox = new GitSandbox();
  sandbox.git(sandbox.remote, "config", "http.receivepack", "true");
  server = await GitHttpServer.start({ root: sandbox.folder });
  clock = createFakeClock();
  clock.holdSleepers();
});

afterEach(async () => {
  delete process.env.GIT_SSH;
  for (const repository of opened.splice(0)) await repository.close();
  await server.stop();
  sandbox.remove();
});

const ways = ["http", "path", "ssh"] as const;
type Way = (typeof ways)[number];

async function open(way: Way, options: Partial<GitRepositoryOptions> = {}): Promise<GitRepository> {
  const urls = {
    http: server.urlOf("remote.git"),
    path: sandbox.remote,
    ssh: `ssh://git@example.com${sandbox.remote}`,
  };
  if (way === "ssh") {
    process.env.GIT_SSH = join(sandbox.folder, "ssh");
    writeFileSync(process.env.GIT_SSH, '#!/bin/sh\nfor last; do :; done\nexec sh -c "$last"\n', { mode: 0o755 });
  }
  const repository = await openGitRepository({
    url: urls[way],
    directory: join(sandbox.folder, `store-${opened.length}`),
    author: identity,
    log: new MemoryLog(),
    clock,
    ...options,
  });
  opened.push(repository);
  return repository;
}

async function write(repository: GitRepository, head: string | undefined, path: string): Promise<string> {
  const base = head === undefined ? undefined : (await repository.readCommit(head)).tree;
  const changes = [{ path, action: "write", text: path } as const];
  const parents = head === undefined ? [] : [head];
  return (await repository.writeCommit({ base, changes, parents, message: "m", time: 1_800_000_000_000 })).id;
}

async function codeOf(action: Promise<unknown>): Promise<string> {
  try {
    await action;
  } catch (error) {
    if (error instanceof SluiceError) return error.problem.code;
    throw error;
  }
  throw new Error("no error was thrown");
}

/** Programs that work on this sandbox. */
function programs(): string[] {
  const all = execFileSync("ps", ["-eo", "pid,args"], { encoding: "utf8" }).split("\n");
  return all.filter((line) => line.includes(sandbox.folder) && /git|sleep/.test(line));
}

/** So many seconds, in steps after each of which whoever waits can look. */
async function pass(seconds: number): Promise<void> {
  for (let passed = 0; passed < seconds; passed += 5) {
    clock.advance(5_000);
    await sleep(2);
  }
}

/** A server that takes a push and never answers, until the marker file is gone. */
function hangInHook(): string {
  const marker = join(sandbox.folder, "hanging");
  sandbox.installHook(
    "pre-receive",
    `touch '${marker}'; exec >/dev/null 2>&1; while test -e '${marker}'; do sleep 0.1; done`,
  );
  sandbox.git(sandbox.remote, "config", "receive.keepAlive", "0");
  return marker;
}

describe.each(ways)("over %s", (way) => {
  it("a push that is taken and never answered is given up when for two minutes not a byte has moved", async () => {
    const repository = await open(way);
    await repository.fetchHeads(["main"]);
    const marker = hangInHook();
    const first = await write(repository, undefined, "a");
    let isOver = false;
    const pushing = codeOf(repository.push([{ branch: "main", from: undefined, to: first }])).finally(() => {
      isOver = true;
    });
    await expect.poll(() => execFileSync("ls", [sandbox.folder], { encoding: "utf8" })).toContain("hanging");
    // All is sent by now. Less than two minutes are no reason to give up.
    await sleep(300);
    await pass(100);
    expect(isOver).toBe(false);
    await pass(60);
    expect(await pushing).toBe("GIT_UNAVAILABLE");

    rmSync(marker);
    await expect.poll(programs, { timeout: 10_000 }).toEqual([]);
    sandbox.installHook("pre-receive", "exit 0");
    const heads = await repository.fetchHeads(["main"]);
    const outcomes = await repository.push([{ branch: "main", from: heads.get("main"), to: first }]);
    expect([...outcomes.values()].map(({ kind }) => kind)).toEqual(["pushed"]);
  });

  it("a signal ends a push at once, and closing ends what nobody has ended", async () => {
    const repository = await open(way);
    await repository.fetchHeads(["main"]);
    const marker = hangInHook();
    const first = await write(repository, undefined, "a");
    const update = [{ branch: "main", from: undefined, to: first }];
    const stop = new AbortController();
    const pushing = codeOf(repository.push(update, stop.signal));
    await expect.poll(() => execFileSync("ls", [sandbox.folder], { encoding: "utf8" })).toContain("hanging");
    stop.abort();
    expect(await pushing).toBe("GIT_UNAVAILABLE");

    const again = codeOf(repository.push(update));
    await sleep(100);
    await repository.close();
    expect(await again).toBe("GIT_UNAVAILABLE");
    rmSync(marker, { force: true });
    await expect.poll(programs, { timeout: 10_000 }).toEqual([]);
  });

  it("a repository of another object format is refused, as often as one tries, and nothing stays", async () => {
    rmSync(sandbox.remote, { recursive: true });
    sandbox.git(sandbox.folder, "init", "-q", "--bare", "--object-format=sha256", "-b", "main", sandbox.remote);
    sandbox.git(sandbox.remote, "config", "http.receivepack", "true");
    const repository = await open(way);
    // Of an empty repository the format shows only when one pushes.
    await repository.fetchHeads(["main"]);
    const first = await write(repository, undefined, "a");
    for (let round = 0; round < 3; round++) {
      expect(await codeOf(repository.push([{ branch: "main", from: undefined, to: first }]))).toBe("GIT_INVALID");
    }
    const clone = join(sandbox.folder, "clone");
    sandbox.git(sandbox.folder, "init", "-q", "--object-format=sha256", clone);
    sandbox.git(clone, "commit", "-q", "--allow-empty", "-m", "by a person");
    sandbox.git(clone, "push", "-q", sandbox.remote, "HEAD:refs/heads/main");
    expect(await codeOf(repository.fetchHeads(["main"]))).toBe("GIT_INVALID");
    await expect.poll(programs, { timeout: 10_000 }).toEqual([]);
  });

  it("names a branch whose name is in the way of ours", async () => {
    sandbox.commitAsPerson("sluice", { a: "1" });
    const repository = await open(way);
    await repository.fetchHeads(["main", "sluice/state"]);
    const state = await write(repository, undefined, "s");
    const main = await write(repository, undefined, "m");
    const outcomes = await repository.push([
      { branch: "sluice/state", from: undefined, to: state },
      { branch: "main", from: undefined, to: main },
    ]);
    expect(outcomes.get("sluice/state")).toMatchObject({
      kind: "refused",
      problem: { code: "GIT_REFUSED", message: expect.stringContaining("there is a branch sluice,") },
    });
    expect(sandbox.headOf("main")).toBeUndefined();
  });

  it("hands on the server's words where it can't make the branches", async () => {
    sandbox.installHook("update", "echo no new branches today >&2; exit 1");
    const repository = await open(way);
    await repository.fetchHeads(["main", "state"]);
    const outcomes = await repository.push([
      { branch: "state", from: undefined, to: await write(repository, undefined, "s") },
      { branch: "main", from: undefined, to: await write(repository, undefined, "m") },
    ]);
    const problems = [...outcomes.values()].map((outcome) => ("problem" in outcome ? outcome.problem : undefined));
    expect(problems.map((problem) => problem?.code)).toEqual(["GIT_REFUSED"]);
    expect(problems[0]?.message).toContain("no new branches today");
  });

  it("hands on the server's words where it gives up instead of answering", async () => {
    sandbox.installHook("reference-transaction", 'test "$1" = prepared || exit 0; echo not today >&2; exit 1');
    const repository = await open(way);
    await repository.fetchHeads(["main"]);
    const update = [{ branch: "main", from: undefined, to: await write(repository, undefined, "m") }];
    await expect(repository.push(update)).rejects.toMatchObject({
      // A web server keeps them to itself.
      problem: { code: "GIT_UNAVAILABLE", message: expect.stringContaining(way === "http" ? "" : "not today") },
    });
  });
});

it("a look at the place that redirects leaves the push alone that is under way at the place redirected to", async () => {
  const front = await GitHttpServer.start({ root: sandbox.folder });
  front.fault = ({ url }) => ({
    kind: "status",
    status: 301,
    headers: { location: server.urlOf("").slice(0, -1) + url },
  });
  try {
    const repository = await open("http", { url: front.urlOf("remote.git") });
    await repository.fetchHeads(["main"]);
    sandbox.installHook("pre-receive", `touch '${join(sandbox.folder, "slow")}'; sleep 1`);
    const first = await write(repository, undefined, "a");
    const pushing = repository.push([{ branch: "main", from: undefined, to: first }]);
    await expect.poll(() => execFileSync("ls", [sandbox.folder], { encoding: "utf8" })).toContain("slow");
    await repository.fetchHeads(["main"]);
    expect((await pushing).get("main")?.kind).toBe("pushed");
    expect(server.requests.filter((line) => line.startsWith("POST /remote.git/git-receive-pack"))).toHaveLength(1);
  } finally {
    await front.stop();
  }
});

it("a fetch of which git says nothing is given up as a push is, whatever it speaks through", async () => {
  sandbox.commitAsPerson("main", { a: "1" });
  const [dead, met] = [join(sandbox.folder, "line-is-dead"), join(sandbox.folder, "line-was-met")];
  const repository = await open("ssh");
  writeFileSync(dead, "");
  // What only git asks for hangs; the list of branches is ours.
  const isHit = `test "$GIT_PROTOCOL" = version=2 && test -e '${dead}'`;
  const hang = `if ${isHit}; then touch '${met}'; while test -e '${dead}'; do sleep 0.1; done; fi`;
  writeFileSync(process.env.GIT_SSH!, `#!/bin/sh\nfor last; do :; done\n${hang}\nexec sh -c "$last"\n`, {
    mode: 0o755,
  });
  let isOver = false;
  const fetching = codeOf(repository.fetchHeads(["main"])).finally(() => {
    isOver = true;
  });
  await expect.poll(() => existsSync(met)).toBe(true);
  await pass(100);
  expect(isOver).toBe(false);
  await pass(60);
  expect(await fetching).toBe("GIT_UNAVAILABLE");
  rmSync(dead);
  await expect.poll(programs, { timeout: 10_000 }).toEqual([]);
  expect((await repository.fetchHeads(["main"])).get("main")).toBe(sandbox.headOf("main"));
});
