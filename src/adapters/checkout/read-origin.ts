/** Where a checkout came from, by its own configuration; nothing is run, and nothing is reached. */
import * as fs from "node:fs";
import git from "isomorphic-git";

export interface CheckoutOrigin {
  /** The checkout's root, absolute. */
  readonly root: string;
  /** Of the remote `origin`, without credentials; undefined: it has none. */
  readonly url?: string;
  /** Undefined: no branch is checked out. */
  readonly branch?: string;
}

/** Undefined where the folder is in no checkout. */
export async function readOrigin(folder: string): Promise<CheckoutOrigin | undefined> {
  let root: string;
  try {
    root = await git.findRoot({ fs, filepath: folder });
  } catch {
    return undefined;
  }
  const url: unknown = await git.getConfig({ fs, dir: root, path: "remote.origin.url" });
  const branch = await git.currentBranch({ fs, dir: root });
  return {
    root,
    ...(typeof url === "string" && url !== "" ? { url: withoutCredentials(url) } : {}),
    ...(typeof branch === "string" && branch !== "" ? { branch } : {}),
  };
}

/** Tokens in URLs of https are nobody's to copy; the user of an ssh URL belongs to the address. */
function withoutCredentials(url: string): string {
  return url.replace(/^(https?:\/\/)[^/@]*@/i, "$1");
}
