/** A Git server in memory: branches, objects, and people who push to it. */
import type { CommitInfo, ObjectId, RefUpdate } from "../../src/ports/git.ts";
import { changeTree, emptyTree, findTreeEntry, type GitObject, objectId, walkFiles } from "./git-objects.ts";

export class FakeGitRemote {
  readonly branches = new Map<string, ObjectId>();
  /** Whether all updates of a push go through or none. */
  isAtomic = true;
  /** As `receive.denyNonFastForwards`. */
  refusesRewinds = false;
  /** How many pushes changed a branch. */
  pushes = 0;
  readonly #objects = new Map<ObjectId, GitObject>();
  /** Objects that were looked at. */
  readonly #whole = new Set<ObjectId>();
  #minutes = 0;

  find(id: ObjectId): GitObject | undefined {
    return this.#objects.get(id);
  }

  add(object: GitObject, id = objectId(object)): ObjectId {
    this.#objects.set(id, object);
    return id;
  }

  /** Moves a branch, as `git receive-pack` would: only to what is all there, and only forward. */
  update({ branch, from, to, mayRewind }: RefUpdate): void {
    this.#checkIsWhole(to);
    const isForced = from !== undefined && !this.isAncestor(from, to);
    if (isForced && (mayRewind !== true || this.refusesRewinds)) throw new Error(`the push to ${branch} is forced`);
    this.branches.set(branch, to);
  }

  /** Commits files as somebody else does; undefined removes one. */
  commitAsPerson(
    branch: string,
    files: Readonly<Record<string, string | undefined>>,
    message = "by a person\n",
  ): ObjectId {
    const head = this.branches.get(branch);
    const changes = Object.entries(files).map(([path, text]) =>
      text === undefined ? ({ path, action: "delete" } as const) : ({ path, action: "write", text } as const),
    );
    const base = head === undefined ? undefined : this.commit(head).tree;
    const info = {
      tree: changeTree(this, base, changes) ?? emptyTree(this),
      parents: head === undefined ? [] : [head],
      author: { name: "Ada", email: "ada@example.com" },
      time: Date.UTC(2026, 0, 1) + 60_000 * this.#minutes++,
      message,
    };
    const id = this.add({ type: "commit", info });
    this.branches.set(branch, id);
    return id;
  }

  /** A merge commit by a person on a branch: of those parents, the files as given on top of where the branch is. */
  mergeAsPerson(
    branch: string,
    parents: readonly ObjectId[],
    files: Readonly<Record<string, string | undefined>>,
    message: string,
  ): ObjectId {
    const made = this.commit(this.commitAsPerson(branch, files, message));
    const { id: _, ...info } = made;
    const id = this.add({ type: "commit", info: { ...info, parents } });
    this.branches.set(branch, id);
    return id;
  }

  commit(id: ObjectId): CommitInfo {
    const object = this.find(id);
    if (object?.type !== "commit") throw new Error(`there is no commit ${id}`);
    return { id, ...object.info };
  }

  /** All files of a commit, by path. */
  filesOf(commit: ObjectId): Map<string, string> {
    return new Map(walkFiles(this, this.commit(commit).tree));
  }

  /** All files of a branch, or those below a folder, by path. */
  files(branch: string, folder = ""): Map<string, string> {
    const head = this.branches.get(branch);
    const files = head === undefined ? new Map<string, string>() : this.filesOf(head);
    return new Map([...files].filter(([path]) => folder === "" || path.startsWith(`${folder}/`)));
  }

  file(branch: string, path: string): string | undefined {
    const head = this.branches.get(branch);
    const entry = head === undefined ? undefined : findTreeEntry(this, this.commit(head).tree, path);
    const blob = entry === undefined ? undefined : this.find(entry.id);
    return blob?.type === "blob" ? blob.text : undefined;
  }

  /** The branch's commits, the newest first, along first parents. */
  history(branch: string): CommitInfo[] {
    const commits: CommitInfo[] = [];
    for (let id = this.branches.get(branch); id !== undefined; id = commits.at(-1)?.parents[0]) {
      commits.push(this.commit(id));
    }
    return commits;
  }

  isAncestor(ancestor: ObjectId, id: ObjectId): boolean {
    const open = [id];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      if (next === ancestor) return true;
      open.push(...this.commit(next).parents);
    }
    return false;
  }

  /** `git fsck`: everything that the commit reaches is here. Only what is new has to be looked at. */
  #checkIsWhole(id: ObjectId): void {
    const open = [id];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      if (this.#whole.has(next)) continue;
      const object = this.find(next);
      if (object === undefined) throw new Error(`the push lacks object ${next}`);
      this.#whole.add(next);
      if (object.type === "commit") open.push(object.info.tree, ...object.info.parents);
      if (object.type === "tree") open.push(...object.entries.map((entry) => entry.id));
    }
  }
}
