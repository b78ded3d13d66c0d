/**
 * One http request and its answer, with everything that may end it early: the caller's signal, silence, a cut connection.
 *
 * The body is sent in pieces, so that one can see whether it moves.
 */
import { type Agent, type ClientRequest, request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { SluiceError } from "../../model/problem.ts";
import type { Clock } from "../../ports/system.ts";
import { routeThrough } from "../http/http-agent.ts";
import type { ByteSource } from "./byte-source.ts";
import { abortedError, onAbort, SilenceError } from "./given-up.ts";
import { explainConnectionError } from "./http-error.ts";
import { bytesThrough, piecesOf, watchForSilence } from "./silence-watch.ts";

export interface HttpRequest {
  readonly url: URL;
  readonly proxy: URL | undefined;
  readonly agent: Agent;
  readonly method: "GET" | "POST";
  readonly headers: Readonly<Record<string, string>>;
  readonly body: readonly ByteSource[];
  /** The first that aborts ends it. */
  readonly signals: readonly (AbortSignal | undefined)[];
  readonly clock: Clock;
  readonly silenceMsMax: number;
}

/** An answer whose head has come. */
export interface HttpAnswer {
  readonly response: IncomingMessage;
  /** Throws a SluiceError (GIT_UNAVAILABLE). */
  body(): AsyncIterable<Buffer>;
}

/** The server closed an idle connection just when it was used again: nothing was wrong with the request. */
export class IdleConnectionClosed extends Error {}

/** Sends the request. Throws a SluiceError (GIT_UNAVAILABLE), or IdleConnectionClosed. */
export function converse(options: HttpRequest): Promise<HttpAnswer> {
  const { url, signals, clock, silenceMsMax } = options;
  return new Promise((resolve, reject) => {
    const request = startRequest(options);
    let reason: SluiceError | undefined;
    const giveUp = (error: SluiceError) => {
      reason ??= error;
      request.destroy(error);
    };
    const stopListening = onAbort(signals, () => giveUp(abortedError("the exchange with the Git server")));
    const stopWatching = watchForSilence({
      clock,
      silenceMsMax,
      bytesMoved: () => (request.socket === null ? 0 : bytesThrough(request.socket)),
      onSilent: () => giveUp(new SilenceError(silenceMsMax)),
    });
    // When the answer has been read to its end, or the connection is gone.
    request.once("close", () => {
      stopWatching();
      stopListening();
    });
    request.once("response", (response) =>
      resolve({ response, body: () => readBody(response, (error) => reason ?? explainConnectionError(url, error)) }),
    );
    request.on("error", (error: NodeJS.ErrnoException) => {
      const isIdleClose =
        reason === undefined && request.reusedSocket && (error.code === "ECONNRESET" || error.code === "EPIPE");
      reject(isIdleClose ? new IdleConnectionClosed() : (reason ?? explainConnectionError(url, error)));
    });
    void sendBody(request, options.body);
  });
}

function startRequest({ url, proxy, agent, method, headers }: HttpRequest): ClientRequest {
  const where = routeThrough(url, proxy, headers);
  return (where.protocol === "https:" ? httpsRequest : httpRequest)({ ...where, method, agent });
}

async function sendBody(request: ClientRequest, body: readonly ByteSource[]): Promise<void> {
  for (const piece of piecesOf(body)) {
    if (request.destroyed) return;
    if (!request.write(piece)) await untilDrained(request);
  }
  request.end();
}

function untilDrained(stream: ClientRequest): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      stream.off("drain", done).off("close", done);
      resolve();
    };
    stream.once("drain", done).once("close", done);
  });
}

async function* readBody(response: IncomingMessage, explain: (error: unknown) => SluiceError): AsyncIterable<Buffer> {
  try {
    for await (const chunk of response) yield chunk as Buffer;
  } catch (error) {
    throw error instanceof SluiceError ? error : explain(error);
  }
}
