/** The port to the journal: what came over core NATS, kept until it has had its effect. */
import type { Problem } from "../model/problem.ts";

/** A message as it came. */
export interface JournalMessage {
  readonly subject: string;
  readonly headers: ReadonlyMap<string, readonly string[]>;
  readonly payload: Uint8Array;
}

export interface JournalEntry extends JournalMessage {
  /** From 1, ascending; a gap where the journal was damaged. */
  readonly sequence: number;
  /** When it was received: nanoseconds since 1970, strictly ascending. */
  readonly nanos: bigint;
}

export interface Journal {
  /** Random, and another one after `setAside`; identifies the journal that the sequences belong to. */
  readonly epoch: string;

  /**
   * Takes a message; it is written and synced together with what else arrives meanwhile. False: there is no room, and
   * the message is lost.
   */
  append(message: JournalMessage): boolean;

  /** Resolves when everything taken so far is on disk. */
  flush(): Promise<void>;

  /** Gives no sequence up to this one any more: a reader had them, although the journal has lost them. */
  reserve(upTo: number): void;

  /**
   * Every entry behind the sequence, in order and only once it is on disk, without end until the signal aborts. Damage
   * is skipped and told through `onDamage` (JOURNAL_DAMAGED: where, and which sequences are lost).
   */
  read(after: number, signal: AbortSignal, onDamage: (problem: Problem) => void): AsyncIterable<JournalEntry>;

  /** The entries up to this sequence have had their effect and need not be kept. */
  settle(upTo: number): Promise<void>;

  /** When the first entry that is kept was received; undefined: there is none. */
  firstNanos(): Promise<bigint | undefined>;

  /**
   * Puts everything that is kept aside, in a folder of its own, and begins anew with another epoch. Says which folder,
   * and how many entries went there.
   */
  setAside(): Promise<{ readonly folder: string; readonly entries: number }>;

  close(): Promise<void>;
}
