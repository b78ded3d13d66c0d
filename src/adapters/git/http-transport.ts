/**
 * Pushing over smart http (git: Documentation/gitprotocol-http.txt): GET info/refs says what the server has and can, POST
 * carries the push.
 *
 * A push that goes well leaves nothing to ask: the capabilities are known, and the server checks old ids itself. So only the first
 * push, and one after trouble, or after a while, asks before it posts.
 */
import { readFile } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { SluiceError } from "../../model/problem.ts";
import type { Clock } from "../../ports/system.ts";
import { findProxy } from "../http/http-agent.ts";
import { HttpAgents } from "../http/http-agents.ts";
import { AdvertisementReader } from "./advertisement.ts";
import { type ByteSource, sourceOf } from "./byte-source.ts";
import { authorizationOf, type GitAuth } from "./git-auth.ts";
import { converse, type HttpAnswer, IdleConnectionClosed } from "./http-conversation.ts";
import { explainStatus } from "./http-error.ts";
import { checkObjectFormat } from "./object-format.ts";
import { PacketReader } from "./pkt-line.ts";
import {
  type Advertisement,
  answerBytesMax,
  type Connection,
  type ConnectOptions,
  type GitService,
  type RequestObjects,
  type Transport,
} from "./transport.ts";

export interface HttpTransportOptions {
  readonly url: string;
  readonly auth: GitAuth;
  /** PEM bundle of further authorities. */
  readonly caFile?: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  /** When for so long not a byte has moved either way, the server counts as unreachable. */
  readonly silenceMsMax: number;
}

/** A server may be replaced under a running service; its capabilities are asked for again after that long. */
const capabilitiesMsMax = 10 * 60_000;
const redirectsMax = 5;
const errorTextMax = 2000;

export class HttpTransport implements Transport {
  readonly #options: HttpTransportOptions;
  readonly #configured: URL;
  readonly #agents = new HttpAgents();
  /** Ends everything that is under way. */
  readonly #closed = new AbortController();
  /** Where the configured URL led, once asked. */
  #base: URL;
  #known: { readonly advertisement: Advertisement; readonly readAt: number } | undefined;

  constructor(options: HttpTransportOptions) {
    this.#options = options;
    this.#configured = new URL(options.url);
    this.#base = this.#configured;
  }

  /** The repository's URL behind redirects, as far as it is known. */
  get base(): string {
    return this.#base.href;
  }

  async connect({ fresh, signal }: ConnectOptions): Promise<Connection> {
    const known = this.#known;
    this.#known = undefined;
    if (!fresh && known !== undefined && performance.now() - known.readAt < capabilitiesMsMax) {
      return this.#connection(known.advertisement, known.readAt, false, signal);
    }
    const advertisement = await this.#readAdvertisement("receive-pack", signal);
    return this.#connection(advertisement, performance.now(), true, signal);
  }

  async readRefs(signal?: AbortSignal): Promise<Advertisement> {
    return this.#readAdvertisement("upload-pack", signal);
  }

  /** See RequestObjects. */
  async requestObjects(...[request, options = {}]: Parameters<RequestObjects>): Promise<Buffer> {
    const { signal, bytesMax = answerBytesMax } = options;
    const answer = await this.#post("upload-pack", [sourceOf(request)], signal, { "git-protocol": "version=2" });
    const chunks: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of answer.body()) {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes > bytesMax)
        throw new SluiceError({ code: "GIT_UNAVAILABLE", message: "the Git server's answer is too long" });
    }
    return Buffer.concat(chunks);
  }

  close(): void {
    this.#closed.abort();
    this.#agents.close();
  }

  #connection(
    advertisement: Advertisement,
    readAt: number,
    isFresh: boolean,
    signal: AbortSignal | undefined,
  ): Connection {
    let isUsed = false;
    const exchange = async function* (this: HttpTransport, request: readonly ByteSource[]): AsyncIterable<Buffer> {
      isUsed = true;
      const answer = await this.#post("receive-pack", request, signal);
      let isAnswered = false;
      for await (const chunk of answer.body()) {
        // From here on the server has taken the request: what it can do need not be asked again.
        if (!isAnswered) this.#known = { advertisement, readAt };
        isAnswered = true;
        yield chunk;
      }
    };
    // What was only looked at tells the next one what the server can do.
    const close = () => {
      if (!isUsed) this.#known = { advertisement, readAt };
    };
    return { advertisement, isFresh, knowsRefs: isFresh, exchange: exchange.bind(this), close };
  }

  async #readAdvertisement(service: GitService, signal: AbortSignal | undefined): Promise<Advertisement> {
    let base = this.#configured;
    for (let redirects = 0; ; redirects++) {
      const url = new URL(`${base.href.replace(/\/$/, "")}/info/refs?service=git-${service}`);
      const answer = await this.#send(url, "GET", {}, [], signal);
      const { response } = answer;
      const status = response.statusCode ?? 0;
      if (status >= 300 && status < 400 && response.headers.location !== undefined && redirects < redirectsMax) {
        response.resume();
        base = followRedirect(url, response.headers.location, service);
        continue;
      }
      await this.#checkStatus(url, response);
      this.#base = base;
      const advertisement = await readAdvertisementFrom(url, answer, service);
      checkObjectFormat(advertisement);
      return advertisement;
    }
  }

  async #post(
    service: GitService,
    request: readonly ByteSource[],
    signal: AbortSignal | undefined,
    more: Record<string, string> = {},
  ): Promise<HttpAnswer> {
    const url = new URL(`${this.#base.href.replace(/\/$/, "")}/git-${service}`);
    const type = `application/x-git-${service}`;
    const headers = { "content-type": `${type}-request`, accept: `${type}-result`, ...more };
    const answer = await this.#send(url, "POST", headers, request, signal);
    await this.#checkStatus(url, answer.response);
    return answer;
  }

  async #checkStatus(url: URL, response: IncomingMessage): Promise<void> {
    if (response.statusCode === 200) return;
    const said = await readErrorText(response);
    const { statusCode: status = 0, headers } = response;
    const header = (name: string) => headers[name]?.toString();
    const hasCredentials = this.#options.auth.kind !== "none";
    throw explainStatus({ url, status, said, header, hasCredentials });
  }

  async #send(
    url: URL,
    method: "GET" | "POST",
    headers: Record<string, string>,
    body: readonly ByteSource[],
    signal: AbortSignal | undefined,
  ): Promise<HttpAnswer> {
    const { auth, env, caFile, clock, silenceMsMax } = this.#options;
    const authorization = await authorizationOf(auth);
    const proxy = findProxy(url, env);
    const ca = caFile === undefined || url.protocol === "http:" ? undefined : await readAuthorities(caFile);
    const length = body.reduce((sum, part) => sum + part.length, 0);
    const request = {
      url,
      proxy,
      agent: this.#agents.agentFor(url, proxy, ca),
      method,
      headers: {
        "user-agent": "git/sluice",
        ...headers,
        ...(authorization === undefined ? {} : { authorization }),
        ...(method === "POST" ? { "content-length": String(length) } : {}),
      },
      body,
      signals: [signal, this.#closed.signal],
      clock,
      silenceMsMax,
    };
    for (;;) {
      try {
        return await converse(request);
      } catch (error) {
        // Sending the same push twice is safe: the second finds the branches where the first put them. There may be more such
        // connections, but not many: a new one is none.
        if (!(error instanceof IdleConnectionClosed)) throw error;
      }
    }
  }
}

/** Only on the same host, never from https to http: credentials go where the settings say, and nowhere else. */
function followRedirect(from: URL, location: string, service: GitService): URL {
  const to = URL.canParse(location, from.href) ? new URL(location, from) : undefined;
  const suffix = "/info/refs";
  const isAllowed =
    to?.hostname === from.hostname &&
    (to.protocol === "https:" || (to.protocol === "http:" && from.protocol === "http:"));
  if (!isAllowed || !to.pathname.endsWith(suffix) || to.searchParams.get("service") !== `git-${service}`) {
    const place = to === undefined ? "what is no URL" : `${to.protocol}//${to.host}${to.pathname}`;
    throw new SluiceError({
      code: "GIT_UNAVAILABLE",
      message: `the Git server redirects from ${from.host} to ${place}, which is not followed`,
      hint: "Set repository.url to where the repository is now.",
    });
  }
  return new URL(to.pathname.slice(0, -suffix.length), to.origin);
}

async function readAdvertisementFrom(url: URL, answer: HttpAnswer, service: GitService): Promise<Advertisement> {
  const { response } = answer;
  const type = response.headers["content-type"] ?? "none";
  if (type !== `application/x-git-${service}-advertisement`) {
    response.destroy();
    throw new SluiceError({
      code: "GIT_UNAVAILABLE",
      message: `${url.host} does not serve Git at ${url.pathname}: it answered with content of type ${type}`,
      hint: "Check repository.url; a server of plain files can't be pushed to.",
    });
  }
  const packets = new PacketReader();
  const reader = new AdvertisementReader();
  let advertisement: Advertisement | undefined;
  // To the end, so that the connection can be used again.
  for await (const chunk of answer.body()) {
    for (const packet of packets.read(chunk)) advertisement ??= reader.take(packet);
  }
  if (advertisement === undefined) {
    throw new SluiceError({ code: "GIT_UNAVAILABLE", message: `the list of refs from ${url.host} was cut short` });
  }
  return advertisement;
}

async function readErrorText(response: IncomingMessage): Promise<string> {
  let text = "";
  try {
    for await (const chunk of response) {
      text += String(chunk);
      if (text.length > errorTextMax) break;
    }
  } catch {
    // The status says enough.
  }
  return text.slice(0, errorTextMax).replace(/\s+/g, " ").trim();
}

async function readAuthorities(caFile: string): Promise<string> {
  try {
    return await readFile(caFile, "utf8");
  } catch (error) {
    throw new SluiceError({ code: "SECRET_UNREADABLE", message: `repository.caFile ${caFile} can't be read` }, error);
  }
}
