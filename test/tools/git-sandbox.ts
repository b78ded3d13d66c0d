/** Throwaway Git repositories for tests, driven by the real `git`. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

export const identity = { name: "sluice", email: "sluice@example.com" };

const env = {
  ...process.env,
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_AUTHOR_NAME: "Ada",
  GIT_AUTHOR_EMAIL: "ada@example.com",
  GIT_COMMITTER_NAME: "Ada",
  GIT_COMMITTER_EMAIL: "ada@example.com",
  GIT_AUTHOR_DATE: "1700000000 +0000",
  GIT_COMMITTER_DATE: "1700000000 +0000",
};

const removalsMax = 50;

export class GitSandbox {
  readonly folder = mkdtempSync(join(tmpdir(), "sluice-git-"));
  /** The bare repository that stands for the remote. */
  readonly remote = join(this.folder, "remote.git");

  constructor() {
    this.git(this.folder, "init", "-q", "--bare", "-b", "main", this.remote);
    this.git(this.remote, "config", "receive.autogc", "false");
  }

  git(folder: string, ...args: string[]): string {
    return execFileSync("git", args, {
      cwd: folder,
      env,
      encoding: "utf8",
      maxBuffer: 1 << 30,
      stdio: ["ignore", "pipe", "pipe"],
    }).trimEnd();
  }

  gitWithInput(folder: string, input: string | Buffer, ...args: string[]): string {
    return execFileSync("git", args, { cwd: folder, env, encoding: "utf8", input, maxBuffer: 1 << 30 }).trimEnd();
  }

  /** Commits these files as someone else does, with clone, commit and push; undefined removes one. */
  commitAsPerson(branch: string, files: Readonly<Record<string, string | undefined>>): string {
    const clone = mkdtempSync(join(this.folder, "clone-"));
    this.git(clone, "init", "-q", "-b", branch);
    if (this.headOf(branch) !== undefined) this.git(clone, "pull", "-q", this.remote, branch);
    for (const [path, text] of Object.entries(files)) {
      if (text === undefined) {
        rmSync(join(clone, path), { recursive: true });
        continue;
      }
      mkdirSync(dirname(join(clone, path)), { recursive: true });
      writeFileSync(join(clone, path), text);
    }
    this.git(clone, "add", "-A");
    this.git(clone, "commit", "-q", "-m", "by a person");
    this.git(clone, "push", "-q", this.remote, `HEAD:refs/heads/${branch}`);
    rmSync(clone, { recursive: true });
    return this.headOf(branch)!;
  }

  headOf(branch: string): string | undefined {
    try {
      return this.git(this.remote, "rev-parse", "--verify", "--quiet", `refs/heads/${branch}`);
    } catch {
      return undefined;
    }
  }

  fileOf(branch: string, path: string): string {
    return execFileSync("git", ["show", `${branch}:${path}`], { cwd: this.remote, env, encoding: "utf8" });
  }

  installHook(name: string, script: string): void {
    writeFileSync(join(this.remote, "hooks", name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  }

  /** Throws where git finds anything to complain about. */
  fsck(): void {
    this.git(this.remote, "fsck", "--strict", "--full", "--no-dangling");
  }

  remove(): void {
    // A server that is still ending may write meanwhile; Node's own retries don't look for new files.
    for (let tries = 1; ; tries++) {
      try {
        rmSync(this.folder, { recursive: true, force: true });
        return;
      } catch (error) {
        if (tries === removalsMax) throw error;
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
      }
    }
  }
}
