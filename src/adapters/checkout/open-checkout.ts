/**
 * Reads revisions of a checkout with isomorphic-git: no program is run, so no hook, filter or configuration of the
 * repository can make anything happen.
 */
import * as fs from "node:fs";
import git from "isomorphic-git";
import { decodeText } from "../../model/decode-text.ts";
import { folderMode } from "../../model/folder-mode.ts";
import { SluiceError } from "../../model/problem.ts";
import type { Checkout } from "../../ports/checkout.ts";
import type { CommitInfo, ObjectId, TreeEntry } from "../../ports/git.ts";

const filesMax = 100_000;
const fileBytesMax = 16 * 1024 * 1024;
const historyCommitsMax = 10_000;

/** The checkout that the folder lies in. Throws a SluiceError (USAGE) where there is none. */
export async function openCheckout(folder: string): Promise<Checkout> {
  let root: string;
  try {
    root = await git.findRoot({ fs, filepath: folder });
  } catch (cause) {
    const message = `${folder} is in no checkout of a Git repository`;
    throw new SluiceError({ code: "NOT_FOUND", message, hint: "Run this in a clone of the repository." }, cause);
  }
  return new GitCheckout(root);
}

class GitCheckout implements Checkout {
  readonly root: string;
  /** Packs' indexes are read once. */
  readonly #cache = {};

  constructor(root: string) {
    this.root = root;
  }

  get #repository() {
    return { fs, dir: this.root, cache: this.#cache };
  }

  async findCommit(revision: string): Promise<ObjectId> {
    const [, name = "", steps = ""] = /^(.*?)((?:~[0-9]*|\^[0-9]*)*)$/.exec(revision) ?? [];
    // An annotated tag is an object of its own; its commit is what counts.
    let commit = (await this.#readKnown(await this.#resolve(name, revision), revision)).id;
    for (const [, sign, digits] of steps.matchAll(/([~^])([0-9]*)/g)) {
      const number = digits === "" ? 1 : Number(digits);
      const isFirst = sign === "~";
      for (let step = 0; step < (isFirst ? number : Math.min(number, 1)); step++) {
        const { parents } = await this.#readKnown(commit, revision);
        const parent = parents[isFirst ? 0 : number - 1];
        if (parent === undefined) throw unknownRevision(revision);
        commit = parent;
      }
    }
    await this.#readKnown(commit, revision);
    return commit;
  }

  async #resolve(name: string, revision: string): Promise<ObjectId> {
    try {
      return await git.resolveRef({ ...this.#repository, ref: name });
    } catch (cause) {
      if (!/^[0-9a-f]{4,64}$/.test(name)) throw unknownRevision(revision, cause);
    }
    try {
      return await git.expandOid({ ...this.#repository, oid: name });
    } catch (cause) {
      throw unknownRevision(revision, cause);
    }
  }

  async #readKnown(commit: ObjectId, revision: string): Promise<CommitInfo> {
    try {
      return await this.readCommit(commit);
    } catch (cause) {
      throw unknownRevision(revision, cause);
    }
  }

  async readCommit(id: ObjectId): Promise<CommitInfo> {
    const { oid, commit } = await git.readCommit({ ...this.#repository, oid: id });
    const { tree, parent, author, committer, message } = commit;
    const { name, email } = author;
    return { id: oid, tree, parents: parent, author: { name, email }, time: committer.timestamp * 1000, message };
  }

  async readFile(commit: ObjectId, path: string): Promise<string | undefined> {
    const entry = await this.#findEntry(commit, path);
    if (entry === undefined || !entry.mode.startsWith("100")) return undefined;
    const { blob } = await git.readBlob({ ...this.#repository, oid: entry.id });
    if (blob.length > fileBytesMax) {
      throw new SluiceError({ code: "USAGE", message: `${path} is larger than ${fileBytesMax} bytes` });
    }
    const decoded = decodeText(blob);
    if ("text" in decoded) return decoded.text;
    throw new SluiceError({ code: "FILE_UNREADABLE", message: `${path} can't be read: ${decoded.fault}` });
  }

  async readTree(tree: ObjectId): Promise<readonly TreeEntry[]> {
    const entries = (await git.readTree({ ...this.#repository, oid: tree })).tree;
    return entries.map(({ mode, path, oid }) => ({ mode: mode.replace(/^0/, ""), name: path, id: oid }));
  }

  async findEntry(tree: ObjectId, path: string): Promise<TreeEntry | undefined> {
    let entry: TreeEntry | undefined = { mode: folderMode, name: "", id: tree };
    for (const name of path.split("/").filter((part) => part !== "")) {
      if (entry?.mode !== folderMode) return undefined;
      entry = (await this.readTree(entry.id)).find((candidate) => candidate.name === name);
    }
    return entry;
  }

  async readBlobs(ids: readonly ObjectId[]): Promise<ReadonlyMap<ObjectId, Uint8Array>> {
    const blobs = new Map<ObjectId, Uint8Array>();
    for (const id of ids) {
      try {
        blobs.set(id, (await git.readBlob({ ...this.#repository, oid: id })).blob);
      } catch (cause) {
        const message = `the checkout lacks the object ${id}`;
        throw new SluiceError({ code: "GIT_UNAVAILABLE", message, hint: "It may be a partial clone." }, cause);
      }
    }
    return blobs;
  }

  async listFiles(commit: ObjectId, folder: string): Promise<readonly string[]> {
    const paths: string[] = [];
    const visit = async (tree: ObjectId, prefix: string): Promise<void> => {
      for (const { mode, name, id } of await this.readTree(tree)) {
        if (mode === folderMode) await visit(id, `${prefix}${name}/`);
        else if (mode.startsWith("100")) paths.push(prefix + name);
        if (paths.length > filesMax) {
          throw new SluiceError({ code: "USAGE", message: `${folder} has more than ${filesMax} files` });
        }
      }
    };
    const start = await this.#findEntry(commit, folder);
    if (start?.mode === folderMode) await visit(start.id, folder === "" ? "" : `${folder}/`);
    return paths;
  }

  async findLastChange(commit: ObjectId, path: string): Promise<CommitInfo | undefined> {
    let current = await this.readCommit(commit);
    let id = (await this.#findEntry(commit, path))?.id;
    if (id === undefined) return undefined;
    for (let count = 0; count < historyCommitsMax; count++) {
      const [parent] = current.parents;
      if (parent === undefined) return current;
      let before: CommitInfo;
      try {
        before = await this.readCommit(parent);
      } catch {
        return undefined; // The clone is shallow and ends here.
      }
      const idBefore = (await this.#findEntry(parent, path))?.id;
      if (idBefore !== id) return current;
      current = before;
      id = idBefore;
    }
    return undefined;
  }

  async #findEntry(commit: ObjectId, path: string): Promise<TreeEntry | undefined> {
    return this.findEntry((await this.readCommit(commit)).tree, path);
  }
}

function unknownRevision(revision: string, cause?: unknown): SluiceError {
  const message = `the checkout has no revision ${revision}`;
  const hint = "Fetch it first; in a workflow, check out with fetch-depth: 0.";
  return new SluiceError({ code: "NOT_FOUND", message, hint }, cause);
}
