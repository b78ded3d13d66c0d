/** A tree of files in memory: folders by their paths, links with an arrow, submodules and pipes by name. */
import type { FileTree, FileTreeEntry } from "../../src/ports/file-tree.ts";

export type MemoryEntry = string | Uint8Array | { readonly link: string } | { readonly kind: "submodule" | "other" };

/** `{ "a/b.yaml": "text", "a/c": { link: "../x" }, "a/d": { kind: "submodule" } }`. */
export class MemoryFileTree implements FileTree {
  readonly #entries: ReadonlyMap<string, MemoryEntry>;
  readonly listed: string[] = [];

  constructor(entries: Readonly<Record<string, MemoryEntry>>) {
    this.#entries = new Map(Object.entries(entries));
  }

  async list(path: string): Promise<readonly FileTreeEntry[] | undefined> {
    this.listed.push(path);
    const prefix = path === "" ? "" : `${path}/`;
    const names = new Map<string, FileTreeEntry>();
    for (const [full, entry] of this.#entries) {
      if (!full.startsWith(prefix)) continue;
      const [name = "", ...below] = full.slice(prefix.length).split("/");
      const kind = below.length > 0 ? "folder" : kindOf(entry);
      names.set(name, { name, kind, version: kind === "file" ? String(entry) : "" });
    }
    return names.size === 0 ? undefined : [...names.values()].reverse();
  }

  async readLink(path: string): Promise<string> {
    return (this.#entries.get(path) as { readonly link: string }).link;
  }

  async readFiles(paths: readonly string[]): Promise<ReadonlyMap<string, Uint8Array>> {
    return new Map(
      paths.flatMap((path) => {
        const entry = this.#entries.get(path);
        if (typeof entry === "string") return [[path, new TextEncoder().encode(entry)] as const];
        return entry instanceof Uint8Array ? [[path, entry] as const] : [];
      }),
    );
  }
}

function kindOf(entry: MemoryEntry): FileTreeEntry["kind"] {
  if (typeof entry === "string" || entry instanceof Uint8Array) return "file";
  return "link" in entry ? "link" : entry.kind;
}
