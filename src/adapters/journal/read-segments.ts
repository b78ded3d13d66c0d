/** Reading the journal: through its segments in order, past damage, and on to what is being written. */
import type { Problem } from "../../model/problem.ts";
import type { JournalEntry } from "../../ports/journal.ts";
import type { JournalFile, JournalFiles } from "./journal-files.ts";
import { findRecord, parseRecord, type RecordEntry } from "./record.ts";
import { headerBytes, type Segment } from "./segment.ts";

/** What a reader sees of the journal while it changes. */
export interface JournalView {
  readonly files: JournalFiles;
  /** Of what is in memory. */
  readonly epoch: string;
  /** What its checksums start from. */
  readonly seed: number;
  /** In order; the last one is being written. */
  segments(): readonly Segment[];
  /** The highest sequence that is on disk. */
  onDisk(): number;
  /** Records that hold this sequence and are in memory alone, while the disk fails. */
  inMemory(sequence: number): Buffer | undefined;
  /** Resolves when more can be read or `signal` aborts. */
  changed(signal: AbortSignal): Promise<void>;
}

const chunkBytes = 1024 * 1024;

/** Entries behind `after` as they are on disk, until the signal aborts. Lost ones are told through `onDamage`. */
export async function* readSegments(
  view: JournalView,
  after: number,
  signal: AbortSignal,
  onDamage: (problem: Problem) => void,
): AsyncGenerator<JournalEntry, void, void> {
  let expected = Math.max(after + 1, view.segments()[0]?.first ?? 1);
  while (!signal.aborted) {
    if (expected > view.onDisk()) {
      const memory = view.inMemory(expected);
      if (memory === undefined) await view.changed(signal);
      else {
        for (const entry of readMemory(memory, expected, view.seed)) {
          if (signal.aborted) return;
          expected = entry.sequence + 1;
          yield { ...entry, epoch: view.epoch };
        }
      }
      continue;
    }
    const segments = view.segments();
    const index = Math.max(
      0,
      segments.findLastIndex((candidate) => candidate.first <= expected),
    );
    const segment = segments[index];
    if (segment === undefined) return;
    const { path } = segment;
    // Not where the journal was moved, or the segment begun anew: then it goes on in the file that is there now.
    const isThere = () => segment.path === path && view.segments().includes(segment);
    // What a closed segment may hold beyond this was written again in the next one.
    const limit = () => view.segments().find(({ first }) => first > segment.first)?.first ?? Number.POSITIVE_INFINITY;
    for await (const entry of readSegment(segment, expected, { limit, isThere }, view, signal, onDamage)) {
      expected = entry.sequence + 1;
      yield { ...entry, epoch: segment.epoch };
    }
    if (!isThere()) continue;
    const end = Math.min(limit(), view.onDisk() + 1);
    if (signal.aborted || expected >= end) continue;
    onDamage(damage(segment.path, segment.length, expected, end));
    expected = end;
  }
}

/** Whole records, none of them damaged: they were never on a disk. */
function* readMemory(bytes: Buffer, expected: number, seed: number): Generator<RecordEntry, void, void> {
  for (let at = 0; at < bytes.length; ) {
    const parsed = parseRecord(bytes, at, seed);
    if (parsed.kind !== "record") throw new Error("a record in memory is damaged");
    at = parsed.next;
    if (parsed.entry.sequence >= expected) yield parsed.entry;
  }
}

/** Entries from `expected` on to where the segment ends now, or where the next one takes over. */
async function* readSegment(
  segment: Segment,
  expected: number,
  { limit, isThere }: { limit(): number; isThere(): boolean },
  view: JournalView,
  signal: AbortSignal,
  onDamage: (problem: Problem) => void,
): AsyncGenerator<RecordEntry, void, void> {
  const { path } = segment;
  const file = await view.files.open(path, "r").catch((error: NodeJS.ErrnoException) => {
    // Somebody removed it: what it held is told as damage.
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (file === undefined) return;
  let position = headerBytes;
  let next = expected;
  try {
    while (!signal.aborted && next < limit() && isThere()) {
      if (position >= segment.length) {
        if (limit() !== Number.POSITIVE_INFINITY || view.inMemory(next) !== undefined) return;
        await view.changed(signal);
        continue;
      }
      const bytes = await readWholeRecords(file, position, segment.length, view.seed);
      let at = 0;
      while (at < bytes.length && !signal.aborted && next < limit()) {
        const parsed = parseRecord(bytes, at, view.seed);
        if (parsed.kind === "partial" && position + bytes.length < segment.length) break;
        if (parsed.kind === "record") {
          at = parsed.next;
          // Behind damage several may be missing.
          if (parsed.entry.sequence > next) onDamage(damage(segment.path, position + at, next, parsed.entry.sequence));
          if (parsed.entry.sequence < next) continue;
          next = parsed.entry.sequence + 1;
          yield parsed.entry;
        } else {
          const rest = await readBytes(file, position + at, segment.length);
          const found = findRecord(rest, 0, view.seed);
          if (found === undefined) return;
          at += found;
          if (at >= bytes.length) break;
        }
      }
      // The file is shorter than it was.
      if (at === 0) return;
      position += at;
    }
  } finally {
    await file.close();
  }
}

/** A chunk from `position` on that holds at least one whole record, or all there is. */
async function readWholeRecords(file: JournalFile, position: number, end: number, seed: number): Promise<Buffer> {
  const bytes = await readBytes(file, position, Math.min(end, position + chunkBytes));
  const parsed = parseRecord(bytes, 0, seed);
  if (parsed.kind !== "partial") return bytes;
  return readBytes(file, position, Math.min(end, position + parsed.bytesMin));
}

async function readBytes(file: JournalFile, start: number, end: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafeSlow(end - start);
  let filled = 0;
  while (filled < bytes.length) {
    const { bytesRead } = await file.read(bytes, filled, bytes.length - filled, start + filled);
    if (bytesRead === 0) return bytes.subarray(0, filled);
    filled += bytesRead;
  }
  return bytes;
}

function damage(path: string, offset: number, first: number, next: number): Problem {
  const last = next - 1;
  return {
    code: "JOURNAL_DAMAGED",
    severity: "error",
    message: `the journal is damaged: ${first === last ? `entry ${first} is` : `entries ${first} to ${last} are`} lost, in ${path} before byte ${offset}`,
    hint: "Everything else is read. Check the disk; publish the lost events again if their senders can.",
  };
}
