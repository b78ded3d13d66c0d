/** A stand-in for an API server, of which a test says what it answers, and a kubeconfig that leads there. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createSecureServer } from "node:http2";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo, Server, Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openKubeCluster } from "../../../src/adapters/kube/kube-cluster.ts";
import type { KubeConnectionOptions } from "../../../src/adapters/kube/kube-connection.ts";
import { fileKubeconfig } from "../../../src/adapters/kube/kubeconfig.ts";
import { createRedactor } from "../../../src/adapters/system/redactor.ts";
import type { Cluster } from "../../../src/ports/cluster.ts";

export type KubeAnswer = (response: ServerResponse, request: IncomingMessage) => void;

/**
 * What an API server may speak: `https` is HTTP/1.1 over TLS, as a balancer does that knows nothing else; `h2` takes HTTP/2 as
 * well, as API servers do.
 */
export const protocols = ["http", "https", "h2"] as const;
export type Protocol = (typeof protocols)[number];

export class KubeSite {
  readonly #protocol: Protocol;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** Throwaway; gone after `close`. */
  readonly folder = mkdtempSync(join(tmpdir(), "sluice-kube-site-"));
  readonly #clusters: Cluster[] = [];

  private constructor(answer: KubeAnswer, protocol: Protocol) {
    this.#protocol = protocol;
    this.#server = serve(protocol, (response, request) => {
      request.resume();
      answer(response, request);
    });
    this.#server.on("connection", (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on("close", () => this.#sockets.delete(socket));
    });
  }

  static async open(answer: KubeAnswer, protocol: Protocol = "http"): Promise<KubeSite> {
    const site = new KubeSite(answer, protocol);
    await new Promise<void>((resolve) => site.#server.listen(0, resolve));
    return site;
  }

  /** How many connections there are at the moment. */
  get connections(): number {
    return this.#sockets.size;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Closed with the site. */
  connect(options: Partial<KubeConnectionOptions> = {}): Cluster {
    const kubeconfig = fileKubeconfig(this.writeKubeconfig());
    const cluster = openKubeCluster({ kubeconfig, redactor: createRedactor(), env: {}, ...options });
    this.#clusters.push(cluster);
    return cluster;
  }

  /** Of the server, or of another address of it: one file, written anew. `more`: of the cluster. */
  writeKubeconfig(host = "127.0.0.1", more: Readonly<Record<string, unknown>> = {}): string {
    const file = join(this.folder, "kubeconfig");
    const isSecure = this.#protocol !== "http";
    const trust = isSecure ? { "certificate-authority": fixture("authority.pem"), "tls-server-name": serverName } : {};
    const server = `${isSecure ? "https" : "http"}://${host}:${this.port}`;
    const config = {
      "current-context": "it",
      contexts: [{ name: "it", context: { cluster: "it" } }],
      clusters: [{ name: "it", cluster: { server, ...trust, ...more } }],
    };
    writeFileSync(file, JSON.stringify(config));
    return file;
  }

  /** Every connection is cut; new ones are taken. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async close(): Promise<void> {
    for (const cluster of this.#clusters) cluster.close();
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
    rmSync(this.folder, { recursive: true });
  }
}

/** As the certificate of the fixtures names it. */
const serverName = "nats.nats.svc.cluster.local";

function fixture(name: string): string {
  return join(import.meta.dirname, "../../fixtures/nats", name);
}

function serve(protocol: Protocol, answer: KubeAnswer): Server {
  const handle = (request: unknown, response: unknown) =>
    answer(response as ServerResponse, request as IncomingMessage);
  if (protocol === "http") return createServer(handle);
  const tls = { key: readFileSync(fixture("server.key")), cert: readFileSync(fixture("server.pem")) };
  return protocol === "https" ? createTlsServer(tls, handle) : createSecureServer({ ...tls, allowHTTP1: true }, handle);
}
