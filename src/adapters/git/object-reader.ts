/** Reads commits, trees and files; those that are not here are asked for. */
import { setImmediate as yieldToOthers } from "node:timers/promises";
import { countOf } from "../../model/count-of.ts";
import { folderMode } from "../../model/folder-mode.ts";
import { SluiceError } from "../../model/problem.ts";
import type { CommitInfo, ObjectId, TreeEntry } from "../../ports/git.ts";
import { parseCommit } from "./commit-bytes.ts";
import { encodeFetchRequest, idsPerRequestMax, readFetchResponse } from "./fetch-objects.ts";
import type { KeptStore } from "./kept-store.ts";
import type { ObjectStore } from "./object-store.ts";
import { makePathTree, type PathTree } from "./path-tree.ts";
import type { RepositoryParts } from "./repository-parts.ts";
import { MissingObjectError } from "./store-error.ts";
import { findAllInTree, findInTree, parseTree } from "./tree-bytes.ts";

export class ObjectReader {
  readonly #parts: Pick<RepositoryParts, "local" | "requestObjects" | "log">;
  readonly #objects: ObjectStore;
  readonly #store: KeptStore;
  /** Ends what is under way. */
  readonly #closed: AbortSignal;

  constructor(
    parts: Pick<RepositoryParts, "local" | "requestObjects" | "log">,
    objects: ObjectStore,
    store: KeptStore,
    closed: AbortSignal,
  ) {
    this.#parts = parts;
    this.#objects = objects;
    this.#store = store;
    this.#closed = closed;
  }

  async readCommit(commit: ObjectId): Promise<CommitInfo> {
    return this.#store.read(() => {
      const object = this.#objects.read(commit);
      if (object === undefined) throw new MissingObjectError("commit", commit);
      if (object.type !== "commit")
        throw new SluiceError({ code: "GIT_INVALID", message: `${commit} is a ${object.type}, not a commit` });
      return parseCommit(commit, object.body);
    });
  }

  async readTree(tree: ObjectId): Promise<readonly TreeEntry[]> {
    return this.#store.read(() => parseTree(this.#objects.readTreeBytes(tree)));
  }

  async findEntry(tree: ObjectId, path: string): Promise<TreeEntry | undefined> {
    return this.#store.read(() => this.#findEntry(tree, path));
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
    return this.#store.read(() => {
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
    const missing = await this.#store.read(() => this.#readContents(ids, make, contents));
    if (missing.length > 0) {
      await this.#fetchObjects(missing);
      const still = await this.#store.read(() => this.#readContents(missing, make, contents));
      if (still.length > 0) {
        const message = `the Git server did not send ${countOf(still.length, "file that was", "files that were")} asked for`;
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
    this.#store.storeIfDue();
    const left = ids.filter((id) => !this.#objects.has(id));
    if (left.length === 0) return;
    await this.#store.run(() => this.#store.intoStore((signal) => local.fetchObjects(left, signal), this.#closed));
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
}
