/** Keeps requests in line with the state, beside everything else: a forge takes its time. */
import { explainPause } from "../review/paused-review.ts";
import type { InForce } from "./in-force.ts";
import { type Requests, stoppedError } from "./requests.ts";

export interface ReviewingParts {
  readonly requests: Requests;
  readonly inForce: () => InForce;
  /** False: stopped before that. */
  readonly push: (signal: AbortSignal) => Promise<boolean>;
  /** Whether this service still leads, as far as that has to be asked: a forge fences nobody off. */
  readonly mayAct: () => Promise<boolean>;
  readonly onFailure: (error: unknown) => void;
}

export class Reviewing {
  readonly #parts: ReviewingParts;
  #stop = new AbortController();
  #ended: Promise<void> = Promise.resolve();

  constructor(parts: ReviewingParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#stop = new AbortController();
    this.#ended = this.#run(this.#stop.signal).catch(this.#parts.onFailure);
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#ended;
  }

  /** What is in force has another publisher, or none. */
  async exchange(): Promise<void> {
    this.#stop.abort();
    // Not awaited: the old one may be waiting for its turn between two pushes, which is this very one.
    const { onFailure } = this.#parts;
    const before = this.#ended;
    this.#stop = new AbortController();
    const { signal } = this.#stop;
    this.#ended = before.then(() => this.#run(signal)).catch(onFailure);
  }

  async #run(stopped: AbortSignal): Promise<void> {
    const { inForce, requests } = this.#parts;
    const pushAll = async (signal: AbortSignal) => {
      if (inForce().branches.hasUnpushed && !(await this.#parts.push(signal))) throw stoppedError();
    };
    const refuseLate = () => {
      if (stopped.aborted) throw stoppedError();
    };
    await inForce().review?.run(
      {
        readState: () =>
          requests.add(async (signal) => {
            refuseLate();
            if (!(await this.#parts.mayAct())) throw stoppedError();
            await pushAll(signal);
            return inForce().branches.stateTree;
          }),
        commit: (inputs) =>
          requests.add(async (signal) => {
            refuseLate();
            await inForce().keeper.commit(inputs, {});
            await pushAll(signal);
          }),
        withheld: () => inForce().branches.withheld,
        paused: (folders) => {
          const { branches, keeper } = inForce();
          return explainPause(folders, { inForce: branches.names, isHandingOver: keeper.handingOver.all.length > 0 });
        },
        hadTarget: () => inForce().branches.targetCommit !== undefined,
      },
      stopped,
    );
  }
}
