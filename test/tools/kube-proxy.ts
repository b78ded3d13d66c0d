/** What stands before an API server on bad days: it passes requests on, cuts connections, and says that it is too busy. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { Agent, request } from "node:https";
import type { AddressInfo } from "node:net";

export interface KubeProxy {
  /** `http://127.0.0.1:<port>`. */
  readonly url: string;
  /** After so many requests every connection is cut, until it is mended. */
  cutAfter(requests: number): void;
  mend(): void;
  /** After so many requests it is too busy, for so many seconds. */
  refuseAfter(requests: number, seconds: number): void;
  /** How many requests were refused so. */
  readonly refused: number;
  /** How many came while it was too busy, although they were told for how long that is. */
  readonly sentWhileBusy: number;
  stop(): Promise<void>;
}

/** Requests that were on their way when the first was refused may still come. */
const onTheirWayMs = 250;

export async function startKubeProxy(target: string): Promise<KubeProxy> {
  const agent = new Agent({ keepAlive: true, rejectUnauthorized: false });
  let untilCut = Number.POSITIVE_INFINITY;
  let untilBusy = Number.POSITIVE_INFINITY;
  let busySeconds = 0;
  let busySince: number | undefined;
  let refused = 0;
  let sentWhileBusy = 0;

  const refuse = (incoming: IncomingMessage, answer: ServerResponse): void => {
    refused++;
    incoming.resume();
    answer.writeHead(429, { "retry-after": String(busySeconds), "content-type": "application/json" });
    answer.end(JSON.stringify({ kind: "Status", code: 429, message: "too many requests" }));
  };

  const server = createServer((incoming, answer) => {
    if (--untilCut < 0) {
      incoming.socket.destroy();
      return;
    }
    if (--untilBusy < 0) {
      busySince ??= performance.now();
      const elapsed = performance.now() - busySince;
      if (elapsed < busySeconds * 1000 - 50) {
        if (elapsed > onTheirWayMs) sentWhileBusy++;
        refuse(incoming, answer);
        return;
      }
      untilBusy = Number.POSITIVE_INFINITY;
    }
    const { method, url = "/", headers } = incoming;
    const passed = request(`${target}${url}`, { method, headers, agent }, (response) => {
      answer.writeHead(response.statusCode!, response.headers);
      response.pipe(answer);
    });
    passed.on("error", () => answer.destroy());
    incoming.pipe(passed);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    cutAfter: (requests) => {
      untilCut = requests;
    },
    mend: () => {
      untilCut = Number.POSITIVE_INFINITY;
    },
    refuseAfter: (requests, seconds) => {
      untilBusy = requests;
      busySeconds = seconds;
      busySince = undefined;
    },
    get refused() {
      return refused;
    },
    get sentWhileBusy() {
      return sentWhileBusy;
    },
    stop: async () => {
      agent.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
