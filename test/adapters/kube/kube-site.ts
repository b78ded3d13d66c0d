/** A stand-in for an API server, of which a test says what it answers, and a kubeconfig that leads there. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openKubeCluster } from "../../../src/adapters/kube/kube-cluster.ts";
import type { KubeConnectionOptions } from "../../../src/adapters/kube/kube-connection.ts";
import { fileKubeconfig } from "../../../src/adapters/kube/kubeconfig.ts";
import { createRedactor } from "../../../src/adapters/system/redactor.ts";
import type { Cluster } from "../../../src/ports/cluster.ts";

export type KubeAnswer = (response: ServerResponse, request: IncomingMessage) => void;

export class KubeSite {
  readonly #server: Server;
  /** Throwaway; gone after `close`. */
  readonly #folder = mkdtempSync(join(tmpdir(), "sluice-kube-site-"));
  readonly #clusters: Cluster[] = [];

  private constructor(answer: KubeAnswer) {
    this.#server = createServer((request, response) => {
      request.resume();
      answer(response, request);
    });
  }

  static async open(answer: KubeAnswer): Promise<KubeSite> {
    const site = new KubeSite(answer);
    await new Promise<void>((resolve) => site.#server.listen(0, resolve));
    return site;
  }

  /** Closed with the site. */
  connect(options: Partial<KubeConnectionOptions> = {}): Cluster {
    const kubeconfig = fileKubeconfig(this.writeKubeconfig());
    const cluster = openKubeCluster({ kubeconfig, redactor: createRedactor(), env: {}, ...options });
    this.#clusters.push(cluster);
    return cluster;
  }

  /** Of the server, or of another address of it: one file, written anew. */
  writeKubeconfig(host = "127.0.0.1"): string {
    const file = join(this.#folder, "kubeconfig");
    const { port } = this.#server.address() as AddressInfo;
    const config = {
      "current-context": "it",
      contexts: [{ name: "it", context: { cluster: "it" } }],
      clusters: [{ name: "it", cluster: { server: `http://${host}:${port}` } }],
    };
    writeFileSync(file, JSON.stringify(config));
    return file;
  }

  async close(): Promise<void> {
    for (const cluster of this.#clusters) cluster.close();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
    rmSync(this.#folder, { recursive: true });
  }
}
