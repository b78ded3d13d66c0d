/** A stand-in for nats-server's clock: messages behind a sequence have other stamps than the server gave them. */
import { type NatsProxy, startNatsProxy } from "./nats-proxy.ts";

const ackSubject = /(\$JS\.ACK\.[^.\s]+\.[^.\s]+\.\d+\.)(\d+)(\.\d+\.)(\d{19})(\.\d+)/g;

/** The stamps of messages behind a sequence, moved by so many seconds: as if the server's clock had stepped. */
export function shiftStamps(
  port: number,
  { behind, seconds }: { readonly behind: number; readonly seconds: number },
): Promise<NatsProxy> {
  const shift = BigInt(seconds) * 1_000_000_000n;
  // What is acknowledged bears the stamp that was given to the reader; the server takes it as it is.
  return startNatsProxy(port, {
    fromServer: (lines) =>
      lines.replace(
        ackSubject,
        (whole, head: string, sequence: string, consumer: string, nanos: string, tail: string) =>
          Number(sequence) > behind ? `${head}${sequence}${consumer}${BigInt(nanos) + shift}${tail}` : whole,
      ),
  });
}
