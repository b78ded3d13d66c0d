/**
 * What a stream dropped before it was read: expired, discarded for room, removed by somebody, or gone with the consumer
 * that kept it.
 *
 * Where all of a stream is read, every gap in its sequences is a loss, and certain. Where only some of its subjects are,
 * gaps are other subjects' messages: there a loss is certain as far as fewer messages come than the server said were
 * waiting, and possible where the stream's beginning has passed the position.
 *
 * Of a stream that several servers have, one that is behind the others may bring the messages: that it has nothing more
 * does not say that there is nothing. There only a later message shows that those before it are gone.
 */
import type { StreamPosition } from "../../model/delivery.ts";

export type Loss =
  /** These sequences, both ends included. */
  | { readonly kind: "sequences"; readonly ranges: readonly SequenceRange[]; readonly messages: number }
  /** At least so many, of the subjects that are read. */
  | { readonly kind: "counted"; readonly messages: number }
  /** Up to so many, of all subjects of the stream, in these sequences. */
  | { readonly kind: "possible"; readonly range: SequenceRange };

export interface SequenceRange {
  readonly first: number;
  readonly last: number;
}

/** What is known when a consumer is bound. */
export interface LossStart {
  /** All subjects of the stream are read. */
  readonly isWhole: boolean;
  /** Behind which messages are expected; undefined: nothing was read yet, so nothing is missed. */
  readonly from: StreamPosition | undefined;
  /** Of the stream: one behind the last where it holds nothing. */
  readonly firstSequence: number;
  readonly lastSequence: number;
  /** Messages that the consumer is to bring, as the server said when it made it. */
  readonly pending: number;
  /** Whose servers say how many messages wait, see above; `several`: first one and then another may. */
  readonly toldBy: "the stream" | "one replica" | "several";
  /** The stream's last sequence after that was said. */
  readonly boundAt: number;
  /** The consumer that kept messages for the reader was gone. */
  readonly isKeeperGone: boolean;
}

export interface LossWatch {
  /** A message came, `pending` more waiting behind it. */
  see(sequence: number, consumerSequence: number, pending: number): void;
  /** What is known to be lost and was not told yet; call it at a pause, so that much is told at once. */
  take(): readonly Loss[];
  /** Whether it is time for {@link take}: a pause, or much to tell. */
  readonly isDue: boolean;
}

const rangesMax = 100;

export function createLossWatch(start: LossStart): LossWatch {
  const { isWhole, from, firstSequence, lastSequence, toldBy, boundAt } = start;
  // What was removed before anything was ever read is no loss, and its gaps can't be told from later ones.
  let expected = (from?.sequence ?? lastSequence) + 1;
  let total = start.pending;
  let ranges: SequenceRange[] = [];
  let counted = 0;
  let possible: SequenceRange | undefined;
  let isDue = false;

  function miss(first: number, last: number): void {
    if (first > last) return;
    ranges.push({ first, last });
    if (ranges.length >= rangesMax) isDue = true;
  }

  /** The server has nothing more: what it had at the binding, and did not bring, is gone. */
  function reachEnd(): void {
    isDue = true;
    if (!isWhole || from === undefined || toldBy !== "the stream") return;
    miss(expected, lastSequence);
    expected = Math.max(expected, lastSequence + 1);
  }

  /** What has come and what is to come grows as messages are published, and shrinks only as they are removed. */
  function count(sequence: number, consumerSequence: number, pending: number): void {
    const isCounted = !isWhole || (from === undefined && sequence <= lastSequence);
    if (toldBy !== "several") {
      const now = consumerSequence + pending;
      if (isCounted && now < total) counted += total - now;
      total = now;
    } else if (sequence >= boundAt) {
      // Whichever server brings this message, it has all that was there at the binding.
      const brought = sequence === boundAt ? consumerSequence : consumerSequence - 1;
      if (isCounted && brought < total) counted += total - brought;
      total = 0;
    }
  }

  const last = start.isKeeperGone && !isWhole ? lastSequence : firstSequence - 1;
  if (from !== undefined && last >= expected) {
    if (isWhole) miss(expected, last);
    else possible = { first: expected, last };
    expected = last + 1;
    isDue = true;
  }
  if (start.pending === 0) reachEnd();

  return {
    see(sequence, consumerSequence, pending) {
      if (isWhole) {
        miss(expected, sequence - 1);
        expected = Math.max(expected, sequence + 1);
      }
      count(sequence, consumerSequence, pending);
      if (pending === 0) reachEnd();
    },
    take() {
      const found: Loss[] = [];
      if (ranges.length > 0) {
        const messages = ranges.reduce((sum, { first, last }) => sum + last - first + 1, 0);
        found.push({ kind: "sequences", ranges, messages });
      }
      if (possible !== undefined) found.push({ kind: "possible", range: possible });
      if (counted > 0) found.push({ kind: "counted", messages: counted });
      ranges = [];
      possible = undefined;
      counted = 0;
      isDue = false;
      return found;
    },
    get isDue() {
      return isDue;
    },
  };
}
