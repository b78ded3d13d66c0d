/** A commit's tree as a tree of files. */
import { folderMode } from "../../model/folder-mode.ts";
import type { FileTree, FileTreeEntry } from "../../ports/file-tree.ts";
import type { ObjectId, TreeReader } from "../../ports/git.ts";

export class GitFileTree implements FileTree {
  readonly #git: TreeReader;
  readonly #root: ObjectId;
  /** By path of a folder, its entries' ids: what is read has been listed before. */
  readonly #ids = new Map<string, ReadonlyMap<string, ObjectId>>();

  constructor(git: TreeReader, root: ObjectId) {
    this.#git = git;
    this.#root = root;
  }

  async list(path: string): Promise<readonly FileTreeEntry[] | undefined> {
    const folder = await this.#git.findEntry(this.#root, path);
    if (folder === undefined || kindOf(folder.mode) !== "folder") return undefined;
    const entries = await this.#git.readTree(folder.id);
    this.#ids.set(path, new Map(entries.map(({ name, id }) => [name, id])));
    return entries.map(({ mode, name, id }) => ({ name, kind: kindOf(mode), version: id }));
  }

  async readLink(path: string): Promise<string> {
    const id = this.#idOf(path);
    return Buffer.from((await this.#git.readBlobs([id])).get(id) ?? []).toString();
  }

  async readFiles(paths: readonly string[]): Promise<ReadonlyMap<string, Uint8Array>> {
    const ids = new Map(paths.map((path) => [path, this.#idOf(path)]));
    const blobs = await this.#git.readBlobs([...new Set(ids.values())]);
    return new Map(
      [...ids].flatMap(([path, id]) => {
        const bytes = blobs.get(id);
        return bytes === undefined ? [] : [[path, bytes] as const];
      }),
    );
  }

  #idOf(path: string): ObjectId {
    const slash = path.lastIndexOf("/");
    const id = this.#ids.get(slash < 0 ? "" : path.slice(0, slash))?.get(path.slice(slash + 1));
    if (id === undefined) throw new Error(`${path} was read before it was listed`);
    return id;
  }
}

function kindOf(mode: string): FileTreeEntry["kind"] {
  if (mode.startsWith("100")) return "file";
  if (mode === folderMode) return "folder";
  return mode === "120000" ? "link" : mode === "160000" ? "submodule" : "other";
}
