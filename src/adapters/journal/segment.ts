/** Segments: the journal's files, each named after the first sequence in it, with a header that names the journal. */
import { basename, join } from "node:path";
import { crc32 } from "node:zlib";
import { SluiceError } from "../../model/problem.ts";
import { journalOf } from "./epoch.ts";
import type { JournalFile, JournalFiles } from "./journal-files.ts";
import { findRecord, parseRecord } from "./record.ts";

const magic = Buffer.from("SLUICEJ2", "latin1");
/** Names the journal alone, and then the first sequence. */
const magicOfOldFiles = Buffer.from("SLUICEJ1", "latin1");
const epochBytes = 24;
/** Magic, epoch, CRC-32 of these. */
export const headerBytes = magic.length + epochBytes + 4;

export interface Segment {
  /** Another one when the journal is moved. */
  path: string;
  /** Of the opening that wrote it. */
  readonly epoch: string;
  /** The sequence of its first record, also while there is none. */
  readonly first: number;
  /** Bytes that are on disk for certain: what may be read. */
  length: number;
}

export const segmentName = /^\d{16}\.journal$/;

/** What opening finds at the end of a segment. */
export interface SegmentEnd {
  /** Where whole records end; what follows was being written when the process died. */
  readonly length: number;
  readonly lastSequence: number;
  /** Zero: there is no record. */
  readonly lastNanos: bigint;
}

/** The journal's segments in order. Throws a SluiceError (JOURNAL_DAMAGED). */
export async function listSegments(files: JournalFiles, directory: string): Promise<Segment[]> {
  const names = (await files.readdir(directory)).filter((name) => segmentName.test(name)).sort();
  const found: (Omit<Segment, "epoch"> & { readonly epoch: string | undefined })[] = [];
  /** By journal one of its files. */
  const journals = new Map<string, string>();
  for (const [index, name] of names.entries()) {
    const path = join(directory, name);
    const file = await files.open(path, "r");
    try {
      const length = (await file.stat()).size;
      const epoch = await readEpoch(file);
      // Died while beginning a segment: nothing is in it.
      if (length < headerBytes && index === names.length - 1) await files.unlink(path);
      else found.push({ path, epoch, first: Number.parseInt(name, 10), length });
      if (epoch !== undefined) journals.set(journalOf(epoch), path);
    } finally {
      await file.close();
    }
  }
  // One whose header is damaged counts as of the opening before it.
  let epoch = found.find((segment) => segment.epoch !== undefined)?.epoch;
  if (journals.size > 1 || (found.length > 0 && epoch === undefined)) {
    throw new SluiceError({
      code: "JOURNAL_DAMAGED",
      message:
        epoch === undefined
          ? `the journal in ${directory} can't be read: no file has an intact header`
          : `the journal in ${directory} is mixed from several: ${[...journals.values()].join(", ")}`,
      hint: "Move the files that do not belong there to another folder and start again; nothing was changed.",
    });
  }
  const segments: Segment[] = [];
  for (const segment of found) {
    epoch = segment.epoch ?? epoch;
    if (epoch !== undefined) segments.push({ ...segment, epoch });
  }
  return segments;
}

async function readEpoch(file: JournalFile): Promise<string | undefined> {
  const header = Buffer.alloc(headerBytes);
  const { bytesRead } = await file.read(header, 0, headerBytes, 0);
  if (bytesRead < headerBytes) return undefined;
  if (crc32(header.subarray(0, headerBytes - 4)) !== header.readUInt32LE(headerBytes - 4)) return undefined;
  const epoch = header.toString("hex", magic.length, magic.length + epochBytes);
  const found = header.subarray(0, magic.length);
  if (found.equals(magicOfOldFiles)) return journalOf(epoch);
  return found.equals(magic) ? epoch : undefined;
}

/**
 * Begins a segment and returns its file, open for writing; both it and its name are on disk. One of that name, which holds
 * nothing, is replaced as a whole: whatever happens, the folder tells which openings have been counted.
 */
export async function createSegment(
  files: JournalFiles,
  directory: string,
  epoch: string,
  first: number,
): Promise<{ readonly segment: Segment; readonly file: JournalFile }> {
  const path = join(directory, `${String(first).padStart(16, "0")}.journal`);
  const header = Buffer.alloc(headerBytes);
  magic.copy(header);
  header.write(epoch, magic.length, "hex");
  header.writeUInt32LE(crc32(header.subarray(0, headerBytes - 4)), headerBytes - 4);
  const written = `${path}.new`;
  const file = await files.open(written, "w+");
  try {
    await writeFully(file, header, 0);
    await file.sync();
    await files.rename(written, path);
    await syncPath(files, directory);
  } catch (error) {
    await file.close();
    throw error;
  }
  return { segment: { path, epoch, first, length: headerBytes }, file };
}

/** A disk that is nearly full takes fewer bytes than it is given. */
export async function writeFully(file: JournalFile, bytes: Buffer, position: number): Promise<void> {
  let written = 0;
  while (written < bytes.length) {
    const { bytesWritten } = await file.write(bytes, written, bytes.length - written, position + written);
    written += bytesWritten;
  }
}

/** Makes what was written to a file, or names in a folder, survive a crash. */
export async function syncPath(files: JournalFiles, path: string): Promise<void> {
  const handle = await files.open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Moves the journal's segments to a folder below `aside/` of its own, named after it, and says where that is. */
export async function putAside(
  files: JournalFiles,
  directory: string,
  epoch: string,
  segments: readonly Segment[],
): Promise<string> {
  const folder = join(directory, "aside", journalOf(epoch));
  await files.mkdir(folder, { recursive: true, mode: 0o700 });
  for (const { path } of segments) {
    await files.rename(path, join(folder, basename(path))).catch((error: NodeJS.ErrnoException) => {
      // Moved by a try that failed at a later one.
      if (error.code !== "ENOENT") throw error;
    });
  }
  await syncPath(files, folder);
  await syncPath(files, directory);
  return folder;
}

/** Looks through a segment for where its records end. Damage that whole records follow is left for reading to report. */
export async function findSegmentEnd(files: JournalFiles, { path, first }: Segment, seed: number): Promise<SegmentEnd> {
  const file = await files.open(path, "r");
  let bytes: Buffer;
  try {
    bytes = await file.readFile();
  } finally {
    await file.close();
  }
  let end: SegmentEnd = { length: headerBytes, lastSequence: first - 1, lastNanos: 0n };
  let at: number | undefined = headerBytes;
  while (at !== undefined && at < bytes.length) {
    const parsed = parseRecord(bytes, at, seed);
    if (parsed.kind === "record") {
      end = { length: parsed.next, lastSequence: parsed.entry.sequence, lastNanos: parsed.entry.nanos };
      at = parsed.next;
    } else {
      at = findRecord(bytes, at, seed);
    }
  }
  return end;
}
