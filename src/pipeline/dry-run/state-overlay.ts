/**
 * A state branch that is changed in memory only: what a dry run plans on instead of committing.
 *
 * Overlays stack, so the state with the base catalog in force can carry several that try something else. There is no
 * writer anywhere: a dry run can't push, by construction.
 */
import type { FileChange } from "../../model/change-set.ts";
import { folderMode } from "../../model/folder-mode.ts";
import { blobId } from "../../plan/state-view.ts";
import type { CommitInfo, GitReader, ObjectId, TreeEntry } from "../../ports/git.ts";

/** A tree that can be read. */
export interface StateTree {
  readonly git: GitReader;
  readonly tree: ObjectId;
}

/**
 * Ids of folders that the overlay gives out are this, the number of changes so far, and the path: as with Git's, equal ids
 * mean equal contents. Git's have no colon.
 */
const idPrefix = "overlay:";
const fileMode = "100644";

export class StateOverlay implements GitReader, StateTree {
  readonly git = this;
  readonly #below: StateTree | undefined;
  /** By path the new text; undefined: deleted. */
  readonly #changed = new Map<string, string | undefined>();
  #version = 0;
  /** By folder, the names that changes have put there. */
  readonly #added = new Map<string, Set<string>>();

  /** `below`: what it lies on; undefined: nothing. */
  constructor(below: StateTree | undefined) {
    this.#below = below;
  }

  get tree(): ObjectId {
    return this.#idOf("");
  }

  /** How many changes there were, here and below. */
  get version(): number {
    return this.#version + (this.#below instanceof StateOverlay ? this.#below.version : 0);
  }

  /** Paths that were written or deleted here. */
  get changedPaths(): Iterable<string> {
    return this.#changed.keys();
  }

  #idOf(folder: string): ObjectId {
    return `${idPrefix}${this.version}:${folder}`;
  }

  apply(changes: readonly FileChange[]): void {
    this.#version++;
    for (const change of changes) {
      if (change.action === "delete") this.#changed.set(change.path, undefined);
      else {
        this.#changed.set(change.path, change.text);
        this.#noteFolders(change.path);
      }
    }
  }

  #noteFolders(path: string): void {
    for (let end = path.length; end > 0; ) {
      const slash = path.lastIndexOf("/", end - 1);
      const folder = slash < 0 ? "" : path.slice(0, slash);
      const name = path.slice(slash + 1, end);
      const names = this.#added.get(folder);
      if (names?.has(name)) return;
      if (names === undefined) this.#added.set(folder, new Set([name]));
      else names.add(name);
      end = slash;
    }
  }

  async readFiles(tree: ObjectId, paths: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const found = new Map<string, string>();
    const others: string[] = [];
    for (const path of paths) {
      const full = pathBelow(tree, path);
      const text = this.#changed.get(full);
      if (text !== undefined) found.set(path, text);
      else if (!this.#changed.has(full)) others.push(path);
    }
    for (const [path, text] of (await this.#readBelow(tree, others)) ?? []) found.set(path, text);
    return found;
  }

  async #readBelow(tree: ObjectId, paths: readonly string[]): Promise<ReadonlyMap<string, string> | undefined> {
    if (this.#below === undefined || paths.length === 0) return undefined;
    if (pathBelow(tree, "") === "") return this.#below.git.readFiles(this.#below.tree, paths);
    const full = paths.map((path) => pathBelow(tree, path));
    const texts = await this.#below.git.readFiles(this.#below.tree, full);
    return new Map(
      paths.flatMap((path, index) => {
        const text = texts.get(full[index]!);
        return text === undefined ? [] : [[path, text] as const];
      }),
    );
  }

  async findIds(tree: ObjectId, paths: readonly string[]): Promise<ReadonlyMap<string, ObjectId>> {
    const found = new Map<string, ObjectId>();
    const others: string[] = [];
    for (const path of paths) {
      const full = pathBelow(tree, path);
      const text = this.#changed.get(full);
      if (text !== undefined) found.set(path, blobId(text));
      else if (!this.#changed.has(full)) others.push(path);
    }
    if (this.#below === undefined || others.length === 0) return found;
    const full = others.map((path) => pathBelow(tree, path));
    const ids = await this.#below.git.findIds(this.#below.tree, full);
    others.forEach((path, index) => {
      const id = ids.get(full[index]!);
      if (id !== undefined) found.set(path, id);
    });
    return found;
  }

  async findEntry(tree: ObjectId, path: string): Promise<TreeEntry | undefined> {
    const full = pathBelow(tree, path);
    const name = full.slice(full.lastIndexOf("/") + 1);
    const text = this.#changed.get(full);
    if (text !== undefined) return { mode: fileMode, name, id: blobId(text) };
    if (this.#changed.has(full)) return undefined;
    const folder = { mode: folderMode, name, id: this.#idOf(full) };
    if (full === "" || this.#added.has(full)) return folder;
    const entry = await this.#below?.git.findEntry(this.#below.tree, full);
    return entry?.mode === folderMode ? folder : entry;
  }

  /** As with planning's own view, a folder that has become empty may still be named. */
  async readTree(tree: ObjectId): Promise<readonly TreeEntry[]> {
    const path = pathBelow(tree, "");
    const entries = new Map<string, TreeEntry>();
    for (const entry of await this.#entriesBelow(path)) {
      const full = path === "" ? entry.name : `${path}/${entry.name}`;
      const isFolder = entry.mode === folderMode;
      if (isFolder) entries.set(entry.name, { ...entry, id: this.#idOf(full) });
      else if (!this.#changed.has(full)) entries.set(entry.name, entry);
    }
    for (const name of this.#added.get(path) ?? []) {
      const entry = await this.findEntry(this.tree, path === "" ? name : `${path}/${name}`);
      if (entry !== undefined) entries.set(name, entry);
    }
    return [...entries.values()].sort(byGitOrder);
  }

  async #entriesBelow(path: string): Promise<readonly TreeEntry[]> {
    if (this.#below === undefined) return [];
    const { git, tree } = this.#below;
    const folder = await git.findEntry(tree, path);
    return folder?.mode === folderMode ? git.readTree(folder.id) : [];
  }

  async *listFiles(tree: ObjectId, folder: string): AsyncIterable<string> {
    const start = await this.findEntry(tree, folder);
    if (start?.mode !== folderMode) return;
    for (const { mode, name, id } of await this.readTree(start.id)) {
      const path = folder === "" ? name : `${folder}/${name}`;
      if (mode === folderMode) yield* this.listFiles(tree, path);
      else if (mode.startsWith("100") && id !== undefined) yield path;
    }
  }

  async fetchHeads(branches: readonly string[]): Promise<ReadonlyMap<string, ObjectId | undefined>> {
    return this.#below?.git.fetchHeads(branches) ?? new Map();
  }

  async readCommit(commit: ObjectId): Promise<CommitInfo> {
    if (this.#below === undefined) throw new Error(`there is no repository to read ${commit} from`);
    return this.#below.git.readCommit(commit);
  }
}

/** The path from the root of what is at `path` in the tree that the overlay gave this id. */
function pathBelow(tree: ObjectId, path: string): string {
  const folder = tree.slice(tree.indexOf(":", idPrefix.length) + 1);
  if (folder === "" || path === "") return folder + path;
  return `${folder}/${path}`;
}

/** Git sorts a folder as if its name ended in a slash. */
function byGitOrder(a: TreeEntry, b: TreeEntry): number {
  const key = ({ mode, name }: TreeEntry) => (mode === folderMode ? `${name}/` : name);
  return key(a) < key(b) ? -1 : 1;
}
