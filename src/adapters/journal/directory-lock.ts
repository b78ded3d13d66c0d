/**
 * A lock on a folder that its holder's death releases, however it dies: a Unix socket that is listened on. A socket that
 * nobody answers on is left over, and taken away.
 */
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { link, open, rename, unlink } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { SluiceError } from "../../model/problem.ts";

export interface DirectoryLock {
  release(): Promise<void>;
}

/** Locks the folder, which must exist; throws a SluiceError (JOURNAL_LOCKED) while another process or caller has it. */
export async function lockDirectory(directory: string): Promise<DirectoryLock> {
  const lock = join(directory, "lock");
  // Sockets have short paths only (108 bytes): a folder that is open has one, on Linux.
  const handle = await open(directory, "r");
  const short = process.platform === "linux" ? `/proc/self/fd/${handle.fd}` : directory;
  const own = `lock.${process.pid}.${randomBytes(4).toString("hex")}`;
  const server = createServer((socket) => socket.destroy());
  server.unref();
  try {
    server.listen(join(short, own));
    await once(server, "listening");
    while (!(await tryLink(join(directory, own), lock))) {
      if (await answers(join(short, "lock"))) throw lockedError(directory);
      await removeStale(directory, short);
    }
    return {
      release: async () => {
        await unlink(lock).catch(ignoreMissing);
        server.close();
        await handle.close();
      },
    };
  } catch (error) {
    server.close();
    await handle.close();
    throw error;
  } finally {
    await unlink(join(directory, own)).catch(ignoreMissing);
  }
}

/** Takes a left-over lock away; puts it back where it turns out to be another's that was made a moment ago. */
async function removeStale(directory: string, short: string): Promise<void> {
  const aside = `lock.stale.${process.pid}.${randomBytes(4).toString("hex")}`;
  try {
    await rename(join(directory, "lock"), join(directory, aside));
  } catch (error) {
    ignoreMissing(error);
    return;
  }
  if (await answers(join(short, aside))) {
    await tryLink(join(directory, aside), join(directory, "lock"));
    await unlink(join(directory, aside)).catch(ignoreMissing);
    throw lockedError(directory);
  }
  await unlink(join(directory, aside)).catch(ignoreMissing);
}

async function tryLink(existing: string, path: string): Promise<boolean> {
  try {
    await link(existing, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

async function answers(path: string): Promise<boolean> {
  const socket = connect(path);
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

function ignoreMissing(error: unknown): void {
  if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
}

function lockedError(directory: string): SluiceError {
  return new SluiceError({
    code: "JOURNAL_LOCKED",
    message: `the journal in ${directory} is in use by another process`,
    hint: "Stop the other instance, or give this one a state.directory of its own.",
  });
}
