/**
 * The port to the lease: one value that whoever leads writes again and again. It only says whose turn it is; what keeps a
 * former leader from writing is the term in the state.
 */

export interface LeaseValue {
  /** A random id of the process; empty: nobody holds it. */
  readonly holder: string;
  /** Where the holder runs, for people. */
  readonly address: string;
  /** Rises with each writing of a holder's. */
  readonly count: number;
}

export interface LeaseEntry {
  readonly value: LeaseValue;
  /** Rises with every writing, whoever makes it. */
  readonly revision: number;
}

/** Every call has a deadline, and throws a SluiceError (NATS_UNAVAILABLE, NATS_AUTH, NATS_STREAM) where there is no answer. */
export interface Lease {
  /** Undefined: nobody has written it, or it is gone. The answer may be behind a writing that was just made. */
  read(): Promise<LeaseEntry | undefined>;
  /**
   * Writes it where its revision is still that one (undefined: where there is none), and answers with the new revision;
   * undefined: it is another one.
   */
  write(value: LeaseValue, at: number | undefined): Promise<number | undefined>;
  close(): Promise<void>;
}
