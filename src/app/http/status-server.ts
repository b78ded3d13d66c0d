/**
 * The listener for probes and metrics: whether the process is alive, whether it is ready to serve or to take over,
 * whether it leads, and what it counts; and for the status page, where it is asked for. Nothing can be changed through it.
 */
import fastify from "fastify";
import { SluiceError } from "../../model/problem.ts";
import type { GaugeSample } from "../../ports/metrics.ts";
import type { Redactor } from "../../ports/system.ts";
import { gaugesOf } from "./host-gauges.ts";
import { addPage, type PageSource } from "./page/page-routes.ts";

/** What probes ask. */
export interface ServiceHealth {
  /** Started: it leads, or it stands by and could take over. */
  readonly isReady: boolean;
  readonly isLeader: boolean;
  /** One word for people: starting, leading, standing by, stopping. */
  readonly state: string;
}

/** Who answers; asked each time, for who is in force changes. */
export interface StatusSource extends PageSource {
  readonly health: () => ServiceHealth;
}

export interface StatusServerOptions {
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
  readonly source: StatusSource;
  readonly redactor: Redactor;
  readonly metrics: { readonly contentType: string; text(samples: readonly GaugeSample[]): Promise<string> };
}

export interface StatusServer {
  readonly port: number;
  close(): Promise<void>;
}

const requestMsMax = 10_000;
const connectionsMax = 100;

/** Serves /healthz, /readyz, /leaderz, /metrics and the page. Throws a SluiceError (SETTINGS_INVALID) where it can't listen. */
export async function openStatusServer(options: StatusServerOptions): Promise<StatusServer> {
  const { host, port, source, redactor, metrics } = options;
  const server = fastify({
    bodyLimit: 1,
    requestTimeout: requestMsMax,
    forceCloseConnections: true,
    // An address that can't be decoded, before any route has it.
    frameworkErrors: (_, __, { raw }) => {
      raw.writeHead(400, { "content-type": "text/plain; charset=utf-8", "x-content-type-options": "nosniff" });
      raw.end("bad request\n");
    },
  });
  server.server.maxConnections = connectionsMax;
  const probes: Readonly<Record<string, (now: ServiceHealth) => boolean>> = {
    // That it answers is all there is to say: what the outside does to it is no reason to start it anew.
    "/healthz": () => true,
    "/readyz": ({ isReady }) => isReady,
    "/leaderz": ({ isLeader }) => isLeader,
  };
  for (const [path, isGood] of Object.entries(probes)) {
    server.get(path, (_, reply) => {
      const now = source.health();
      return reply
        .code(isGood(now) ? 200 : 503)
        .type("text/plain; charset=utf-8")
        .send(`${now.state}\n`);
    });
  }
  server.get("/metrics", async (_, reply) => {
    const samples = gaugesOf(source.snapshot(), source.health(), source.look()?.inventory());
    return reply.type(metrics.contentType).send(await metrics.text(samples));
  });
  addPage(server, source, redactor);
  server.setNotFoundHandler((_, reply) => reply.code(404).type("text/plain; charset=utf-8").send("not found\n"));
  try {
    await server.listen({ host, port });
  } catch (cause) {
    const message = `probes and metrics can't be served at ${host}:${port}: ${(cause as Error).message}`;
    throw new SluiceError({ code: "SETTINGS_INVALID", message, hint: "Change server.address." }, cause);
  }
  const address = server.server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : port,
    close: () => server.close(),
  };
}
