/** The next stretch of a backfill: which stream, from where, and how far it has come then. */
import type { Backfill, BackfillCursor } from "../../model/change-set.ts";
import type { Delivery, StreamName, StreamPosition } from "../../model/delivery.ts";
import type { Problem } from "../../model/problem.ts";
import type { EventStream } from "../../ports/event-stream.ts";

export interface BackfillStretch {
  readonly deliveries: readonly Delivery[];
  /** Undefined: all cursors have met the positions. */
  readonly left: Backfill | undefined;
  /** A stream was read up to its position: where the others stand there too, all have been met. */
  readonly isMet: boolean;
  /** What people must know: streams that are gone, or are others than they were. */
  readonly problems: readonly Problem[];
}

/** `positions`: where the live reading is; throws what a stream's past throws. */
export async function readBackfill(
  backfill: Backfill,
  streams: readonly EventStream[],
  positions: ReadonlyMap<StreamName, StreamPosition>,
  signal: AbortSignal,
): Promise<BackfillStretch> {
  const cursors = new Map(backfill.cursors);
  const problems: Problem[] = [];
  for (const [name, stored] of [...backfill.cursors].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const position = positions.get(name);
    // Nothing was read of it: what it holds will be read live.
    if (position === undefined) continue;
    const stream = streams.find((one) => one.name === name);
    if (stream?.past === undefined) {
      cursors.delete(name);
      problems.push(cutShort(name, "is read no more"));
      continue;
    }
    const cursor = followEpoch(stored, position);
    if (cursor !== stored) problems.push(cutShort(name, "is another one now: it is read from its beginning"));
    cursors.set(name, cursor);
    if (cursor.epoch !== "" && cursor.sequence >= position.sequence) continue;
    const { since } = cursor;
    const stretch = { after: cursor.sequence, upTo: position, ...(since === undefined ? {} : { since }) };
    const { deliveries, isEnd } = await stream.past.read(stretch, signal);
    const sequence = isEnd ? position.sequence : deliveries.at(-1)!.position.sequence;
    cursors.set(name, { epoch: position.epoch, sequence });
    return { deliveries, left: { ...backfill, cursors }, isMet: isEnd, problems };
  }
  return { deliveries: [], left: undefined, isMet: true, problems };
}

function followEpoch(cursor: BackfillCursor, { epoch }: StreamPosition): BackfillCursor {
  return cursor.epoch === "" || cursor.epoch === epoch ? cursor : { epoch, sequence: 0 };
}

function cutShort(stream: StreamName, what: string): Problem {
  return { code: "NATS_STREAM", severity: "warning", message: `backfill: stream ${stream} ${what}` };
}
