/**
 * The journal's header, `journal.json` beside its segments: where the checkpoint stood when the journal was first read.
 * By it a journal is told from one that the state has moved past; no time stamp is.
 */
import { join } from "node:path";
import { SluiceError } from "../../model/problem.ts";
import type { JournalMark } from "../../ports/journal.ts";
import type { JournalFiles } from "./journal-files.ts";
import { syncPath } from "./segment.ts";

export interface JournalHeader {
  /** The journal that this is said of: what is the same in all its epochs. */
  readonly epoch: string;
  /** Null: the checkpoint stood nowhere. */
  readonly firstRead: JournalMark | null;
}

export const headerName = "journal.json";

/** Undefined: this journal was never read. Throws a SluiceError (JOURNAL_DAMAGED). */
export async function readHeader(
  files: JournalFiles,
  directory: string,
  epoch: string,
): Promise<JournalHeader | undefined> {
  const path = join(directory, headerName);
  let text: string;
  try {
    text = await files.readText(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  const header = parseHeader(text);
  if (header === undefined) {
    throw new SluiceError({
      code: "JOURNAL_DAMAGED",
      message: `${path} can't be read: it is not what Sluice writes`,
      hint: "Without it the journal beside it counts as never read: remove it if its entries are to be read.",
    });
  }
  // What is left of a journal that was put aside says nothing of the one that is here.
  return header.epoch === epoch ? header : undefined;
}

/** Replaces it as a whole; it is on disk when this resolves. */
export async function writeHeader(files: JournalFiles, directory: string, header: JournalHeader): Promise<void> {
  const path = join(directory, headerName);
  const written = `${path}.new`;
  const file = await files.open(written, "w", 0o600);
  try {
    await file.writeFile(`${JSON.stringify(header)}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await files.rename(written, path);
  await syncPath(files, directory);
}

function parseHeader(text: string): JournalHeader | undefined {
  try {
    const { epoch, firstRead } = JSON.parse(text) as Partial<JournalHeader>;
    if (typeof epoch !== "string" || firstRead === undefined) return undefined;
    if (firstRead !== null && (typeof firstRead.epoch !== "string" || !Number.isSafeInteger(firstRead.sequence))) {
      return undefined;
    }
    return { epoch, firstRead };
  } catch {
    return undefined;
  }
}
