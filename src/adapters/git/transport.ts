/** The byte streams that the push client speaks over: a program's, or http. */

import type { ByteSource } from "./byte-source.ts";

export type GitService = "receive-pack" | "upload-pack";

/**
 * One exchange with `upload-pack` in version 2 of the protocol; answers with all of the body. Throws a SluiceError, also where the answer
 * has more than `bytesMax` bytes.
 */
export type RequestObjects = (
  request: Buffer,
  options?: { readonly signal?: AbortSignal; readonly bytesMax?: number },
) => Promise<Buffer>;

/** Of an answer that is taken whole, unless less is asked for. */
export const answerBytesMax = 256 * 1024 * 1024;

/** What a server says of itself before a push. */
export interface Advertisement {
  /** Full ref names and where they are. */
  readonly refs: ReadonlyMap<string, string>;
  /** By name; the value is empty where there is none. */
  readonly capabilities: ReadonlyMap<string, string>;
}

/** One push's worth of conversation with `receive-pack`. Whoever got it closes it. */
export interface Connection {
  readonly advertisement: Advertisement;
  /** Whether the advertisement was read just now. */
  readonly isFresh: boolean;
  /** Whether it has refs that are at most somewhat old; if not, only its capabilities are to be relied on. */
  readonly knowsRefs: boolean;
  /**
   * Sends the request and gives what comes back. May be called once. Throws a SluiceError: GIT_AUTH and GIT_REFUSED where
   * the server turned the request down, GIT_UNAVAILABLE where nothing is known: it is cut, silent, or given up.
   */
  exchange(request: readonly ByteSource[]): AsyncIterable<Buffer>;
  /** Ends it; nothing happens where it has ended already. */
  close(): void;
}

export interface ConnectOptions {
  /** Nothing from before may be used. */
  readonly fresh: boolean;
  /** Ends the whole conversation, whatever it is at. */
  readonly signal?: AbortSignal | undefined;
}

export interface Transport {
  /**
   * Reaches the server. Unless `fresh` is asked for, a connection or advertisement from before may be used: the server
   * checks the old ids of an update itself. Throws a SluiceError (GIT_UNAVAILABLE, GIT_AUTH).
   */
  connect(options: ConnectOptions): Promise<Connection>;
  /** The refs as one who only reads sees them (`upload-pack`). Throws like connect. */
  readRefs(signal?: AbortSignal): Promise<Advertisement>;
  /** Ends every conversation that is under way, and every program that was started for one. */
  close(): void;
}
