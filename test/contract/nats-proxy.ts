/** A stand-in between a reader and nats-server that changes what one says to the other, line by line. */
import { once } from "node:events";
import { createServer, connect as dial, type Socket } from "node:net";

export interface NatsProxy {
  readonly url: string;
  close(): Promise<void>;
}

/** Given whole lines, protocol and payloads alike, and gives what is passed on. */
export type Rewrite = (lines: string) => string;

const asItIs: Rewrite = (lines) => lines;

/** To a server on 127.0.0.1. */
export async function startNatsProxy(
  port: number,
  { fromServer = asItIs, fromClient = asItIs }: { readonly fromServer?: Rewrite; readonly fromClient?: Rewrite },
): Promise<NatsProxy> {
  const sockets = new Set<Socket>();
  const proxy = createServer((client) => {
    const server = dial(port, "127.0.0.1");
    for (const socket of [client, server]) {
      sockets.add(socket);
      socket.on("error", () => undefined);
      socket.on("close", () => {
        client.destroy();
        server.destroy();
      });
    }
    pass(client, server, fromClient);
    pass(server, client, fromServer);
  }).listen(0, "127.0.0.1");
  await once(proxy, "listening");
  const address = proxy.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    url: `nats://127.0.0.1:${address.port}`,
    async close() {
      for (const socket of sockets) socket.destroy();
      proxy.close();
      await once(proxy, "close");
    },
  };
}

function pass(from: Socket, to: Socket, rewrite: Rewrite): void {
  let partial = "";
  from.on("data", (chunk) => {
    const text = partial + chunk.toString("latin1");
    const end = text.lastIndexOf("\n") + 1;
    partial = text.slice(end);
    to.write(Buffer.from(rewrite(text.slice(0, end)), "latin1"));
  });
}
