/**
 * Whether a stream is the one that a position was read from, and under which epoch reading goes on.
 *
 * An epoch is the stream's creation time. A stream restored from a backup keeps its creation time although its sequences
 * are given anew, so what was found to be restored gets a number behind it: `<creation time>+1`, `+2`, … Times never
 * order messages of one epoch: a server's clock may step back. They only tell one message from another.
 */
import type { StreamPosition } from "../../model/delivery.ts";
import { formatTime, parseTime } from "./stored-time.ts";

/** What a server says of a stream now. */
export interface StreamFacts {
  /** RFC 3339, as the server gives it. */
  readonly created: string;
  /** Of what it holds; one behind the last where it holds nothing. */
  readonly firstSequence: number;
  /** Zero: nothing was ever stored. */
  readonly lastSequence: number;
}

/** A message, as far as it tells the stream that it is in. */
export interface SeenMessage {
  readonly sequence: number;
  readonly time: string;
}

/** How reading goes on. */
export type Verdict =
  /** Behind the position, by sequence alone. */
  | { readonly kind: "same"; readonly epoch: string }
  /** Another stream of the name: from its beginning. */
  | { readonly kind: "new"; readonly epoch: string; readonly why: string }
  /** Restored or promoted: from its beginning, past what is at or below the position in both sequence and time. */
  | { readonly kind: "restored"; readonly epoch: string; readonly why: string };

/**
 * The verdict that needs no message; undefined: the first message at or behind the position's sequence decides, and
 * where there is none, {@link judgeWithout}.
 */
export function judgeFacts(facts: StreamFacts, from: StreamPosition | undefined): Verdict | undefined {
  if (from === undefined) return { kind: "same", epoch: createdOf(facts) };
  if (facts.lastSequence < from.sequence) {
    return judgeOther(facts, from, `its last sequence is ${facts.lastSequence}, and ${from.sequence} had been read`);
  }
  return undefined;
}

/** The verdict of the first message at or behind the position's sequence. */
export function judgeMessage(facts: StreamFacts, from: StreamPosition, message: SeenMessage): Verdict {
  if (message.sequence !== from.sequence) return judgeWithout(facts, from);
  if (parseTime(message.time) === parseTime(from.time)) return { kind: "same", epoch: from.epoch };
  const why = `its message ${message.sequence} was stored at ${message.time}, and the one that was read at ${from.time}`;
  return judgeOther(facts, from, why);
}

/** The verdict where the message at the position was removed, or is read no more. */
export function judgeWithout(facts: StreamFacts, from: StreamPosition): Verdict {
  const created = createdOf(facts);
  if (creationOf(from.epoch) === created) return { kind: "same", epoch: from.epoch };
  return judgeOther(facts, from, `it was created at ${created}`);
}

function judgeOther(facts: StreamFacts, from: StreamPosition, why: string): Verdict {
  const created = createdOf(facts);
  if (creationOf(from.epoch) === created) {
    const incarnation = Number(from.epoch.split("+")[1] ?? "0") + 1;
    return { kind: "restored", epoch: `${created}+${incarnation}`, why };
  }
  return { kind: parseTime(created) > parseTime(from.time) ? "new" : "restored", epoch: created, why };
}

/** At or below the position in both sequence and time: what a restored stream had already when it was read. */
export function isPassed(message: SeenMessage, from: StreamPosition): boolean {
  return message.sequence <= from.sequence && parseTime(message.time) <= parseTime(from.time);
}

/** As epochs have it. */
export function createdOf({ created }: Pick<StreamFacts, "created">): string {
  return formatTime(parseTime(created));
}

/** When the stream of an epoch was created. */
export function creationOf(epoch: string): string {
  return epoch.split("+", 1)[0] ?? "";
}
