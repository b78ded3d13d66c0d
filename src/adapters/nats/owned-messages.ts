/**
 * Bookkeeping for streams whose consumers own messages: what comes again is told apart from what is new, and what was
 * settled is acknowledged.
 */
import type { NatsConnection } from "@nats-io/transport-node";
import type { StreamPosition } from "../../model/delivery.ts";
import { renewEpoch } from "./stream-epoch.ts";

export interface OwnedMessages {
  /** A new consumer is bound: nothing of its predecessor's can be acknowledged any more, it all comes again. */
  rebind(connection: NatsConnection, epoch: string): void;
  /**
   * The message's position where it is to be handed on; undefined where it was before. What is settled already is
   * acknowledged at once.
   */
  accept(sequence: number, time: string, reply: string): StreamPosition | undefined;
  /** Acknowledges what was accepted up to the position; resolves when the server has that, or the connection is lost. */
  settle(upTo: StreamPosition): Promise<void>;
}

/** `onRenewed`: a message showed that the stream was restored to other contents; reading goes on by time. */
export function createOwnedMessages(from: StreamPosition | undefined, onRenewed: (why: string) => void): OwnedMessages {
  let settled = from;
  let handed = from;
  let bound: { readonly connection: NatsConnection; epoch: string } | undefined;
  let pending: { readonly position: StreamPosition; readonly reply: string }[] = [];

  function acknowledge(reply: string): void {
    if (bound !== undefined && !bound.connection.isClosed()) bound.connection.publish(reply, "+ACK");
  }

  return {
    rebind(connection, epoch) {
      bound = { connection, epoch };
      pending = [];
    },
    accept(sequence, time, reply) {
      if (bound === undefined) return undefined;
      // The first message later than what was settled must have a higher sequence.
      if (bound.epoch === settled?.epoch && sequence <= settled.sequence && time > settled.time) {
        const { epoch, renewed = "" } = renewEpoch(settled, `sequence ${sequence} was stored at ${time}`);
        bound.epoch = epoch;
        onRenewed(renewed);
      }
      const position = { epoch: bound.epoch, sequence, time };
      if (isBehind(position, settled)) {
        acknowledge(reply);
        return undefined;
      }
      pending.push({ position, reply });
      if (isBehind(position, handed)) return undefined;
      handed = position;
      return position;
    },
    async settle(upTo) {
      settled = upTo;
      const done = pending.filter(({ position }) => isBehind(position, upTo));
      if (done.length === 0 || bound === undefined) return;
      pending = pending.filter(({ position }) => !isBehind(position, upTo));
      for (const { reply } of done) acknowledge(reply);
      // Where the connection is lost, they come again and are acknowledged then.
      if (!bound.connection.isClosed()) await bound.connection.flush().catch(() => undefined);
    },
  };
}

/** At or before the mark: by sequence within an epoch, by time across. */
function isBehind(position: StreamPosition, mark: StreamPosition | undefined): boolean {
  if (mark === undefined) return false;
  return position.epoch === mark.epoch ? position.sequence <= mark.sequence : position.time <= mark.time;
}
