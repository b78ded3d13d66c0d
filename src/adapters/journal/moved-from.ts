/**
 * `moved-from.json` in a journal's folder: the journal is being moved here from another folder, and is there until this file
 * is gone. So a crash on the way loses nothing: whoever opens the folder next goes on moving.
 */
import { basename, join } from "node:path";
import { SluiceError } from "../../model/problem.ts";
import { headerName } from "./header-file.ts";
import { type JournalFiles, machineFiles } from "./journal-files.ts";
import { listSegments, putAside, segmentName, syncPath, writeFully } from "./segment.ts";

const name = "moved-from.json";

/**
 * Says that the journal of `from` is being moved to `to`. One that stands there is of the past, as the checkpoint is of the one
 * that comes: it is put aside, below `aside/`.
 */
export async function beginMove(files: JournalFiles, from: string, to: string): Promise<void> {
  if (!(await files.readdir(to)).includes(name)) {
    const segments = await listSegments(files, to);
    const [first] = segments;
    if (first !== undefined) await putAside(files, to, first.epoch, segments);
  }
  await writeToDisk(files, join(to, name), Buffer.from(`${JSON.stringify({ from })}\n`));
  await syncPath(files, to);
  await removeFiles(files, to);
}

/** Copies these files of a journal, and its header; then the journal is here. */
export async function endMove(
  files: JournalFiles,
  from: string,
  to: string,
  segments: readonly string[],
): Promise<void> {
  for (const path of segments) await copyToDisk(files, path, join(to, basename(path)));
  await copyToDisk(files, join(from, headerName), join(to, headerName)).catch((error: NodeJS.ErrnoException) => {
    // It was never read.
    if (error.code !== "ENOENT") throw error;
  });
  await syncPath(files, to);
  await files.unlink(join(to, name));
  await syncPath(files, to);
}

/** Takes away what was moved; what can't be is left for people. */
export async function clearMoved(files: JournalFiles, from: string): Promise<void> {
  await removeFiles(files, from).catch(() => undefined);
}

/** Goes on moving where a crash ended it. Throws a SluiceError (JOURNAL_DAMAGED) where the other folder is gone. */
export async function resumeMove(files: JournalFiles, to: string): Promise<void> {
  const from = await movedFrom(files, to);
  if (from === undefined) return;
  const names = await files.readdir(from).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOENT") throw error;
    throw new SluiceError({
      code: "JOURNAL_DAMAGED",
      message: `the journal was being moved from ${from} to ${to}, and ${from} is not there any more`,
      hint: `Bring it back; or remove ${join(to, name)} to go on without what it held.`,
    });
  });
  const lock = await files.lock(from);
  try {
    await removeFiles(files, to);
    const segments = names.filter((one) => segmentName.test(one));
    await endMove(
      files,
      from,
      to,
      segments.map((one) => join(from, one)),
    );
    await clearMoved(files, from);
  } finally {
    await lock.release();
  }
}

/** Whether a folder holds a journal that was never read, and is not on its way there. */
export async function hasUnread(directory: string): Promise<boolean> {
  const names = await machineFiles.readdir(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOENT") throw error;
    return [] as string[];
  });
  return names.some((one) => segmentName.test(one)) && !names.includes(headerName) && !names.includes(name);
}

async function movedFrom(files: JournalFiles, directory: string): Promise<string | undefined> {
  let text: string;
  try {
    text = await files.readText(join(directory, name));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  try {
    const { from } = JSON.parse(text) as { from?: unknown };
    if (typeof from === "string") return from;
  } catch {
    // Died while it was written: nothing had been moved by then.
  }
  await files.unlink(join(directory, name));
  return undefined;
}

async function copyToDisk(files: JournalFiles, from: string, to: string): Promise<void> {
  const file = await files.open(from, "r");
  let bytes: Buffer;
  try {
    bytes = await file.readFile();
  } finally {
    await file.close();
  }
  await writeToDisk(files, to, bytes);
}

async function writeToDisk(files: JournalFiles, path: string, bytes: Buffer): Promise<void> {
  const file = await files.open(path, "w", 0o600);
  try {
    await writeFully(file, bytes, 0);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function removeFiles(files: JournalFiles, directory: string): Promise<void> {
  for (const one of await files.readdir(directory)) {
    if (segmentName.test(one) || one === headerName) await files.unlink(join(directory, one));
  }
  await syncPath(files, directory);
}
