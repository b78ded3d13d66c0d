/**
 * A lock on a folder that its holder's death releases, however it dies: a Unix socket of its own, that it listens on.
 *
 * Everybody who wants the lock first shows a socket and then looks at the others': of two, whoever shows its own later
 * sees the earlier one. What nobody answers on is left over, and removed. It holds among processes of one machine.
 */
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { open, readdir, rename, unlink } from "node:fs/promises";
import { connect, createServer, type Server } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { SluiceError } from "../../model/problem.ts";

export interface DirectoryLock {
  release(): Promise<void>;
}

type Answer = "held" | "wanted";

const prefix = "lock.";
const retryMs = 20;
const answerMsMax = 2_000;

/** Locks the folder, which must exist; throws a SluiceError (JOURNAL_LOCKED) while another process or caller has it. */
export async function lockDirectory(directory: string): Promise<DirectoryLock> {
  // Paths of sockets are short (108 bytes): a folder that is open has a short one, on Linux.
  const handle = await open(directory, "r");
  const short = process.platform === "linux" ? `/proc/self/fd/${handle.fd}` : directory;
  const name = `${prefix}${process.pid}.${randomBytes(6).toString("hex")}`;
  let answer: Answer = "wanted";
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.end(answer);
  });
  server.unref();

  async function release(): Promise<void> {
    await unlink(join(directory, name)).catch(ignoreMissing);
    server.close();
    await handle.close();
  }

  try {
    await show(server, short, name);
    while (await othersWant(directory, short, name)) await sleep(retryMs);
    answer = "held";
    return { release };
  } catch (error) {
    await release();
    throw error;
  }
}

/** Under its name it is only ever seen listened on, for else others would take it for left over. */
async function show(server: Server, folder: string, name: string): Promise<void> {
  const unfinished = join(folder, `unfinished-${name}`);
  server.listen(unfinished);
  await once(server, "listening");
  await rename(unfinished, join(folder, name));
}

/** Whether others want the lock too and have to give way first. Throws where this one has to, or where it is held. */
async function othersWant(directory: string, folder: string, own: string): Promise<boolean> {
  let wanted = false;
  for (const name of await readdir(directory)) {
    if (!name.startsWith(prefix) || name === own) continue;
    const answer = await ask(join(folder, name));
    if (answer === undefined) await unlink(join(directory, name)).catch(ignoreMissing);
    else if (answer === "held" || name < own) throw lockedError(directory);
    else wanted = true;
  }
  return wanted;
}

/** What its owner says; undefined: it has none any more. One that keeps silent lives, and is taken to hold it. */
async function ask(path: string): Promise<Answer | undefined> {
  const socket = connect(path);
  let text = "";
  socket.on("data", (chunk: Buffer) => {
    text += chunk.toString();
  });
  try {
    await once(socket, "end", { signal: AbortSignal.timeout(answerMsMax) });
    return text === "wanted" ? "wanted" : "held";
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ECONNREFUSED" || code === "ENOENT") return undefined;
    return code === "ECONNRESET" ? "wanted" : "held";
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
