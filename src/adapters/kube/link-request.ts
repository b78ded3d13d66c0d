/** What goes over a connection to an API server, and what comes back, whichever protocol it speaks. */

export interface LinkRequest {
  readonly method: string;
  /** With the query, and with what the server's address has before it. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string;
  /** How long the server may keep silent. */
  readonly silenceMsMax: number;
}

export interface LinkAnswer {
  readonly status: number;
  /** The header `Retry-After`. */
  readonly retryAfter: string | undefined;
  readonly body: string;
}

/** More than any answer that is one. */
export const answerBytesMax = 256 * 1024 * 1024;
/** How long an answer may take from its first byte to its last: one that trickles is no answer either. */
export const answerMsMax = 120_000;

/** The server, or the connection to it, took no notice of the request: it may be sent again at once. */
export class NotTaken extends Error {
  constructor(cause: unknown) {
    super("the server closed the connection", { cause });
  }
}

/** The server keeps silent for too long. */
export function silence(): Error {
  return Object.assign(new Error("silence"), { code: "KUBE_SILENT" });
}
