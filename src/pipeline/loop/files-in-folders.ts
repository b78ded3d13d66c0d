/**
 * Which of many files a tree has, asked of one tree after the other: only folders that are not what they were are looked
 * into. A thousand clusters have a thousand folders, and most pushes change one of them.
 */
import { folderMode } from "../../model/folder-mode.ts";
import type { GitReader, ObjectId } from "../../ports/git.ts";

export interface FileInFolder {
  /** The folder that holds the folders. */
  readonly parent: string;
  /** The name of one of them. */
  readonly folder: string;
  /** Somewhere below it; from the tree's root. */
  readonly path: string;
}

/** A parent's id, and those of its folders by name. */
interface KnownParent {
  readonly id: ObjectId;
  readonly folders: ReadonlyMap<string, ObjectId>;
}

export class FilesInFolders {
  readonly #git: GitReader;
  readonly #files: readonly FileInFolder[];
  readonly #parents: readonly string[];
  #known: ReadonlyMap<string, KnownParent> = new Map();
  #found: ReadonlySet<string> = new Set();

  constructor(git: GitReader, files: readonly FileInFolder[]) {
    this.#git = git;
    this.#files = files;
    this.#parents = [...new Set(files.map(({ parent }) => parent))];
  }

  /** Paths of those that the tree has; the same set as before where that is so. Of a reading that fails nothing is remembered. */
  async findIn(tree: ObjectId): Promise<ReadonlySet<string>> {
    const known = new Map<string, KnownParent>();
    for (const parent of this.#parents) {
      const entry = await this.#git.findEntry(tree, parent);
      if (entry?.mode !== folderMode) continue;
      const before = this.#known.get(parent);
      known.set(
        parent,
        before?.id === entry.id ? before : { id: entry.id, folders: await this.#readFolders(entry.id) },
      );
    }
    const changed = this.#files.filter(({ parent, folder }) => {
      const [now, before] = [known.get(parent), this.#known.get(parent)];
      return now !== before && now?.folders.get(folder) !== before?.folders.get(folder);
    });
    if (changed.length > 0) {
      const paths = changed.map(({ path }) => path);
      const there = await this.#git.findIds(tree, paths);
      const isOther = paths.some((path) => there.has(path) !== this.#found.has(path));
      if (isOther) {
        const looked = new Set(paths);
        this.#found = new Set([...[...this.#found].filter((path) => !looked.has(path)), ...there.keys()]);
      }
    }
    this.#known = known;
    return this.#found;
  }

  async #readFolders(id: ObjectId): Promise<ReadonlyMap<string, ObjectId>> {
    return new Map((await this.#git.readTree(id)).map((entry) => [entry.name, entry.id]));
  }
}
