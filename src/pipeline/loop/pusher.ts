/**
 * Pushing: one push at a time, and the only one who settles. A push that takes long says so; one that is under way when
 * the service stops is given what is left of the time for stopping.
 */
import type { StreamName, StreamPosition } from "../../model/delivery.ts";
import type { OutboxBatch } from "../../model/outcome.ts";
import type { Problem } from "../../model/problem.ts";
import type { Metrics } from "../../ports/metrics.ts";
import type { Clock, Log } from "../../ports/system.ts";
import { tellWhile } from "../tell-while.ts";
import { addEffects, type Effect, type Effects } from "./effects.ts";
import type { InForce } from "./in-force.ts";
import { type PushedEffect, Recent } from "./recent.ts";
import type { PushSnapshot } from "./snapshot.ts";

export interface PusherParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly effects: Effects;
  readonly inForce: () => InForce;
  /** Whether this service still leads, as far as that has to be asked. */
  readonly mayAct: () => Promise<boolean>;
  /** Told of every push that went through. */
  readonly onPushed?: () => void;
  /** Is given what is to be told of what has arrived: of a target that is behind, of the state alone. */
  readonly onArrived?: (outbox: readonly OutboxBatch[]) => void;
}

/** A push under way. */
export interface Push {
  readonly done: Promise<boolean>;
  isDone: boolean;
  /** Of the events and manifests that were committed since it began. */
  bytesBehind: number;
}

interface Running {
  readonly since: number;
  /** When the server last said anything to it, be it no. */
  answeredAt: number;
  problem?: Problem;
}

export class Pusher {
  readonly #parts: PusherParts;
  readonly #settled = new Map<StreamName, StreamPosition>();
  #startedAt = Number.NEGATIVE_INFINITY;
  #running: Running | undefined;
  readonly #pushes = new Recent<PushSnapshot>();
  readonly #effects = new Recent<PushedEffect>();

  constructor(parts: PusherParts) {
    this.#parts = parts;
  }

  /** The last ones that brought anything, the oldest first. */
  get pushes(): readonly PushSnapshot[] {
    return this.#pushes.items;
  }

  /** What the last events came to, the oldest first. */
  get effects(): readonly PushedEffect[] {
    return this.#effects.items;
  }

  /** The push under way: for how many milliseconds, and what was last wrong with it. */
  get running(): { readonly milliseconds: number; readonly problem?: Problem } | undefined {
    if (this.#running === undefined) return undefined;
    const { since, problem } = this.#running;
    const milliseconds = Math.round(this.#parts.clock.monotonic() - since);
    return { milliseconds, ...(problem === undefined ? {} : { problem }) };
  }

  /** For how many milliseconds the push under way has had no answer, a refusal being one; 0: there is none. */
  get unansweredMs(): number {
    return this.#running === undefined ? 0 : this.#parts.clock.monotonic() - this.#running.answeredAt;
  }

  /** What the checkpoint had when this service began is settled already. */
  begin(positions: ReadonlyMap<StreamName, StreamPosition>): void {
    for (const [stream, position] of positions) this.#settled.set(stream, position);
  }

  get settled(): ReadonlyMap<StreamName, StreamPosition> {
    return this.#settled;
  }

  /** Begins a push beside everything else; its failure is thrown where `done` is awaited. */
  start(stopped: AbortSignal, cut: AbortSignal): Push {
    const done = this.push(stopped, cut);
    const push: Push = { done, isDone: false, bytesBehind: 0 };
    const end = () => {
      push.isDone = true;
    };
    // Until it is awaited its failure must not count as unhandled.
    done.then(end, end);
    return push;
  }

  /**
   * Pushes what is committed and settles it. False where it was stopped before that: when `stopped` aborts no further
   * try is made, when `cut` does the one under way is given up.
   */
  async push(stopped: AbortSignal, cut: AbortSignal): Promise<boolean> {
    const { clock, effects, inForce, mayAct, metrics } = this.#parts;
    const { branches, keeper } = inForce();
    const before = keeper.committed;
    const target = branches.targetCommit;
    const effect = effects.take();
    this.#startedAt = clock.monotonic();
    const isPushed = await this.#pushAloud(stopped, cut).catch((error: unknown) => {
      effects.giveBack(effect);
      throw error;
    });
    if (!isPushed) {
      effects.giveBack(effect);
      metrics.count("sluice_pushes_total", { result: "given_up" });
      return false;
    }
    metrics.count("sluice_pushes_total", { result: "pushed" });
    this.#parts.onPushed?.();
    // A push that had to be tried again took along what was committed meanwhile.
    const isAll = !branches.hasUnpushed;
    const arrived = isAll ? addEffects(effect, effects.take()) : effect;
    this.#tell(arrived, target !== branches.targetCommit);
    this.#parts.onArrived?.(arrived.outbox);
    inForce().review?.hint(false);
    // What has had its effect stays unsettled where another instance may have the streams by now.
    if (await mayAct()) this.#settle(isAll ? keeper.committed : before);
    return true;
  }

  /** How long to wait until the next push may begin, in milliseconds. */
  get waitMs(): number {
    const { clock, inForce } = this.#parts;
    return Math.max(0, this.#startedAt + inForce().options.intervalMsMin - clock.monotonic());
  }

  async #pushAloud(stopped: AbortSignal, cut: AbortSignal): Promise<boolean> {
    const { clock, inForce, log } = this.#parts;
    const since = clock.monotonic();
    const running: Running = { since, answeredAt: since };
    this.#running = running;
    const onTrouble = (problem: Problem) => {
      running.problem = problem;
      if (problem.code !== "GIT_UNAVAILABLE") running.answeredAt = clock.monotonic();
      log.problem(problem);
    };
    const tell = (seconds: number) =>
      log.warn("a push takes long; what arrives meanwhile waits", { seconds, code: running.problem?.code });
    try {
      return await tellWhile({ clock, log }, tell, inForce().branches.push(stopped, onTrouble, cut));
    } finally {
      this.#running = undefined;
    }
  }

  /** One line a push that brought anything. */
  #tell(effect: Effect, isTargetMoved: boolean): void {
    const { clock, inForce, log, metrics } = this.#parts;
    if (effect.since === undefined && effect.created + effect.updated + effect.deleted === 0 && !isTargetMoved) return;
    const { batches, events, created, updated, deleted, failed, since } = effect;
    const { branches } = inForce();
    const milliseconds = Math.round(clock.monotonic() - (since ?? this.#startedAt));
    // Where the target stays as it is, the state alone went.
    const [branch, commit] = isTargetMoved
      ? [branches.names.target, branches.targetCommit]
      : [branches.names.state, branches.stateCommit];
    log.info("pushed", { events, batches, commit, branch, created, updated, deleted, failed, milliseconds });
    for (const [action, count] of [
      ["create", created],
      ["update", updated],
      ["delete", deleted],
    ] as const) {
      if (count > 0) metrics.count("sluice_objects_total", { result: action }, count);
    }
    metrics.observe("sluice_push_duration_seconds", (clock.monotonic() - this.#startedAt) / 1000);
    const at = clock.now();
    const where = { branch, ...(commit === undefined ? {} : { commit }) };
    this.#effects.add(...effect.recent.map((one) => ({ ...one, at, ...where })));
    this.#pushes.add({
      at,
      milliseconds,
      events,
      created,
      updated,
      deleted,
      failed,
      ...(commit === undefined ? {} : { commit }),
    });
  }

  /** Nobody waits for it: what becomes of it is the streams' own trouble. */
  #settle(positions: ReadonlyMap<StreamName, StreamPosition>): void {
    for (const stream of this.#parts.inForce().streams) {
      const position = positions.get(stream.name);
      if (position === undefined || position === this.#settled.get(stream.name)) continue;
      this.#settled.set(stream.name, position);
      stream.settle(position);
    }
  }
}
