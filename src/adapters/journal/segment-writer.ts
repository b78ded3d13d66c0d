/**
 * Writing the journal: messages are staged as they come, and written and synced in groups.
 *
 * What comes while a group is being synced forms the next one, so a lone message is on disk at once and a flood pays for
 * few syncs. A segment that could not be written or synced is never written again, because nothing is known of what of
 * it is on disk: the group goes to a new segment. While the disk fails, groups wait in memory and are read from there.
 * What a process that was killed wrote and did not sync is synced before anything comes behind it.
 */
import type { Problem } from "../../model/problem.ts";
import type { JournalMessage } from "../../ports/journal.ts";
import { diskProblem } from "../system/disk-trouble.ts";
import { checksumSeed } from "./epoch.ts";
import type { JournalFile, JournalFiles } from "./journal-files.ts";
import { encodeHeaders, recordBytes, writeRecord } from "./record.ts";
import { createSegment, type Segment, syncPath, writeFully } from "./segment.ts";

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
  /** Of what is written from now on. */
  readonly epoch: string;
  /** In order; it changes as segments come and go. None of them is written on. */
  readonly segments: Segment[];
  /** The last that is on disk. */
  readonly lastSequence: number;
  readonly lastNanos: bigint;
}

export interface SegmentWriter {
  append(message: JournalMessage): boolean;
  /** Resolves when everything staged so far is on disk. */
  flush(): Promise<void>;
  /** The highest sequence that is on disk. */
  onDisk(): number;
  /** The highest sequence given. */
  lastSequence(): number;
  /** Records that hold this sequence and are in memory alone, while the disk fails; undefined: there are none. */
  inMemory(sequence: number): Buffer | undefined;
  /** Resolves when more can be read, or `signal` aborts. */
  changed(signal: AbortSignal): Promise<void>;
  /** What is up to this sequence and waits for a disk that fails need not be written any more. */
  forget(upTo: number): void;
  /**
   * Between two groups: `carry` takes what is on disk to another folder, where the next group begins a segment. What comes
   * meanwhile waits in memory, as does what a disk that fails has not taken. Where it throws, writing goes on where it was.
   */
  moveTo(to: string, carry: () => Promise<void>): Promise<void>;
  /** Writes what is staged, where writing succeeds, closes the file, and says how much is on no disk and not forgotten. */
  close(): Promise<number>;
}

const retryMs = 500;
const groupBytesMin = 256 * 1024;
/** A larger buffer is not kept for later groups. */
const groupBytesKeptMax = 8 * 1024 * 1024;

/** Records that are complete and not on disk. */
interface Group {
  readonly first: number;
  readonly last: number;
  readonly bytes: Buffer;
}

/** `onTrouble`: writing fails and is tried again; undefined: it succeeds again. */
export function createSegmentWriter(
  files: JournalFiles,
  firstDirectory: string,
  { epoch, segments, lastSequence, lastNanos }: WriterStart,
  bounds: WriterBounds,
  onTrouble: (problem: Problem | undefined) => void,
): SegmentWriter {
  const seed = checksumSeed(epoch);
  let directory = firstDirectory;
  let file: JournalFile | undefined;
  let onDisk = lastSequence;
  let forgotten = lastSequence;
  let given = lastSequence;
  let nanos = lastNanos;
  let staged: Buffer = Buffer.allocUnsafeSlow(groupBytesMin);
  let stagedBytes = 0;
  let stagedFirst = 0;
  let spare: Buffer | undefined;
  /** In order; several only while the disk fails. */
  let groups: Group[] = [];
  let writing: Promise<void> | undefined;
  let troubled = false;
  /** Of the opening before, as long as it is not known to be on disk. */
  let unsynced = segments.at(-1);
  const closing = new AbortController();
  /** Aborted: a move waits for the group that is being written, or can't be. */
  let leaving = new AbortController();
  const waiting = new Set<() => void>();

  function wake(): void {
    for (const waiter of [...waiting]) waiter();
  }

  function room(bytes: number): boolean {
    const stored = segments.reduce((sum, { length }) => sum + length, 0);
    const pending = groups.reduce((sum, group) => sum + group.bytes.length, stagedBytes);
    return pending + bytes <= bounds.pendingBytesMax && stored + pending + bytes <= bounds.journalBytesMax;
  }

  function grow(bytes: number): void {
    if (stagedBytes + bytes <= staged.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(staged.length * 2, stagedBytes + bytes));
    staged.copy(larger, 0, 0, stagedBytes);
    staged = larger;
  }

  /** What is staged becomes a group, which changes no more. */
  function seal(): void {
    if (stagedBytes === 0) return;
    groups.push({ first: stagedFirst, last: given, bytes: staged.subarray(0, stagedBytes) });
    staged = spare ?? Buffer.allocUnsafeSlow(groupBytesMin);
    spare = undefined;
    stagedBytes = 0;
  }

  /** The buffer that a written group was part of is used again. */
  function reuse({ bytes }: Group): void {
    const buffer = Buffer.from(bytes.buffer);
    if (!troubled && buffer.length <= groupBytesKeptMax) spare = buffer;
  }

  /** Until nothing waits, the journal is to be moved, or a group failed while it is being closed. */
  async function write(): Promise<void> {
    await undefined; // What comes in the same turn belongs to the same group.
    for (seal(); groups.length > 0 && !leaving.signal.aborted; seal()) {
      const [group] = groups;
      if (group === undefined) return;
      try {
        await writeGroup(group);
        groups = groups.filter((other) => other !== group);
        onDisk = Math.max(onDisk, group.last);
        reuse(group);
        if (troubled && groups.length === 0) {
          troubled = false;
          onTrouble(undefined);
        }
      } catch (error) {
        troubled = true;
        onTrouble(
          diskProblem(
            `the journal in ${directory} can't be written`,
            error,
            "It is tried again; events go on from memory meanwhile, and what a crash or a stop finds there unpushed is lost.",
          ),
        );
        await closeFile().catch(() => undefined);
        if (closing.signal.aborted) return;
        wake();
        await files.sleep(retryMs, AbortSignal.any([closing.signal, leaving.signal]));
      }
      wake();
    }
  }

  function startWriting(): void {
    writing ??= write().finally(() => {
      writing = undefined;
    });
  }

  async function writeGroup(group: Group): Promise<void> {
    file ??= await beginSegment(group.first);
    const segment = segments.at(-1);
    if (segment === undefined) throw new Error("no segment");
    await writeFully(file, group.bytes, segment.length);
    await file.datasync();
    segment.length += group.bytes.length;
    if (segment.length >= bounds.segmentBytesMax) await closeFile();
  }

  async function beginSegment(first: number): Promise<JournalFile> {
    await files.mkdir(directory, { recursive: true, mode: 0o700 });
    if (unsynced !== undefined && segments.includes(unsynced)) await syncPath(files, unsynced.path);
    unsynced = undefined;
    const begun = await createSegment(files, directory, epoch, first);
    // One of the same name held nothing that is on disk for certain, and is replaced under its readers.
    if (segments.at(-1)?.first === first) segments.pop();
    segments.push(begun.segment);
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
      if (stagedBytes === 0) stagedFirst = given;
      const now = BigInt(files.now()) * 1_000_000n;
      nanos = now > nanos ? now : nanos + 1n;
      stagedBytes = writeRecord(staged, stagedBytes, seed, given, nanos, message, headers);
      startWriting();
      if (troubled) wake();
      return true;
    },
    flush,
    onDisk: () => onDisk,
    lastSequence: () => given,
    inMemory(sequence) {
      if (!troubled || sequence > given) return undefined;
      seal();
      return groups.find(({ first, last }) => first <= sequence && sequence <= last)?.bytes;
    },
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
    forget(upTo) {
      forgotten = Math.max(forgotten, upTo);
      if (troubled) groups = groups.filter(({ last }) => last > upTo);
    },
    async moveTo(to, carry) {
      // Not by flush: what came in before that has told would begin a group beside the move.
      leaving.abort();
      while (writing !== undefined) await writing;
      leaving = new AbortController();
      const carrying = closeFile().then(carry);
      writing = carrying
        .then(
          () => {
            directory = to;
          },
          () => undefined,
        )
        .finally(() => {
          writing = undefined;
          if (stagedBytes > 0 || groups.length > 0) startWriting();
          wake();
        });
      await writing;
      await carrying;
    },
    async close() {
      closing.abort();
      await flush();
      // What is on disk is synced.
      await closeFile().catch(() => undefined);
      return Math.max(0, given - Math.max(onDisk, forgotten));
    },
  };
}
