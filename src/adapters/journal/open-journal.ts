/** The journal as its users see it: opened, read, settled, put aside. Writing is segment-writer.ts'. */
import { basename, join } from "node:path";
import type { Problem } from "../../model/problem.ts";
import type { Journal, JournalMark, JournalMessage } from "../../ports/journal.ts";
import { withDisk } from "../system/disk-trouble.ts";
import { type JournalHeader, readHeader, writeHeader } from "./header-file.ts";
import { type JournalFiles, machineFiles } from "./journal-files.ts";
import { beginMove, clearMoved, endMove, resumeMove } from "./moved-from.ts";
import { type JournalView, readSegments } from "./read-segments.ts";
import { checksumSeed } from "./record.ts";
import { findSegmentEnd, listSegments, putAside, syncDirectory } from "./segment.ts";
import { createSegmentWriter, type WriterBounds, type WriterStart } from "./segment-writer.ts";

export interface JournalOptions extends Partial<WriterBounds> {
  /** Default: the machine's. */
  readonly files?: JournalFiles;
  /** Writing fails and is tried again; undefined: it succeeds again. */
  readonly onTrouble?: (problem: Problem | undefined) => void;
}

const boundsDefault: WriterBounds = {
  segmentBytesMax: 64 * 1024 * 1024,
  journalBytesMax: 4 * 1024 * 1024 * 1024,
  pendingBytesMax: 128 * 1024 * 1024,
};
/** Segments that stay although everything in them is settled, the one being written included. */
const segmentsKept = 2;

/**
 * Opens the journal in a folder, which is made where it is missing, and locks it. What a crash left half written at its
 * end is cut off. Throws a SluiceError (JOURNAL_LOCKED, JOURNAL_DAMAGED, DISK_UNAVAILABLE).
 */
export async function openJournal(folder: string, options: JournalOptions = {}): Promise<Journal> {
  let directory = folder;
  const { files = machineFiles } = options;
  const bounds = { ...boundsDefault, ...options };
  const what = `the journal in ${directory} can't be opened`;
  await withDisk(what, () => files.mkdir(directory, { recursive: true, mode: 0o700 }));
  let lock = await withDisk(what, () => files.lock(directory));
  let start: WriterStart;
  let header: JournalHeader | undefined;
  try {
    await withDisk(what, () => resumeMove(files, directory));
    start = await withDisk(what, () => findStart(files, directory));
    header = await withDisk(what, () => readHeader(files, directory, start.epoch));
  } catch (error) {
    await lock.release();
    throw error;
  }
  let writer = createSegmentWriter(files, directory, start, bounds, onTrouble);
  /** The last sequence when it was opened; what is behind it came before the journal was adopted. */
  let openedAt = start.lastSequence;

  function onTrouble(problem: Problem | undefined): void {
    options.onTrouble?.(problem);
    // With the folder the header may have gone.
    if (problem === undefined && header !== undefined) void storeHeader(header);
  }

  /** Where the disk fails it is written once that is over; until then the journal counts as never read. */
  async function storeHeader(next: JournalHeader): Promise<void> {
    header = next;
    await writeHeader(files, directory, next).catch(() => undefined);
  }

  /** Of the journal as it is: one that is put aside later is still read to its end. */
  function viewNow(): JournalView {
    const { segments, epoch } = start;
    const { onDisk, inMemory, changed } = writer;
    return { files, seed: checksumSeed(epoch), segments: () => segments, onDisk, inMemory, changed };
  }

  /**
   * What came before it was known where the checkpoint stands, if it can't stay where it is: the checkpoint has its
   * sequences already, or the journal is put aside.
   */
  async function takeEarly(from: JournalMark | undefined): Promise<readonly JournalMessage[]> {
    const opened = openedAt;
    const isOwn = from?.epoch === start.epoch;
    const last = writer.lastSequence();
    if (last <= opened || (isOwn && from.sequence <= opened)) {
      openedAt = Number.POSITIVE_INFINITY;
      return [];
    }
    const found: JournalMessage[] = [];
    for await (const entry of readSegments(viewNow(), opened, new AbortController().signal, () => undefined)) {
      found.push({ subject: entry.subject, headers: entry.headers, payload: Buffer.from(entry.payload) });
      if (entry.sequence >= last) break;
    }
    // Only now: where the disk failed it is tried again, and nothing of it is forgotten.
    openedAt = Number.POSITIVE_INFINITY;
    return found;
  }

  async function setAside(): Promise<{ folder: string; entries: number }> {
    await writer.close();
    const entries = writer.onDisk() - (start.segments[0]?.first ?? 1) + 1;
    const folder = await putAside(files, directory, start.epoch, start.segments);
    start = { ...startEmpty(files), lastNanos: start.lastNanos };
    writer = createSegmentWriter(files, directory, start, bounds, onTrouble);
    return { folder, entries };
  }

  async function carryTo(next: string): Promise<void> {
    await beginMove(files, directory, next);
    const { segments } = start;
    await writer.moveTo(next, async () => {
      await endMove(
        files,
        directory,
        next,
        segments.map(({ path }) => path),
      );
      for (const segment of segments) segment.path = join(next, basename(segment.path));
    });
  }

  return {
    get epoch() {
      return start.epoch;
    },
    append: (message) => writer.append(message),
    flush: () => writer.flush(),
    lastSequence: () => writer.lastSequence(),
    async adopt(from) {
      const { firstRead } = header ?? {};
      const early = await withDisk(`the journal in ${directory} can't be read`, () => takeEarly(from));
      if (from?.epoch === start.epoch) {
        writer.reserve(from.sequence);
        for (const message of early) writer.append(message);
        return undefined;
      }
      if (firstRead !== undefined && firstRead?.epoch === from?.epoch) return undefined;
      const isEmpty = writer.lastSequence() < (start.segments[0]?.first ?? 1);
      const isOfThePast = firstRead !== undefined && !isEmpty;
      const aside = isOfThePast
        ? await withDisk(`the journal in ${directory} can't be put aside`, setAside)
        : undefined;
      if (isOfThePast) for (const message of early) writer.append(message);
      const firstReadNow = from === undefined ? null : { epoch: from.epoch, sequence: from.sequence };
      await storeHeader({ epoch: start.epoch, firstRead: firstReadNow });
      return aside;
    },
    read(after, signal, onDamage) {
      return readFromDisk(directory, readSegments(viewNow(), after, signal, onDamage));
    },
    settle(upTo) {
      writer.forget(upTo);
      const { segments } = start;
      const settled: string[] = [];
      for (let next = segments[1]; segments.length > segmentsKept && next !== undefined; next = segments[1]) {
        if (next.first - 1 > upTo) break;
        settled.push(segments[0]?.path ?? "");
        segments.shift();
      }
      if (settled.length > 0) void removeSegments(files, directory, settled);
    },
    async moveTo(next) {
      if (next === directory) return;
      const moving = `the journal in ${directory} can't be moved to ${next}`;
      await withDisk(moving, () => files.mkdir(next, { recursive: true, mode: 0o700 }));
      const nextLock = await withDisk(moving, () => files.lock(next));
      try {
        await withDisk(moving, () => carryTo(next));
      } catch (error) {
        await nextLock.release();
        throw error;
      }
      const [left, leftLock] = [directory, lock];
      directory = next;
      lock = nextLock;
      await clearMoved(files, left);
      await leftLock.release();
    },
    async close() {
      await writer.close();
      await lock.release();
    },
  };
}

async function* readFromDisk<T>(directory: string, entries: AsyncIterable<T>): AsyncGenerator<T, void, void> {
  const iterator = entries[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await withDisk(`the journal in ${directory} can't be read`, () => iterator.next());
      if (next.done) return;
      yield next.value;
    }
  } finally {
    await iterator.return?.();
  }
}

/** What can't be removed now is found at the next opening, and removed with what is settled then. */
async function removeSegments(files: JournalFiles, directory: string, paths: readonly string[]): Promise<void> {
  for (const path of paths) await files.unlink(path).catch(() => undefined);
  await syncDirectory(files, directory).catch(() => undefined);
}

function startEmpty(files: JournalFiles): WriterStart {
  return { epoch: files.newEpoch(), segments: [], file: undefined, lastSequence: 0, lastNanos: 0n };
}

/** Finds where writing goes on, and cuts off what was being written when the process died. */
async function findStart(files: JournalFiles, directory: string): Promise<WriterStart> {
  const { segments, epoch } = await listSegments(files, directory);
  const last = segments.at(-1);
  if (last === undefined || epoch === undefined) return startEmpty(files);
  const { length, lastSequence, lastNanos } = await findSegmentEnd(files, last, checksumSeed(epoch));
  const file = await files.open(last.path, "r+");
  try {
    if (length < last.length) {
      await file.truncate(length);
      await file.sync();
    }
  } catch (error) {
    await file.close();
    throw error;
  }
  last.length = length;
  return { epoch, segments, file, lastSequence, lastNanos };
}
