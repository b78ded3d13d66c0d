/** Segments: the journal's files, each named after the first sequence in it, with a header that names the journal. */
import { basename, join } from "node:path";
import { crc32 } from "node:zlib";
import { SluiceError } from "../../model/problem.ts";
import type { JournalFile, JournalFiles } from "./journal-files.ts";
import { findRecord, parseRecord } from "./record.ts";

const magic = Buffer.from("SLUICEJ1", "latin1");
const epochBytes = 16;
/** Magic, epoch, first sequence, CRC-32 of these. */
export const headerBytes = magic.length + epochBytes + 8 + 4;

export interface Segment {
  /** Another one when the journal is moved. */
  path: string;
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

/** The journal's segments in order, and the epoch that their headers name; undefined: there are none. */
export async function listSegments(
  files: JournalFiles,
  directory: string,
): Promise<{ readonly segments: Segment[]; readonly epoch: string | undefined }> {
  const names = (await files.readdir(directory)).filter((name) => segmentName.test(name)).sort();
  const segments: Segment[] = [];
  const epochs = new Map<string, string>();
  for (const [index, name] of names.entries()) {
    const path = join(directory, name);
    const file = await files.open(path, "r");
    try {
      const length = (await file.stat()).size;
      // Died while beginning a segment: nothing is in it.
      if (length < headerBytes && index === names.length - 1) await files.unlink(path);
      else segments.push({ path, first: Number.parseInt(name, 10), length });
      const epoch = await readEpoch(file);
      if (epoch !== undefined) epochs.set(epoch, path);
    } finally {
      await file.close();
    }
  }
  const [epoch] = epochs.keys();
  if (epochs.size > 1 || (segments.length > 0 && epoch === undefined)) {
    throw new SluiceError({
      code: "JOURNAL_DAMAGED",
      message:
        epoch === undefined
          ? `the journal in ${directory} can't be read: no file has an intact header`
          : `the journal in ${directory} is mixed from several: ${[...epochs.values()].join(", ")}`,
      hint: "Move the files that do not belong there to another folder and start again; nothing was changed.",
    });
  }
  return { segments, epoch };
}

async function readEpoch(file: JournalFile): Promise<string | undefined> {
  const header = Buffer.alloc(headerBytes);
  const { bytesRead } = await file.read(header, 0, headerBytes, 0);
  const checked = header.subarray(0, headerBytes - 4);
  if (bytesRead < headerBytes || !header.subarray(0, magic.length).equals(magic)) return undefined;
  if (crc32(checked) !== header.readUInt32LE(headerBytes - 4)) return undefined;
  return header.toString("hex", magic.length, magic.length + epochBytes);
}

/** Begins a segment and returns its file, open for writing; both it and its name are on disk. */
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
  header.writeBigUInt64LE(BigInt(first), magic.length + epochBytes);
  header.writeUInt32LE(crc32(header.subarray(0, headerBytes - 4)), headerBytes - 4);
  const file = await files.open(path, "w+");
  try {
    await writeFully(file, header, 0);
    await file.sync();
    await syncDirectory(files, directory);
  } catch (error) {
    await file.close();
    throw error;
  }
  return { segment: { path, first, length: headerBytes }, file };
}

/** A disk that is nearly full takes fewer bytes than it is given. */
export async function writeFully(file: JournalFile, bytes: Buffer, position: number): Promise<void> {
  let written = 0;
  while (written < bytes.length) {
    const { bytesWritten } = await file.write(bytes, written, bytes.length - written, position + written);
    written += bytesWritten;
  }
}

/** Makes names in a folder survive a crash. */
export async function syncDirectory(files: JournalFiles, directory: string): Promise<void> {
  const handle = await files.open(directory, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Moves the journal's segments to `aside/<epoch>` of its folder, and says where that is. */
export async function putAside(
  files: JournalFiles,
  directory: string,
  epoch: string,
  segments: readonly Segment[],
): Promise<string> {
  const folder = join(directory, "aside", epoch);
  await files.mkdir(folder, { recursive: true, mode: 0o700 });
  for (const { path } of segments) {
    await files.rename(path, join(folder, basename(path))).catch((error: NodeJS.ErrnoException) => {
      // Moved by a try that failed at a later one.
      if (error.code !== "ENOENT") throw error;
    });
  }
  await syncDirectory(files, folder);
  await syncDirectory(files, directory);
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
