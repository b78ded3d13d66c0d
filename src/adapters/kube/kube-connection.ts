/**
 * Requests to one API server: over kept connections, a few at a time, sent again where that helps.
 *
 * Every request that goes through here may be sent twice. As many are under way as the server takes: with each answer one
 * more, up to a bound, and half as many where it says that it is too busy (429). It says for how long, too, and then nothing
 * at all is sent to it until that has passed: what it shields from one request it shields from the next.
 */
import type { IncomingMessage } from "node:http";
import { ClusterRefusal } from "../../model/cluster-refusal.ts";
import { SluiceError } from "../../model/problem.ts";
import { Turns } from "../../model/turns.ts";
import { readAnswer } from "../http/read-answer.ts";
import { systemChance, systemClock } from "../system/system-clock.ts";
import { explainConnectionError, explainStatus, isUnavailable } from "./explain-kube-error.ts";
import { type KubeSession, KubeSessions, type KubeSessionsOptions } from "./kube-session.ts";
import { answerBytesMax, type LinkAnswer, type LinkRequest, NotTaken } from "./link-request.ts";
import { writeKubeconfig } from "./write-kubeconfig.ts";

export interface KubeConnectionOptions extends KubeSessionsOptions {
  /** How long trouble is borne with before a request fails. */
  readonly retryMsMax?: number;
  /** How long the server may keep silent. */
  readonly silenceMsMax?: number;
}

export interface KubeRequest {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** With the query. */
  readonly path: string;
  readonly body?: string;
  readonly contentType?: string;
  readonly accept?: string;
  /** Called right before it is sent, each time; what it throws is thrown, and nothing is sent. */
  readonly assertMaySend?: () => void;
  /** It waits for no slot: what depends on time can't stand in line behind what does not. */
  readonly isUrgent?: boolean;
}

export interface KubeAnswer {
  readonly status: number;
  readonly body: string;
}

/** So many requests are under way before the server has answered any. */
const requestsAtOnceFirst = 8;
const retryMsMax = 15_000;
/** A webhook may take 30 seconds. */
const silenceMsMax = 40_000;
/** A watch says something once a minute, if only that nothing has happened. */
const streamSilenceMsMax = 150_000;
const delayMsMin = 100;
const delayMsMax = 3_000;
/** The most that a server may ask us to wait; more is unavailable. */
const retryAfterMsMax = 30_000;
/** So often a request may find its connection closed before it was taken: each kept one may be. */
const notTakenMax = 40;
const jsonType = "application/json";

/** What a request has been through. */
interface Tries {
  /** Monotonic: it is not tried again behind that. */
  deadline: number | undefined;
  delayMs: number;
  wasRenewed: boolean;
  notTaken: number;
}

export class KubeConnection {
  readonly #sessions: KubeSessions;
  readonly #turns = new Turns(requestsAtOnceFirst);
  readonly #closed = new AbortController();
  readonly #retryMsMax: number;
  readonly #silenceMsMax: number;
  /** Monotonic: nothing is sent before. */
  #pausedUntil = 0;
  /** Which server it stays with; undefined: whichever the kubeconfig names. Empty: the next one. */
  #place: string | undefined;

  constructor(options: KubeConnectionOptions) {
    this.#sessions = new KubeSessions(options);
    this.#retryMsMax = options.retryMsMax ?? retryMsMax;
    this.#silenceMsMax = options.silenceMsMax ?? silenceMsMax;
  }

  /** From the next request on it stays with one server: where the kubeconfig names another, nothing is sent any more. */
  pin(): void {
    this.#place ??= "";
  }

  /** The answer, of any status that is an answer to this very request. */
  async ask(request: KubeRequest): Promise<KubeAnswer> {
    const tries: Tries = { deadline: undefined, delayMs: delayMsMin, wasRenewed: false, notTaken: 0 };
    const turn = () => this.#tryOn(request, tries);
    for (;;) {
      const answer = await (request.isUrgent === true ? turn() : this.#turns.take(turn));
      if (answer !== "paused") return answer;
    }
  }

  /**
   * Tries again for as long as the server is away: those behind would meet the same, and would only add to what it has to do.
   * `paused`: it is too busy, so that fewer may be under way from now on.
   */
  async #tryOn(request: KubeRequest, tries: Tries): Promise<KubeAnswer | "paused"> {
    // Who stands in line has not been tried yet.
    tries.deadline ??= systemClock.monotonic() + this.#retryMsMax;
    for (;;) {
      const came = await this.#attempt(request, tries);
      if (came === "again") continue;
      if ("status" in came) return came;
      if (came.problem.code !== "CLUSTER_UNAVAILABLE") throw came;
      const now = systemClock.monotonic();
      if (Math.max(now + tries.delayMs, this.#pausedUntil) > tries.deadline) {
        // Who stands in line would meet the same server for as long, and whoever comes then would stand behind that.
        this.#turns.failWaiting(came);
        throw came;
      }
      if (this.#pausedUntil > now) return "paused";
      await systemClock.sleep(tries.delayMs * (0.5 + systemChance.next() / 2), this.#closed.signal);
      tries.delayMs = Math.min(tries.delayMs * 2, delayMsMax);
    }
  }

  /** An answer that is a success. Throws as the port says. */
  async succeed(request: KubeRequest): Promise<KubeAnswer> {
    const answer = await this.ask(request);
    if (answer.status < 300) return answer;
    throw explainStatus((await this.#sessions.current()).server, answer.status, answer.body);
  }

  /** The body of an answer that is a success. */
  async read(request: KubeRequest): Promise<string> {
    return (await this.succeed(request)).body;
  }

  /** The same; undefined: there is no such thing. */
  async find(request: KubeRequest): Promise<KubeAnswer | undefined> {
    try {
      return await this.succeed(request);
    } catch (error) {
      if (error instanceof ClusterRefusal && error.reason === "not-found") return undefined;
      throw error;
    }
  }

  /** How the server is reached at the moment: see the port. Throws as requests do. */
  async writeKubeconfig(): Promise<string> {
    return writeKubeconfig(await this.#session());
  }

  /** The lines of an answer that does not end by itself, as they come; no attempt is repeated. */
  async *stream(path: string, accept: string, signal: AbortSignal): AsyncGenerator<string> {
    const both = AbortSignal.any([signal, this.#closed.signal]);
    await this.#waitForPause(both);
    const request = { method: "GET", path, accept } as const;
    let session = await this.#session();
    let response = await openStream(session, request, both);
    if (response.statusCode === 401 && (await this.#sessions.renew(session))) {
      response.destroy();
      session = await this.#session();
      response = await openStream(session, request, both);
    }
    try {
      if (response.statusCode !== 200) {
        const body = (await readAnswer(response, answerBytesMax)).toString("utf8");
        if (response.statusCode === 429) this.#pause(retryAfterMs(response.headers["retry-after"]));
        throw explainStatus(session.server, response.statusCode ?? 0, body);
      }
      yield* readLines(response);
    } catch (error) {
      if (error instanceof SluiceError) throw error;
      throw explainConnectionError(session.server, error);
    } finally {
      response.destroy();
    }
  }

  close(): void {
    this.#closed.abort();
    this.#sessions.close();
  }

  /** The answer, or what it failed by; `again`: at once, with other credentials or over another connection. */
  async #attempt(request: KubeRequest, tries: Tries): Promise<KubeAnswer | SluiceError | "again"> {
    await this.#waitForPause(this.#closed.signal);
    const session = await this.#session();
    try {
      await session.link.ready(this.#silenceMsMax);
    } catch (error) {
      return this.#explainFailure(session, error, tries);
    }
    request.assertMaySend?.();
    let answer: LinkAnswer;
    try {
      answer = await session.link.ask(linkRequest(session, request, this.#silenceMsMax));
    } catch (error) {
      return this.#explainFailure(session, error, tries);
    }
    const { status, body } = answer;
    if (status === 401 && !tries.wasRenewed) {
      tries.wasRenewed = true;
      if (await this.#sessions.renew(session)) return "again";
    }
    if (status === 429) this.#pause(retryAfterMs(answer.retryAfter));
    else if (!isUnavailable(status) && status !== 401) {
      if (request.isUrgent !== true) this.#takeMore(session.link.requestsAtOnceMax);
      return { status, body };
    }
    return explainStatus(session.server, status, body);
  }

  async #explainFailure(session: KubeSession, error: unknown, tries: Tries): Promise<SluiceError | "again"> {
    if (this.#closed.signal.aborted) throw closedError();
    if (error instanceof NotTaken && tries.notTaken++ < notTakenMax) return "again";
    // A certificate may have been replaced, with the address or without it.
    if (!tries.wasRenewed && error instanceof Error && !(error instanceof SluiceError)) {
      tries.wasRenewed = true;
      if (await this.#hasOther(session)) return "again";
    }
    return explainConnectionError(session.server, error);
  }

  #takeMore(countMax: number): void {
    if (this.#turns.count < countMax) this.#turns.resize(this.#turns.count + 1);
  }

  /** A connection that breaks need not be the session's fault: one that can't be looked at is tried again as it is. */
  async #hasOther(session: KubeSession): Promise<boolean> {
    try {
      return await this.#sessions.renew(session);
    } catch (error) {
      if (!(error instanceof SluiceError)) throw error;
      return false;
    }
  }

  /** Throws CLUSTER_UNAVAILABLE where it would lead to another server than the one that it stays with. */
  async #session(): Promise<KubeSession> {
    const session = await this.#sessions.current();
    if (this.#place === "") this.#place = session.place;
    if (this.#place === undefined || session.place === this.#place) return session;
    const message = "the kubeconfig leads to another API server now: the cluster is looked at from the beginning";
    throw new SluiceError({ code: "CLUSTER_UNAVAILABLE", message });
  }

  #pause(milliseconds: number): void {
    // What was sent together is refused together, and counts once.
    const isFirst = this.#pausedUntil <= systemClock.monotonic();
    if (isFirst) this.#turns.resize(Math.max(1, Math.floor(this.#turns.count / 2)));
    this.#pausedUntil = Math.max(this.#pausedUntil, systemClock.monotonic() + milliseconds);
  }

  async #waitForPause(signal: AbortSignal): Promise<void> {
    for (;;) {
      if (signal.aborted) throw closedError();
      const left = this.#pausedUntil - systemClock.monotonic();
      if (left <= 0) return;
      // Not all at once when it is over.
      await systemClock.sleep(left + systemChance.next() * 50, signal);
    }
  }
}

function linkRequest(session: KubeSession, request: KubeRequest, silenceMsMax: number): LinkRequest {
  const { method, path, body, contentType = jsonType, accept = jsonType } = request;
  return {
    method,
    path: session.server.pathname.replace(/\/$/, "") + path,
    headers: {
      accept,
      "user-agent": "sluice",
      ...(body === undefined ? {} : { "content-type": contentType }),
      ...session.headers,
    },
    ...(body === undefined ? {} : { body }),
    silenceMsMax,
  };
}

/** The head of the answer. Throws CLUSTER_UNAVAILABLE. */
async function openStream(session: KubeSession, request: KubeRequest, signal: AbortSignal): Promise<IncomingMessage> {
  for (let notTaken = 0; ; notTaken++) {
    try {
      return await session.link.stream(linkRequest(session, request, streamSilenceMsMax), signal);
    } catch (error) {
      if (error instanceof NotTaken && notTaken < notTakenMax) continue;
      throw explainConnectionError(session.server, error);
    }
  }
}

function closedError(): SluiceError {
  return new SluiceError({ code: "CLUSTER_UNAVAILABLE", message: "the connection to the API server was given up" });
}

function retryAfterMs(header: string | undefined): number {
  const seconds = Number(header ?? 1);
  return Math.min(Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : 1000, retryAfterMsMax);
}

async function* readLines(response: IncomingMessage): AsyncGenerator<string> {
  response.setEncoding("utf8");
  let rest = "";
  for await (const chunk of response as AsyncIterable<string>) {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop()!;
    yield* lines;
  }
}
