/**
 * All objects that can be read: those of the batch, those pushed but not stored yet, and the local store's, behind a cache.
 *
 * What was pushed stays in memory until it is worth a pack of its own, so that lone events don't leave a pack each; a
 * push that is worth one by itself is stored as it was sent.
 */
import { inflateSync } from "node:zlib";
import { SluiceError } from "../../model/problem.ts";
import type { ObjectId } from "../../ports/git.ts";
import { ByteCache } from "./byte-cache.ts";
import { parseCommit } from "./commit-bytes.ts";
import { deflate } from "./deflate.ts";
import { applyDelta } from "./delta.ts";
import type { LocalStore } from "./local-store.ts";
import { emptyTreeId, type GitObject } from "./object-id.ts";
import { type ObjectSet, withBases } from "./object-writer.ts";
import { dataOf, layOutPack, type PackLayout, type PackObject, packObject } from "./pack-bytes.ts";
import { MissingObjectError } from "./store-error.ts";
import { parseTree } from "./tree-bytes.ts";

export interface ObjectStoreLimits {
  readonly treeCacheBytesMax: number;
  /** Pushed objects kept in memory before they are stored as one pack. */
  readonly unstoredBytesMax: number;
  /** Pushed objects kept in memory where they can't be stored; beyond it only what the heads' trees reach is. */
  readonly memoryBytesMax: number;
}

export class ObjectStore {
  readonly #local: LocalStore;
  readonly #trees: ByteCache;
  readonly #limits: ObjectStoreLimits;
  /** Written and not pushed, oldest first. */
  #unpushed: ObjectSet[] = [];
  #unstored: ObjectSet = new Map();
  #unstoredBytes = 0;
  /** Pushed in large packs that are not stored yet. */
  #sent: { readonly objects: ObjectSet; readonly layout: PackLayout }[] = [];
  readonly #heads = new Map<string, ObjectId>();
  /** Commits in memory whose parents were left out when they were fetched. */
  #shallow = new Set<ObjectId>();

  constructor(local: LocalStore, limits: ObjectStoreLimits) {
    this.#local = local;
    this.#limits = limits;
    this.#trees = new ByteCache(limits.treeCacheBytesMax);
  }

  /** The set's objects can be read from now on, and those that come into it. */
  openBatch(batch: ObjectSet): void {
    this.#unpushed.push(batch);
  }

  /** Forgets the batch. */
  dropBatch(batch: ObjectSet): void {
    this.#unpushed = this.#unpushed.filter((other) => other !== batch);
  }

  /** The remote has these objects: they are kept, and stored when there are enough. `layout`: the pack that it got. */
  keep(batch: ObjectSet, layout?: PackLayout): void {
    if (layout !== undefined && layout.length > this.#limits.unstoredBytesMax / 2) {
      this.#sent.push({ objects: batch, layout });
      return;
    }
    for (const [id, object] of batch) {
      if (this.#unstored.has(id)) continue;
      this.#unstored.set(id, object);
      this.#unstoredBytes += costOf(object);
    }
  }

  /** Keeps an object that came from the remote. */
  keepFetched(id: ObjectId, { type, body }: GitObject): void {
    this.keep(new Map([[id, packObject({ id, type, size: body.length, base: undefined, depth: 0 }, deflate(body))]]));
  }

  /** The commit came from the remote without those before it. */
  keepShallow(commit: ObjectId): void {
    this.#shallow.add(commit);
  }

  /** Where a branch is on the remote, as far as its objects are here. */
  setHead(branch: string, id: ObjectId): void {
    this.#heads.set(branch, id);
  }

  /** Where the branch was last known to be on the remote. */
  headOf(branch: string): ObjectId | undefined {
    return this.#heads.get(branch);
  }

  /** The branch is gone from the remote. */
  forgetHead(branch: string): void {
    this.#heads.delete(branch);
  }

  /** Those whose heads are known. */
  get branches(): readonly string[] {
    return [...this.#heads.keys()];
  }

  get isStoringDue(): boolean {
    return this.#sent.length > 0 || this.#unstoredBytes > this.#limits.unstoredBytesMax;
  }

  /** Writes what is kept in memory to the local store. */
  async store(): Promise<void> {
    // What was pushed before comes first: a crash must not leave a head here without what it reaches.
    await this.#storeGathered();
    for (let sent = this.#sent[0]; sent !== undefined; sent = this.#sent[0]) {
      await this.#local.addPack(sent.layout, new Map(this.#heads));
      this.#sent = this.#sent.filter((other) => other !== sent);
    }
  }

  async #storeGathered(): Promise<void> {
    if (this.#unstored.size === 0) return;
    const objects = [...this.#unstored.values()];
    const shallow = [...this.#shallow];
    await this.#local.addPack(layOutPack([...withBases(objects).values()]), new Map(this.#heads), shallow);
    // What came while that was under way stays.
    for (const commit of shallow) this.#shallow.delete(commit);
    for (const object of objects) {
      this.#unstored.delete(object.id);
      this.#unstoredBytes -= costOf(object);
    }
  }

  /**
   * Nothing can be stored: history and what was replaced is forgotten, when it has become much. What the heads' trees reach stays, and is
   * all that a later push is made on.
   */
  makeRoom(): void {
    const sentBytes = this.#sent.reduce((sum, { layout }) => sum + layout.length, 0);
    if (this.#unstoredBytes + sentBytes < this.#limits.memoryBytesMax) return;
    const all = this.#unstored;
    for (const { objects } of this.#sent) for (const object of objects.values()) all.set(object.id, object);
    const reached: ObjectSet = new Map();
    const open = [...this.#heads.values()];
    for (let id = open.pop(); id !== undefined; id = open.pop()) {
      const object = all.get(id);
      if (object === undefined || reached.has(id)) continue;
      reached.set(id, object);
      if (object.type === "commit") open.push(parseCommit(id, inflateObject(object).body).tree);
      else if (object.type === "tree") for (const entry of parseTree(inflateObject(object).body)) open.push(entry.id);
    }
    this.#sent = [];
    this.#unstored = withBases([...reached.values()]);
    this.#unstoredBytes = [...this.#unstored.values()].reduce((sum, object) => sum + costOf(object), 0);
  }

  has(id: ObjectId): boolean {
    return this.#inMemory(id) !== undefined || this.#local.has(id);
  }

  /** The object; undefined where it is not here. Throws DamagedStoreError. */
  read(id: ObjectId): GitObject | undefined {
    const object = this.#inMemory(id);
    return object === undefined ? this.#local.read(id) : inflateObject(object);
  }

  /** A tree's bytes. Throws MissingObjectError where it is not here, which only trees of former commits may be. */
  readTreeBytes(id: ObjectId): Buffer {
    const cached = this.#trees.get(id);
    if (cached !== undefined) return cached;
    if (id === emptyTreeId) return Buffer.alloc(0);
    const object = this.read(id);
    if (object === undefined) throw new MissingObjectError("tree", id);
    if (object.type !== "tree")
      throw new SluiceError({ code: "GIT_INVALID", message: `${id} is a ${object.type}, not a tree` });
    this.#trees.set(id, object.body);
    return object.body;
  }

  /** Remembers a tree that was just written: the next batch is planned on it, and no more on the one that it replaces. */
  cacheTree(id: ObjectId, bytes: Buffer, replaced: ObjectId | undefined): void {
    if (replaced !== undefined) this.#trees.delete(replaced);
    this.#trees.set(id, bytes);
  }

  clearCache(): void {
    this.#trees.clear();
  }

  #inMemory(id: ObjectId): PackObject | undefined {
    for (let index = this.#unpushed.length - 1; index >= 0; index--) {
      const object = this.#unpushed[index]!.get(id);
      if (object !== undefined) return object;
    }
    for (const { objects } of this.#sent) {
      const object = objects.get(id);
      if (object !== undefined) return object;
    }
    return this.#unstored.get(id);
  }
}

/** What an object takes in memory, roughly. */
function costOf({ length }: PackObject): number {
  return length + 250;
}

function inflateObject(object: PackObject): GitObject {
  const body = inflateSync(dataOf(object), { chunkSize: Math.max(64, object.size) });
  return {
    type: object.type,
    body: object.base === undefined ? body : applyDelta(inflateObject(object.base).body, body),
  };
}
