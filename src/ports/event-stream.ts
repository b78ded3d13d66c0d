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

  /** How many messages wait behind the last one handed on, as far as is known; undefined: nothing is. */
  pending(): number | undefined;

  /** Releases connections and files; ends running reads. */
  close(): Promise<void>;
}

/** Publishes messages; resolves when the server has them. */
export interface EventPublisher {
  publish(subject: string, payload: Uint8Array, headers?: ReadonlyMap<string, string>): Promise<void>;
  close(): Promise<void>;
}
