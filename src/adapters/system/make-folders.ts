/** Folders with all that are missing on the way, one by one. */
import { mkdir, stat } from "node:fs/promises";
import { dirname } from "node:path";

/**
 * Makes the folder where it is missing, with the rights that `mode` says; rejects as `mkdir` does, with EEXIST where a file
 * stands there. Node's own recursive one never ends where a folder can't be made though its parent is there, as below
 * /proc: ENOENT, which it takes for a missing parent.
 */
export async function makeFolders(path: string, mode?: number): Promise<void> {
  try {
    await makeOne(path, mode);
  } catch (error) {
    const parent = dirname(path);
    if ((error as NodeJS.ErrnoException).code !== "ENOENT" || parent === path) throw error;
    await makeFolders(parent, mode);
    await makeOne(path, mode);
  }
}

async function makeOne(path: string, mode: number | undefined): Promise<void> {
  try {
    await mkdir(path, mode);
  } catch (error) {
    // A read-only file system says so also of a folder that is there.
    const isThere = await stat(path).then(
      (info) => info.isDirectory(),
      () => false,
    );
    if (!isThere) throw error;
  }
}
