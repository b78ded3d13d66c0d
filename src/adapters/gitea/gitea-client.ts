/** Requests to the REST API of Gitea and Forgejo: credentials, patience, and answers turned into problems. */
import { type ErrorCode, SluiceError } from "../../model/problem.ts";
import type { Clock } from "../../ports/system.ts";
import { type AgentFetch, createAgentFetch } from "../http/agent-fetch.ts";
import { isRateLimit } from "../http/rate-limit.ts";

export interface GiteaClientOptions {
  /** `https://forge.example.com/api/v1`. */
  readonly apiUrl: string;
  /** Read for each request, so that a token that was changed counts at once. */
  readonly token: () => string;
  readonly clock: Clock;
  /** How to reach it; default: as the environment says. */
  readonly http?: AgentFetch;
  readonly limits?: Partial<GiteaLimits>;
}

export interface GiteaLimits {
  readonly attemptsMax: number;
  /** A server that wants to be left alone for longer is taken for unavailable. */
  readonly waitMsMax: number;
  readonly requestMsMax: number;
}

const defaultLimits: GiteaLimits = { attemptsMax: 5, waitMsMax: 300_000, requestMsMax: 60_000 };
const waitMsMin = 500;
const errorTextMax = 300;

/** Statuses that say nothing about the request itself. */
const passing = new Set([429, 502, 503, 504]);

export class GiteaClient {
  readonly #options: GiteaClientOptions;
  readonly #limits: GiteaLimits;
  readonly #closed = new AbortController();
  readonly #http: AgentFetch;

  constructor(options: GiteaClientOptions) {
    this.#options = options;
    this.#http = options.http ?? createAgentFetch({ env: process.env });
    this.#limits = { ...defaultLimits, ...options.limits };
  }

  /** The JSON that the server answers with; undefined for an answer without content. Throws a SluiceError. */
  async send(method: "GET" | "POST" | "PATCH", path: string, body?: unknown): Promise<unknown> {
    const url = this.#options.apiUrl + path;
    for (let attempt = 1; ; attempt++) {
      const answer = await this.#attempt(method, url, body);
      if (answer.kind === "value") return answer.value;
      const { error, isPassing, waitMs } = answer;
      // A request that may have had its effect is not sent again, except where the server says that it had none.
      const mayRepeat = isPassing && (method !== "POST" || answer.isUntouched);
      const wait = Math.max(waitMs, waitMsMin * 2 ** (attempt - 1));
      if (!mayRepeat || attempt >= this.#limits.attemptsMax || wait > this.#limits.waitMsMax) throw error;
      await this.#options.clock.sleep(wait, this.#closed.signal);
      if (this.#closed.signal.aborted) throw error;
    }
  }

  /** The items of a list that comes in pages, up to a bound that no list of a sane repository reaches. */
  async *list(path: string): AsyncIterable<unknown> {
    const separator = path.includes("?") ? "&" : "?";
    for (let page = 1; page <= pagesMax; page++) {
      const items = await this.send("GET", `${path}${separator}limit=${pageSize}&page=${page}`);
      if (!Array.isArray(items) || items.length === 0) return;
      yield* items;
    }
  }

  close(): void {
    this.#closed.abort();
    this.#http.close();
  }

  async #attempt(method: string, url: string, body: unknown): Promise<Answer> {
    const { clock, token } = this.#options;
    const signal = AbortSignal.any([this.#closed.signal, AbortSignal.timeout(this.#limits.requestMsMax)]);
    try {
      const response = await this.#http.fetch(url, {
        method,
        signal,
        redirect: "manual",
        headers: {
          accept: "application/json",
          authorization: `token ${token()}`,
          "user-agent": "sluice",
          ...(body === undefined ? {} : { "content-type": "application/json" }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await response.text();
      if (response.ok) return { kind: "value", value: text === "" ? undefined : parseAnswer(text, url) };
      return {
        kind: "failure",
        error: explainStatus(method, url, response, text),
        isPassing: passing.has(response.status),
        isUntouched: response.status === 429 || response.status === 503,
        waitMs: readRetryAfter(response.headers.get("retry-after"), clock.now()),
      };
    } catch (cause) {
      if (cause instanceof SluiceError) throw cause;
      return { kind: "failure", error: unreachable(url, cause), isPassing: true, isUntouched: false, waitMs: 0 };
    }
  }
}

const pageSize = 50;
const pagesMax = 200;

type Answer =
  | { readonly kind: "value"; readonly value: unknown }
  | {
      readonly kind: "failure";
      readonly error: SluiceError;
      readonly isPassing: boolean;
      /** The server has done nothing. */
      readonly isUntouched: boolean;
      readonly waitMs: number;
    };

function parseAnswer(text: string, url: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const message = `${new URL(url).host} answers with something that is not JSON`;
    const hint = "Check review.apiUrl: it ends in /api/v1.";
    throw new SluiceError({ code: "FORGE_REFUSED", message, hint }, cause);
  }
}

/** Milliseconds: given in seconds, or as a date. */
function readRetryAfter(header: string | null, now: number): number {
  if (header === null) return 0;
  const seconds = Number(header);
  const wait = Number.isNaN(seconds) ? Date.parse(header) - now : seconds * 1000;
  return Number.isFinite(wait) && wait > 0 ? wait : 0;
}

/** The status goes along, for what a caller can make of it. */
export class GiteaError extends SluiceError {
  readonly status: number;

  constructor(status: number, code: ErrorCode, message: string, hint?: string) {
    super({ code, message, ...(hint === undefined ? {} : { hint }) });
    this.name = "GiteaError";
    this.status = status;
  }
}

function explainStatus(method: string, url: string, { status, headers }: Response, text: string): GiteaError {
  const { host, pathname } = new URL(url);
  const what = `${host} answers ${method} ${pathname} with ${status}`;
  const location = headers.get("location");
  if (location !== null && status >= 300 && status < 400) {
    return new GiteaError(status, "FORGE_REFUSED", `${what}: it is at ${location} now`, "Set repository.url to that.");
  }
  const said = readMessage(text);
  const message = said === "" ? what : `${what}: ${said}`;
  const isLater = isRateLimit({ status, said, header: (name) => headers.get(name) });
  if ((status === 401 || status === 403) && !isLater) {
    const hint = "Check review.auth: the token needs to write repositories and issues.";
    return new GiteaError(status, "FORGE_AUTH", message, hint);
  }
  return new GiteaError(status, isLater || status >= 500 ? "FORGE_UNAVAILABLE" : "FORGE_REFUSED", message);
}

function readMessage(text: string): string {
  let said = text;
  try {
    const { message } = JSON.parse(text) as { message?: unknown };
    if (typeof message === "string") said = message;
  } catch {
    // A proxy's page: as it is.
  }
  return said.replace(/\s+/g, " ").trim().slice(0, errorTextMax);
}

function unreachable(url: string, cause: unknown): SluiceError {
  const { message, cause: reason } = cause as { message?: string; cause?: { message?: string } };
  const said = reason?.message ?? message ?? String(cause);
  return new SluiceError(
    { code: "FORGE_UNAVAILABLE", message: `${new URL(url).host} can't be reached: ${said}` },
    cause,
  );
}
