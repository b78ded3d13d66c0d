/**
 * Files that people name for a command, such as sample events: read as they are, but for links that lead out of the
 * repository. A command may run on somebody's branch, and must not print what only this machine can read.
 */
import { lstat, readdir, readFile, realpath } from "node:fs/promises";
import { join, sep } from "node:path";
import { decodeText } from "../../model/decode-text.ts";
import { SluiceError } from "../../model/problem.ts";
import { findCheckout } from "./working-root.ts";

/**
 * The file's text; undefined where there is none. Throws a SluiceError (FILE_UNREADABLE) for a link out, and for what is
 * no text.
 */
export async function readWorkingFile(path: string): Promise<string | undefined> {
  let bytes: Uint8Array;
  try {
    await checkLinks(path, undefined);
    bytes = await readFile(path);
  } catch (error) {
    if (["ENOENT", "ENOTDIR", "EISDIR"].includes((error as NodeJS.ErrnoException).code ?? "")) return undefined;
    throw error;
  }
  const decoded = decodeText(bytes);
  if ("text" in decoded) return decoded.text;
  const { fault, line, column } = decoded;
  const message = `${path} can't be read: ${fault}`;
  throw new SluiceError({ code: "FILE_UNREADABLE", message, at: { file: path, line, column } });
}

/** Files in the folder, by name; links count as what they lead to. Throws a SluiceError (FILE_UNREADABLE) for a link out. */
export async function listWorkingFiles(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const paths = entries.filter((entry) => !entry.isDirectory()).map(({ name }) => join(folder, name));
  for (const path of paths) if ((await lstat(path)).isSymbolicLink()) await checkLinks(path, folder);
  return paths.sort();
}

/** `fallback`: what a link must not lead out of where there is no checkout; undefined: whoever named it means it. */
async function checkLinks(path: string, fallback: string | undefined): Promise<void> {
  const root = (await findCheckout(path)) ?? fallback;
  if (root === undefined || (await realpath(path)).startsWith((await realpath(root)) + sep)) return;
  throw new SluiceError({
    code: "FILE_UNREADABLE",
    message: `${path} is a link that leads out of the repository`,
    hint: "Put the file itself there.",
  });
}
