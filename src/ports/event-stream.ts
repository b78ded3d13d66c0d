/** The port to what delivers events: a JetStream stream, or the journal of what came over core NATS. */
import type { Delivery, StreamName, StreamPosition } from "../model/delivery.ts";
import type { Problem } from "../model/problem.ts";

export type StreamStatus =
  /** Not subscribed yet. */
  | { readonly state: "connecting" }
  | { readonly state: "subscribed" }
  /** In trouble, trying again by itself; the other streams go on. */
  | { readonly state: "degraded"; readonly problem: Problem };

export interface EventStream {
  readonly name: StreamName;

  /**
   * Every delivery behind `from` (undefined: from the beginning of what is stored), strictly in the stream's order,
   * without end until `signal` aborts. Trouble never ends it: the adapter reconnects and rebinds with backoff and says
   * so through `onStatus`. Reads ahead only as far as its bounds allow. May be called again after it ended.
   *
   * Where `from` names another epoch than the stream's, it resumes by `from.time` and reports the new epoch.
   */
  read(
    from: StreamPosition | undefined,
    signal: AbortSignal,
    onStatus: (status: StreamStatus) => void,
  ): AsyncIterable<Delivery>;

  /** Everything up to this position has had its effect: acknowledged where consumers own messages, else nothing. */
  settle(upTo: StreamPosition): Promise<void>;

  /** Releases connections and files; ends running reads. */
  close(): Promise<void>;
}

/** Publishes messages; resolves when the server has them. */
export interface EventPublisher {
  publish(subject: string, payload: Uint8Array, headers?: ReadonlyMap<string, string>): Promise<void>;
  close(): Promise<void>;
}
