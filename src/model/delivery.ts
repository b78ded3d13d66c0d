/** Deliveries: what arrives, and where in which stream it stands. */

/**
 * Names a stream of deliveries within one settings file: `<connection>/<JetStream stream>`, `<connection>/@journal` for
 * what was received over core NATS, or `<connection>/@capture` for what a stream of our own keeps of it.
 */
export type StreamName = string;

export const journalStreamSuffix = "/@journal";
/** What is published on core subjects, where a stream of our own keeps it. */
export const captureStreamSuffix = "/@capture";

/** Where a stream was read up to. Sequences are positive, ascending and may have gaps. */
export interface StreamPosition {
  /** Identifies one incarnation of the stream: its creation time (RFC 3339), or the journal's random epoch. */
  readonly epoch: string;
  readonly sequence: number;
  /** When the message at `sequence` was stored: RFC 3339. With the sequence it tells whether the stream is the same. */
  readonly time: string;
  /**
   * The subjects, wildcards included, of which everything up to `sequence` was read; absent: all that are read now, as
   * in the journal, and in what was written before this was kept.
   */
  readonly subjects?: readonly string[];
  /**
   * On a stream whose messages wait for their reader: up to where other subjects were read, below `sequence`. They came
   * to be read later, and what waits of them is read first; or they are read no more.
   */
  readonly added?: readonly SubjectCursor[];
}

/** Everything of these subjects up to this sequence was read; 0: nothing. */
export interface SubjectCursor {
  readonly subjects: readonly string[];
  readonly sequence: number;
}

/** One received message. */
export interface Delivery {
  readonly connection: string;
  readonly stream: StreamName;
  readonly position: StreamPosition;
  /** The NATS subject it was published on. */
  readonly subject: string;
  /** Header names as sent; several values keep their order. */
  readonly headers: ReadonlyMap<string, readonly string[]>;
  readonly payload: Uint8Array;
}
