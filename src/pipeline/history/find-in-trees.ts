/** Finds files in many trees at once: what is alike in several is fetched and read once, and each level in one exchange. */
import { folderMode } from "../../model/folder-mode.ts";
import type { GitHistoryReader, ObjectId, TreeEntry } from "../../ports/git.ts";

/** A folder at a path: what of it is wanted. */
interface Folder {
  readonly files: ReadonlyMap<string, ObjectId>;
  /** Keys of the folders below. */
  readonly folders: readonly string[];
}

/** `isOnTheWay` says of a path whether it is wanted, or may lead to one that is. The answer has paths and ids of files by tree. */
export async function findInTrees(
  git: GitHistoryReader,
  trees: readonly ObjectId[],
  isOnTheWay: (path: string) => boolean,
  signal?: AbortSignal,
): Promise<ReadonlyMap<ObjectId, ReadonlyMap<string, ObjectId>>> {
  const known = new Map<string, Folder>();
  let level = new Map(trees.map((id) => [keyOf("", id), { path: "", id }]));
  while (level.size > 0) {
    await git.fetchTrees(
      [...level.values()].map(({ id }) => id),
      signal,
    );
    const next: typeof level = new Map();
    for (const [key, { path, id }] of level) {
      const files = new Map<string, ObjectId>();
      const folders: string[] = [];
      for (const entry of await git.readTree(id)) {
        const below = path === "" ? entry.name : `${path}/${entry.name}`;
        if (!isOnTheWay(below)) continue;
        if (isFile(entry)) files.set(below, entry.id);
        if (entry.mode !== folderMode) continue;
        const child = keyOf(below, entry.id);
        folders.push(child);
        if (!known.has(child)) next.set(child, { path: below, id: entry.id });
      }
      known.set(key, { files, folders });
    }
    level = next;
  }
  return new Map(trees.map((id) => [id, collect(keyOf("", id), known)]));
}

/** All folders that a path is in, the outermost first. */
export function* foldersOf(path: string): Iterable<string> {
  for (let at = path.indexOf("/"); at >= 0; at = path.indexOf("/", at + 1)) yield path.slice(0, at);
}

function isFile({ mode }: TreeEntry): boolean {
  return mode.startsWith("100");
}

function keyOf(path: string, id: ObjectId): string {
  return `${id} ${path}`;
}

function collect(key: string, known: ReadonlyMap<string, Folder>): ReadonlyMap<string, ObjectId> {
  const files = new Map<string, ObjectId>();
  const open = [key];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const folder = known.get(next);
    for (const [path, id] of folder?.files ?? []) files.set(path, id);
    open.push(...(folder?.folders ?? []));
  }
  return files;
}
