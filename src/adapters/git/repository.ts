/** GitRepository: commits are written and pushed here; reading and the local store have classes of their own. */
import { setImmediate as yieldToOthers } from "node:timers/promises";
import { SluiceError } from "../../model/problem.ts";
import type {
  CommitInfo,
  CommitRequest,
  GitRepository,
  ObjectId,
  RefOutcome,
  RefUpdate,
  TreeChange,
  TreeEntry,
} from "../../ports/git.ts";
import { catchUp } from "./catch-up.ts";
import { encodeCommit, parseCommit } from "./commit-bytes.ts";
import { underSignals } from "./given-up.ts";
import { KeptStore } from "./kept-store.ts";
import { emptyTreeId, type ObjectType } from "./object-id.ts";
import { ObjectReader } from "./object-reader.ts";
import { ObjectStore } from "./object-store.ts";
import { addObject, type TreeEdit } from "./object-writer.ts";
import { layOutPack, type PackLayout } from "./pack-bytes.ts";
import { PushClient, refName } from "./push-client.ts";
import { toRemoteError } from "./remote-failure.ts";
import type { RepositoryParts } from "./repository-parts.ts";
import { fileMode, parseTree } from "./tree-bytes.ts";
import { WorkQueue } from "./work-queue.ts";
import { type PlacedChange, type TreeStore, writeTree } from "./write-tree.ts";
import { emptyBatch, partBatch, type WrittenBatch } from "./written-batch.ts";

/** Blobs and bytes of them written before others get their turn. */
const blobsAtOnce = 500;
const bytesAtOnce = 1_000_000;

/** Commits that are fetched at first when a history is gone through; each time after that, four times as many. */
const firstDepth = 256;

export class Repository implements GitRepository {
  readonly #parts: RepositoryParts;
  readonly #objects: ObjectStore;
  readonly #store: KeptStore;
  readonly #reader: ObjectReader;
  readonly #pusher: PushClient;
  #batch: WrittenBatch = emptyBatch();
  /** Where branches were elsewhere than a push wanted them to be, as the server told. */
  readonly #told = new Map<string, ObjectId>();
  /** Objects that the commit being written has named so far. */
  #begun: ObjectId[] = [];
  /** Commits are written one after the other. */
  readonly #writes = new WorkQueue();
  /** Pushes run one after the other, and so does what changes the local store; the one does not wait for the other. */
  readonly #pushes = new WorkQueue();
  /** Ends fetches and pushes that are under way when the repository is closed. */
  readonly #closing = new AbortController();

  constructor(parts: RepositoryParts) {
    this.#parts = parts;
    this.#objects = new ObjectStore(parts.local, parts.limits);
    this.#store = new KeptStore(parts, this.#objects, this.#closing.signal);
    this.#reader = new ObjectReader(parts, this.#objects, this.#store, this.#closing.signal);
    this.#pusher = new PushClient(parts.transport, parts.log);
    this.#objects.openBatch(this.#batch.objects);
  }

  async fetchHeads(
    branches: readonly string[],
    signal?: AbortSignal,
  ): Promise<ReadonlyMap<string, ObjectId | undefined>> {
    const signals = [signal, this.#closing.signal];
    return this.#store.run(() => underSignals(signals, (any) => this.#fetchHeads(branches, any)));
  }

  async #fetchHeads(
    branches: readonly string[],
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, ObjectId | undefined>> {
    for (const branch of branches) this.#store.remember(branch);
    // What a push was just told is brought here while it is asked where all of them are: somebody else may push at any moment.
    const told = new Map([...this.#told].filter(([branch, id]) => branches.includes(branch) && !this.#store.knows(id)));
    this.#told.clear();
    const bringing = this.#catchUp([...told.keys()], told, signal).catch(() => undefined);
    const { refs } = await this.#parts.transport.readRefs(signal);
    await bringing;
    const heads = new Map(branches.map((branch) => [branch, refs.get(refName(branch))]));
    const unknown: string[] = [];
    for (const [branch, id] of heads) {
      if (id === undefined) {
        this.#objects.forgetHead(branch);
        continue;
      }
      // A push whose answer got lost has arrived after all: so has all that went with it.
      if (this.#batch.objects.has(id)) this.#objects.keep(this.#batch.objects);
      if (this.#store.knows(id)) this.#objects.setHead(branch, id);
      else unknown.push(branch);
    }
    if (unknown.length > 0 && !(await this.#catchUp(unknown, heads, signal))) {
      for (const [branch, id] of await this.#store.fetchBranches(unknown, signal)) {
        heads.set(branch, id);
        this.#objects.setHead(branch, id);
      }
    }
    return heads;
  }

  /** What moved a bit since it was last seen is brought here quickly; false: it has to be fetched. */
  async #catchUp(
    branches: readonly string[],
    heads: ReadonlyMap<string, ObjectId | undefined>,
    signal: AbortSignal,
  ): Promise<boolean> {
    const { requestObjects, log } = this.#parts;
    if (branches.length === 0) return true;
    const known = branches.flatMap((branch) => this.#objects.headOf(branch) ?? []);
    if (requestObjects === undefined || known.length < branches.length) return false;
    if (!known.every((commit) => this.#store.knows(commit))) return false;
    const wanted = branches.map((branch) => heads.get(branch)!);
    if (!(await catchUp({ wanted, known }, this.#objects, { requestObjects, log, signal }))) return false;
    for (const [index, branch] of branches.entries()) this.#objects.setHead(branch, wanted[index]!);
    this.#store.storeIfDue();
    return true;
  }

  async hasBranches(signal?: AbortSignal): Promise<boolean> {
    const { transport } = this.#parts;
    const { refs } = await underSignals([signal, this.#closing.signal], (any) => transport.readRefs(any));
    return [...refs.keys()].some((ref) => ref.startsWith("refs/heads/"));
  }

  async readHistory(branch: string, countMax: number, signal?: AbortSignal): Promise<readonly CommitInfo[]> {
    const head = (await this.fetchHeads([branch], signal)).get(branch);
    if (head === undefined) return [];
    await this.#store.run(() =>
      underSignals([signal, this.#closing.signal], (any) =>
        this.#parts.local.fetchHistory(branch, countMax, any),
      ).catch((error: unknown) => {
        throw toRemoteError(error);
      }),
    );
    const commits: CommitInfo[] = [];
    for (let id: ObjectId | undefined = head; id !== undefined && commits.length < countMax; ) {
      if (commits.length > 0 && !this.#store.knows(id)) break;
      const commit: CommitInfo = await this.readCommit(id);
      commits.push(commit);
      id = commit.parents[0];
    }
    return commits;
  }

  async *walkHistory(branch: string, signal?: AbortSignal): AsyncIterable<CommitInfo> {
    const { local, transport } = this.#parts;
    const signals = [signal, this.#closing.signal];
    const { refs } = await underSignals(signals, (any) => transport.readRefs(any));
    let next = refs.get(refName(branch));
    let depth = 0;
    for (let walked = 0; next !== undefined; walked++) {
      // The branch may go on meanwhile, so that a depth reaches less far down from where this began.
      while (!this.#store.knows(next) && depth < 4 * (walked + firstDepth)) {
        depth = Math.max(firstDepth, 4 * depth);
        await this.#intoHistory(signals, (any) => local.fetchHistory(branch, depth, any));
      }
      if (!this.#store.knows(next)) {
        if (walked > 0) return;
        const message = `branch ${branch} was set to another commit while its history was read`;
        throw new SluiceError({ code: "GIT_UNAVAILABLE", message, hint: "Try again." });
      }
      const commit: CommitInfo = await this.readCommit(next);
      yield commit;
      next = commit.parents[0];
    }
  }

  async fetchTrees(trees: readonly ObjectId[], signal?: AbortSignal): Promise<void> {
    const missing = [...new Set(trees)].filter((id) => id !== emptyTreeId && !this.#store.knows(id));
    if (missing.length === 0) return;
    await this.#intoHistory([signal, this.#closing.signal], (any) => this.#parts.local.fetchTrees(missing, any));
  }

  #intoHistory(
    signals: readonly (AbortSignal | undefined)[],
    fetch: (signal: AbortSignal) => Promise<void>,
  ): Promise<void> {
    return this.#store.run(() => underSignals(signals, (any) => this.#store.intoStore(fetch, any)));
  }

  async lastKnownHead(branch: string): Promise<ObjectId | undefined> {
    return this.#store.run(() => this.#parts.local.trackedHead(branch));
  }

  readCommit(commit: ObjectId): Promise<CommitInfo> {
    return this.#reader.readCommit(commit);
  }

  readTree(tree: ObjectId): Promise<readonly TreeEntry[]> {
    return this.#reader.readTree(tree);
  }

  findEntry(tree: ObjectId, path: string): Promise<TreeEntry | undefined> {
    return this.#reader.findEntry(tree, path);
  }

  findIds(tree: ObjectId, paths: readonly string[]): Promise<ReadonlyMap<string, ObjectId>> {
    return this.#reader.findIds(tree, paths);
  }

  readFiles(tree: ObjectId, paths: readonly string[]): Promise<ReadonlyMap<string, string>> {
    return this.#reader.readFiles(tree, paths);
  }

  readBlobs(ids: readonly ObjectId[]): Promise<ReadonlyMap<ObjectId, Uint8Array>> {
    return this.#reader.readBlobs(ids);
  }

  listFiles(tree: ObjectId, folder: string): AsyncIterable<string> {
    return this.#reader.listFiles(tree, folder);
  }

  async writeCommit(request: CommitRequest): Promise<{ readonly id: ObjectId; readonly tree: ObjectId }> {
    return this.#writes.run(() => this.#writeCommit(request));
  }

  async #writeCommit(request: CommitRequest): Promise<{ readonly id: ObjectId; readonly tree: ObjectId }> {
    const { author, committer } = this.#parts;
    const { base, parents, time, message } = request;
    this.#begun = [];
    const changes = await this.#addBlobs(request.changes);
    const tree = await this.#store.read(() => writeTree(this.#treeStore(), base, changes));
    const parts = { tree, parents, author, committer, time, message };
    const body = encodeCommit(parts);
    const signature = await this.#parts.signer?.sign(body);
    const signed = signature === undefined ? body : encodeCommit(parts, signature);
    const id = this.#add("commit", signed);
    const placed = request.changes.flatMap((change) => (change.action === "place" ? [change.id] : []));
    this.#batch.commits.push({ id, tree, parents, base, objects: this.#begun, placed, leftBehind: 0 });
    this.#begun = [];
    return { id, tree };
  }

  #add(type: ObjectType, body: Buffer, editOf?: TreeEdit): ObjectId {
    const id = addObject(this.#batch.objects, type, body, editOf);
    this.#begun.push(id);
    return id;
  }

  /** The changes with their blobs written; others get their turn in between, such as a push that is being sent. */
  async #addBlobs(changes: readonly TreeChange[]): Promise<PlacedChange[]> {
    const placed: PlacedChange[] = [];
    let [blobs, bytes] = [0, 0];
    // Who only moves what is there already is soon done, and may be in a hurry.
    const writes = changes.some(({ action }) => action === "write");
    if (writes) await yieldToOthers();
    for (const change of changes) {
      if (blobs >= blobsAtOnce || bytes >= bytesAtOnce) {
        [blobs, bytes] = [0, 0];
        await yieldToOthers();
      }
      blobs++;
      if (change.action !== "write") placed.push(change);
      else {
        const body = Buffer.from(change.text);
        bytes += body.length;
        const id = this.#add("blob", body);
        placed.push({ path: change.path, action: "place", id, mode: fileMode });
      }
    }
    if (writes) await yieldToOthers();
    return placed;
  }

  #treeStore(): TreeStore {
    return {
      readTreeBytes: (tree) => this.#objects.readTreeBytes(tree),
      addTree: (bytes, editOf) => {
        const id = this.#add("tree", bytes, editOf);
        this.#objects.cacheTree(id, bytes, editOf?.id);
        return id;
      },
    };
  }

  async push(updates: readonly RefUpdate[], signal?: AbortSignal): Promise<ReadonlyMap<string, RefOutcome>> {
    const setBack = await this.#store.read(() => updates.filter((update) => !this.#comesAfter(update)));
    if (setBack.length > 0) return new Map(setBack.map(({ branch }) => [branch, setBackOutcome(branch)]));
    const written = this.#batch;
    const tips = updates.map(({ to }) => to);
    const childrenOf = (tree: ObjectId) => parseTree(this.#objects.readTreeBytes(tree)).map(({ id }) => id);
    const { taken, left } = partBatch(written, tips, this.#begun, childrenOf);
    this.#objects.dropBatch(written.objects);
    this.#objects.openBatch(taken.objects);
    this.#objects.openBatch(left.objects);
    this.#batch = left;
    return this.#pushes.run(() => this.#push(taken, updates, [signal, this.#closing.signal]));
  }

  /** Whether the branch goes forward, or may go back. History that is not here counts as another one. Throws DamagedStoreError. */
  #comesAfter({ from, to, mayRewind }: RefUpdate): boolean {
    if (mayRewind === true || from === undefined) return true;
    const written = new Map(this.#batch.commits.map(({ id, parents }) => [id, parents]));
    const seen = new Set<ObjectId>();
    const open = [to];
    for (let id = open.pop(); id !== undefined; id = open.pop()) {
      if (id === from) return true;
      if (seen.has(id)) continue;
      seen.add(id);
      open.push(...(written.get(id) ?? this.#parentsOf(id)));
    }
    return false;
  }

  /** None where the commit isn't here. */
  #parentsOf(commit: ObjectId): readonly ObjectId[] {
    const object = this.#store.knows(commit) ? this.#objects.read(commit) : undefined;
    return object?.type === "commit" ? parseCommit(commit, object.body).parents : [];
  }

  async #push(
    batch: WrittenBatch,
    updates: readonly RefUpdate[],
    signals: readonly (AbortSignal | undefined)[],
  ): Promise<ReadonlyMap<string, RefOutcome>> {
    const objects = [...batch.objects.values()];
    let sent: PackLayout | undefined;
    let isDone = false;
    try {
      const layOut = ({ ofsDelta }: { readonly ofsDelta: boolean }) => {
        sent = layOutPack(objects, ofsDelta);
        return sent;
      };
      const outcomes = await underSignals(signals, (any) => this.#pusher.push(updates, layOut, any));
      for (const { branch, to } of updates) {
        const outcome = outcomes.get(branch);
        if (outcome?.kind === "pushed") this.#objects.setHead(branch, to);
        else if (outcome?.kind === "moved" && outcome.at !== undefined) this.#told.set(branch, outcome.at);
        else if (outcome?.kind === "refused")
          this.#parts.log.debug("the Git server refused a push", { branch, reason: outcome.problem.message });
      }
      isDone = updates.every(({ branch }) => outcomes.get(branch)?.kind === "pushed");
      return outcomes;
    } finally {
      if (isDone) {
        this.#objects.keep(batch.objects, sent);
        this.#objects.dropBatch(batch.objects);
      } else {
        // What did not arrive goes with the next push, unless it is discarded before.
        const { objects: later, commits } = this.#batch;
        for (const object of later.values()) if (!batch.objects.has(object.id)) batch.objects.set(object.id, object);
        batch.commits.push(...commits);
        this.#objects.dropBatch(later);
        this.#batch = batch;
      }
      this.#store.storeIfDue();
    }
  }

  async close(): Promise<void> {
    // What is still under way now is waited for by nobody.
    this.#closing.abort();
    await this.#pushes.run(async () => undefined);
    await this.#store.close();
    this.#parts.transport.close();
    this.#parts.local.close();
    await this.#parts.signer?.close();
    this.#parts.onClose();
  }
}

function setBackOutcome(branch: string): RefOutcome {
  return {
    kind: "refused",
    problem: {
      code: "GIT_REFUSED",
      severity: "error",
      message: `branch ${branch} would be set back to a history without what it holds now, which nobody asked for`,
      hint: "Nothing was pushed. Fetch the branch and go on from there.",
    },
  };
}
