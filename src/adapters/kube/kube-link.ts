/**
 * The connections to one API server, as one kubeconfig leads there: over HTTP/2 where the server speaks it, one connection for
 * all that is asked, else over HTTP/1.1, kept, as many as there is to ask. What does not end by itself (a watch) has a
 * connection of its own.
 */
import type { IncomingMessage } from "node:http";
import { Http1Link } from "./http1-link.ts";
import { Http2Link } from "./http2-link.ts";
import type { LinkAnswer, LinkRequest } from "./link-request.ts";
import type { LinkTarget } from "./link-target.ts";

export class KubeLink {
  readonly #http1: Http1Link;
  readonly #http2: Http2Link | undefined;

  constructor(target: LinkTarget) {
    this.#http1 = new Http1Link(target);
    if (target.server.protocol === "https:") this.#http2 = new Http2Link(target);
  }

  /** Whether nothing is under way. */
  get isIdle(): boolean {
    return this.#http1.isIdle && this.#http2?.isIdle !== false;
  }

  /** How many requests are worth being under way at once. */
  get requestsAtOnceMax(): number {
    return (this.#http2?.isSpoken === true ? this.#http2 : this.#http1).requestsAtOnceMax;
  }

  /** Resolves when a request can be sent without waiting; rejects where the server can't be reached. */
  async ready(silenceMsMax: number): Promise<void> {
    await this.#http2?.ready(silenceMsMax);
  }

  /** To be called when it is ready: it is sent right away. Rejects with what went wrong on the way; `NotTaken`: nothing has. */
  ask(request: LinkRequest): Promise<LinkAnswer> {
    return this.#http2?.isSpoken === true ? this.#http2.ask(request) : this.#http1.ask(request);
  }

  /** Resolves with the head of the answer, whose body comes as it is read. */
  stream(request: LinkRequest, signal: AbortSignal): Promise<IncomingMessage> {
    return this.#http1.stream(request, signal);
  }

  /** What is under way may come to its end; nothing is kept. */
  retire(): void {
    this.#http1.retire();
    this.#http2?.retire();
  }

  /** Ends what is under way. */
  destroy(): void {
    this.#http1.destroy();
    this.#http2?.destroy();
  }
}
