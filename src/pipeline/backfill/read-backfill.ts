/** What a backfill does next: which stream is read on, from where, and how far it has come then. */
import type { Backfill, BackfillCursor } from "../../model/change-set.ts";
import type { StreamName, StreamPosition } from "../../model/delivery.ts";
import type { Problem } from "../../model/problem.ts";
import type { EventStream, StreamPast, Stretch, StretchRead } from "../../ports/event-stream.ts";

export interface BackfillScene {
  readonly streams: readonly EventStream[];
  /** Where the live reading is. */
  readonly positions: ReadonlyMap<StreamName, StreamPosition>;
  /** Streams of which little is left: others come first. */
  readonly near: ReadonlySet<StreamName>;
  /** Streams that are not there and are waited for no longer. */
  readonly givenUp: ReadonlySet<StreamName>;
}

export interface NextStretch {
  readonly kind: "read";
  readonly name: StreamName;
  readonly past: StreamPast;
  readonly stretch: Stretch;
}

export type BackfillStep = (
  | NextStretch
  /** All cursors have met the positions. */
  | { readonly kind: "met" }
  /** The others have: these streams are not there now. */
  | { readonly kind: "missing"; readonly names: readonly StreamName[] }
) & {
  /** The backfill, with its cursors on the streams as they are now. */
  readonly backfill: Backfill;
  /** What people must know: streams that are gone, or are others than they were. */
  readonly problems: readonly Problem[];
};

export function nextStep(backfill: Backfill, { streams, positions, near, givenUp }: BackfillScene): BackfillStep {
  const cursors = new Map(backfill.cursors);
  const problems: Problem[] = [];
  const missing: StreamName[] = [];
  const open: NextStretch[] = [];
  for (const [name, stored] of [...backfill.cursors].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const position = positions.get(name);
    // Nothing was read of it: what it holds will be read live.
    if (position === undefined) continue;
    const past = streams.find((stream) => stream.name === name)?.past;
    if (past === undefined) {
      if (givenUp.has(name)) {
        cursors.delete(name);
        problems.push(cutShort(name, "is read no more"));
      } else missing.push(name);
      continue;
    }
    const cursor = followEpoch(stored, position);
    if (cursor !== stored) problems.push(cutShort(name, "is another one now: it is read from its beginning"));
    cursors.set(name, cursor);
    if (cursor.epoch !== "" && cursor.sequence >= position.sequence) continue;
    const { since } = cursor;
    const stretch = { after: cursor.sequence, upTo: position, ...(since === undefined ? {} : { since }) };
    open.push({ kind: "read", name, past, stretch });
  }
  const told = { backfill: { ...backfill, cursors }, problems };
  const next = open.find(({ name }) => !near.has(name)) ?? open[0];
  if (next !== undefined) return { ...next, ...told };
  return missing.length > 0 ? { kind: "missing", names: missing, ...told } : { kind: "met", ...told };
}

/** The backfill behind a stretch that was read. */
export function advance(
  backfill: Backfill,
  { name, stretch: { upTo } }: Pick<NextStretch, "name" | "stretch">,
  { deliveries, isEnd }: StretchRead,
): Backfill {
  const sequence = isEnd ? upTo.sequence : deliveries.at(-1)!.position.sequence;
  return { ...backfill, cursors: new Map(backfill.cursors).set(name, { epoch: upTo.epoch, sequence }) };
}

function followEpoch(cursor: BackfillCursor, { epoch }: StreamPosition): BackfillCursor {
  return cursor.epoch === "" || cursor.epoch === epoch ? cursor : { epoch, sequence: 0 };
}

function cutShort(stream: StreamName, what: string): Problem {
  return { code: "NATS_STREAM", severity: "warning", message: `backfill: stream ${stream} ${what}` };
}
