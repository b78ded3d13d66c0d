/** Headers of NATS messages, to and from the model's form. */
import { headers as createHeaders, type MsgHdrs } from "@nats-io/transport-node";

const none: ReadonlyMap<string, readonly string[]> = new Map();

/** Names as sent; several values of one name keep their order. */
export function readHeaders(headers: MsgHdrs | undefined): ReadonlyMap<string, readonly string[]> {
  return headers === undefined ? none : new Map(headers);
}

export function writeHeaders(headers: ReadonlyMap<string, string>): MsgHdrs {
  const written = createHeaders();
  for (const [name, value] of headers) written.append(name, value);
  return written;
}
