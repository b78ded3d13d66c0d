/** A real bare repository behind the stand-in for GitHub: its branches, and what GitHub does with their commits. */
import { execFileSync } from "node:child_process";
import type { GithubGit } from "./github-server.ts";

export class GithubRepository implements GithubGit {
  readonly branches: Map<string, string>;
  readonly #folder: string;

  /** `folder`: of the bare repository. */
  constructor(folder: string) {
    this.#folder = folder;
    this.branches = new RepositoryRefs((...args) => this.git(...args));
  }

  git(...args: readonly string[]): string {
    const person = ["-c", "user.name=GitHub", "-c", "user.email=noreply@github.com"];
    return execFileSync("git", ["-C", this.#folder, ...person, ...args], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    }).trim();
  }

  isBehind(head: string, base: string): boolean {
    return this.git("merge-base", head, base) !== this.git("rev-parse", base);
  }

  hasConflict(head: string, base: string): boolean {
    try {
      this.git("merge-tree", "--write-tree", base, head);
      return false;
    } catch {
      return true;
    }
  }

  merge(number: number, head: string, base: string): void {
    this.#join(base, head, `refs/heads/${base}`, `Merge pull request #${number}`);
  }

  /** "Update branch". */
  update(head: string, base: string): void {
    this.#join(head, base, `refs/heads/${head}`, `Merge branch '${base}' into ${head}`);
  }

  #join(ours: string, theirs: string, ref: string, message: string): void {
    const tree = this.git("merge-tree", "--write-tree", ours, theirs).split("\n")[0]!;
    const commit = this.git("commit-tree", tree, "-p", ours, "-p", theirs, "-m", message);
    this.git("update-ref", ref, commit);
  }
}

/** Branches as a map, read from the repository each time. */
class RepositoryRefs extends Map<string, string> {
  readonly #git: (...args: readonly string[]) => string;

  constructor(git: (...args: readonly string[]) => string) {
    super();
    this.#git = git;
  }

  override get(branch: string): string | undefined {
    try {
      return this.#git("rev-parse", "--verify", "--quiet", refOf(branch));
    } catch {
      return undefined;
    }
  }

  override has(branch: string): boolean {
    return this.get(branch) !== undefined;
  }

  override set(branch: string, commit: string): this {
    this.#git("update-ref", refOf(branch), commit);
    return this;
  }

  override delete(branch: string): boolean {
    const isThere = this.has(branch);
    if (isThere) this.#git("update-ref", "-d", refOf(branch));
    return isThere;
  }
}

function refOf(branch: string): string {
  return branch.startsWith("refs/") ? branch : `refs/heads/${branch}`;
}
