/** The documents' files of a config folder: listed, read and told to be text, or a problem with its place. */
import type { ConfigFile } from "../../model/catalog.ts";
import { decodeText } from "../../model/decode-text.ts";
import { type Problem, SluiceError } from "../../model/problem.ts";
import type { FileTree } from "../../ports/file-tree.ts";
import { type ConfigListing, type ListedFile, listConfig } from "./list-config.ts";

export interface ConfigFolder {
  /** Relative to the tree's root. */
  readonly path: string;
  /** Patterns of the settings; {@link import("../../config/exclusions.ts").Exclusions}. */
  readonly exclude: readonly string[];
  /** The name that people know a file by, given its path below the folder (empty: the folder itself). */
  readonly show: (path: string) => string;
}

const filesPerRead = 500;
const fileBytesMax = 16 * 1024 * 1024;

/** Which files there are. Throws a SluiceError (CONFIG_MISSING) where the folder is not there: that is not emptiness. */
export async function listConfigFolder(tree: FileTree, folder: ConfigFolder): Promise<ConfigListing> {
  const listing = await listConfig(tree, folder.path, folder.exclude);
  if (!("missing" in listing)) return listing;
  const why = listing.missing.startsWith("there is no ") ? "" : `: ${listing.missing}`;
  throw new SluiceError({
    code: "CONFIG_MISSING",
    message: `the config folder ${folder.show("")} is not there${why}`,
    hint: "What is in force stays. Set config.path, a folder of the target branch, or config.directory.",
  });
}

/** Reads what was listed; what can't be read is in the answer with its fault. */
export async function readListedFiles(
  tree: FileTree,
  { show }: ConfigFolder,
  { files, faults }: ConfigListing,
): Promise<readonly ConfigFile[]> {
  const read: ConfigFile[] = faults.map(({ path, message }) => faulty(path, show(path), message));
  for (let from = 0; from < files.length; from += filesPerRead) {
    const chunk = files.slice(from, from + filesPerRead);
    const contents = await tree.readFiles(chunk.map(({ real }) => real));
    for (const file of chunk) read.push(readFile(file, show(file.path), contents.get(file.real)));
  }
  return read;
}

/** Both at once. Throws a SluiceError (CONFIG_MISSING). */
export async function readConfigFolder(tree: FileTree, folder: ConfigFolder): Promise<readonly ConfigFile[]> {
  return readListedFiles(tree, folder, await listConfigFolder(tree, folder));
}

function readFile({ path }: ListedFile, shown: string, bytes: Uint8Array | undefined): ConfigFile {
  if (bytes === undefined) return faulty(path, shown, "it can't be opened");
  if (bytes.length > fileBytesMax) return faulty(path, shown, `it has more than ${fileBytesMax} bytes`);
  const decoded = decodeText(bytes);
  return "text" in decoded
    ? { path, shown, text: decoded.text }
    : faulty(path, shown, decoded.fault, decoded.line, decoded.column);
}

function faulty(path: string, shown: string, reason: string, line = 1, column = 1): ConfigFile {
  const fault: Problem = {
    code: "FILE_UNREADABLE",
    severity: "error",
    message: `this can't be read, and what it held stays as it was: ${reason}`,
    at: { file: shown, line, column },
    hint: "Mend it, or leave it out: config.exclude in the settings, or a .sluiceignore beside it.",
  };
  return { path, shown, text: "", fault };
}
