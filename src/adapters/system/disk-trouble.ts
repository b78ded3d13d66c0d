/** What the system says of a disk that fails, in words: no raw errno leaves the journal. */
import { type Problem, SluiceError } from "../../model/problem.ts";

const reasons: Readonly<Record<string, readonly [reason: string, hint: string]>> = {
  ENOSPC: ["no space is left on the disk", "Make room on the disk."],
  EDQUOT: ["the disk quota is used up", "Make room on the disk, or raise the quota."],
  EROFS: ["the file system is read-only", "Mount it writable; see the system's log for why it became read-only."],
  EACCES: ["permission is denied", "Give the user that runs Sluice the folder."],
  EPERM: ["it is not permitted", "Give the user that runs Sluice the folder."],
  ENOENT: ["the folder is gone", "See what removes it."],
  EISDIR: ["there is a folder where a file is expected", "Remove it, or name another state.directory."],
  ENOTDIR: ["there is a file where a folder is expected", "Remove it, or name another state.directory."],
  EIO: ["the disk reports an error", "Check the disk."],
  EMFILE: ["the process has too many open files", "Raise its limit of open files (ulimit -n)."],
  ENFILE: ["the system has too many open files", "Raise the system's limit of open files."],
};

/** What follows where a start ends, or a change of the settings is refused. */
export const triedOnce = "";

/** DISK_UNAVAILABLE; `what` says what could not be done, e.g. `the journal in /x can't be written`, `then` what follows. */
export function diskProblem(what: string, error: unknown, then: string): Problem {
  const code = (error as NodeJS.ErrnoException).code ?? "";
  const text = error instanceof Error ? error.message.replace(/^E[A-Z0-9]+: /, "") : String(error);
  const [reason, hint] = reasons[code] ?? [text, "Check the disk."];
  return { code: "DISK_UNAVAILABLE", severity: "error", message: `${what}: ${reason}`, hint: `${hint} ${then}`.trim() };
}

/** What was to be done and the disk did not do: a SluiceError as it is, anything else as DISK_UNAVAILABLE. */
export async function withDisk<T>(what: string, work: () => Promise<T>, then = "It is tried again."): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof SluiceError || (error as NodeJS.ErrnoException).syscall === undefined) throw error;
    throw new SluiceError(diskProblem(what, error, then), error);
  }
}
