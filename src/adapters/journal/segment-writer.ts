/**
 * Writing the journal: messages are staged as they come, and written and synced in groups.
 *
 * What comes while a group is being synced forms the next one, so a lone message is on disk at once and a flood pays for
 * few syncs. A segment that could not be written or synced is never written again, because nothing is known of what of
 * it is on disk: the group goes to a new segment.
 */
import type { FileHandle } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import type { Problem } from "../../model/problem.ts";
import type { JournalMessage } from "../../ports/journal.ts";
import { checksumSeed, encodeHeaders, firstSequence, recordBytes, writeRecord } from "./record.ts";
import { createSegment, type Segment } from "./segment.ts";

export interface WriterBounds {
  /** A segment that has grown so large is followed by a new one. */
  readonly segmentBytesMax: number;
  /** Of all segments together; what comes beyond is refused until entries are settled. */
  readonly journalBytesMax: number;
  /** Taken and not on disk yet; what comes beyond is refused. */
  readonly pendingBytesMax: number;
}

/** What has been written before. */
export interface WriterStart {
  readonly epoch: string;
  /** In order. The last one is continued where `file` is given; it changes as segments come and go. */
  readonly segments: Segment[];
  readonly file: FileHandle | undefined;
  readonly lastSequence: number;
  readonly lastNanos: bigint;
}

export interface SegmentWriter {
  append(message: JournalMessage): boolean;
  /** Resolves when everything staged so far is on disk. */
  flush(): Promise<void>;
  /** The highest sequence that is on disk. */
  lastSequence(): number;
  /** Resolves when that has changed, or `signal` aborts. */
  changed(signal: AbortSignal): Promise<void>;
  /** Gives no sequence up to this one, which were given although nothing of them is on disk. */
  reserve(upTo: number): void;
  /** Writes what is staged, where writing succeeds, and closes the file. */
  close(): Promise<void>;
}

const retryMs = 500;
const groupBytesMin = 256 * 1024;
/** A larger buffer is not kept for later groups. */
const groupBytesKeptMax = 8 * 1024 * 1024;

/** `onTrouble`: writing fails and is tried again; undefined: it succeeds again. */
export function createSegmentWriter(
  directory: string,
  { epoch, segments, file: opened, lastSequence, lastNanos }: WriterStart,
  bounds: WriterBounds,
  onTrouble: (problem: Problem | undefined) => void,
): SegmentWriter {
  const seed = checksumSeed(epoch);
  let file = opened;
  let onDisk = lastSequence;
  let given = lastSequence;
  let nanos = lastNanos;
  let staged: Buffer = Buffer.allocUnsafeSlow(groupBytesMin);
  let stagedBytes = 0;
  let spare: Buffer | undefined;
  let writing: Promise<void> | undefined;
  let troubled = false;
  const closing = new AbortController();
  const waiting = new Set<() => void>();

  function room(bytes: number): boolean {
    const stored = segments.reduce((sum, { length }) => sum + length, 0);
    return stagedBytes + bytes <= bounds.pendingBytesMax && stored + stagedBytes + bytes <= bounds.journalBytesMax;
  }

  function grow(bytes: number): void {
    if (stagedBytes + bytes <= staged.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(staged.length * 2, stagedBytes + bytes));
    staged.copy(larger, 0, 0, stagedBytes);
    staged = larger;
  }

  function startWriting(): void {
    writing = writeStaged().then((done) => {
      writing = undefined;
      if (done && stagedBytes > 0) startWriting();
    });
  }

  /** False: it was given up. */
  async function writeStaged(): Promise<boolean> {
    await undefined; // What comes in the same turn belongs to the same group.
    while (stagedBytes > 0) {
      const group = staged.subarray(0, stagedBytes);
      const buffer = staged;
      const last = given;
      staged = spare ?? Buffer.allocUnsafeSlow(groupBytesMin);
      spare = undefined;
      stagedBytes = 0;
      if (!(await writeGroup(group))) return false;
      onDisk = last;
      if (buffer.length <= groupBytesKeptMax) spare = buffer;
      for (const wake of waiting) wake();
    }
    return true;
  }

  /** Until it is on disk; false: it was given up, because the journal is being closed. */
  async function writeGroup(group: Buffer): Promise<boolean> {
    const first = firstSequence(group);
    for (;;) {
      try {
        file ??= await beginSegment(first);
        const segment = segments.at(-1);
        if (segment === undefined) throw new Error("no segment");
        await writeFully(file, group, segment.length);
        await file.datasync();
        segment.length += group.length;
        if (segment.length >= bounds.segmentBytesMax) await closeFile();
        if (troubled) onTrouble(undefined);
        troubled = false;
        return true;
      } catch (error) {
        troubled = true;
        onTrouble(writeProblem(directory, error));
        await closeFile().catch(() => undefined);
        if (closing.signal.aborted) return false;
        await sleep(retryMs, undefined, { signal: closing.signal }).catch(() => undefined);
      }
    }
  }

  async function beginSegment(first: number): Promise<FileHandle> {
    const begun = await createSegment(directory, epoch, first);
    const last = segments.at(-1);
    // One of the same name held nothing that is on disk for certain, and is begun anew under its readers.
    if (last?.first === first) last.length = begun.segment.length;
    else segments.push(begun.segment);
    return begun.file;
  }

  async function flush(): Promise<void> {
    while (writing !== undefined) await writing;
  }

  async function closeFile(): Promise<void> {
    const closed = file;
    file = undefined;
    await closed?.close();
  }

  return {
    append(message) {
      const headers = encodeHeaders(message.headers);
      const bytes = recordBytes(message, headers);
      if (closing.signal.aborted || !room(bytes)) return false;
      grow(bytes);
      given++;
      const now = BigInt(Date.now()) * 1_000_000n;
      nanos = now > nanos ? now : nanos + 1n;
      stagedBytes = writeRecord(staged, stagedBytes, seed, given, nanos, message, headers);
      if (writing === undefined) startWriting();
      return true;
    },
    flush,
    lastSequence: () => onDisk,
    async changed(signal) {
      if (signal.aborted) return;
      await new Promise<void>((resolve) => {
        const wake = () => {
          waiting.delete(wake);
          signal.removeEventListener("abort", wake);
          resolve();
        };
        waiting.add(wake);
        signal.addEventListener("abort", wake);
      });
    },
    reserve(upTo) {
      given = Math.max(given, upTo);
      onDisk = Math.max(onDisk, upTo);
    },
    async close() {
      closing.abort();
      await flush();
      await closeFile();
    },
  };
}

async function writeFully(file: FileHandle, bytes: Buffer, position: number): Promise<void> {
  let written = 0;
  while (written < bytes.length) {
    const { bytesWritten } = await file.write(bytes, written, bytes.length - written, position + written);
    written += bytesWritten;
  }
}

function writeProblem(directory: string, error: unknown): Problem {
  const full = (error as NodeJS.ErrnoException).code === "ENOSPC";
  return {
    code: full ? "JOURNAL_FULL" : "JOURNAL_DAMAGED",
    severity: "error",
    message: `the journal in ${directory} can't be written: ${error instanceof Error ? error.message : String(error)}`,
    hint: full
      ? "Make room on the disk; messages are kept in memory meanwhile, and lost when that is full."
      : "Check the disk and its permissions; it is tried again, and messages are kept in memory meanwhile.",
  };
}
