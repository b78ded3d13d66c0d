/** A stand-in between a reader and nats-server: messages behind a sequence have other stamps than the server gave them. */
import { once } from "node:events";
import { createServer, connect as dial, type Socket } from "node:net";

export interface ShiftedStamps {
  readonly url: string;
  close(): Promise<void>;
}

const ackSubject = /(\$JS\.ACK\.[^.\s]+\.[^.\s]+\.\d+\.)(\d+)(\.\d+\.)(\d{19})(\.\d+)/g;

/** The stamps of messages behind a sequence, moved by so many seconds: as if the server's clock had stepped. */
export async function shiftStamps(
  port: number,
  { behind, seconds }: { readonly behind: number; readonly seconds: number },
): Promise<ShiftedStamps> {
  const sockets = new Set<Socket>();
  const shift = BigInt(seconds) * 1_000_000_000n;
  const rewrite = (lines: string) =>
    lines.replace(ackSubject, (whole, head: string, sequence: string, consumer: string, nanos: string, tail: string) =>
      Number(sequence) > behind ? `${head}${sequence}${consumer}${BigInt(nanos) + shift}${tail}` : whole,
    );
  const proxy = createServer((client) => {
    const upstream = dial(port, "127.0.0.1");
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on("error", () => undefined);
      socket.on("close", () => {
        client.destroy();
        upstream.destroy();
      });
    }
    // What is acknowledged bears the stamp that was given to the reader; the server takes it as it is.
    client.pipe(upstream);
    let partial = "";
    upstream.on("data", (chunk) => {
      const text = partial + chunk.toString("latin1");
      const end = text.lastIndexOf("\n") + 1;
      partial = text.slice(end);
      client.write(Buffer.from(rewrite(text.slice(0, end)), "latin1"));
    });
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
