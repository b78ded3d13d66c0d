/**
 * Epochs of JetStream streams: which incarnation of a stream a position belongs to.
 *
 * An epoch is the stream's creation time. A stream restored from a backup keeps its creation time although its sequences
 * are given anew, so what was found to be restored gets a number behind it: `<creation time>+1`, `+2`, …
 */
import type { StreamPosition } from "../../model/delivery.ts";
import { formatTime, parseTime } from "./stored-time.ts";

/** What a server says of a stream now. */
export interface StreamFacts {
  /** RFC 3339, as the server gives it. */
  readonly created: string;
  /** Zero: nothing was ever stored. */
  readonly lastSequence: number;
}

/** Where reading goes on, and under which epoch. */
export interface Resumption {
  readonly epoch: string;
  /** The positions before mean nothing in this epoch: messages are told apart by time. */
  readonly renewed?: string;
}

/**
 * Compares a position with the stream: the checks that need no message. `renewed` says why it is another epoch.
 */
export function resumeStream(facts: StreamFacts, from: StreamPosition | undefined): Resumption {
  const created = formatTime(parseTime(facts.created));
  if (from === undefined) return { epoch: created };
  if (creationOf(from.epoch) !== created) return { epoch: created, renewed: `it was created anew at ${created}` };
  if (facts.lastSequence < from.sequence) {
    return renewEpoch(from, `its last sequence is ${facts.lastSequence}, and ${from.sequence} had been read`);
  }
  return { epoch: from.epoch };
}

/** The epoch behind a position's: the stream has the same creation time and yet other contents. */
export function renewEpoch(from: StreamPosition, why: string): Resumption {
  const incarnation = Number(from.epoch.split("+")[1] ?? "0") + 1;
  return { epoch: `${creationOf(from.epoch)}+${incarnation}`, renewed: `it was restored from a backup: ${why}` };
}

function creationOf(epoch: string): string {
  return epoch.split("+", 1)[0] ?? "";
}
