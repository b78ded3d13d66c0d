/** GitRepository over an object store and a push client. */
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
import type { Log } from "../../ports/system.ts";
import { isLimitInWords } from "../http/rate-limit.ts";
import { encodeCommit, type Identity, parseCommit } from "./commit-bytes.ts";
import { encodeFetchRequest, idsPerRequestMax, readFetchResponse } from "./fetch-objects.ts";
import { underSignals } from "./given-up.ts";
import { FetchFailedError, type LocalStore } from "./local-store.ts";
import type { ObjectType } from "./object-id.ts";
import { ObjectStore, type ObjectStoreLimits } from "./object-store.ts";
import { addObject, type TreeEdit } from "./object-writer.ts";
import { layOutPack, type PackLayout } from "./pack-bytes.ts";
import { makePathTree, type PathTree } from "./path-tree.ts";
import { PushClient, refName } from "./push-client.ts";
import type { CommitSigner } from "./sign-commit.ts";
import { DamagedStoreError, StoreDiskError } from "./store-error.ts";
import type { Transport } from "./transport.ts";
import { fileMode, findAllInTree, findInTree, folderMode, parseTree } from "./tree-bytes.ts";
import { type PlacedChange, type TreeStore, writeTree } from "./write-tree.ts";
import { emptyBatch, partBatch, type WrittenBatch } from "./written-batch.ts";

/** Another folder for a store whose disk fails is looked for at most so often. */
const moveMsMin = 60_000;
/** A store in a makeshift folder, which may be memory, is fetched anew when it has grown by so much. */
const makeshiftGrowthBytesMax = 64 * 1024 * 1024;
/** Blobs written before others get their turn. */
const blobsAtOnce = 500;

export interface RepositoryParts {
  readonly local: LocalStore;
  readonly transport: Transport;
  /** One exchange with `upload-pack` in version 2 of the protocol; undefined: this way allows none. */
  readonly requestObjects?: (request: Buffer) => Promise<Buffer>;
  readonly author: Identity;
  readonly committer: Identity;
  readonly signer?: CommitSigner;
  readonly log: Log;
  /** Called when the repository is closed. */
  readonly onClose: () => void;
  readonly limits: ObjectStoreLimits & {
    /** The local store is fetched anew when it has grown by that much and doubled. */
    readonly storeGrowthBytesMax: number;
  };
}

export class Repository implements GitRepository {
  readonly #parts: RepositoryParts;
  readonly #objects: ObjectStore;
  readonly #pusher: PushClient;
  /** Branches that were asked for: what a store that is made anew must hold. */
  readonly #branches = new Set<string>();
  #batch: WrittenBatch = emptyBatch();
  /** Objects that the commit being written has named so far. */
  #begun: ObjectId[] = [];
  /** Commits are written one after the other. */
  readonly #writes = new Queue();
  /** Pushes run one after the other, and so does what changes the local store; the one does not wait for the other. */
  readonly #pushes = new Queue();
  readonly #storeWork = new Queue();
  #maintenance: Promise<void> | undefined;
  #isClosed = false;
  /** When another folder for the store was last looked for; monotonic milliseconds. */
  #movedAt: number | undefined;
  /** Ends fetches and pushes that are under way when the repository is closed. */
  readonly #closing = new AbortController();
  /** Size of the local store when it held nothing that is not needed. */
  #renewedBytes = 0;

  constructor(parts: RepositoryParts) {
    this.#parts = parts;
    this.#objects = new ObjectStore(parts.local, parts.limits);
    this.#pusher = new PushClient(parts.transport, parts.log);
    this.#objects.openBatch(this.#batch.objects);
  }

  async fetchHeads(
    branches: readonly string[],
    signal?: AbortSignal,
  ): Promise<ReadonlyMap<string, ObjectId | undefined>> {
    const signals = [signal, this.#closing.signal];
    return this.#storeWork.run(() => underSignals(signals, (any) => this.#fetchHeads(branches, any)));
  }

  async #fetchHeads(
    branches: readonly string[],
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, ObjectId | undefined>> {
    for (const branch of branches) this.#branches.add(branch);
    const { refs } = await this.#parts.transport.readRefs(signal);
    const heads = new Map(branches.map((branch) => [branch, refs.get(refName(branch))]));
    const unknown: string[] = [];
    for (const [branch, id] of heads) {
      if (id === undefined) {
        this.#objects.forgetHead(branch);
        continue;
      }
      // A push whose answer got lost has arrived after all: so has all that went with it.
      if (this.#batch.objects.has(id)) this.#objects.keep(this.#batch.objects);
      if (this.#knows(id)) this.#objects.setHead(branch, id);
      else unknown.push(branch);
    }
    if (unknown.length > 0) {
      for (const [branch, id] of await this.#fetchBranches(unknown, signal)) {
        heads.set(branch, id);
        this.#objects.setHead(branch, id);
      }
    }
    return heads;
  }

  #knows(commit: ObjectId): boolean {
    try {
      return this.#objects.has(commit);
    } catch (error) {
      if (error instanceof DamagedStoreError) return false;
      throw error;
    }
  }

  /** Fetches; where that fails for a fault of the store, once more into a new one, elsewhere if its disk does not take it. */
  async #fetchBranches(branches: readonly string[], signal: AbortSignal): Promise<ReadonlyMap<string, ObjectId>> {
    const { local, log } = this.#parts;
    try {
      try {
        await this.#objects.store();
        return await local.fetchBranches(branches, signal);
      } catch (error) {
        const isFault = error instanceof FetchFailedError && isStoreFault(error.stderr);
        if (!(error instanceof DamagedStoreError) && !isFault) throw error;
        log.warn("the local Git store is damaged and made anew", { reason: error.message });
      }
      await local.rebuild();
      this.#objects.clearCache();
      return await local.fetchBranches(branches, signal);
    } catch (error) {
      if (!(error instanceof StoreDiskError)) throw toRemoteError(error);
      await this.#moveStore(branches, error, signal);
      return local.trackedHeads(branches);
    }
  }

  /** Fetches something into the store; where its disk does not take it, once more into another one. */
  async #intoStore(fetch: (signal: AbortSignal) => Promise<void>, signal: AbortSignal): Promise<void> {
    try {
      await fetch(signal).catch(async (error: unknown) => {
        if (!(error instanceof StoreDiskError)) throw error;
        await this.#moveStore([], error, signal);
        await fetch(signal);
      });
    } catch (error) {
      throw toRemoteError(error);
    }
  }

  /** To a folder that can be written; with what the remote's branches are now. */
  async #moveStore(branches: readonly string[], cause: StoreDiskError, signal: AbortSignal): Promise<void> {
    const { local, log, transport } = this.#parts;
    const { refs } = await transport.readRefs(signal);
    const wanted = [...new Set([...this.#objects.branches, ...branches])].filter((name) => refs.has(refName(name)));
    try {
      await local.move(wanted, cause, signal);
    } catch (error) {
      throw toRemoteError(error);
    }
    this.#objects.clearCache();
    log.warn("the local Git store's disk does not take what is written: it goes on in another folder", {
      reason: cause.message,
      directory: local.directory,
    });
  }

  async hasBranches(signal?: AbortSignal): Promise<boolean> {
    const { transport } = this.#parts;
    const { refs } = await underSignals([signal, this.#closing.signal], (any) => transport.readRefs(any));
    return [...refs.keys()].some((ref) => ref.startsWith("refs/heads/"));
  }

  async readHistory(branch: string, countMax: number, signal?: AbortSignal): Promise<readonly CommitInfo[]> {
    const head = (await this.fetchHeads([branch], signal)).get(branch);
    if (head === undefined) return [];
    await this.#storeWork.run(() =>
      underSignals([signal, this.#closing.signal], (any) =>
        this.#parts.local.fetchHistory(branch, countMax, any),
      ).catch((error: unknown) => {
        throw toRemoteError(error);
      }),
    );
    const commits: CommitInfo[] = [];
    for (let id: ObjectId | undefined = head; id !== undefined && commits.length < countMax; ) {
      if (commits.length > 0 && !this.#knows(id)) break;
      const commit: CommitInfo = await this.readCommit(id);
      commits.push(commit);
      id = commit.parents[0];
    }
    return commits;
  }

  async lastKnownHead(branch: string): Promise<ObjectId | undefined> {
    return this.#storeWork.run(() => this.#parts.local.trackedHead(branch));
  }

  async readCommit(commit: ObjectId): Promise<CommitInfo> {
    return this.#read(() => {
      const object = this.#objects.read(commit);
      if (object === undefined) throw new DamagedStoreError(`commit ${commit} is missing`);
      if (object.type !== "commit")
        throw new SluiceError({ code: "GIT_INVALID", message: `${commit} is a ${object.type}, not a commit` });
      return parseCommit(commit, object.body);
    });
  }

  async readTree(tree: ObjectId): Promise<readonly TreeEntry[]> {
    return this.#read(() => parseTree(this.#objects.readTreeBytes(tree)));
  }

  async findEntry(tree: ObjectId, path: string): Promise<TreeEntry | undefined> {
    return this.#read(() => this.#findEntry(tree, path));
  }

  #findEntry(tree: ObjectId, path: string): TreeEntry | undefined {
    let entry: TreeEntry | undefined = { mode: folderMode, name: "", id: tree };
    if (path === "") return entry;
    for (const name of path.split("/")) {
      if (entry?.mode !== folderMode) return undefined;
      entry = findInTree(this.#objects.readTreeBytes(entry.id), name);
    }
    return entry;
  }

  async findIds(tree: ObjectId, paths: readonly string[]): Promise<ReadonlyMap<string, ObjectId>> {
    const wanted = makePathTree(paths);
    return this.#read(() => {
      const ids = new Map<string, ObjectId>();
      this.#collectIds(tree, "", wanted, ids);
      return ids;
    });
  }

  /** Goes through each tree once, however many of its entries are wanted. */
  #collectIds(tree: ObjectId, prefix: string, wanted: PathTree, ids: Map<string, ObjectId>): void {
    const entries = findAllInTree(this.#objects.readTreeBytes(tree), [...wanted.keys()]);
    for (const [name, { mode, id }] of entries) {
      const below = wanted.get(name);
      if (below === undefined) continue;
      // Links and submodules are nobody's files.
      if (mode.startsWith("100")) ids.set(prefix + name, id);
      else if (mode === folderMode && below.size > 0) this.#collectIds(id, `${prefix}${name}/`, below, ids);
    }
  }

  async readFiles(tree: ObjectId, paths: readonly string[]): Promise<ReadonlyMap<string, string>> {
    await yieldToOthers();
    const ids = await this.findIds(tree, paths);
    const blobs = await this.#readBlobs([...ids.values()], (body) => body.toString());
    return new Map(Array.from(ids, ([path, id]) => [path, blobs.get(id)!]));
  }

  async readBlobs(ids: readonly ObjectId[]): Promise<ReadonlyMap<ObjectId, Uint8Array>> {
    await yieldToOthers();
    return this.#readBlobs(ids, (body) => body);
  }

  /** What each blob's bytes make; those that aren't here are asked for. */
  async #readBlobs<Content>(
    // A list, for it is gone through again where the store had to be made anew: what an iterator has given is gone, and a
    // file that is not read must never look like one that is not there.
    ids: readonly ObjectId[],
    make: (body: Buffer) => Content,
  ): Promise<ReadonlyMap<ObjectId, Content>> {
    const contents = new Map<ObjectId, Content>();
    const missing = await this.#read(() => this.#readContents(ids, make, contents));
    if (missing.length > 0) {
      await this.#fetchObjects(missing);
      const still = await this.#read(() => this.#readContents(missing, make, contents));
      if (still.length > 0) {
        const message = `the Git server did not send ${still.length} of the files that were asked for`;
        throw new SluiceError({ code: "GIT_UNAVAILABLE", message });
      }
    }
    return contents;
  }

  /** Fills in what is here and answers with what isn't. */
  #readContents<Content>(
    ids: readonly ObjectId[],
    make: (body: Buffer) => Content,
    contents: Map<ObjectId, Content>,
  ): ObjectId[] {
    const missing = new Set<ObjectId>();
    for (const id of ids) {
      if (contents.has(id)) continue;
      const object = this.#objects.read(id);
      if (object === undefined) missing.add(id);
      else contents.set(id, make(object.body));
    }
    return [...missing];
  }

  /** In one exchange where the server and the way to it allow that, else by the git program. */
  async #fetchObjects(ids: readonly ObjectId[]): Promise<void> {
    const { requestObjects, local, log } = this.#parts;
    try {
      for (let from = 0; requestObjects !== undefined && from < ids.length; from += idsPerRequestMax) {
        const wanted = ids.slice(from, from + idsPerRequestMax);
        const objects = readFetchResponse(await requestObjects(encodeFetchRequest(wanted)));
        for (const [id, object] of objects) this.#objects.keepFetched(id, object);
      }
    } catch (error) {
      if (error instanceof SluiceError && error.problem.code === "GIT_AUTH") throw error;
      log.debug("single files are fetched by the git program", { reason: String(error) });
    }
    this.#storeIfDue();
    const left = ids.filter((id) => !this.#objects.has(id));
    if (left.length === 0) return;
    await this.#storeWork.run(() =>
      this.#intoStore((signal) => local.fetchObjects(left, signal), this.#closing.signal),
    );
  }

  async *listFiles(tree: ObjectId, folder: string): AsyncIterable<string> {
    const start = await this.findEntry(tree, folder);
    if (start?.mode === folderMode) yield* this.#listBelow(start.id, folder === "" ? "" : `${folder}/`);
  }

  async *#listBelow(tree: ObjectId, prefix: string): AsyncIterable<string> {
    for (const { mode, name, id } of await this.readTree(tree)) {
      if (mode === folderMode) yield* this.#listBelow(id, `${prefix}${name}/`);
      else if (mode.startsWith("100")) yield prefix + name;
    }
  }

  async writeCommit(request: CommitRequest): Promise<{ readonly id: ObjectId; readonly tree: ObjectId }> {
    return this.#writes.run(() => this.#writeCommit(request));
  }

  async #writeCommit(request: CommitRequest): Promise<{ readonly id: ObjectId; readonly tree: ObjectId }> {
    const { author, committer } = this.#parts;
    const { base, parents, time, message } = request;
    this.#begun = [];
    const changes = await this.#addBlobs(request.changes);
    const tree = await this.#read(() => writeTree(this.#treeStore(), base, changes));
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
    for (const change of changes) {
      if (placed.length % blobsAtOnce === 0) await yieldToOthers();
      if (change.action !== "write") placed.push(change);
      else {
        const id = this.#add("blob", Buffer.from(change.text));
        placed.push({ path: change.path, action: "place", id, mode: fileMode });
      }
    }
    await yieldToOthers();
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
    const setBack = updates.filter((update) => !this.#comesAfter(update));
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

  /** Whether the branch goes forward, or may go back. History that is not here counts as another one. */
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
    const object = this.#knows(commit) ? this.#objects.read(commit) : undefined;
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
        return sent.bytes;
      };
      const outcomes = await underSignals(signals, (any) => this.#pusher.push(updates, layOut, any));
      for (const { branch, to } of updates) {
        const outcome = outcomes.get(branch);
        if (outcome?.kind === "pushed") this.#objects.setHead(branch, to);
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
      this.#storeIfDue();
    }
  }

  #storeIfDue(): void {
    const isDue = () => this.#objects.isStoringDue && !this.#isClosed;
    // By its turn another one may have stored it all.
    if (isDue()) void this.#storeWork.run(async () => (isDue() ? this.#store() : undefined));
  }

  async #store(): Promise<void> {
    try {
      await this.#objects.store();
    } catch (error) {
      if (!(await this.#storeElsewhere(error))) return;
    }
    this.#maintenance ??= this.#maintain().finally(() => {
      this.#maintenance = undefined;
    });
  }

  /** What was pushed could not be stored: it stays in memory, unless there is another folder for it. False where there is none. */
  async #storeElsewhere(reason: unknown): Promise<boolean> {
    const { log } = this.#parts;
    const now = performance.now();
    const isDue = this.#movedAt === undefined || now - this.#movedAt > moveMsMin;
    if (reason instanceof StoreDiskError && isDue && !this.#isClosed && !this.#closing.signal.aborted) {
      this.#movedAt = now;
      try {
        await this.#moveStore([], reason, this.#closing.signal);
        await this.#objects.store();
        return true;
      } catch (error) {
        log.warn("pushed objects could not be stored locally, and are kept in memory", {
          reason: error instanceof Error ? error.message : String(error),
        });
      }
    } else if (isDue) {
      this.#movedAt = now;
      log.warn("pushed objects could not be stored locally", { reason: String(reason) });
    }
    this.#objects.makeRoom();
    return false;
  }

  /** Keeps the local store small, in the background: reading and pushing go on. */
  async #maintain(): Promise<void> {
    const { local, limits, log } = this.#parts;
    try {
      const growthMax = local.isMakeshift
        ? Math.min(makeshiftGrowthBytesMax, limits.storeGrowthBytesMax)
        : limits.storeGrowthBytesMax;
      if (local.packBytes > 2 * this.#renewedBytes + growthMax) await this.#renewStore();
    } catch (error) {
      log.debug("the local Git store could not be fetched anew", { reason: String(error) });
    }
    try {
      const replace = await local.mergeSmallPacks();
      await this.#storeWork.run(async () => {
        if (!this.#isClosed) replace?.();
      });
    } catch (error) {
      log.debug("the local Git store could not be tidied up", { reason: String(error) });
    }
  }

  async #renewStore(): Promise<void> {
    const { local, transport } = this.#parts;
    const { signal } = this.#closing;
    const { refs } = await transport.readRefs(signal);
    // Heads that are gone can't be fetched, and nobody needs them.
    for (const branch of this.#objects.branches) if (!refs.has(refName(branch))) this.#objects.forgetHead(branch);
    const { branches } = this.#objects;
    const replace = await local.renew(branches, signal);
    await this.#storeWork.run(async () => {
      if (this.#isClosed) return;
      await replace();
      // What was pushed meanwhile was in the old one only.
      await local.fetchBranches(branches, signal);
      this.#renewedBytes = local.packBytes;
    });
  }

  async close(): Promise<void> {
    // What is still under way now is waited for by nobody.
    this.#closing.abort();
    await this.#pushes.run(async () => undefined);
    await this.#storeWork.run(() => this.#store());
    this.#isClosed = true;
    await this.#maintenance;
    this.#parts.transport.close();
    this.#parts.local.close();
    await this.#parts.signer?.close();
    this.#parts.onClose();
  }

  /** Reads; where the store turns out to be damaged, once more from a new one. */
  async #read<T>(read: () => T): Promise<T> {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof DamagedStoreError)) throw error;
      this.#parts.log.warn("the local Git store is damaged and made anew", { reason: error.message });
    }
    await this.#storeWork.run(() => this.#rebuild());
    try {
      return read();
    } catch (error) {
      if (!(error instanceof DamagedStoreError)) throw error;
      throw new SluiceError(
        { code: "GIT_INVALID", message: `the repository lacks an object: ${error.message}` },
        error,
      );
    }
  }

  async #rebuild(): Promise<void> {
    await this.#parts.local.rebuild();
    this.#objects.clearCache();
    const { signal } = this.#closing;
    const { refs } = await this.#parts.transport.readRefs(signal);
    const present = [...this.#branches].filter((branch) => refs.has(refName(branch)));
    try {
      if (present.length > 0) await this.#parts.local.fetchBranches(present, signal);
    } catch (error) {
      throw toRemoteError(error);
    }
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

/** Runs one piece of work after the other, whatever becomes of each. */
class Queue {
  #last: Promise<unknown> = Promise.resolve();

  run<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work);
    this.#last = result.catch(() => undefined);
    return result;
  }
}

function isStoreFault(stderr: string): boolean {
  return /corrupt|bad object|missing|unable to read|not a git repository|invalid|packfile|index file|shallow|loose object|did not send all/i.test(
    stderr,
  );
}

function toRemoteError(error: unknown): unknown {
  if (error instanceof StoreDiskError) {
    const hint = "Make room on the disk. What is pushed stays in memory until then.";
    return new SluiceError({ code: "DISK_UNAVAILABLE", message: error.message, hint }, error);
  }
  return error instanceof FetchFailedError ? explainProgramFailure(error.stderr, error) : error;
}

/** What a program that speaks to the remote printed before it gave up, as a problem. */
export function explainProgramFailure(stderr: string, cause: unknown): SluiceError {
  if ((cause as NodeJS.ErrnoException | undefined)?.code === "ENOENT") {
    return new SluiceError(
      {
        code: "PROGRAM_MISSING",
        message: "the program git is not installed",
        hint: "Install Git and see that it is on the PATH.",
      },
      cause,
    );
  }
  const isLater = isLimitInWords(stderr) || /returned error: 429/.test(stderr);
  const isAuth =
    !isLater &&
    /authentication failed|permission denied|could not read (username|password)|403|401|host key verification/i.test(
      stderr,
    );
  const said = stderr === "" ? "it ended without a word" : stderr;
  return new SluiceError(
    {
      code: isAuth ? "GIT_AUTH" : "GIT_UNAVAILABLE",
      message: `the Git repository can't be reached: ${said}`,
      hint: isAuth
        ? "Check the credentials under `repository.auth`, and what they may do."
        : isLater
          ? "It limits how often it may be asked: set commit.minInterval."
          : "Check `repository.url`, and that the repository exists.",
    },
    cause,
  );
}
