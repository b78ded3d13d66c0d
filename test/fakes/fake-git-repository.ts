/**
 * A clone of a {@link FakeGitRemote}: the whole port in memory, with faults at will.
 *
 * What was written and not pushed is known to this clone alone and gone with it, as with a process that was killed.
 */
import { type Problem, SluiceError } from "../../src/model/problem.ts";
import type {
  CommitInfo,
  CommitRequest,
  GitRepository,
  ObjectId,
  RefOutcome,
  RefUpdate,
  TreeEntry,
} from "../../src/ports/git.ts";
import type { FakeGitRemote } from "./fake-git-remote.ts";
import {
  changeTree,
  emptyTree,
  findTreeEntry,
  folderMode,
  type GitObject,
  type GitObjects,
  objectId,
  readTreeEntries,
  walkFiles,
} from "./git-objects.ts";

/** Everything that can be made to fail; listing and reading trees count as reading. */
export type GitOperation = "fetch" | "read" | "write" | "push";

/** Called around every operation; what it throws, the operation throws. `after` a push its effect is there. */
export type GitFault = (operation: GitOperation, when: "before" | "after") => void | Promise<void>;

/** What the server answers to the next push instead of taking it, by branch. */
export type Refusals = ReadonlyMap<string, "moved" | "refused">;

export function gitUnavailable(during = "push"): SluiceError {
  return new SluiceError({ code: "GIT_UNAVAILABLE", message: `the connection was cut: ${during}` });
}

export class FakeGitRepository implements GitRepository, GitObjects {
  readonly #remote: FakeGitRemote;
  readonly #written = new Map<ObjectId, GitObject>();
  /** Commits that were fetched, pushed or written here: only these can be read, as in a shallow clone. */
  readonly #known = new Set<ObjectId>();
  /** Branches as they were last seen, gone ones included. */
  readonly #heads = new Map<string, ObjectId>();
  fault: GitFault = () => undefined;
  /** Taken, one by one, by pushes. */
  readonly refusals: Refusals[] = [];
  readonly updates: (readonly RefUpdate[])[] = [];

  constructor(remote: FakeGitRemote) {
    this.#remote = remote;
  }

  find(id: ObjectId): GitObject | undefined {
    return this.#written.get(id) ?? this.#remote.find(id);
  }

  add(object: GitObject): ObjectId {
    const id = objectId(object);
    if (this.#remote.find(id) === undefined) this.#written.set(id, object);
    return id;
  }

  fetchHeads(branches: readonly string[], signal?: AbortSignal): Promise<ReadonlyMap<string, ObjectId | undefined>> {
    const fetching = this.#perform("fetch", () => {
      if (signal?.aborted) throw gitUnavailable("it was given up");
      const heads = new Map(branches.map((branch) => [branch, this.#remote.branches.get(branch)]));
      for (const [branch, id] of heads) {
        if (id === undefined) continue;
        this.#known.add(id);
        this.#heads.set(branch, id);
      }
      return heads;
    });
    return signal === undefined ? fetching : unlessGivenUp(fetching, signal);
  }

  hasBranches(): Promise<boolean> {
    return this.#perform("fetch", () => this.#remote.branches.size > 0);
  }

  readHistory(branch: string, countMax: number): Promise<readonly CommitInfo[]> {
    return this.#perform("fetch", () => this.#remote.history(branch).slice(0, countMax));
  }

  async *walkHistory(branch: string): AsyncIterable<CommitInfo> {
    yield* await this.#perform("fetch", () => {
      const commits = this.#remote.history(branch);
      for (const { id } of commits) this.#known.add(id);
      return commits;
    });
  }

  fetchTrees(trees: readonly ObjectId[]): Promise<void> {
    return this.#perform("fetch", () => {
      for (const id of trees) readTreeEntries(this, id);
    });
  }

  lastKnownHead(branch: string): Promise<ObjectId | undefined> {
    return this.#perform("read", () => this.#heads.get(branch));
  }

  readCommit(commit: ObjectId): Promise<CommitInfo> {
    return this.#perform("read", () => {
      const object = this.find(commit);
      if (object?.type !== "commit" || !this.#known.has(commit)) {
        throw new SluiceError({ code: "GIT_INVALID", message: `commit ${commit} is not here` });
      }
      return { id: commit, ...object.info };
    });
  }

  readTree(tree: ObjectId): Promise<readonly TreeEntry[]> {
    return this.#perform("read", () => readTreeEntries(this, tree));
  }

  findEntry(tree: ObjectId, path: string): Promise<TreeEntry | undefined> {
    return this.#perform("read", () => findTreeEntry(this, tree, path));
  }

  findIds(tree: ObjectId, paths: readonly string[]): Promise<ReadonlyMap<string, ObjectId>> {
    return this.#perform("read", () => this.#findIds(tree, paths));
  }

  #findIds(tree: ObjectId, paths: readonly string[]): Map<string, ObjectId> {
    const ids = new Map<string, ObjectId>();
    for (const path of paths) {
      const entry = findTreeEntry(this, tree, path);
      if (entry?.mode.startsWith("100")) ids.set(path, entry.id);
    }
    return ids;
  }

  readFiles(tree: ObjectId, paths: readonly string[]): Promise<ReadonlyMap<string, string>> {
    return this.#perform("read", () => {
      const texts = new Map<string, string>();
      for (const [path, id] of this.#findIds(tree, paths)) {
        const blob = this.find(id);
        if (blob?.type !== "blob") throw new Error(`there is no blob ${id}`);
        texts.set(path, blob.text);
      }
      return texts;
    });
  }

  readBlobs(ids: readonly ObjectId[]): Promise<ReadonlyMap<ObjectId, Uint8Array>> {
    return this.#perform("read", () => {
      const blobs = new Map<ObjectId, Uint8Array>();
      for (const id of ids) {
        const blob = this.find(id);
        if (blob?.type !== "blob") throw new Error(`there is no blob ${id}`);
        blobs.set(id, Buffer.from(blob.text));
      }
      return blobs;
    });
  }

  async *listFiles(tree: ObjectId, folder: string): AsyncIterable<string> {
    const paths = await this.#perform("read", () => {
      const start = findTreeEntry(this, tree, folder);
      if (start?.mode !== folderMode) return [];
      return [...walkFiles(this, start.id, folder === "" ? "" : `${folder}/`)].map(([path]) => path);
    });
    yield* paths;
  }

  writeCommit(request: CommitRequest): Promise<{ readonly id: ObjectId; readonly tree: ObjectId }> {
    return this.#perform("write", () => {
      const { base, changes, parents, message } = request;
      const tree = changeTree(this, base, changes) ?? emptyTree(this);
      const author = { name: "sluice", email: "sluice@example.com" };
      const time = Math.floor(request.time / 1000) * 1000;
      const id = this.add({ type: "commit", info: { tree, parents, author, time, message } });
      this.#known.add(id);
      return { id, tree };
    });
  }

  async push(updates: readonly RefUpdate[], signal?: AbortSignal): Promise<ReadonlyMap<string, RefOutcome>> {
    const setBack = updates.filter((update) => !this.#comesAfter(update));
    if (setBack.length > 0) {
      return new Map(
        setBack.map(({ branch }) => [branch, { kind: "refused", problem: refusalProblem("refused", branch) }]),
      );
    }
    const pushing = this.#perform("push", () => {
      this.updates.push(updates);
      const answers = updates.map((update) => [update, this.#answer(update)] as const);
      this.refusals.shift();
      const outcomes = new Map<string, RefOutcome>();
      if (this.#remote.isAtomic && answers.some(([, { kind }]) => kind !== "pushed")) {
        // Branches that another one's failure left untouched are absent from the answer.
        for (const [{ branch }, outcome] of answers) if (outcome.kind !== "pushed") outcomes.set(branch, outcome);
        return outcomes;
      }
      for (const [update, outcome] of answers) {
        outcomes.set(update.branch, outcome);
        if (outcome.kind !== "pushed") return outcomes;
        this.#deliver(update);
      }
      return outcomes;
    });
    return signal === undefined ? pushing : unlessGivenUp(pushing, signal);
  }

  /** As the adapter: by the history that is here. */
  #comesAfter({ from, to, mayRewind }: RefUpdate): boolean {
    if (mayRewind === true || from === undefined) return true;
    const open = [to];
    for (let id = open.pop(); id !== undefined; id = open.pop()) {
      if (id === from) return true;
      const object = this.#known.has(id) ? this.find(id) : undefined;
      if (object?.type === "commit") open.push(...object.info.parents);
    }
    return false;
  }

  #isForward(from: ObjectId | undefined, to: ObjectId): boolean {
    return this.#comesAfter({ branch: "", from, to });
  }

  #answer({ branch, from, to, mayRewind }: RefUpdate): RefOutcome {
    const refusal = this.refusals[0]?.get(branch);
    if (refusal !== undefined) return { kind: refusal, problem: refusalProblem(refusal, branch) };
    const current = this.#remote.branches.get(branch);
    if (current === from && mayRewind === true && this.#remote.refusesRewinds && !this.#isForward(from, to)) {
      return { kind: "refused", problem: refusalProblem("refused", branch) };
    }
    if (current === from || current === to) return { kind: "pushed" };
    return { kind: "moved", problem: refusalProblem("moved", branch) };
  }

  /** What the new head reaches arrives, and nothing else. */
  #deliver(update: RefUpdate): void {
    const open = [update.to];
    for (let id = open.pop(); id !== undefined; id = open.pop()) {
      const object = this.#written.get(id);
      if (object === undefined) continue;
      this.#written.delete(id);
      this.#remote.add(object, id);
      if (object.type === "commit") open.push(object.info.tree, ...object.info.parents);
      if (object.type === "tree") open.push(...object.entries.map((entry) => entry.id));
    }
    this.#remote.update(update);
    this.#heads.set(update.branch, update.to);
    this.#remote.pushes++;
  }

  async close(): Promise<void> {
    this.#written.clear();
  }

  async #perform<T>(operation: GitOperation, work: () => T): Promise<T> {
    await this.fault(operation, "before");
    const result = work();
    await this.fault(operation, "after");
    return result;
  }
}

/** What became of the push is not known when the signal aborts first. */
function unlessGivenUp<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const give = () => reject(gitUnavailable("it was given up"));
    if (signal.aborted) give();
    signal.addEventListener("abort", give, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", give));
  });
}

function refusalProblem(kind: "moved" | "refused", branch: string): Problem {
  return kind === "moved"
    ? { code: "GIT_MOVED", severity: "warning", message: `branch ${branch} is somewhere else` }
    : { code: "GIT_REFUSED", severity: "error", message: `the server refuses the push to ${branch}` };
}
