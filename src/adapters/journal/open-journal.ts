/** The journal as its users see it: opened, read, settled, put aside. Writing is segment-writer.ts'. */
import { basename, join } from "node:path";
import type { Problem } from "../../model/problem.ts";
import type { Journal, JournalMark, JournalMessage } from "../../ports/journal.ts";
import { withDisk } from "../system/disk-trouble.ts";
import { checksumSeed, firstOpening, journalOf, nextOpening, openingOf } from "./epoch.ts";
import { type JournalHeader, readHeader, writeHeader } from "./header-file.ts";
import { type JournalFiles, machineFiles } from "./journal-files.ts";
import { beginMove, clearMoved, endMove, resumeMove } from "./moved-from.ts";
import { type JournalView, readSegments } from "./read-segments.ts";
import { encodeHeaders, recordBytes } from "./record.ts";
import { findSegmentEnd, listSegments, putAside, syncPath } from "./segment.ts";
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
type Aside = NonNullable<Awaited<ReturnType<Journal["adopt"]>>>;

/** Segments that stay although everything in them is settled, the one being written included. */
const segmentsKept = 2;

/**
 * Opens the journal in a folder, which is made where it is missing, and locks it. What a crash left half written at its
 * end is not read. Throws a SluiceError (JOURNAL_LOCKED, JOURNAL_DAMAGED, DISK_UNAVAILABLE).
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
    header = await withDisk(what, () => readHeader(files, directory, journalOf(start.epoch)));
  } catch (error) {
    await lock.release();
    throw error;
  }
  let writer = createSegmentWriter(files, directory, start, bounds, onTrouble);
  /** Moves and adoptions, one at a time, whatever becomes of them. */
  let moving: Promise<unknown> = Promise.resolve();
  let isAdopted = false;
  /** Taken, and without room afterwards. */
  let refused = 0;
  /** What comes while what was before is put aside; undefined: it is written as it comes. */
  let waiting: { readonly messages: JournalMessage[]; bytes: number } | undefined;

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
    return { files, epoch, seed: checksumSeed(epoch), segments: () => segments, onDisk, inMemory, changed };
  }

  /** What came before it was known where the checkpoint stands, and so is not of the past, whatever else is. */
  async function readEarly(): Promise<readonly JournalMessage[]> {
    const { lastSequence } = start;
    const last = writer.lastSequence();
    const found: JournalMessage[] = [];
    if (isAdopted || last <= lastSequence) return found;
    for await (const entry of readSegments(viewNow(), lastSequence, new AbortController().signal, () => undefined)) {
      found.push({ subject: entry.subject, headers: entry.headers, payload: Buffer.from(entry.payload) });
      if (entry.sequence >= last) break;
    }
    return found;
  }

  async function setAside(): Promise<Aside> {
    await writer.close();
    const entries = writer.onDisk() - (start.segments[0]?.first ?? 1) + 1;
    const folder = await putAside(files, directory, start.epoch, start.segments);
    start = { ...startEmpty(files), lastNanos: start.lastNanos };
    writer = createSegmentWriter(files, directory, start, bounds, onTrouble);
    return { folder, entries };
  }

  /** False: there is no room in memory either. */
  function hold(message: JournalMessage, held: NonNullable<typeof waiting>): boolean {
    const bytes = recordBytes(message, encodeHeaders(message.headers));
    if (held.bytes + bytes > bounds.pendingBytesMax) return false;
    held.bytes += bytes;
    held.messages.push(message);
    return true;
  }

  /** Of the journal as it is from now on. */
  function takeAll(messages: readonly JournalMessage[]): void {
    for (const message of messages) if (!writer.append(message)) refused++;
  }

  function takeWaiting(): void {
    const messages = waiting?.messages ?? [];
    waiting = undefined;
    takeAll(messages);
  }

  function isOwn(from: JournalMark | undefined): from is JournalMark {
    return from !== undefined && journalOf(from.epoch) === journalOf(start.epoch);
  }

  /** The checkpoint stands where it stood when this was first read. */
  function isReadFrom(from: JournalMark | undefined): boolean {
    return header !== undefined && header.firstRead?.epoch === from?.epoch;
  }

  /** Begins to be read from there: as it is where it never was, else anew. */
  async function makeFit(from: JournalMark | undefined): Promise<Aside | undefined> {
    const isEmpty = writer.lastSequence() < (start.segments[0]?.first ?? 1);
    const isOfThePast = header !== undefined && !isEmpty;
    if (isOfThePast) waiting ??= { messages: [], bytes: 0 };
    const early = isOfThePast ? await withDisk(`the journal in ${directory} can't be read`, readEarly) : [];
    const aside = isOfThePast ? await withDisk(`the journal in ${directory} can't be put aside`, setAside) : undefined;
    takeAll(early);
    const firstRead = from === undefined ? null : { epoch: from.epoch, sequence: from.sequence };
    await storeHeader({ epoch: journalOf(start.epoch), firstRead });
    return aside;
  }

  /** Up to where a checkpoint that stands in this journal has everything, by the sequences that are on disk. */
  function effectiveUpTo({ epoch, sequence }: JournalMark): number {
    const { segments, lastSequence } = start;
    if (epoch === start.epoch) {
      if (sequence > writer.lastSequence()) throw new Error(`entry ${sequence} of ${epoch} was never taken`);
      return sequence;
    }
    const begun = [...segments, { epoch: start.epoch, first: lastSequence + 1 }];
    const last = begun.findLastIndex((segment) => segment.epoch === epoch);
    // What was given behind the last one on disk was given again by the next opening.
    if (last >= 0) return Math.min(sequence, begun[last + 1]!.first - 1);
    // That one left nothing on disk, or the next would have counted it: what has its number or a higher one came later.
    const later = begun.find((segment) => openingOf(segment.epoch) >= openingOf(epoch));
    return (later?.first ?? lastSequence + 1) - 1;
  }

  async function adopt(from: JournalMark | undefined): Promise<Aside | undefined> {
    const aside = isOwn(from) || isReadFrom(from) ? undefined : await makeFit(from);
    takeWaiting();
    isAdopted = true;
    return aside;
  }

  /** Behind whatever of the kind is under way. */
  function queue<T>(work: () => Promise<T>): Promise<T> {
    const done = moving.then(work);
    moving = done.catch(() => undefined);
    return done;
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

  async function move(next: string): Promise<void> {
    if (next === directory) return;
    const what = `the journal in ${directory} can't be moved to ${next}`;
    await withDisk(what, () => files.mkdir(next, { recursive: true, mode: 0o700 }));
    const nextLock = await withDisk(what, () => files.lock(next));
    try {
      await withDisk(what, () => carryTo(next));
    } catch (error) {
      await nextLock.release();
      throw error;
    }
    const [left, leftLock] = [directory, lock];
    directory = next;
    lock = nextLock;
    await clearMoved(files, left);
    await leftLock.release();
  }

  return {
    get epoch() {
      return start.epoch;
    },
    append: (message) => (waiting === undefined ? writer.append(message) : hold(message, waiting)),
    flush: () => writer.flush(),
    lastSequence: () => writer.lastSequence(),
    adopt: (from) => queue(() => adopt(from)),
    behind: (from) => (isOwn(from) ? effectiveUpTo(from) : 0),
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
    moveTo: (next) => queue(() => move(next)),
    async close() {
      // A move has the lock of its new folder only at its end.
      await moving;
      const lost = (await writer.close()) + (waiting?.messages.length ?? 0) + refused;
      await lock.release();
      return lost;
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
  await syncPath(files, directory).catch(() => undefined);
}

function startEmpty(files: JournalFiles): WriterStart {
  return { epoch: firstOpening(files.newEpoch()), segments: [], lastSequence: 0, lastNanos: 0n };
}

/** Finds what is on disk, up to what was being written when the process died. */
async function findStart(files: JournalFiles, directory: string): Promise<WriterStart> {
  const segments = await listSegments(files, directory);
  const last = segments.at(-1);
  if (last === undefined) return startEmpty(files);
  const { length, lastSequence, lastNanos } = await findSegmentEnd(files, last, checksumSeed(last.epoch));
  last.length = length;
  return { epoch: nextOpening(last.epoch, files.newEpoch()), segments, lastSequence, lastNanos };
}
