/** The commits behind the stand-in for GitHub: what it does with branches when it merges, updates and compares them. */
import type { ObjectId } from "../../src/ports/git.ts";
import type { FakeGitRemote } from "../fakes/fake-git-remote.ts";
import type { GithubGit } from "./github-server.ts";

export class FakeGithubGit implements GithubGit {
  readonly #remote: FakeGitRemote;

  constructor(remote: FakeGitRemote) {
    this.#remote = remote;
  }

  isBehind(head: string, base: string): boolean {
    const { branches } = this.#remote;
    return !this.#remote.isAncestor(branches.get(base)!, branches.get(head)!);
  }

  hasConflict(head: string, base: string): boolean {
    const start = this.#start(head, base);
    const theirs = this.#changes(start, this.#remote.branches.get(base)!);
    return [...this.#changes(start, this.#remote.branches.get(head)!)].some(
      ([path, text]) => theirs.has(path) && theirs.get(path) !== text,
    );
  }

  merge(number: number, head: string, base: string): void {
    const { branches } = this.#remote;
    const changes = Object.fromEntries(this.#changes(this.#start(head, base), branches.get(head)!));
    this.#remote.mergeAsPerson(
      base,
      [branches.get(base)!, branches.get(head)!],
      changes,
      `Merge pull request #${number}\n`,
    );
  }

  /** "Update branch": a merge of the base into the head. */
  update(head: string, base: string): void {
    const { branches } = this.#remote;
    const [ours, theirs] = [branches.get(head)!, branches.get(base)!];
    const changes = Object.fromEntries(this.#changes(this.#start(head, base), ours));
    branches.set(head, theirs);
    this.#remote.mergeAsPerson(head, [ours, theirs], changes, `Merge branch '${base}' into ${head}\n`);
  }

  /** The newest commit of the base that the head has, too. */
  #start(head: string, base: string): ObjectId {
    const tip = this.#remote.branches.get(head)!;
    return this.#remote.history(base).find(({ id }) => this.#remote.isAncestor(id, tip))!.id;
  }

  #changes(from: ObjectId, to: ObjectId): Map<string, string | undefined> {
    const [before, after] = [this.#remote.filesOf(from), this.#remote.filesOf(to)];
    const paths = [...new Set([...before.keys(), ...after.keys()])];
    return new Map(paths.filter((path) => before.get(path) !== after.get(path)).map((path) => [path, after.get(path)]));
  }
}
