/**
 * A folder on disk as a tree of files. No link is followed here, not even one that takes a file's place between listing
 * and reading it.
 */
import { constants, type Dirent } from "node:fs";
import { lstat, open, readdir, readlink } from "node:fs/promises";
import { join } from "node:path";
import type { FileTree, FileTreeEntry } from "../../ports/file-tree.ts";

const filesAtOnce = 32;

export class DiskFileTree implements FileTree {
  readonly #root: string;

  /** `root`: absolute, and itself no link. */
  constructor(root: string) {
    this.#root = root;
  }

  async list(path: string): Promise<readonly FileTreeEntry[] | undefined> {
    const folder = join(this.#root, path);
    let entries: Dirent[];
    try {
      if ((await lstat(folder)).isSymbolicLink()) return undefined;
      entries = await readdir(folder, { withFileTypes: true });
    } catch {
      return undefined;
    }
    return Promise.all(
      entries.map(async (entry) => {
        const kind = kindOf(entry);
        // A folder's own time says nothing of what lies deeper; its files say it themselves.
        return { name: entry.name, kind, version: kind === "folder" ? "" : await versionOf(join(folder, entry.name)) };
      }),
    );
  }

  readLink(path: string): Promise<string> {
    return readlink(join(this.#root, path));
  }

  async readFiles(paths: readonly string[]): Promise<ReadonlyMap<string, Uint8Array>> {
    const contents = new Map<string, Uint8Array>();
    for (let from = 0; from < paths.length; from += filesAtOnce) {
      await Promise.all(
        paths.slice(from, from + filesAtOnce).map(async (path) => {
          const bytes = await readWithoutLink(join(this.#root, path));
          if (bytes !== undefined) contents.set(path, bytes);
        }),
      );
    }
    return contents;
  }
}

async function readWithoutLink(path: string): Promise<Uint8Array | undefined> {
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      return (await file.stat()).isFile() ? await file.readFile() : undefined;
    } finally {
      await file.close();
    }
  } catch {
    return undefined;
  }
}

function kindOf(entry: Dirent): FileTreeEntry["kind"] {
  if (entry.isSymbolicLink()) return "link";
  if (entry.isDirectory()) return "folder";
  return entry.isFile() ? "file" : "other";
}

async function versionOf(path: string): Promise<string> {
  const info = await lstat(path, { bigint: true }).catch(() => undefined);
  return info === undefined ? "gone" : `${info.ino} ${info.mtimeNs} ${info.size}`;
}
