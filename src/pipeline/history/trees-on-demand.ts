/**
 * Reads trees of a branch's history as any, by fetching those that a question needs: the ones on the way to the paths that are asked for,
 * level by level, and of a folder all below it.
 */
import { folderMode } from "../../model/folder-mode.ts";
import type { BlobReader, CommitInfo, GitHistoryReader, GitReader, ObjectId, TreeEntry } from "../../ports/git.ts";
import { findInTrees, foldersOf } from "./find-in-trees.ts";

export class TreesOnDemand implements GitReader, BlobReader {
  readonly #git: GitHistoryReader;
  readonly #signal: AbortSignal | undefined;
  /** Folders that are here with all that is below them. */
  readonly #whole = new Set<ObjectId>();

  constructor(git: GitHistoryReader, signal?: AbortSignal) {
    this.#git = git;
    this.#signal = signal;
  }

  fetchHeads(branches: readonly string[], signal?: AbortSignal): Promise<ReadonlyMap<string, ObjectId | undefined>> {
    return this.#git.fetchHeads(branches, signal);
  }

  readCommit(commit: ObjectId): Promise<CommitInfo> {
    return this.#git.readCommit(commit);
  }

  async readTree(tree: ObjectId): Promise<readonly TreeEntry[]> {
    await this.#git.fetchTrees([tree], this.#signal);
    return this.#git.readTree(tree);
  }

  async findEntry(tree: ObjectId, path: string): Promise<TreeEntry | undefined> {
    await this.#bring(tree, [path]);
    return this.#git.findEntry(tree, path);
  }

  async readFiles(tree: ObjectId, paths: readonly string[]): Promise<ReadonlyMap<string, string>> {
    await this.#bring(tree, paths);
    return this.#git.readFiles(tree, paths);
  }

  async findIds(tree: ObjectId, paths: readonly string[]): Promise<ReadonlyMap<string, ObjectId>> {
    await this.#bring(tree, paths);
    return this.#git.findIds(tree, paths);
  }

  async *listFiles(tree: ObjectId, folder: string): AsyncIterable<string> {
    const start = folder === "" ? { mode: folderMode, id: tree } : await this.findEntry(tree, folder);
    if (start?.mode !== folderMode) return;
    await this.#bringWhole(start.id);
    yield* this.#git.listFiles(tree, folder);
  }

  readBlobs(ids: readonly ObjectId[]): Promise<ReadonlyMap<ObjectId, Uint8Array>> {
    return this.#git.readBlobs(ids);
  }

  /** The folders on the way to those paths. */
  async #bring(tree: ObjectId, paths: readonly string[]): Promise<void> {
    const folders = new Set(paths.flatMap((path) => [...foldersOf(path)]));
    await findInTrees(this.#git, [tree], (path) => folders.has(path), this.#signal);
  }

  /** A folder with all folders below it. */
  async #bringWhole(folder: ObjectId): Promise<void> {
    let level = [folder];
    while (level.length > 0) {
      level = [...new Set(level)].filter((id) => !this.#whole.has(id));
      await this.#git.fetchTrees(level, this.#signal);
      const next: ObjectId[] = [];
      for (const id of level) {
        this.#whole.add(id);
        for (const entry of await this.#git.readTree(id)) if (entry.mode === folderMode) next.push(entry.id);
      }
      level = next;
    }
  }
}
