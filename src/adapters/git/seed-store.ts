/**
 * A local store that takes over what another one has, of the same repository: a service that changes its folder need not fetch
 * everything once more. The other store stays as it is, and may be written to meanwhile.
 */
import { join } from "node:path";
import { gitEnv, runProgram } from "./git-program.ts";
import { isFileError } from "./store-error.ts";
import type { StoreFiles } from "./store-files.ts";

/** A pack's files; its index comes last, for without it there is no pack. */
const extensions = [".pack", ".promisor", ".rev", ".idx"];

/** Where a store is made that is to take the place of the one in that folder, when that is opened the next time. */
export function preparedStore(directory: string): string {
  return `${directory}.next`;
}

/** Into an empty store. Throws what the file system refuses; then it is to be made anew. */
export async function seedStore(from: string, to: string, files: StoreFiles): Promise<void> {
  const env = gitEnv({ GIT_DIR: from });
  const run = { env, durationMsMax: 60_000 };
  // What names objects comes before the objects: they only become more, or are put together in other packs.
  const { stdout } = await runProgram("git", ["for-each-ref", "--format=%(objectname) %(refname)"], run);
  const shallow = join(from, "shallow");
  if (files.existsSync(shallow)) await files.copyFile(shallow, join(to, "shallow"));
  while (!(await takePacks(from, to, files))) {
    // Packs were put together meanwhile: what they hold is in another one now.
  }
  files.writeFileSync(join(to, "packed-refs"), stdout);
}

/** False where a pack was gone before it was taken. */
async function takePacks(from: string, to: string, files: StoreFiles): Promise<boolean> {
  const folder = join("objects", "pack");
  const names = new Set(files.readdirSync(join(from, folder)));
  for (const index of names) {
    if (!index.startsWith("pack-") || !index.endsWith(".idx")) continue;
    for (const extension of extensions) {
      const name = index.replace(/\.idx$/, extension);
      if (!names.has(name)) continue;
      try {
        await take(join(from, folder, name), join(to, folder, name), files);
      } catch (error) {
        if (isFileError(error) && error.code === "ENOENT") return false;
        throw error;
      }
    }
  }
  return true;
}

/** Packs never change: the same file under another name, where both are on one disk. */
async function take(from: string, to: string, files: StoreFiles): Promise<void> {
  if (files.existsSync(to)) return;
  try {
    await files.link(from, to);
  } catch (error) {
    if (!isFileError(error) || error.code === "ENOENT") throw error;
    await files.copyFile(from, to);
  }
}
