/** The byte streams that the push client speaks over: a program's, or http. */

export type GitService = "receive-pack" | "upload-pack";

/** What a server says of itself before a push. */
export interface Advertisement {
  /** Full ref names and where they are. */
  readonly refs: ReadonlyMap<string, string>;
  /** By name; the value is empty where there is none. */
  readonly capabilities: ReadonlyMap<string, string>;
}

/** One push's worth of conversation with `receive-pack`. */
export interface Connection {
  readonly advertisement: Advertisement;
  /** Whether the advertisement was read just now. */
  readonly isFresh: boolean;
  /** Whether it has refs that are at most somewhat old; if not, only its capabilities are to be relied on. */
  readonly knowsRefs: boolean;
  /**
   * Sends the request and gives what comes back. May be called once. Throws a SluiceError: GIT_AUTH and GIT_REFUSED where
   * the server turned the request down, GIT_UNAVAILABLE where nothing is known.
   */
  exchange(request: readonly Buffer[]): AsyncIterable<Buffer>;
  /** Ends it; nothing happens where it has ended already. */
  close(): void;
}

export interface Transport {
  /**
   * Reaches the server. Unless `fresh` is asked for, a connection or advertisement from before may be used: the server
   * checks the old ids of an update itself. Throws a SluiceError (GIT_UNAVAILABLE, GIT_AUTH).
   */
  connect(options: { readonly fresh: boolean }): Promise<Connection>;
  /** The refs as one who only reads sees them (`upload-pack`). Throws like connect. */
  readRefs(): Promise<Advertisement>;
  close(): void;
}
