/** Deliveries: what arrives, and where in which stream it stands. */

/**
 * Names a stream of deliveries within one settings file: `<connection>/<JetStream stream>`, or `<connection>/@journal`
 * for what was received over core NATS.
 */
export type StreamName = string;

export const journalStreamSuffix = "/@journal";

/** Where a stream was read up to. Sequences are positive, ascending and may have gaps. */
export interface StreamPosition {
  /** Identifies one incarnation of the stream: its creation time (RFC 3339), or the journal's random epoch. */
  readonly epoch: string;
  readonly sequence: number;
  /** When the message at `sequence` was stored: RFC 3339. Used to resume in a stream that was created anew. */
  readonly time: string;
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
