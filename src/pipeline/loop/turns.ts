/**
 * The turns of the loop: what people and looks ask for, a batch, a push, and again. Rendering goes on while the last
 * batch is being pushed; what was asked for is done between two pushes.
 */
import { dispositionOf } from "../../model/disposition.ts";
import { SluiceError } from "../../model/problem.ts";
import type { Clock, Log } from "../../ports/system.ts";
import type { Batcher } from "./batcher.ts";
import type { InForce } from "./in-force.ts";
import type { Push, Pusher } from "./pusher.ts";
import type { Requests } from "./requests.ts";

export interface TurnsParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly inForce: () => InForce;
  readonly requests: Requests;
  readonly batcher: Batcher;
  readonly pusher: Pusher;
  /** After every push, before anything else is done. */
  readonly onPushDone: () => Promise<void>;
}

/** So much may be committed while a push is under way. */
const bytesBehindMax = 18 * 1024 * 1024;
/** How long pushes may take when the service stops: the one under way, and the last. */
const stopMsMax = 20_000;

export class Turns {
  readonly #parts: TurnsParts;
  /** Ends the loop's waiting. */
  #wake: () => void = () => undefined;
  /** Aborts when what is under way has to be given up. */
  readonly #cut = new AbortController();

  constructor(parts: TurnsParts) {
    this.#parts = parts;
  }

  /** There is something to do. */
  wake(): void {
    this.#wake();
  }

  /** What is under way is given up, and what is not pushed is nobody's. */
  giveUp(): void {
    this.#cut.abort();
  }

  /** Aborts when what is under way is given up. */
  get cut(): AbortSignal {
    return this.#cut.signal;
  }

  /** Pushes what is committed, without other turns meanwhile. See Pusher.push. */
  push(stopped: AbortSignal): Promise<boolean> {
    return this.#parts.pusher.push(stopped, this.#cut.signal);
  }

  /** Until the signal aborts; what was taken by then is committed and pushed first, in the time that there is for it. */
  async run(stopped: AbortSignal): Promise<void> {
    const { batcher, clock, onPushDone, pusher, requests } = this.#parts;
    let push: Push | undefined;
    const cutting = this.#cutLater(stopped);
    try {
      while (!stopped.aborted) {
        if (push === undefined) await this.#untilWork(stopped);
        else await batcher.untilDoneOrFull(push.done, push.bytesBehind < bytesBehindMax);
        if (push?.isDone) {
          await push.done;
          push = undefined;
          await onPushDone();
        }
        if (push === undefined) {
          await requests.runAll(stopped);
          const { waitMs } = pusher;
          if (waitMs > 0) await clock.sleep(waitMs, stopped);
        }
        if (stopped.aborted) break;

        if (push === undefined) await batcher.commit(stopped);
        else if (push.bytesBehind < bytesBehindMax) push.bytesBehind += await batcher.commit(stopped);
        if (push === undefined && this.#isPushDue) push = pusher.start(stopped, this.#cut.signal);
      }
      await push?.done;
      if (this.#cut.signal.aborted) return;
      await requests.runAll(this.#cut.signal);
      await batcher.commitRest(this.#cut.signal);
      await this.push(this.#cut.signal);
    } catch (error) {
      // What was taken is not committed, so nothing behind it may be; but what is being pushed may arrive.
      this.#tellUndone(error, stopped);
      await push?.done.catch((failure: unknown) => this.#tellUndone(failure, stopped));
    } finally {
      cutting.abort();
    }
  }

  /** What can't be done in the time for stopping is done after the next start: nothing of it is settled. Throws all else. */
  #tellUndone(error: unknown, stopped: AbortSignal): void {
    const isWaitedFor = error instanceof SluiceError && dispositionOf(error, "run") === "wait";
    if (!stopped.aborted || !isWaitedFor) throw error;
    this.#parts.log.problem(error.problem);
  }

  /** Where others push to the target all the time the state goes alone: the target is tried again at once. */
  get #isPushDue(): boolean {
    const { branches } = this.#parts.inForce();
    return branches.hasUnpushed || branches.isTargetBehind;
  }

  /** Gives up what is under way a while after the stop, unless the loop has ended before. */
  #cutLater(stopped: AbortSignal): AbortController {
    const ended = new AbortController();
    const begin = async () => {
      await this.#parts.clock.sleep(stopMsMax, ended.signal);
      this.#cut.abort();
    };
    if (stopped.aborted) void begin();
    else stopped.addEventListener("abort", () => void begin(), { once: true });
    return ended;
  }

  async #untilWork(stopped: AbortSignal): Promise<void> {
    // What is unpushed was committed behind the last push.
    if (this.#parts.requests.areWaiting || this.#isPushDue) return;
    const woken = new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    await this.#parts.batcher.untilWork(woken, stopped);
  }
}
