/** The checkout adapter on repositories that the real git made: loose and packed, with links, tags, merges, shallow. */
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openCheckout } from "../../../src/adapters/checkout/open-checkout.ts";
import type { Checkout } from "../../../src/ports/checkout.ts";
import { GitSandbox } from "../../tools/git-sandbox.ts";

let sandbox: GitSandbox;
const commits: string[] = [];
let merge = "";

function commit(folder: string, message: string, ...parents: string[]): string {
  sandbox.git(folder, "add", "-A");
  sandbox.git(folder, "commit", "-q", "--allow-empty", "-m", message, ...parents);
  return sandbox.git(folder, "rev-parse", "HEAD");
}

beforeAll(() => {
  sandbox = new GitSandbox();
  const folder = join(sandbox.folder, "work");
  mkdirSync(join(folder, "config", "deep"), { recursive: true });
  sandbox.git(folder, "init", "-q", "-b", "main");
  writeFileSync(join(folder, "config", "a.yaml"), "one\n");
  writeFileSync(join(folder, "config", "deep", "b.yaml"), "b\n");
  symlinkSync("/etc/passwd", join(folder, "config", "link.yaml"));
  symlinkSync("deep", join(folder, "config", "linked"));
  commits.push(commit(folder, "first"));
  writeFileSync(join(folder, "config", "a.yaml"), "two\n");
  commits.push(commit(folder, "second"));
  writeFileSync(join(folder, "other.txt"), "x\n");
  commits.push(commit(folder, "third"));
  sandbox.git(folder, "tag", "-a", "v1", "-m", "one", commits[1]!);
  sandbox.git(folder, "checkout", "-q", "-b", "side", commits[0]!);
  writeFileSync(join(folder, "side.txt"), "s\n");
  const side = commit(folder, "side");
  sandbox.git(folder, "checkout", "-q", "main");
  sandbox.git(folder, "merge", "-q", "--no-ff", "-m", "merge", "side");
  merge = sandbox.git(folder, "rev-parse", "HEAD");
  commits.push(side);
  sandbox.git(sandbox.folder, "clone", "-q", "--bare", folder, "bare.git");
  sandbox.git(join(sandbox.folder, "bare.git"), "gc", "-q");
  sandbox.git(sandbox.folder, "clone", "-q", "bare.git", "packed");
  sandbox.git(sandbox.folder, "clone", "-q", "--depth=1", `file://${join(sandbox.folder, "bare.git")}`, "shallow");
});
afterAll(() => sandbox.remove());

describe.each(["work", "packed"])("in a checkout that is %s", (name) => {
  let checkout: Checkout;
  beforeAll(async () => {
    checkout = await openCheckout(join(sandbox.folder, name, name === "work" ? "config/deep" : "config"));
  });

  it("finds revisions as git does", async () => {
    const [first, second, third, side] = commits;
    const revisions: readonly (readonly [string, string | undefined])[] = [
      ["HEAD", merge],
      ["main", merge],
      ["v1", second],
      ["HEAD~1", third],
      ["HEAD^2", side],
      ["HEAD~2^", first],
      ["HEAD^^1~1", first],
      [merge.slice(0, 10), merge],
      [merge, merge],
    ];
    for (const [revision, wanted] of revisions) expect(await checkout.findCommit(revision), revision).toBe(wanted);
    for (const revision of ["nowhere", "HEAD~9", "HEAD^3", "0".repeat(40), "", "HEAD:config", "-x"]) {
      await expect(checkout.findCommit(revision), revision).rejects.toMatchObject({ problem: { code: "NOT_FOUND" } });
    }
  });

  it("reads regular files of a commit, and follows no link", async () => {
    expect(await checkout.listFiles(merge, "config")).toEqual(["config/a.yaml", "config/deep/b.yaml"]);
    expect(await checkout.listFiles(merge, "config/linked")).toEqual([]);
    expect(await checkout.listFiles(merge, "nowhere")).toEqual([]);
    expect(await checkout.readFile(merge, "config/a.yaml")).toBe("two\n");
    expect(await checkout.readFile(commits[0]!, "config/a.yaml")).toBe("one\n");
    for (const path of [
      "config/link.yaml",
      "config/linked/b.yaml",
      "config",
      "../bare.git/HEAD",
      ".git/HEAD",
      "nothing",
    ])
      expect(await checkout.readFile(merge, path), path).toBeUndefined();
  });

  it("finds the commit that made a file what it is", async () => {
    expect((await checkout.findLastChange(merge, "config/a.yaml"))?.id).toBe(commits[1]);
    expect((await checkout.findLastChange(merge, "config/deep/b.yaml"))?.id).toBe(commits[0]);
    expect((await checkout.findLastChange(merge, "side.txt"))?.id).toBe(merge);
    expect(await checkout.findLastChange(merge, "nothing")).toBeUndefined();
  });
});

it("a shallow clone has what it has", async () => {
  const checkout = await openCheckout(join(sandbox.folder, "shallow"));
  expect(await checkout.findCommit("HEAD")).toBe(merge);
  await expect(checkout.findCommit("HEAD~1")).rejects.toMatchObject({ problem: { code: "NOT_FOUND" } });
  expect(await checkout.findLastChange(merge, "config/a.yaml")).toBeUndefined();
});

it("a folder in no repository is not there", async () => {
  await expect(openCheckout("/")).rejects.toMatchObject({ problem: { code: "NOT_FOUND" } });
});
