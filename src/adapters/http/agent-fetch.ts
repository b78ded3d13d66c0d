/**
 * `fetch` over our own connections: through the proxy that the environment names, trusting the authorities that the
 * settings add. Node's own knows neither, and a forge is behind the same proxy and the same authority as its Git server.
 */
import { readFile } from "node:fs/promises";
import { type Agent, request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { SluiceError } from "../../model/problem.ts";
import { createAgent, findProxy, routeThrough } from "./http-agent.ts";
import { readAnswer } from "./read-answer.ts";

export interface AgentFetchOptions {
  /** Where `https_proxy` and its kin are looked for. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** PEM bundle of further authorities for https, read when a connection is made. */
  readonly caFile?: string;
}

export interface AgentFetch {
  readonly fetch: typeof fetch;
  /** Closes idle connections. */
  close(): void;
}

interface Exchange {
  readonly url: URL;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
  readonly signal: AbortSignal | undefined;
}

const redirectsMax = 5;
/** Answers are API documents; what is larger is none. */
const answerBytesMax = 64 * 1024 * 1024;
/** Statuses whose answers have no body. */
const bodiless = new Set([101, 204, 205, 304]);

/** Takes strings as bodies, and nothing of `fetch` that API clients do without: no streams, caches or cookies. */
export function createAgentFetch({ env, caFile }: AgentFetchOptions): AgentFetch {
  const agents = new Map<string, { readonly agent: Agent; readonly ca: string | undefined }>();

  const agentFor = async (url: URL, proxy: URL | undefined): Promise<Agent> => {
    const ca = caFile === undefined || url.protocol === "http:" ? undefined : await readFile(caFile, "utf8");
    const known = agents.get(url.origin);
    if (known !== undefined && known.ca === ca) return known.agent;
    known?.agent.destroy();
    const agent = createAgent(url, proxy, ca);
    agents.set(url.origin, { agent, ca });
    return agent;
  };

  const send = async (exchange: Exchange): Promise<Response> => {
    for (;;) {
      try {
        const proxy = findProxy(exchange.url, env);
        const agent = await agentFor(exchange.url, proxy);
        return await perform(exchange, proxy, agent);
      } catch (error) {
        // Which server it is that can't be reached, the caller says.
        if (error instanceof SluiceError) throw new Error(error.problem.message, { cause: error });
        // The server closed an idle connection just when it was used again. What asks only may be sent once more.
        if (!(error instanceof IdleConnectionClosed) || !/^(?:GET|HEAD)$/.test(exchange.method)) throw error;
      }
    }
  };

  const fetchThrough = async (input: unknown, init: RequestInit = {}): Promise<Response> => {
    let exchange: Exchange = {
      url: new URL(String(input)),
      method: (init.method ?? "GET").toUpperCase(),
      headers: { ...Object.fromEntries(new Headers(init.headers)) },
      body: typeof init.body === "string" ? init.body : undefined,
      signal: init.signal ?? undefined,
    };
    for (let hops = 0; ; hops++) {
      exchange.signal?.throwIfAborted();
      const response = await send(exchange);
      const next = init.redirect === "manual" ? undefined : followRedirect(exchange, response);
      if (next === undefined || hops === redirectsMax) return response;
      exchange = next;
    }
  };

  return {
    fetch: fetchThrough as typeof fetch,
    close: () => {
      for (const { agent } of agents.values()) agent.destroy();
      agents.clear();
    },
  };
}

class IdleConnectionClosed extends Error {
  constructor(cause: Error) {
    super("the server closed the connection", { cause });
  }
}

function perform(exchange: Exchange, proxy: URL | undefined, agent: Agent): Promise<Response> {
  const { url, method, headers, body, signal } = exchange;
  const length = body === undefined ? {} : { "content-length": String(Buffer.byteLength(body)) };
  const where = routeThrough(url, proxy, { ...headers, ...length });
  return new Promise((resolve, reject) => {
    const send = where.protocol === "https:" ? httpsRequest : httpRequest;
    const request = send({ ...where, method, agent, ...(signal === undefined ? {} : { signal }) });
    request.once("error", (error: NodeJS.ErrnoException) => {
      const isIdleClose = request.reusedSocket && (error.code === "ECONNRESET" || error.code === "EPIPE");
      reject(isIdleClose ? new IdleConnectionClosed(error) : error);
    });
    request.once("response", (response) => {
      readAnswer(response, answerBytesMax).then((bytes) => resolve(toResponse(url, response, bytes)), reject);
    });
    request.end(body);
  });
}

function toResponse(url: URL, { statusCode = 0, headers }: IncomingMessage, bytes: Buffer): Response {
  const given = new Headers();
  for (const [name, value] of Object.entries(headers)) {
    for (const one of [value ?? []].flat()) given.append(name, one);
  }
  const body = bodiless.has(statusCode) ? null : new Uint8Array(bytes);
  const response = new Response(body, { status: statusCode, headers: given });
  return Object.defineProperty(response, "url", { value: url.href });
}

/** As browsers do: 303, and 301 or 302 of a POST, become a GET; another place gets no credentials. */
function followRedirect(exchange: Exchange, { status, headers }: Response): Exchange | undefined {
  const location = headers.get("location");
  if (location === null || ![301, 302, 303, 307, 308].includes(status)) return undefined;
  if (!URL.canParse(location, exchange.url.href)) return undefined;
  const url = new URL(location, exchange.url);
  const isDowngrade = exchange.url.protocol === "https:" && url.protocol !== "https:";
  if (isDowngrade || !/^https?:$/.test(url.protocol)) return undefined;
  const becomesGet = status === 303 || (status < 303 && exchange.method === "POST");
  const kept = Object.entries(exchange.headers).filter(
    ([name]) => url.origin === exchange.url.origin || name.toLowerCase() !== "authorization",
  );
  const { signal } = exchange;
  if (becomesGet) return { url, method: "GET", headers: Object.fromEntries(kept), body: undefined, signal };
  return { ...exchange, url, headers: Object.fromEntries(kept) };
}
