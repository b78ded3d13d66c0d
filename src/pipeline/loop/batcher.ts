/**
 * Batches: what has arrived while the last one was being pushed. No timer where there is nothing to do: a lone event goes
 * out at once. Under a push that takes long, full batches are committed behind it, up to a bound.
 */
import { Backfilling, type BackfillParts } from "../backfill/backfilling.ts";
import { idlePositionsMsMax } from "../keeper/state-commits.ts";
import type { Effects } from "./effects.ts";
import type { InForce } from "./in-force.ts";
import type { Inbox } from "./inbox.ts";
import type { InboxEntry } from "./reader.ts";

/** A batch ends at so many bytes of events and manifests, however few its events are. */
const batchBytesMax = 16 * 1024 * 1024;

export interface BatcherParts extends BackfillParts {
  readonly inbox: Inbox<InboxEntry>;
  readonly effects: Effects;
  readonly inForce: () => InForce;
}

export class Batcher {
  readonly #parts: BatcherParts;
  readonly #backfilling: Backfilling;

  constructor(parts: BatcherParts) {
    this.#parts = parts;
    this.#backfilling = new Backfilling(parts);
  }

  get isPaused(): boolean {
    return this.#parts.inForce().keeper.isPaused;
  }

  /** Commits one batch behind a stretch of the backfill, if there is one, and says how many bytes of events and manifests that were. */
  async commit(signal: AbortSignal): Promise<number> {
    const { inbox, inForce } = this.#parts;
    if (this.isPaused) return 0;
    const { keeper, streams } = inForce();
    await this.#backfilling.turn({ keeper, streams, settings: keeper.rendering }, signal);
    const entries = inbox.take(inForce().options.eventsMax, batchBytesMax);
    await this.#commit(entries, false, signal);
    return entries.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** At the end everything that was taken is given its effect, positions without one included. */
  async commitRest(signal: AbortSignal): Promise<void> {
    const { inbox } = this.#parts;
    const entries = this.isPaused ? [] : inbox.take(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY);
    await this.#commit(entries, true, signal);
  }

  async #commit(entries: readonly InboxEntry[], isLast: boolean, signal: AbortSignal): Promise<void> {
    const { clock, effects, inForce } = this.#parts;
    if (entries.length > 0) effects.begin(entries.length, clock.monotonic());
    await inForce().keeper.commitBatch(entries, isLast, signal);
  }

  /** Until there is something to commit: deliveries, records to render again, or positions that have waited. */
  async untilWork(woken: Promise<void>, stopped: AbortSignal): Promise<void> {
    const { clock, inbox, inForce } = this.#parts;
    const { keeper } = inForce();
    const isPaused = this.isPaused;
    if (stopped.aborted || (keeper.hasPending && !isPaused)) return;
    const waiting = new AbortController();
    const { heldSince } = keeper;
    if (!isPaused && this.#backfilling.isDue(keeper)) return;
    const idleMs =
      heldSince === undefined ? undefined : Math.max(0, heldSince + idlePositionsMsMax - clock.monotonic());
    const due = isPaused
      ? []
      : [
          inbox.untilAny(waiting.signal),
          idleMs === undefined ? undefined : clock.sleep(idleMs, waiting.signal),
          this.#backfilling.untilDue(keeper, waiting.signal),
        ];
    await Promise.race([woken, ...due.filter((one) => one !== undefined)]);
    waiting.abort();
  }

  /** Until a push is done, or a full batch is worth being planned behind it. */
  async untilDoneOrFull(done: Promise<unknown>, mayCommit: boolean): Promise<void> {
    if (!mayCommit || this.isPaused) {
      await done;
      return;
    }
    const { inbox, inForce } = this.#parts;
    const enough = new AbortController();
    await Promise.race([done, inbox.untilAtLeast(inForce().options.eventsMax, batchBytesMax, enough.signal)]);
    enough.abort();
  }
}
