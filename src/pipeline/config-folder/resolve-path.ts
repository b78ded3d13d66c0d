/**
 * Follows symbolic links within a tree of files, as the operating system would, and never out of it: a path that leads
 * out, nowhere or around is told, not followed.
 */
import type { FileTree, FileTreeEntry } from "../../ports/file-tree.ts";

export type Resolved =
  | { readonly kind: "file" | "folder"; readonly path: string; readonly version: string }
  | { readonly kind: "fault"; readonly fault: string };

/** As Linux counts them. */
const linksMax = 40;

export class PathResolver {
  /** Links that were followed, and all that they lead or should lead to: what an answer depends on. */
  readonly followed = new Set<string>();
  readonly #tree: FileTree;
  readonly #folders = new Map<string, ReadonlyMap<string, FileTreeEntry> | undefined>();

  constructor(tree: FileTree) {
    this.#tree = tree;
  }

  /** A folder's entries by name; undefined where there is none. Read once. */
  async list(folder: string): Promise<ReadonlyMap<string, FileTreeEntry> | undefined> {
    if (!this.#folders.has(folder)) {
      const entries = await this.#tree.list(folder);
      const byName = entries === undefined ? undefined : new Map(entries.map((entry) => [entry.name, entry]));
      this.#folders.set(folder, byName);
    }
    return this.#folders.get(folder);
  }

  /** What the path, relative to the tree's root, leads to. */
  async resolve(path: string): Promise<Resolved> {
    const left = path.split("/");
    const done: string[] = [];
    let links = 0;
    let version = "";
    let kind: "file" | "folder" = "folder";
    for (let step = left.shift(); step !== undefined; step = left.shift()) {
      if (step === "" || step === ".") continue;
      if (kind === "file") return fault(`${done.join("/")} is a file and no folder`);
      if (step === "..") {
        if (done.pop() === undefined) return fault("it leads out of the repository");
        continue;
      }
      const here = [...done, step].join("/");
      const entry = (await this.list(done.join("/")))?.get(step);
      // Folders on the way show in what is found of the path's end.
      if (entry?.kind === "link" || (links > 0 && entry?.kind !== "folder")) this.followed.add(here);
      switch (entry?.kind) {
        case undefined:
          return fault(`there is no ${here}`);
        case "submodule":
          return fault(`${here} is a submodule, whose files are another repository's`);
        case "other":
          return fault(`${here} is neither a file nor a folder`);
        case "link": {
          links++;
          if (links > linksMax) return fault("it leads around in a circle");
          const target = await this.#tree.readLink(here);
          if (target.startsWith("/")) return fault("it leads out of the repository: its path is absolute");
          left.unshift(...target.split("/"));
          break;
        }
        case "file":
        case "folder":
          done.push(step);
          ({ kind, version } = entry);
      }
    }
    const end = done.join("/");
    if (links > 0) this.followed.add(end);
    return { kind, path: end, version };
  }
}

function fault(text: string): Resolved {
  return { kind: "fault", fault: text };
}
