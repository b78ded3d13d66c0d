/**
 * A backfill beside the live reading: stretch by stretch, each a state commit with its cursors, so that it goes on where it
 * was whenever it is killed. Where the cursors meet the positions they go in the same commit that begins an ordinary pass:
 * what was passed by and what is read live never overlap.
 *
 * Stretches are read beside the loop, which a stream that keeps silent so never holds up. Positions move on with every
 * batch, and would never be met that way: what little is left at the end is read while the live reading waits, and only
 * of streams that have just answered, within a second.
 */
import type { Backfill } from "../../model/change-set.ts";
import type { StreamName } from "../../model/delivery.ts";
import { dispositionOf } from "../../model/disposition.ts";
import { ownerKey } from "../../model/owner.ts";
import { SluiceError } from "../../model/problem.ts";
import { joinPass } from "../../plan/pending-work.ts";
import type { EventStream, StretchRead } from "../../ports/event-stream.ts";
import type { Chance, Clock, Log } from "../../ports/system.ts";
import type { RenderSettings } from "../../render/render-spec.ts";
import type { StateKeeper } from "../state-keeper.ts";
import { untilAnswered } from "../until-answered.ts";
import { backfillInputs } from "./backfill-inputs.ts";
import { advance, type BackfillStep, type NextStretch, nextStep } from "./read-backfill.ts";

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

/** After trouble it is tried again so much later. */
const retryMs = 5_000;
/** A stretch that takes longer brings what has come by then; without anything it is given up. */
const stretchMsMax = 10_000;
/** The same while the live reading waits. */
const meetMsMax = 1_000;
/** A stream that is not there, its connection being changed perhaps, is waited for so long. */
const missingMsMax = 600_000;

/** A stretch that is read beside the loop. */
interface Ahead {
  readonly of: NextStretch;
  readonly done: Promise<void>;
  /** Undefined: it is under way. */
  outcome: { readonly read: StretchRead } | { readonly error: unknown } | undefined;
}

export class Backfilling {
  readonly #parts: BackfillParts;
  /** By the monotonic clock. */
  #retryAt = 0;
  #ahead: Ahead | undefined;
  /** Streams that were read to where the live reading was then. */
  #near = new Set<StreamName>();
  /** Since when streams are not there, by the monotonic clock. */
  readonly #missingSince = new Map<StreamName, number>();
  #events = 0;

  constructor(parts: BackfillParts) {
    this.#parts = parts;
  }

  /** Resolves when there is something to do; undefined: there is no backfill. */
  untilDue({ checkpoint }: StateKeeper, signal: AbortSignal): Promise<void> | undefined {
    if (checkpoint.pending.backfill === undefined) return undefined;
    if (this.#ahead !== undefined) return this.#ahead.done;
    return this.#parts.clock.sleep(this.#dueInMs, signal);
  }

  /** Whether there is something to do at once. */
  isDue({ checkpoint }: StateKeeper): boolean {
    if (checkpoint.pending.backfill === undefined) return false;
    return this.#ahead === undefined ? this.#dueInMs === 0 : this.#ahead.outcome !== undefined;
  }

  get #dueInMs(): number {
    return Math.max(0, this.#retryAt - this.#parts.clock.monotonic());
  }

  /** Commits what was read, and goes on reading; the end too, where all cursors have met. Waits for no stream for long. */
  async turn(scope: BackfillScope, signal: AbortSignal): Promise<void> {
    while (this.isDue(scope.keeper)) {
      const backfill = scope.keeper.checkpoint.pending.backfill!;
      const step = nextStep(backfill, { ...scope, ...this.#scene(scope, backfill) });
      if (step.kind !== "read") {
        this.#ahead = undefined;
        if (step.kind === "met") await this.#end(step, scope, signal);
        else this.#retryAt = this.#parts.clock.monotonic() + retryMs;
        return;
      }
      const read = this.#near.has(step.name)
        ? await this.#settle(this.#begin(step, meetMsMax, signal), meetMsMax, signal)
        : await this.#takeAhead(step, signal);
      if (read === undefined) return;
      await this.#commit(step, read.of, read.stretch, scope, signal);
    }
  }

  #scene({ keeper, streams }: BackfillScope, backfill: Backfill) {
    const now = this.#parts.clock.monotonic();
    for (const name of backfill.cursors.keys()) {
      if (streams.some((stream) => stream.name === name)) this.#missingSince.delete(name);
      else if (!this.#missingSince.has(name)) {
        this.#missingSince.set(name, now);
        this.#parts.log.warn("backfill: a stream is not there; it is waited for", { stream: name });
      }
    }
    const givenUp = new Set([...this.#missingSince].flatMap(([name, at]) => (now - at >= missingMsMax ? [name] : [])));
    return { positions: keeper.checkpoint.positions, near: this.#near, givenUp };
  }

  /** What was read ahead, if it is of this step; else the reading begins, and there is nothing yet. */
  async #takeAhead(step: NextStretch, signal: AbortSignal) {
    const ahead = this.#ahead;
    const isSame =
      ahead?.of.name === step.name &&
      ahead.of.stretch.after === step.stretch.after &&
      ahead.of.stretch.since === step.stretch.since &&
      ahead.of.stretch.upTo.epoch === step.stretch.upTo.epoch;
    if (ahead !== undefined && isSame) return this.#settle(ahead, stretchMsMax, signal);
    this.#ahead = this.#begin(step, stretchMsMax, signal);
    return undefined;
  }

  #begin(of: NextStretch, msMax: number, signal: AbortSignal): Ahead {
    const { clock } = this.#parts;
    const givenUp = new AbortController();
    const ended = new AbortController();
    void clock.sleep(msMax, ended.signal).then(() => givenUp.abort());
    const reading = of.past.read(of.stretch, AbortSignal.any([signal, givenUp.signal]));
    const done = reading
      .then(
        (read) => ({ read }),
        (error: unknown) => ({ error: givenUp.signal.aborted ? undefined : error }),
      )
      .then((outcome) => {
        ended.abort();
        ahead.outcome = outcome;
      });
    const ahead: Ahead = { of, done, outcome: undefined };
    return ahead;
  }

  /** What came of a reading, within the time; undefined: nothing, and it is tried again later. */
  async #settle(ahead: Ahead, msMax: number, signal: AbortSignal) {
    const { clock, log } = this.#parts;
    const over = new AbortController();
    await Promise.race([ahead.done, clock.sleep(msMax, AbortSignal.any([over.signal, signal]))]);
    over.abort();
    this.#ahead = undefined;
    const { of, outcome } = ahead;
    if (outcome !== undefined && "read" in outcome) {
      if (outcome.read.isEnd) this.#near.add(of.name);
      else this.#near.delete(of.name);
      return { of, stretch: outcome.read };
    }
    this.#near.clear();
    this.#retryAt = clock.monotonic() + retryMs;
    if (signal.aborted) return undefined;
    const error = outcome?.error;
    if (error === undefined) {
      log.problem({ code: "NATS_UNAVAILABLE", severity: "warning", message: "backfill: a stream does not answer" });
      return undefined;
    }
    if (!(error instanceof SluiceError) || dispositionOf(error, "run") !== "wait") throw error;
    log.problem({ ...error.problem, severity: "warning", message: `backfill waits: ${error.problem.message}` });
    return undefined;
  }

  async #commit(
    step: BackfillStep,
    of: NextStretch,
    read: StretchRead,
    { keeper, settings }: BackfillScope,
    signal: AbortSignal,
  ): Promise<void> {
    const { log } = this.#parts;
    const { backfill } = step;
    for (const problem of step.problems) log.problem(problem);
    const { stateId } = keeper.checkpoint;
    const inputs = backfillInputs(keeper.catalog, backfill, read.deliveries, settings, stateId);
    this.#events += inputs.length;
    const pending = { ...keeper.checkpoint.pending, backfill: advance(backfill, of, read) };
    await untilAnswered(this.#parts, signal, "run", () => keeper.commit(inputs, { pending }));
    log.debug("backfill", {
      owner: ownerKey(backfill.owner),
      messages: read.deliveries.length,
      events: inputs.length,
    });
  }

  async #end({ backfill, problems }: BackfillStep, { keeper }: BackfillScope, signal: AbortSignal): Promise<void> {
    const { log } = this.#parts;
    for (const problem of problems) log.problem(problem);
    const { backfill: _, ...others } = keeper.checkpoint.pending;
    const pending = { ...others, passes: joinPass(others.passes, backfill.owner) };
    await untilAnswered(this.#parts, signal, "run", () => keeper.commit([], { pending }));
    log.info("backfill has met the live events: its entities are rendered now", {
      owner: ownerKey(backfill.owner),
      events: this.#events,
    });
    this.#events = 0;
    this.#near = new Set();
    this.#missingSince.clear();
  }
}
