/**
 * Which files a config folder consists of: the one way for the service, every command and the Action, so that all see
 * the same.
 *
 * Documents are files that end in .yaml, .yml or .json, in either case, in folders at any depth; what begins with a dot is passed over,
 * and so is what `config.exclude` and `.sluiceignore` name. Symbolic links count as what they lead to, within the tree.
 * What should be a document and can't be read is a fault, never left out: it may hold anything that was there before.
 */
import { Exclusions, ignoreFileName } from "../../config/exclusions.ts";
import { decodeText } from "../../model/decode-text.ts";
import { SluiceError } from "../../model/problem.ts";
import type { FileTree, FileTreeEntry } from "../../ports/file-tree.ts";
import { PathResolver } from "./resolve-path.ts";

export interface ListedFile {
  /** Relative to the config folder. */
  readonly path: string;
  /** Where it really is in the tree. */
  readonly real: string;
  readonly version: string;
}

/** A file or folder that can't be read. */
export interface ListedFault {
  readonly path: string;
  readonly message: string;
}

export interface ConfigListing {
  readonly files: readonly ListedFile[];
  readonly faults: readonly ListedFault[];
  /** Paths of the tree, besides the folder itself, that this depends on: links and what they lead to. */
  readonly followed: readonly string[];
}

const documentName = /\.(ya?ml|json)$/i;
const filesMax = 100_000;

/** Undefined: there is no such folder in the tree. */
export async function listConfig(
  tree: FileTree,
  folder: string,
  exclude: readonly string[],
): Promise<ConfigListing | { readonly missing: string }> {
  const resolver = new PathResolver(tree);
  const start = await resolver.resolve(folder);
  if (start.kind === "fault") return { missing: start.fault };
  if (start.kind === "file") return { missing: "it is a file and no folder" };
  if ((await resolver.list(start.path)) === undefined) return { missing: "it can't be listed" };
  const lister = new Lister(tree, resolver);
  await lister.visit("", start.path, new Exclusions(exclude), [start.path]);
  return { ...lister.result(), followed: [...resolver.followed].sort() };
}

class Lister {
  readonly #tree: FileTree;
  readonly #resolver: PathResolver;
  readonly #files: (ListedFile & { readonly isLinked: boolean })[] = [];
  readonly #faults: ListedFault[] = [];

  constructor(tree: FileTree, resolver: PathResolver) {
    this.#tree = tree;
    this.#resolver = resolver;
  }

  /** `path`: relative to the config folder; `above`: the real folders that lead here, to see a link back to one. */
  async visit(
    path: string,
    real: string,
    outer: Exclusions,
    above: readonly string[],
    isLinked = false,
  ): Promise<void> {
    const entries = await this.#resolver.list(real);
    if (entries === undefined) return this.#fault(path, isLinked, "the folder can't be listed");
    const exclusions = entries.has(ignoreFileName) ? await this.#readIgnoreFile(path, real, outer) : outer;
    if (exclusions === undefined) return;
    for (const name of [...entries.keys()].sort()) {
      if (name.startsWith(".")) continue;
      const here = path === "" ? name : `${path}/${name}`;
      const { kind } = entries.get(name)!;
      const isLink = kind === "link";
      // What is left out is not looked at: a link may lead anywhere then.
      if (exclusions.excludes(here, "file")) continue;
      const found = await this.#resolver.resolve(real === "" ? name : `${real}/${name}`);
      if (found.kind === "folder") {
        if (exclusions.excludes(here, "folder")) continue;
        if (above.some((folder) => isWithin(folder, found.path)))
          this.#fault(here, isLink, "it leads back to a folder that it is in");
        else await this.visit(here, found.path, exclusions, [...above, found.path], isLinked || isLink);
      } else if (found.kind === "fault") {
        if (mayHoldDocuments(name, kind)) this.#fault(here, isLink, found.fault);
      } else if (documentName.test(name)) {
        this.#files.push({ path: here, real: found.path, version: found.version, isLinked: isLinked || isLink });
        if (this.#files.length > filesMax) {
          const message = `a config folder holds at most ${filesMax} documents' files`;
          throw new SluiceError({ code: "SETTINGS_INVALID", message, hint: "Leave some out with config.exclude." });
        }
      }
    }
  }

  async #readIgnoreFile(path: string, real: string, outer: Exclusions): Promise<Exclusions | undefined> {
    const name = real === "" ? ignoreFileName : `${real}/${ignoreFileName}`;
    const found = await this.#resolver.resolve(name);
    const bytes = found.kind === "file" ? (await this.#tree.readFiles([found.path])).get(found.path) : undefined;
    const text = bytes === undefined ? undefined : decodeText(bytes);
    if (text !== undefined && "text" in text) return outer.within(path, text.text);
    const reason = found.kind === "fault" ? found.fault : (text?.fault ?? "it is no file that can be read");
    // Nobody knows what of the folder is meant, so all of it stays as it was.
    this.#faults.push({ path, message: `${ignoreFileName}: ${reason}` });
    return undefined;
  }

  #fault(path: string, isLink: boolean, message: string): void {
    this.#faults.push({ path, message: isLink ? `the link can't be followed: ${message}` : message });
  }

  /** Each real file once, under its own path where it has one in the config folder, else the first. */
  result(): { readonly files: readonly ListedFile[]; readonly faults: readonly ListedFault[] } {
    const byReal = new Map<string, ListedFile & { readonly isLinked: boolean }>();
    for (const file of this.#files) {
      const other = byReal.get(file.real);
      if (other === undefined || (other.isLinked && !file.isLinked)) byReal.set(file.real, file);
    }
    const files = [...byReal.values()].map(({ path, real, version }) => ({ path, real, version }));
    return { files: files.sort((a, b) => (a.path < b.path ? -1 : 1)), faults: this.#faults };
  }
}

function isWithin(path: string, folder: string): boolean {
  return folder === "" || path === folder || path.startsWith(`${folder}/`);
}

/** A link or a submodule of any name may stand for a folder of documents; a pipe can only be one itself. */
function mayHoldDocuments(name: string, kind: FileTreeEntry["kind"]): boolean {
  return kind !== "other" || documentName.test(name);
}
