/**
 * Requests over one connection, many at a time: HTTP/2, where the server takes it when the connection is secured (ALPN). It
 * takes the server a quarter less, and us a third, than a connection for each that is under way.
 *
 * A connection that is dead and does not know it would hold up everything, so a server that has said nothing for a while is
 * pinged.
 */
import { once } from "node:events";
import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from "node:http2";
import type { TLSSocket } from "node:tls";
import { answerBytesMax, answerMsMax, type LinkAnswer, type LinkRequest, NotTaken, silence } from "./link-request.ts";
import { connectSecurely, idleMs, type LinkTarget } from "./link-target.ts";

/** API servers take 100 or 250 at a time; what waits for no turn has to find room too. */
const requestsAtOnceMax = 64;
/** What a server may send before we have read it: of one answer, and of all together. */
const windowBytes = 1024 * 1024;
const sessionWindowBytes = 16 * windowBytes;
/** Node would refuse requests beyond that many megabytes of answers that are not read yet. */
const sessionMegabytesMax = 256;
const lookMs = 250;
/** A server that keeps silent for this share of the time that it may is pinged; and so long it may take to answer that. */
const quietShare = 1 / 8;
const pingShare = 3 / 8;

interface Exchange {
  readonly silenceMsMax: number;
  heardAt: number;
  /** When the answer began; undefined: it has not. */
  answeredAt: number | undefined;
  fail(error: Error): void;
}

export class Http2Link {
  readonly #target: LinkTarget;
  readonly requestsAtOnceMax = requestsAtOnceMax;
  #session: ClientHttp2Session | undefined;
  #opening: Promise<void> | undefined;
  #isSpoken: boolean | undefined;
  #isRetired = false;
  #securing: TLSSocket | undefined;
  readonly #underWay = new Map<ClientHttp2Stream, Exchange>();
  #heardAt = 0;
  #pingedAt: number | undefined;
  #looking: NodeJS.Timeout | undefined;
  #idle: NodeJS.Timeout | undefined;

  constructor(target: LinkTarget) {
    this.#target = target;
  }

  /** Whether the server speaks it; undefined: nobody has asked. */
  get isSpoken(): boolean | undefined {
    return this.#isSpoken;
  }

  get isIdle(): boolean {
    return this.#underWay.size === 0 && this.#opening === undefined;
  }

  /** Resolves when there is a connection, or it is known that the server does not speak HTTP/2. */
  async ready(silenceMsMax: number): Promise<void> {
    if (this.#isSpoken === false || this.#usable() !== undefined) return;
    this.#opening ??= this.#open(silenceMsMax).finally(() => {
      this.#opening = undefined;
    });
    await this.#opening;
  }

  /** Sent right away, where it is ready. */
  ask({ method, path, headers, body, silenceMsMax }: LinkRequest): Promise<LinkAnswer> {
    return new Promise((resolve, reject) => {
      const session = this.#usable();
      if (session === undefined) return reject(new NotTaken(undefined));
      let stream: ClientHttp2Stream;
      try {
        const head = { ...headers, ":method": method, ":path": path } as Record<string, string | string[]>;
        stream = session.request(head, { endStream: body === undefined });
      } catch (error) {
        // It is being closed by the server.
        return reject(new NotTaken(error));
      }
      let failure: Error | undefined;
      const exchange: Exchange = {
        silenceMsMax,
        heardAt: performance.now(),
        answeredAt: undefined,
        fail: (error) => {
          // Not by closing it: of a connection that is dead that would wait for the connection.
          stream.destroy(error);
        },
      };
      this.#begin(session, stream, exchange);
      let status = 0;
      let retryAfter: string | undefined;
      let text = "";
      stream.setEncoding("utf8");
      stream.on("response", (answer) => {
        status = answer[":status"] ?? 0;
        retryAfter = answer["retry-after"];
        exchange.answeredAt = this.#hear(exchange);
      });
      stream.on("data", (chunk: string) => {
        text += chunk;
        this.#hear(exchange);
        if (text.length > answerBytesMax) exchange.fail(new Error("the answer is too large"));
      });
      stream.on("end", () => {
        // One that is reset ends too.
        if (failure !== undefined || status === 0 || stream.rstCode !== constants.NGHTTP2_NO_ERROR) return;
        resolve({ status, retryAfter, body: text });
        // A server that has answered may read no more of what is too large, and it would be sent for ever.
        if (!stream.writableFinished) stream.destroy();
      });
      stream.on("error", (error) => {
        failure ??= error;
      });
      stream.on("close", () => {
        this.#end(stream);
        const code = stream.rstCode ?? constants.NGHTTP2_NO_ERROR;
        const isRefused = code === constants.NGHTTP2_REFUSED_STREAM;
        if (code === constants.NGHTTP2_HTTP_1_1_REQUIRED) this.#isSpoken = false;
        if (isRefused || code === constants.NGHTTP2_HTTP_1_1_REQUIRED) return reject(new NotTaken(failure));
        // Where the answer was whole it is settled already.
        reject(failure ?? new Error("the connection was closed before the answer had ended"));
      });
      stream.end(body);
    });
  }

  retire(): void {
    this.#isRetired = true;
    this.#session?.close();
  }

  destroy(): void {
    this.#isRetired = true;
    this.#securing?.destroy(new Error("the connection was given up"));
    this.#session?.destroy();
  }

  #usable(): ClientHttp2Session | undefined {
    const session = this.#session;
    return session === undefined || session.closed || session.destroyed ? undefined : session;
  }

  async #open(silenceMsMax: number): Promise<void> {
    const socket = await this.#secure(silenceMsMax);
    this.#isSpoken = socket.alpnProtocol === "h2";
    if (this.#isRetired || !this.#isSpoken) {
      socket.destroy();
      return;
    }
    const session = connect(this.#target.server, {
      createConnection: () => socket,
      maxSessionMemory: sessionMegabytesMax,
      settings: { enablePush: false, initialWindowSize: windowBytes },
    });
    // Each request that is under way is told; one who waits for no answer need not know.
    session.on("error", () => undefined);
    session.setLocalWindowSize(sessionWindowBytes);
    session.unref();
    this.#session = session;
    this.#pingedAt = undefined;
    this.#keepWhileIdle(session);
  }

  async #secure(silenceMsMax: number): Promise<TLSSocket> {
    const socket = await connectSecurely(this.#target, ["h2", "http/1.1"]);
    this.#securing = socket;
    const timer = setTimeout(() => socket.destroy(silence()), silenceMsMax);
    try {
      await once(socket, "secureConnect");
      return socket;
    } finally {
      clearTimeout(timer);
      this.#securing = undefined;
    }
  }

  #begin(session: ClientHttp2Session, stream: ClientHttp2Stream, exchange: Exchange): void {
    session.ref();
    if (this.#underWay.size === 0) {
      clearTimeout(this.#idle);
      this.#heardAt = exchange.heardAt;
      this.#looking = setInterval(() => this.#look(), lookMs).unref();
    }
    this.#underWay.set(stream, exchange);
  }

  #end(stream: ClientHttp2Stream): void {
    this.#underWay.delete(stream);
    if (this.#underWay.size > 0) return;
    clearInterval(this.#looking);
    const session = this.#usable();
    if (session === undefined) return;
    session.unref();
    this.#keepWhileIdle(session);
  }

  #keepWhileIdle(session: ClientHttp2Session): void {
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => session.close(), idleMs).unref();
  }

  #hear(exchange: Exchange): number {
    exchange.heardAt = performance.now();
    this.#heardAt = exchange.heardAt;
    return exchange.heardAt;
  }

  /** Again and again, while something is under way. */
  #look(): void {
    const now = performance.now();
    for (const exchange of this.#underWay.values()) {
      const { heardAt, answeredAt, silenceMsMax } = exchange;
      const isLate = now - heardAt > silenceMsMax || now - (answeredAt ?? now) > answerMsMax;
      if (isLate) exchange.fail(silence());
    }
    this.#checkAlive(now);
  }

  #checkAlive(now: number): void {
    const session = this.#usable();
    const [first] = this.#underWay.values();
    if (session === undefined || first === undefined) return;
    if (this.#pingedAt !== undefined) {
      if (now - this.#pingedAt > first.silenceMsMax * pingShare) session.destroy(silence());
      return;
    }
    if (now - this.#heardAt < first.silenceMsMax * quietShare) return;
    this.#pingedAt = now;
    session.ping(() => {
      this.#pingedAt = undefined;
      this.#heardAt = performance.now();
    });
  }
}
