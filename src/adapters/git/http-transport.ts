/**
 * Pushing over smart http (git: Documentation/gitprotocol-http.txt): GET info/refs says what the server has and can, POST
 * carries the push.
 *
 * A push that goes well leaves nothing to ask: the capabilities are known, and the server checks old ids itself. So only the first
 * push, and one after trouble, or after a while, asks before it posts.
 */
import { readFile } from "node:fs/promises";
import { type Agent, request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { SluiceError } from "../../model/problem.ts";
import { createAgent, findProxy, routeThrough } from "../http/http-agent.ts";
import { AdvertisementReader } from "./advertisement.ts";
import { authorizationOf, type GitAuth } from "./git-auth.ts";
import { explainConnectionError, explainStatus } from "./http-error.ts";
import { PacketReader } from "./pkt-line.ts";
import type { Advertisement, Connection, GitService, Transport } from "./transport.ts";

export interface HttpTransportOptions {
  readonly url: string;
  readonly auth: GitAuth;
  /** PEM bundle of further authorities. */
  readonly caFile?: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly silenceMsMax: number;
}

/** A server may be replaced under a running service; its capabilities are asked for again after that long. */
const capabilitiesMsMax = 10 * 60_000;
const redirectsMax = 5;
const answerBytesMax = 256 * 1024 * 1024;
const errorTextMax = 500;

export class HttpTransport implements Transport {
  readonly #options: HttpTransportOptions;
  readonly #configured: URL;
  /** Where the configured URL led, once asked. */
  #base: URL;
  #agent: { readonly agent: Agent; readonly origin: string; readonly ca: string | undefined } | undefined;
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

  async connect({ fresh }: { readonly fresh: boolean }): Promise<Connection> {
    const known = this.#known;
    this.#known = undefined;
    if (!fresh && known !== undefined && performance.now() - known.readAt < capabilitiesMsMax) {
      return this.#connection(known.advertisement, known.readAt, false);
    }
    return this.#connection(await this.#readAdvertisement("receive-pack"), performance.now(), true);
  }

  async readRefs(): Promise<Advertisement> {
    return this.#readAdvertisement("upload-pack");
  }

  /** One exchange with `upload-pack` in version 2 of the protocol; answers with all of the body. Throws a SluiceError. */
  async requestObjects(request: Buffer): Promise<Buffer> {
    const response = await this.#post("upload-pack", [request], { "git-protocol": "version=2" });
    const chunks: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of readBody(this.#base, response)) {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes > answerBytesMax)
        throw new SluiceError({ code: "GIT_UNAVAILABLE", message: "the Git server's answer has no end" });
    }
    return Buffer.concat(chunks);
  }

  close(): void {
    this.#agent?.agent.destroy();
    this.#agent = undefined;
  }

  #connection(advertisement: Advertisement, readAt: number, isFresh: boolean): Connection {
    const exchange = async function* (this: HttpTransport, request: readonly Buffer[]): AsyncIterable<Buffer> {
      const response = await this.#post("receive-pack", request);
      let isAnswered = false;
      for await (const chunk of readBody(this.#base, response)) {
        // From here on the server has taken the request: what it can do need not be asked again.
        if (!isAnswered) this.#known = { advertisement, readAt };
        isAnswered = true;
        yield chunk;
      }
    };
    return { advertisement, isFresh, knowsRefs: isFresh, exchange: exchange.bind(this), close: () => undefined };
  }

  async #readAdvertisement(service: GitService): Promise<Advertisement> {
    let base = this.#configured;
    for (let redirects = 0; ; redirects++) {
      const url = new URL(`${base.href.replace(/\/$/, "")}/info/refs?service=git-${service}`);
      const response = await this.#send(url, "GET", {}, []);
      const status = response.statusCode ?? 0;
      if (status >= 300 && status < 400 && response.headers.location !== undefined && redirects < redirectsMax) {
        response.resume();
        base = followRedirect(url, response.headers.location, service);
        continue;
      }
      await this.#checkStatus(url, response);
      this.#base = base;
      return await readAdvertisementFrom(url, response, service);
    }
  }

  async #post(
    service: GitService,
    request: readonly Buffer[],
    more: Record<string, string> = {},
  ): Promise<IncomingMessage> {
    const url = new URL(`${this.#base.href.replace(/\/$/, "")}/git-${service}`);
    const type = `application/x-git-${service}`;
    const headers = { "content-type": `${type}-request`, accept: `${type}-result`, ...more };
    const response = await this.#send(url, "POST", headers, request);
    await this.#checkStatus(url, response);
    return response;
  }

  async #checkStatus(url: URL, response: IncomingMessage): Promise<void> {
    const { statusCode = 0 } = response;
    if (statusCode === 200) return;
    const said = await readErrorText(response);
    const header = (name: string) => response.headers[name]?.toString();
    const hasCredentials = this.#options.auth.kind !== "none";
    throw explainStatus({ url, status: statusCode, said, header, hasCredentials });
  }

  async #send(
    url: URL,
    method: "GET" | "POST",
    headers: Record<string, string>,
    body: readonly Buffer[],
  ): Promise<IncomingMessage> {
    const authorization = await authorizationOf(this.#options.auth);
    const proxy = findProxy(url, this.#options.env);
    const agent = await this.#agentFor(url, proxy);
    const length = body.reduce((sum, { byteLength }) => sum + byteLength, 0);
    const allHeaders = {
      "user-agent": "git/sluice",
      ...headers,
      ...(authorization === undefined ? {} : { authorization }),
      ...(method === "POST" ? { "content-length": String(length) } : {}),
    };
    for (;;) {
      try {
        return await this.#request(url, proxy, agent, method, allHeaders, body);
      } catch (error) {
        // The server closed an idle connection just when it was used again. Sending the same push twice is safe: the second finds
        // the branches where the first put them. There may be more such connections, but not many: a new one is none.
        if (!(error instanceof IdleConnectionClosed)) throw error;
      }
    }
  }

  #request(
    url: URL,
    proxy: URL | undefined,
    agent: Agent,
    method: string,
    headers: Record<string, string>,
    body: readonly Buffer[],
  ): Promise<IncomingMessage> {
    const { silenceMsMax } = this.#options;
    const where = routeThrough(url, proxy, headers);
    return new Promise((resolve, reject) => {
      const request = (where.protocol === "https:" ? httpsRequest : httpRequest)({ ...where, method, agent });
      request.setTimeout(silenceMsMax, () =>
        request.destroy(new Error(`it said nothing for ${Math.round(silenceMsMax / 1000)} s`)),
      );
      request.once("response", resolve);
      request.once("error", (error: NodeJS.ErrnoException) => {
        const isIdleClose = request.reusedSocket && (error.code === "ECONNRESET" || error.code === "EPIPE");
        reject(isIdleClose ? new IdleConnectionClosed() : explainConnectionError(url, error));
      });
      for (const piece of body) request.write(piece);
      request.end();
    });
  }

  async #agentFor(url: URL, proxy: URL | undefined): Promise<Agent> {
    const { caFile } = this.#options;
    const ca = caFile === undefined || url.protocol === "http:" ? undefined : await readAuthorities(caFile);
    if (this.#agent === undefined || this.#agent.origin !== url.origin || this.#agent.ca !== ca) {
      this.#agent?.agent.destroy();
      this.#agent = { agent: createAgent(url, proxy, ca), origin: url.origin, ca };
    }
    return this.#agent.agent;
  }
}

class IdleConnectionClosed extends Error {}

/** Only on the same host, never from https to http: credentials go where the settings say, and nowhere else. */
function followRedirect(from: URL, location: string, service: GitService): URL {
  const to = new URL(location, from);
  const suffix = "/info/refs";
  const isAllowed = to.hostname === from.hostname && (to.protocol === "https:" || from.protocol === "http:");
  if (!isAllowed || !to.pathname.endsWith(suffix) || to.searchParams.get("service") !== `git-${service}`) {
    throw new SluiceError({
      code: "GIT_UNAVAILABLE",
      message: `the Git server redirects from ${from.host} to ${to.origin}${to.pathname}, which is not followed`,
      hint: "Set repository.url to where the repository is now.",
    });
  }
  return new URL(to.pathname.slice(0, -suffix.length), to.origin);
}

async function readAdvertisementFrom(url: URL, response: IncomingMessage, service: GitService): Promise<Advertisement> {
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
  for await (const chunk of readBody(url, response)) {
    for (const packet of packets.read(chunk)) advertisement ??= reader.take(packet);
  }
  if (advertisement === undefined) {
    throw new SluiceError({ code: "GIT_UNAVAILABLE", message: `the list of refs from ${url.host} was cut short` });
  }
  return advertisement;
}

async function* readBody(url: URL, response: IncomingMessage): AsyncIterable<Buffer> {
  try {
    for await (const chunk of response) yield chunk as Buffer;
  } catch (error) {
    throw explainConnectionError(url, error);
  }
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
  const isPlain = /^text\/plain/.test(response.headers["content-type"] ?? "");
  return isPlain ? text.slice(0, errorTextMax).replace(/\s+/g, " ").trim() : "";
}

async function readAuthorities(caFile: string): Promise<string> {
  try {
    return await readFile(caFile, "utf8");
  } catch (error) {
    throw new SluiceError({ code: "SECRET_UNREADABLE", message: `repository.caFile ${caFile} can't be read` }, error);
  }
}
