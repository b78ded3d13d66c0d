/** Requests over kept connections, one at a time on each: HTTP/1.1, also through proxies, and to servers without TLS. */
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage, type RequestOptions } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import type { Socket } from "node:net";
import { routeThrough } from "../http/http-agent.ts";
import { readAnswer } from "../http/read-answer.ts";
import { answerBytesMax, answerMsMax, type LinkAnswer, type LinkRequest, NotTaken, silence } from "./link-request.ts";
import { connectSecurely, idleMs, type LinkTarget } from "./link-target.ts";

const requestsAtOnceMax = 32;
const watchesMax = 200;

export class Http1Link {
  readonly #target: LinkTarget;
  readonly #agent: HttpAgent;
  readonly requestsAtOnceMax = requestsAtOnceMax;

  constructor(target: LinkTarget) {
    this.#target = target;
    this.#agent = createAgent(target);
  }

  get isIdle(): boolean {
    return Object.keys(this.#agent.sockets).length === 0;
  }

  async ask(request: LinkRequest): Promise<LinkAnswer> {
    const response = await this.#send(request);
    const body = await readBody(response);
    return { status: response.statusCode ?? 0, retryAfter: response.headers["retry-after"], body };
  }

  stream(request: LinkRequest, signal: AbortSignal): Promise<IncomingMessage> {
    return this.#send(request, { signal });
  }

  retire(): void {
    for (const sockets of Object.values(this.#agent.freeSockets)) for (const socket of sockets ?? []) socket.destroy();
    (this.#agent as { keepAlive?: boolean }).keepAlive = false;
  }

  destroy(): void {
    this.#agent.destroy();
  }

  /** Resolves with the head of the answer. */
  #send(
    { method, path, headers, body, silenceMsMax }: LinkRequest,
    more: RequestOptions = {},
  ): Promise<IncomingMessage> {
    const { server, proxy } = this.#target;
    const length = body === undefined ? {} : { "content-length": String(Buffer.byteLength(body)) };
    const route = routeThrough(new URL(path, server), proxy, length);
    const all = { ...route.headers, ...headers } as Record<string, string | string[]>;
    return new Promise((resolve, reject) => {
      const start = route.protocol === "https:" ? httpsRequest : httpRequest;
      const sent = start({ ...route, headers: all, method, agent: this.#agent, ...more });
      sent.setTimeout(silenceMsMax, () => sent.destroy(silence()));
      sent.once("response", resolve);
      sent.once("error", (error: NodeJS.ErrnoException) => {
        // A kept connection was closed just when it was used again; there may be more of them, but not many.
        const isIdleClose = sent.reusedSocket && (error.code === "ECONNRESET" || error.code === "EPIPE");
        reject(isIdleClose ? new NotTaken(error) : error);
      });
      sent.end(body);
    });
  }
}

async function readBody(response: IncomingMessage): Promise<string> {
  const timer = setTimeout(() => response.destroy(silence()), answerMsMax);
  try {
    return (await readAnswer(response, answerBytesMax)).toString("utf8");
  } finally {
    clearTimeout(timer);
  }
}

function createAgent(target: LinkTarget): HttpAgent {
  const { server, proxy, tls } = target;
  const common = {
    keepAlive: true,
    keepAliveMsecs: 15_000,
    maxSockets: requestsAtOnceMax + watchesMax,
    maxFreeSockets: requestsAtOnceMax,
    timeout: idleMs,
    scheduling: "lifo",
  } as const;
  if (server.protocol === "http:") return proxy?.protocol === "https:" ? new HttpsAgent(common) : new HttpAgent(common);
  const agent = new HttpsAgent({ ...common, ...tls });
  if (proxy !== undefined) {
    agent.createConnection = ((_options: unknown, done: (error: Error | null, socket?: Socket) => void) => {
      connectSecurely(target).then((socket) => done(null, socket), done);
    }) as unknown as typeof agent.createConnection;
  }
  return agent;
}
