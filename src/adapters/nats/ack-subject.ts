/** What JetStream writes into the reply subject of each message that it delivers. */

export interface DeliveryInfo {
  /** How often the message was delivered to this consumer, this time included. */
  readonly deliveries: number;
  readonly streamSequence: number;
  /** Counts this consumer's deliveries from 1 without gaps. */
  readonly consumerSequence: number;
  /** When it was stored: decimal nanoseconds since 1970. */
  readonly nanos: string;
  /** How many more the consumer had to bring when this one was sent. */
  readonly pending: number;
}

/**
 * Reads `$JS.ACK.<stream>.<consumer>.<deliveries>.<stream sequence>.<consumer sequence>.<nanos>.<pending>`, or the
 * newer form with `<domain>.<account>` behind `$JS.ACK`. Undefined: no message of JetStream.
 */
export function parseAckSubject(reply: string): DeliveryInfo | undefined {
  if (!reply.startsWith("$JS.ACK.")) return undefined;
  const tokens = reply.split(".");
  const first = tokens.length === 9 ? 4 : 6;
  const nanos = tokens[first + 3];
  if (nanos === undefined) return undefined;
  return {
    deliveries: Number(tokens[first]),
    streamSequence: Number(tokens[first + 1]),
    consumerSequence: Number(tokens[first + 2]),
    nanos,
    pending: Number(tokens[first + 4] ?? "0"),
  };
}
