/** The port to what delivers events: a JetStream stream, or the journal of what came over core NATS. */
import type { Delivery, StreamName, StreamPosition } from "../model/delivery.ts";
import type { Problem } from "../model/problem.ts";

export type StreamStatus =
  /** Not subscribed yet. */
  | { readonly state: "connecting" }
  | {
      readonly state: "subscribed";
      /** How many messages waited for the reader then; undefined: it can't be told. */
      readonly pending?: number;
    }
  /** In trouble, trying again by itself; the other streams go on. */
  | { readonly state: "degraded"; readonly problem: Problem };

export interface EventStream {
  readonly name: StreamName;

  /**
   * Begins to take what nobody keeps for it, so that nothing is missed while nobody reads yet: of core subjects. Where
   * messages are kept until they are read it does nothing. Trouble is told once it is read.
   */
  receive(): void;

  /**
   * Every delivery behind `from` (undefined: from the beginning of what is stored), strictly in the stream's order,
   * without end until `signal` aborts. Trouble never ends it: the adapter reconnects and rebinds with backoff and says
   * so through `onStatus`. Reads ahead only as far as its bounds allow. May be called again after it ended.
   *
   * Within an epoch only sequences count. In a stream of another epoch it reads from the beginning, past what is at or
   * below `from` in both sequence and time where the stream was restored or promoted. What people must know although
   * reading goes on (another epoch, messages that were dropped before they were read) is a warning in the log; a change
   * of status is told through `onStatus` alone.
   *
   * `from` is what the state has pushed. Where an earlier reading of this process has handed on more than that, `from`
   * is what it handed on, and `resumed` says what of it is pushed: nothing behind that is given up meanwhile.
   */
  read(
    from: StreamPosition | undefined,
    signal: AbortSignal,
    onStatus: (status: StreamStatus) => void,
    resumed?: { readonly pushed: StreamPosition | undefined },
  ): AsyncIterable<Delivery>;

  /**
   * Everything up to this position has had its effect and is pushed: it is acknowledged where consumers own messages,
   * and need not be kept in a journal. Nobody waits for it; what becomes of it is the stream's own trouble.
   */
  settle(upTo: StreamPosition): void;

  /** Where the stream keeps what was read; absent: it never does. */
  readonly past?: StreamPast;

  /** How many messages wait behind the last one handed on, as far as is known; undefined: nothing is. */
  pending(): number | undefined;

  /** Releases connections and files; ends running reads. */
  close(): Promise<void>;
}

/** Reads what was read before once more, beside the reading that goes on. */
export interface StreamPast {
  /** Whether the stream keeps what was read: only those of limits retention do. Throws as `read` does. */
  isKept(signal: AbortSignal): Promise<boolean>;

  /**
   * The next deliveries in the stream's order, a bounded number of them. Throws a SluiceError (NATS_UNAVAILABLE,
   * NATS_AUTH, NATS_STREAM) where they can't be had now, and also where the stream is not the one that `upTo` is of and
   * has something to read: an empty one is at its end. Where the signal aborts it brings what has come by then, and throws
   * if that is nothing.
   */
  read(stretch: Stretch, signal: AbortSignal): Promise<StretchRead>;
}

export interface Stretch {
  /** Behind this sequence. */
  readonly after: number;
  /** RFC 3339; in place of `after`: what was stored then or later. */
  readonly since?: string;
  /** Where the live reading is: nothing behind that. */
  readonly upTo: StreamPosition;
}

export interface StretchRead {
  readonly deliveries: readonly Delivery[];
  /** Nothing more is left up to the end of the stretch. */
  readonly isEnd: boolean;
}

/** Publishes messages; resolves when the server has them. */
export interface EventPublisher {
  publish(subject: string, payload: Uint8Array, headers?: ReadonlyMap<string, string>): Promise<void>;
  close(): Promise<void>;
}
