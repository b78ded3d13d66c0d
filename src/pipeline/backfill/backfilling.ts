/**
 * A backfill beside the live reading: stretch by stretch, each a state commit with its cursors, so that it goes on where it
 * was whenever it is killed. Where the cursors meet the positions they go in the same commit that begins an ordinary pass:
 * what was passed by and what is read live never overlap.
 */
import { dispositionOf } from "../../model/disposition.ts";
import { ownerKey } from "../../model/owner.ts";
import { SluiceError } from "../../model/problem.ts";
import { joinPass } from "../../plan/pending-work.ts";
import type { EventStream } from "../../ports/event-stream.ts";
import type { Chance, Clock, Log } from "../../ports/system.ts";
import type { RenderSettings } from "../../render/render-spec.ts";
import type { StateKeeper } from "../state-keeper.ts";
import { untilAnswered } from "../until-answered.ts";
import { backfillInputs } from "./backfill-inputs.ts";
import { readBackfill } from "./read-backfill.ts";

export interface BackfillParts {
  readonly clock: Clock;
  readonly chance: Chance;
  readonly log: Log;
}

export interface BackfillScope {
  readonly keeper: StateKeeper;
  readonly streams: readonly EventStream[];
  readonly settings: RenderSettings;
}

/** After trouble it is tried again so much later; the live reading goes on meanwhile. */
const retryMs = 5_000;
/** A stretch that takes longer is given up, so that live events never wait longer for it. */
const stretchMsMax = 10_000;

export class Backfilling {
  readonly #parts: BackfillParts;
  /** By the monotonic clock. */
  #retryAt = 0;
  #events = 0;

  constructor(parts: BackfillParts) {
    this.#parts = parts;
  }

  /** How long until there is something to do; undefined: there is no backfill. */
  dueInMs({ checkpoint }: StateKeeper): number | undefined {
    if (checkpoint.pending.backfill === undefined) return undefined;
    return Math.max(0, this.#retryAt - this.#parts.clock.monotonic());
  }

  /**
   * Reads and commits the next stretch, if it is time; of another stream too where one was read to its position, and the
   * end where all were. Every batch moves positions on: a backfill that went only one step between two batches would meet
   * them only when nothing came.
   */
  async turn(scope: BackfillScope, signal: AbortSignal): Promise<void> {
    while (scope.keeper.checkpoint.pending.backfill !== undefined && this.dueInMs(scope.keeper) === 0) {
      if (!(await this.#step(scope, signal))) return;
    }
  }

  /** False: what is left to be done is for another turn. */
  async #step({ keeper, streams, settings }: BackfillScope, signal: AbortSignal): Promise<boolean> {
    const { log } = this.#parts;
    const backfill = keeper.checkpoint.pending.backfill!;
    const owner = ownerKey(backfill.owner);
    const stretch = await this.#read({ keeper, streams, settings }, signal);
    if (stretch === undefined) return false;
    for (const problem of stretch.problems) log.problem(problem);
    const inputs = backfillInputs(
      keeper.catalog,
      backfill.owner,
      stretch.deliveries,
      settings,
      keeper.checkpoint.stateId,
    );
    const { backfill: _, ...others } = keeper.checkpoint.pending;
    this.#events += inputs.length;
    if (stretch.left !== undefined) {
      const { left } = stretch;
      await untilAnswered(this.#parts, signal, "run", () =>
        keeper.commit(inputs, { pending: { ...others, backfill: left } }),
      );
      log.debug("backfill", { owner, messages: stretch.deliveries.length, events: inputs.length });
      return stretch.isMet;
    }
    const pending = { ...others, passes: joinPass(others.passes, backfill.owner) };
    await untilAnswered(this.#parts, signal, "run", () => keeper.commit(inputs, { pending }));
    log.info("backfill has met the live events: its entities are rendered now", { owner, events: this.#events });
    this.#events = 0;
    return false;
  }

  async #read({ keeper, streams }: BackfillScope, signal: AbortSignal) {
    const { clock, log } = this.#parts;
    const { pending, positions } = keeper.checkpoint;
    const givenUp = new AbortController();
    const ended = new AbortController();
    const until = AbortSignal.any([signal, givenUp.signal]);
    void clock.sleep(stretchMsMax, ended.signal).then(() => givenUp.abort());
    try {
      return await readBackfill(pending.backfill!, streams, positions, until);
    } catch (error) {
      this.#retryAt = clock.monotonic() + retryMs;
      if (signal.aborted) return undefined;
      if (givenUp.signal.aborted) {
        log.problem({ code: "NATS_UNAVAILABLE", severity: "warning", message: "backfill: a stream does not answer" });
        return undefined;
      }
      if (!(error instanceof SluiceError) || dispositionOf(error, "run") !== "wait") throw error;
      log.problem({ ...error.problem, severity: "warning", message: `backfill waits: ${error.problem.message}` });
      return undefined;
    } finally {
      ended.abort();
    }
  }
}
