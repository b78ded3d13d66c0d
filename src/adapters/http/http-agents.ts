/** The connections of one who talks to a server for long: kept apart by place. */
import type { Agent as HttpAgent } from "node:http";
import { createAgent } from "./http-agent.ts";

/** A repository is at one place, and perhaps redirected to another. */
const placesMax = 4;

/**
 * The agents in use, one for each place that is asked: behind a redirect a look goes to one place while a push runs at the other, and
 * neither may cut the other's connection.
 */
export class HttpAgents {
  /** In the order of their making. */
  readonly #agents = new Map<string, { readonly agent: HttpAgent; readonly ca: string | undefined }>();
  /** Made with authorities that are no longer those; what they are at may come to its end. */
  readonly #retired = new Set<HttpAgent>();

  agentFor(url: URL, proxy: URL | undefined, ca: string | undefined): HttpAgent {
    const known = this.#agents.get(url.origin);
    if (known !== undefined && known.ca === ca) return known.agent;
    if (known !== undefined) this.#retire(url.origin);
    if (this.#agents.size >= placesMax) for (const [oldest] of [...this.#agents].slice(0, 1)) this.#retire(oldest);
    const agent = createAgent(url, proxy, ca);
    this.#agents.set(url.origin, { agent, ca });
    return agent;
  }

  close(): void {
    for (const agent of [...this.#retired, ...[...this.#agents.values()].map((known) => known.agent)]) agent.destroy();
    this.#agents.clear();
    this.#retired.clear();
  }

  #retire(origin: string): void {
    const agent = this.#agents.get(origin)?.agent;
    this.#agents.delete(origin);
    if (agent === undefined) return;
    for (const old of this.#retired) if (Object.keys(old.sockets).length === 0) this.#retired.delete(old);
    for (const sockets of Object.values(agent.freeSockets)) for (const socket of sockets ?? []) socket.destroy();
    // What is in use is closed, not kept, when it is done.
    (agent as { keepAlive?: boolean }).keepAlive = false;
    this.#retired.add(agent);
  }
}
