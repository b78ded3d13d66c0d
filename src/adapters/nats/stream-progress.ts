/**
 * What of a stream was handed on and what was settled, over all bindings of one reading: what comes again is told apart
 * from what is new, and what is settled is acknowledged.
 */
import type { StreamPosition } from "../../model/delivery.ts";
import type { AckDesk } from "./ack-desk.ts";
import { addCursors, advance, createCover, leaveCursors } from "./read-progress.ts";
import { isPassed, type Verdict } from "./stream-identity.ts";

/** A message as it came. */
export interface ArrivedMessage {
  readonly subject: string;
  readonly sequence: number;
  readonly time: string;
  /** Where it is acknowledged. */
  readonly reply: string;
}

/** Messages of a restored stream that were passed over, being at or below the position. */
export interface PassedMessages {
  readonly count: number;
  readonly first: number;
  readonly last: number;
}

export interface StreamProgress {
  /** Behind what a binding begins: what was settled where consumers own messages, else what was handed on. */
  mark(isOwning: boolean): StreamPosition | undefined;
  /** The last position handed on, in any binding. */
  readonly handed: StreamPosition | undefined;
  /** A new consumer is bound. What its predecessor brought can't be acknowledged any more; it all comes again. */
  begin(binding: ProgressBinding): void;
  /** The message's position where it is to be handed on; undefined where it was before. */
  accept(message: ArrivedMessage): StreamPosition | undefined;
  /** Everything up to the position has had its effect. */
  settle(upTo: StreamPosition): void;
  /** What was passed over since the last call; undefined: nothing. */
  takePassed(): PassedMessages | undefined;
}

export interface ProgressBinding {
  readonly verdict: Verdict;
  /** Where consumers own messages. */
  readonly desk: AckDesk | undefined;
  /** The stream keeps messages until they are acknowledged, also those of subjects that were not read before. */
  readonly isQueue: boolean;
}

type Cover = (message: ArrivedMessage) => boolean;

/** `from` was handed on already, and of it what is pushed was settled. */
export function createStreamProgress(
  from: StreamPosition | undefined,
  filters: readonly string[],
  resumed: { readonly pushed: StreamPosition | undefined } = { pushed: from },
): StreamProgress {
  let settled = resumed.pushed;
  let handed = from;
  let bound: ProgressBinding | undefined;
  let unsettled: ArrivedMessage[] = [];
  let passed: PassedMessages | undefined;
  /** Only what was read before this reading can have other subjects. */
  const left = leaveCursors(from, filters);
  const leftBy = (previous: StreamPosition | undefined) =>
    previous === undefined || previous.epoch !== from?.epoch ? {} : left;
  const coverSettled = cached();
  const coverHanded = cached();

  /** Whether the message is at or before the mark, in the epoch that is bound. */
  function coverOf(mark: StreamPosition): Cover {
    if (bound === undefined) return () => false;
    const { verdict, isQueue } = bound;
    if (mark.epoch === verdict.epoch) {
      const isCovered = createCover(isQueue ? addCursors(mark, filters) : withoutSubjects(mark));
      return ({ subject, sequence }) => isCovered(subject, sequence);
    }
    return verdict.kind === "restored" ? (message) => isPassed(message, mark) : () => false;
  }

  /** Covers are made once for each mark and binding. */
  function cached(): (mark: StreamPosition | undefined, message: ArrivedMessage) => boolean {
    let madeOf: readonly [StreamPosition, ProgressBinding | undefined] | undefined;
    let cover: Cover = () => false;
    return (mark, message) => {
      if (mark === undefined) return false;
      if (mark.epoch === bound?.verdict.epoch && message.sequence > mark.sequence) return false;
      if (madeOf?.[0] !== mark || madeOf[1] !== bound) {
        madeOf = [mark, bound];
        cover = coverOf(mark);
      }
      return cover(message);
    };
  }

  function isPassing(mark: StreamPosition | undefined): boolean {
    return mark !== undefined && bound !== undefined && mark.epoch !== bound.verdict.epoch;
  }

  function move({ sequence, time }: ArrivedMessage, { verdict, isQueue }: ProgressBinding): StreamPosition {
    const { epoch } = verdict;
    const previous = handed?.epoch === epoch ? handed : undefined;
    const base = previous !== undefined && isQueue ? addCursors(previous, filters) : previous;
    const next = advance(base, { epoch, sequence, time }, filters);
    return isQueue && sequence > (previous?.sequence ?? 0) ? { ...next, ...leftBy(previous) } : next;
  }

  function pass({ sequence }: ArrivedMessage): void {
    passed = { count: (passed?.count ?? 0) + 1, first: passed?.first ?? sequence, last: sequence };
  }

  return {
    mark: (isOwning) => (isOwning ? settled : handed),
    get handed() {
      return handed;
    },
    begin(binding) {
      bound = binding;
      unsettled = [];
    },
    accept(message) {
      if (bound === undefined) throw new Error("nothing is bound");
      const { desk } = bound;
      const isStillPassing = isPassing(handed);
      const wasHanded = coverHanded(handed, message);
      if (isStillPassing && wasHanded) pass(message);
      if (desk !== undefined) {
        // In a restored stream nothing is passed over any more once something of it was handed on.
        if ((isStillPassing || !isPassing(settled)) && coverSettled(settled, message)) {
          desk.repeat(message.reply);
          return undefined;
        }
        unsettled.push(message);
      }
      if (wasHanded) return undefined;
      handed = move(message, bound);
      return handed;
    },
    settle(upTo) {
      settled = upTo;
      if (bound?.desk === undefined) return;
      const cover = cached();
      let done = 0;
      while (done < unsettled.length && cover(upTo, unsettled[done]!)) done++;
      const replies = unsettled.slice(0, done).map(({ reply }) => reply);
      unsettled = unsettled.slice(done);
      bound.desk.settle(replies);
    },
    takePassed() {
      const taken = passed;
      passed = undefined;
      return taken;
    },
  };
}

/** Where messages do not wait for their reader, subjects that are added are read from the position on. */
function withoutSubjects({ epoch, sequence, time }: StreamPosition): StreamPosition {
  return { epoch, sequence, time };
}
