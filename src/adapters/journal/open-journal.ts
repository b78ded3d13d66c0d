/** The journal as its users see it: opened, read, settled, put aside. Writing is segment-writer.ts'. */
import { randomBytes } from "node:crypto";
import { mkdir, open, rename, unlink } from "node:fs/promises";
import { basename, join } from "node:path";
import type { Problem } from "../../model/problem.ts";
import type { Journal } from "../../ports/journal.ts";
import { lockDirectory } from "./directory-lock.ts";
import { readSegments } from "./read-segments.ts";
import { checksumSeed } from "./record.ts";
import { findSegmentEnd, listSegments, type Segment, syncDirectory } from "./segment.ts";
import { createSegmentWriter, type WriterBounds, type WriterStart } from "./segment-writer.ts";

export interface JournalOptions extends Partial<WriterBounds> {
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
 * end is cut off. Throws a SluiceError (JOURNAL_LOCKED, JOURNAL_DAMAGED).
 */
export async function openJournal(directory: string, options: JournalOptions = {}): Promise<Journal> {
  const bounds = { ...boundsDefault, ...options };
  const onTrouble = options.onTrouble ?? (() => undefined);
  await mkdir(directory, { recursive: true });
  const lock = await lockDirectory(directory);
  let start: WriterStart;
  try {
    start = await findStart(directory);
  } catch (error) {
    await lock.release();
    throw error;
  }
  let writer = createSegmentWriter(directory, start, bounds, onTrouble);

  function readFrom(after: number, signal: AbortSignal, onDamage: (problem: Problem) => void) {
    const { segments, epoch } = start;
    const { lastSequence, changed } = writer;
    const view = { seed: checksumSeed(epoch), segments: () => segments, lastSequence, changed };
    return readSegments(view, after, signal, onDamage);
  }

  return {
    get epoch() {
      return start.epoch;
    },
    append: (message) => writer.append(message),
    flush: () => writer.flush(),
    reserve: (upTo) => writer.reserve(upTo),
    read: readFrom,
    async settle(upTo) {
      const { segments } = start;
      let removed = 0;
      for (let next = segments[1]; segments.length > segmentsKept && next !== undefined; next = segments[1]) {
        if (next.first - 1 > upTo) break;
        const settled = segments.shift();
        if (settled !== undefined) await unlink(settled.path);
        removed++;
      }
      if (removed > 0) await syncDirectory(directory);
    },
    async firstNanos() {
      if (writer.lastSequence() < (start.segments[0]?.first ?? 1)) return undefined;
      const found = new AbortController();
      for await (const { nanos } of readFrom(0, found.signal, () => undefined)) return nanos;
      return undefined;
    },
    async setAside() {
      await writer.close();
      const entries = writer.lastSequence() - (start.segments[0]?.first ?? 1) + 1;
      const folder = join(directory, "aside", start.epoch);
      await moveSegments(start.segments, folder, directory);
      start = { ...startEmpty(), lastNanos: start.lastNanos };
      writer = createSegmentWriter(directory, start, bounds, onTrouble);
      return { folder, entries };
    },
    async close() {
      await writer.close();
      await lock.release();
    },
  };
}

const epochBytes = 16;

function startEmpty(): WriterStart {
  const epoch = randomBytes(epochBytes).toString("hex");
  return { epoch, segments: [], file: undefined, lastSequence: 0, lastNanos: 0n };
}

/** Finds where writing goes on, and cuts off what was being written when the process died. */
async function findStart(directory: string): Promise<WriterStart> {
  const { segments, epoch } = await listSegments(directory);
  const last = segments.at(-1);
  if (last === undefined || epoch === undefined) return startEmpty();
  const { length, lastSequence, lastNanos } = await findSegmentEnd(last, checksumSeed(epoch));
  const file = await open(last.path, "r+");
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

async function moveSegments(segments: readonly Segment[], folder: string, directory: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const { path } of segments) await rename(path, join(folder, basename(path)));
  await syncDirectory(folder);
  await syncDirectory(directory);
}
