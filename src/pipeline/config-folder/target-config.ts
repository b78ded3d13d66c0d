/** Documents in a folder of the target branch, read again only where the folder, or what its links lead to, changed. */
import type { ConfigFile } from "../../model/catalog.ts";
import { SluiceError } from "../../model/problem.ts";
import type { ObjectId, TreeReader } from "../../ports/git.ts";
import type { ConfigSource } from "../loop/config-source.ts";
import { GitFileTree } from "./git-file-tree.ts";
import type { ConfigListing } from "./list-config.ts";
import { type ConfigFolder, listConfigFolder, readListedFiles } from "./read-config-folder.ts";

/** A listing, and the version that the folder itself had then. */
interface Listed {
  readonly folderId: string;
  readonly listing: ConfigListing;
}

export class TargetConfig implements ConfigSource {
  readonly #git: TreeReader;
  readonly #folder: ConfigFolder;
  #last: Listed | undefined;

  constructor(git: TreeReader, folder: ConfigFolder) {
    this.#git = git;
    this.#folder = folder;
  }

  async version(target: ObjectId | undefined): Promise<string> {
    if (target === undefined) return "no target";
    const folderId = await this.#idOf(target, this.#folder.path);
    let listing: ConfigListing;
    try {
      listing = await this.#list(target, folderId);
    } catch (error) {
      if (error instanceof SluiceError && error.problem.code === "CONFIG_MISSING") return `missing ${folderId}`;
      throw error;
    }
    const ids = await Promise.all(listing.followed.map((path) => this.#idOf(target, path)));
    return [folderId, ...ids].join(" ");
  }

  /** Throws a SluiceError (CONFIG_MISSING) where there is no such folder, or no target. */
  async read(target: ObjectId | undefined): Promise<readonly ConfigFile[]> {
    if (target === undefined) {
      const message = `the target branch is not there, and the config folder ${this.#folder.show("")} with it`;
      throw new SluiceError({ code: "CONFIG_MISSING", message });
    }
    // Listed anew: a link may lead elsewhere now although the folder is the same.
    const tree = new GitFileTree(this.#git, target);
    const listing = await listConfigFolder(tree, this.#folder);
    this.#last = { folderId: await this.#idOf(target, this.#folder.path), listing };
    return readListedFiles(tree, this.#folder, listing);
  }

  /** What the folder's links lead to can't be told without following them once. */
  async #list(target: ObjectId, folderId: string): Promise<ConfigListing> {
    if (this.#last?.folderId !== folderId) {
      this.#last = { folderId, listing: await listConfigFolder(new GitFileTree(this.#git, target), this.#folder) };
    }
    return this.#last.listing;
  }

  async #idOf(target: ObjectId, path: string): Promise<string> {
    return (await this.#git.findEntry(target, path))?.id ?? "-";
  }
}
