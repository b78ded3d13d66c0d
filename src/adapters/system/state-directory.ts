/**
 * The folder of one service on this machine (`state.directory`): who has it, who may read it, and what must not lie about in it. Commands
 * that read get folders of their own in it, so that they disturb neither the service nor each other.
 */
import { mkdtempSync } from "node:fs";
import { chmod, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SluiceError } from "../../model/problem.ts";
import { lockDirectory } from "./directory-lock.ts";
import { triedOnce, withDisk } from "./disk-trouble.ts";
import { makeFolders } from "./make-folders.ts";

/** Below the folder: files that programs need secrets in, while they run. */
export const secretsFolder = "secrets";
const readersFolder = "readers";
/** Commands that read at once; each keeps what it has fetched for the next. More of them get throwaway folders. */
const readersMax = 16;

export interface HeldFolder {
  readonly path: string;
  close(): Promise<void>;
}

/**
 * Takes the folder for a service: made where it is missing, for this user alone, without the secrets that a killed one left. Throws a
 * SluiceError: JOURNAL_LOCKED where another service has it, DISK_UNAVAILABLE.
 */
export async function holdStateDirectory(directory: string): Promise<HeldFolder> {
  const take = async () => {
    await makeFolders(directory, 0o700);
    // One that is another user's, as of a mounted volume, stays as it is.
    await chmod(directory, 0o700).catch(() => undefined);
    return lockDirectory(directory);
  };
  const lock = await withDisk(`state.directory ${directory} can't be used`, take, triedOnce).catch((cause: unknown) => {
    if (!(cause instanceof SluiceError) || cause.problem.code !== "JOURNAL_LOCKED") throw cause;
    const message = `another service runs with state.directory ${directory}`;
    const hint = "Stop it, or give this one a state.directory of its own.";
    throw new SluiceError({ code: "JOURNAL_LOCKED", message, hint }, cause);
  });
  await rm(join(directory, secretsFolder), { recursive: true, force: true }).catch(() => undefined);
  return { path: directory, close: () => lock.release() };
}

/** A folder for one command that reads: its own until it is closed. A state directory that can't be written is no obstacle. */
export async function holdReaderFolder(directory: string): Promise<HeldFolder> {
  for (let number = 0; number < readersMax; number++) {
    const path = join(directory, readersFolder, String(number));
    try {
      await makeFolders(path, 0o700);
      const lock = await lockDirectory(path);
      await rm(join(path, secretsFolder), { recursive: true, force: true });
      return { path, close: () => lock.release() };
    } catch (error) {
      if (error instanceof SluiceError && error.problem.code === "JOURNAL_LOCKED") continue;
      break;
    }
  }
  const path = mkdtempSync(join(tmpdir(), "sluice-read-"));
  return { path, close: () => rm(path, { recursive: true, force: true }) };
}
