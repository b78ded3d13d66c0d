/**
 * Files at paths that a stranger's commit or artifact may have prepared: read and written as they stand, never through a
 * link, be it the file itself or a folder on the way to it.
 */
import { constants } from "node:fs";
import { type FileHandle, open, realpath } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { SluiceError } from "../model/problem.ts";
import { usageError } from "./cli/context.ts";
import { makeFolders } from "./compose/make-folders.ts";

// A pipe must not keep us waiting for whoever holds its other end.
const unlinked = constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** Throws USAGE where there is no regular file of at most `bytesMax` bytes. `what`: for the message. */
export async function readUnlinkedFile(
  directory: string,
  path: string,
  bytesMax: number,
  what: string,
): Promise<string> {
  const refusal = () => usageError(`${what} is not there, a link, no regular file, or larger than it may be: ${path}`);
  const handle = await openAt(directory, path, constants.O_RDONLY | unlinked).catch(() => undefined);
  if (handle === undefined) throw refusal();
  try {
    const info = await handle.stat();
    if (!info.isFile() || info.size > bytesMax) throw refusal();
    return await handle.readFile("utf8");
  } finally {
    await handle.close();
  }
}

/** Writes the file anew, with the folders on its way. Throws USAGE where a link, or something else than a file, stands there. */
export async function writeUnlinkedFile(directory: string, path: string, text: string, what: string): Promise<void> {
  let handle: FileHandle | undefined;
  try {
    await makeFolders(dirname(resolve(directory, path)));
    handle = await openAt(directory, path, constants.O_WRONLY | constants.O_CREAT | unlinked);
    // A name that stands for another file elsewhere is a link too, of the hard kind.
    const info = await handle.stat();
    if (!info.isFile() || info.nlink > 1) throw new Error("it is no file of its own");
    await handle.truncate(0);
    await handle.writeFile(text);
  } catch (error) {
    if (error instanceof SluiceError) throw error;
    throw usageError(`${what} can't be written to ${path}: ${explain(error)}`, "Name a place without links.");
  } finally {
    await handle?.close();
  }
}

/** What the user's own directory is reached by may be links; what lies below it may not. */
async function openAt(directory: string, path: string, flags: number): Promise<FileHandle> {
  const base = resolve(directory);
  const parent = dirname(resolve(base, path));
  const real = await realpath(parent);
  const isBelow = parent === base || parent.startsWith(join(base, "/"));
  if (isBelow && real !== join(await realpath(base), parent.slice(base.length))) throw new Error("a folder is a link");
  return open(join(real, basename(path)), flags, 0o644);
}

function explain(error: unknown): string {
  const { code, message } = error as { code?: string; message: string };
  if (code === "ELOOP" || code === "EMLINK") return "it is a link";
  return code ?? message;
}
