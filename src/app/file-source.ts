/** Where files are read from: this machine's disk, or a revision of a checkout. */
import { readdir, readFile } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { decodeText } from "../model/decode-text.ts";
import { SluiceError } from "../model/problem.ts";
import type { Checkout } from "../ports/checkout.ts";
import type { ObjectId } from "../ports/git.ts";

/** All paths are absolute, those of a revision below the checkout's root. */
export interface FileSource {
  /** The file's text; undefined where there is none. */
  read(path: string): Promise<string | undefined>;
  /** Regular files and links in the folder, or in a revision regular files below it; by name. */
  list(folder: string): Promise<readonly string[]>;
}

export const diskFiles: FileSource = {
  read: async (path) => {
    try {
      return textOf(path, await readFile(path));
    } catch (error) {
      if (["ENOENT", "ENOTDIR", "EISDIR"].includes((error as NodeJS.ErrnoException).code ?? "")) return undefined;
      throw error;
    }
  },
  list: async (folder) => {
    const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
    return entries
      .filter((entry) => !entry.isDirectory())
      .map(({ name }) => join(folder, name))
      .sort();
  },
};

function textOf(path: string, bytes: Uint8Array): string {
  const decoded = decodeText(bytes);
  if ("text" in decoded) return decoded.text;
  const { fault, line, column } = decoded;
  throw new SluiceError({
    code: "FILE_UNREADABLE",
    message: `${path} can't be read: ${fault}`,
    at: { file: path, line, column },
  });
}

/** What is outside of the checkout, or a link in it, is not there. */
export function revisionFiles(checkout: Checkout, commit: ObjectId): FileSource {
  const pathOf = (path: string) => relative(checkout.root, path).split(sep).join("/");
  const isOutside = (path: string) => pathOf(path) === ".." || pathOf(path).startsWith("../");
  return {
    read: async (path) => (isOutside(path) ? undefined : checkout.readFile(commit, pathOf(path))),
    list: async (folder) => {
      if (isOutside(folder)) return [];
      return (await checkout.listFiles(commit, pathOf(folder))).map((path) => join(checkout.root, path)).sort();
    },
  };
}
