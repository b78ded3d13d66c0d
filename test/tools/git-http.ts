/**
 * A Git server over http for tests and benchmarks: `git http-backend` behind a small CGI host, with knobs for
 * authentication and for what goes wrong in the field.
 */
import { execFileSync, spawn } from "node:child_process";
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { join } from "node:path";

/** What the server does instead of answering as it should. */
export type HttpFault =
  | {
      readonly kind: "status";
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly text?: string;
    }
  /** No answer ever. */
  | { readonly kind: "hang" }
  /** The request reaches git so much later. */
  | { readonly kind: "late"; readonly milliseconds: number }
  /** The connection is cut: before the request reaches git, or when git has done its work but before the answer. */
  | { readonly kind: "cut"; readonly when: "before" | "after" };

export interface GitHttpOptions {
  /** Folder whose repositories are served. */
  readonly root: string;
  readonly tls?: { readonly key: string; readonly cert: string };
}

export class GitHttpServer {
  /** The Authorization header that is wanted; undefined: none. */
  authorization: string | undefined;
  /** Asked for each request; undefined: all is well. */
  fault: (request: IncomingMessage) => HttpFault | undefined = () => undefined;
  /** `METHOD path?query` of each request. */
  readonly requests: string[] = [];
  /** Told of each request that git has been given whole, with its body. */
  onBody: ((request: IncomingMessage, body: Buffer) => void) | undefined;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #root: string;
  readonly #scheme: "http" | "https";
  readonly #backend = join(execFileSync("git", ["--exec-path"], { encoding: "utf8" }).trim(), "git-http-backend");

  private constructor({ root, tls }: GitHttpOptions) {
    this.#root = root;
    this.#scheme = tls === undefined ? "http" : "https";
    const listener: RequestListener = (request, response) => this.#handle(request, response);
    this.#server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener);
    this.#server.on("connection", (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
    });
  }

  static async start(options: GitHttpOptions): Promise<GitHttpServer> {
    const server = new GitHttpServer(options);
    await new Promise<void>((resolve) => server.#server.listen(0, "127.0.0.1", resolve));
    return server;
  }

  /** URL of a repository below the root. */
  urlOf(repository: string): string {
    const { port } = this.#server.address() as AddressInfo;
    return `${this.#scheme}://127.0.0.1:${port}/${repository}`;
  }

  /** Cuts connections that wait for their next request. */
  cutIdleConnections(): void {
    this.#server.closeIdleConnections();
  }

  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #handle(request: IncomingMessage, response: ServerResponse): void {
    this.requests.push(`${request.method} ${request.url}`);
    const fault = this.fault(request);
    if (fault?.kind === "cut" && fault.when === "before") {
      request.socket.destroy();
    } else if (fault?.kind === "hang") {
      request.resume();
    } else if (fault?.kind === "late") {
      setTimeout(() => this.#runBackend(request, response, false), fault.milliseconds);
    } else if (fault?.kind === "status") {
      request.resume();
      response.writeHead(fault.status, { "content-type": "text/plain", ...fault.headers }).end(fault.text ?? "");
    } else if (this.authorization !== undefined && request.headers.authorization !== this.authorization) {
      request.resume();
      response
        .writeHead(401, { "www-authenticate": 'Basic realm="git"', "content-type": "text/plain" })
        .end("who are you?");
    } else {
      this.#runBackend(request, response, fault?.kind === "cut");
    }
  }

  #collectBody(request: IncomingMessage, tell: (request: IncomingMessage, body: Buffer) => void): void {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.once("end", () => tell(request, Buffer.concat(chunks)));
  }

  #runBackend(request: IncomingMessage, response: ServerResponse, cutsAnswer: boolean): void {
    const { pathname, search } = new URL(request.url ?? "/", "http://localhost");
    const child = spawn(this.#backend, [], {
      env: {
        PATH: process.env.PATH,
        GIT_CONFIG_NOSYSTEM: "1",
        GIT_CONFIG_GLOBAL: "/dev/null",
        GIT_PROJECT_ROOT: this.#root,
        GIT_HTTP_EXPORT_ALL: "1",
        GIT_PROTOCOL: request.headers["git-protocol"] as string | undefined,
        REQUEST_METHOD: request.method,
        PATH_INFO: decodeURIComponent(pathname),
        QUERY_STRING: search.slice(1),
        CONTENT_TYPE: request.headers["content-type"],
        CONTENT_LENGTH: request.headers["content-length"],
        HTTP_CONTENT_ENCODING: request.headers["content-encoding"],
        REMOTE_USER: "tester",
        REMOTE_ADDR: "127.0.0.1",
      },
      stdio: ["pipe", "pipe", "ignore"],
    });
    child.stdin.on("error", () => undefined);
    if (this.onBody !== undefined) this.#collectBody(request, this.onBody);
    request.pipe(child.stdin);
    request.once("close", () => {
      if (!request.complete) child.kill();
    });
    let head: Buffer | undefined = Buffer.alloc(0);
    child.stdout.on("data", (chunk: Buffer) => {
      if (cutsAnswer) return;
      if (head === undefined) {
        response.write(chunk);
        return;
      }
      head = Buffer.concat([head, chunk]);
      const end = head.indexOf("\r\n\r\n");
      if (end < 0) return;
      writeCgiHead(response, head.toString("latin1", 0, end));
      if (head.length > end + 4) response.write(head.subarray(end + 4));
      head = undefined;
    });
    child.once("close", () => {
      if (cutsAnswer) request.socket.destroy();
      else response.end();
    });
  }
}

function writeCgiHead(response: ServerResponse, head: string): void {
  let status = 200;
  for (const line of head.split("\r\n")) {
    const [, name, value] = /^([^:]+): *(.*)$/.exec(line) ?? [];
    if (name?.toLowerCase() === "status") status = Number.parseInt(value!, 10);
    else if (name !== undefined) response.setHeader(name, value!);
  }
  response.writeHead(status);
}
