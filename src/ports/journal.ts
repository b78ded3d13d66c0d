/** The port to the journal: what came over core NATS, kept until it has had its effect. */
import type { Problem } from "../model/problem.ts";

/** A message as it came. */
export interface JournalMessage {
  readonly subject: string;
  readonly headers: ReadonlyMap<string, readonly string[]>;
  readonly payload: Uint8Array;
}

export interface JournalEntry extends JournalMessage {
  /** Of the opening that took it. */
  readonly epoch: string;
  /** From 1, ascending through all epochs; a gap where the journal was damaged. */
  readonly sequence: number;
  /** When it was received: nanoseconds since 1970, strictly ascending. */
  readonly nanos: bigint;
}

/** Where the checkpoint stands: in which opening of which journal, and how far. */
export interface JournalMark {
  readonly epoch: string;
  readonly sequence: number;
}

export interface Journal {
  /**
   * Of what is taken now: no other opening has it. What a crash found in memory alone has no trace here, so that another
   * opening may have given the same sequences.
   */
  readonly epoch: string;

  /**
   * Takes a message; it is written and synced together with what else arrives meanwhile. False: there is no room, and
   * the message is lost.
   */
  append(message: JournalMessage): boolean;

  /** Resolves when everything taken so far is on disk. */
  flush(): Promise<void>;

  /** The last sequence given. */
  lastSequence(): number;

  /**
   * Before it is read: whether it is the one to be read by a checkpoint that stands at `from` (undefined: nowhere). It
   * is, if `from` is of one of its own epochs, if it was never read, or if `from` is of the epoch that the checkpoint had
   * when it was first read. Any other is put aside, in a folder of its own, and begun
   * anew; then it says which folder, and how many entries went there. What came before the end of the first call is never
   * put aside; what comes meanwhile waits in memory, also where the call fails, until the next one.
   */
  adopt(from: JournalMark | undefined): Promise<{ readonly folder: string; readonly entries: number } | undefined>;

  /** The sequence up to which entries have had their effect, where the checkpoint stands at `from`. */
  behind(from: JournalMark | undefined): number;

  /**
   * Every entry behind the sequence, in order, without end until the signal aborts: once it is on disk, or, while the
   * disk fails, from memory. Damage is skipped and told through `onDamage` (JOURNAL_DAMAGED: where, and which sequences
   * are lost).
   */
  read(after: number, signal: AbortSignal, onDamage: (problem: Problem) => void): AsyncIterable<JournalEntry>;

  /** The entries up to this sequence have had their effect and need not be kept. */
  settle(upTo: number): void;

  /**
   * Goes on in another folder, with all that it holds; what comes meanwhile is taken, and reading goes on. A crash on the way
   * loses nothing: opening the new folder goes on moving. Throws a SluiceError (DISK_UNAVAILABLE, JOURNAL_LOCKED) where that
   * can't be; then it stays where it was.
   */
  moveTo(directory: string): Promise<void>;

  /** Writes what is taken, where writing succeeds, and says how many messages are lost: unsettled, and on no disk. */
  close(): Promise<number>;
}
