/**
 * What helm does to releases, each by itself and beside the passes: whoever asks waits for a while, and then hears that it
 * is under way, so that no chart that waits for its pods holds up anything else.
 */
import { ClusterRefusal } from "../../model/cluster-refusal.ts";
import type { Turns } from "../../model/turns.ts";
import type { Clock } from "../../ports/system.ts";

export interface ReleaseJobsParts {
  readonly clock: Clock;
  /** How long it is waited for a job that begins; infinite: to its end. */
  readonly patienceMs: number;
  /** Whose turn it is to run helm. */
  readonly turns: Turns;
  /** Ends all. */
  readonly signal: AbortSignal;
}

interface Job {
  /** What was asked for. */
  readonly id: string;
  readonly end: AbortController;
  /** Never rejects. */
  readonly ended: Promise<void>;
  result?: { readonly value: unknown } | { readonly error: unknown };
}

/** While helm runs the right to do so is looked at so often. */
const lookMs = 1_000;

export class ReleaseJobs {
  readonly #parts: ReleaseJobsParts;
  /** By release; also one that has ended, until its result is asked for. */
  readonly #jobs = new Map<string, Job>();

  constructor(parts: ReleaseJobsParts) {
    this.#parts = parts;
  }

  /**
   * The result of doing that, which is begun where it is not under way. `assertMayWrite` is asked again and again: what it
   * throws ends the job. Where something else is done to the release that is ended first. Throws a ClusterRefusal
   * (`under-way`) where it takes longer.
   */
  async take<T>(
    release: string,
    id: string,
    assertMayWrite: () => void,
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    let job = this.#jobs.get(release);
    if (job !== undefined && job.id !== id) {
      job.end.abort();
      await this.#wait(job);
      if (job.result === undefined) throw underWay("helm is being ended, which does something else to it");
      job = undefined;
    }
    // Who asks again has waited already.
    const isWaitedFor = job === undefined || this.#parts.patienceMs === Number.POSITIVE_INFINITY;
    if (job === undefined) {
      job = this.#begin(id, assertMayWrite, work);
      this.#jobs.set(release, job);
    }
    if (isWaitedFor) await this.#wait(job);
    const { result } = job;
    if (result === undefined) throw underWay("helm is at work on it");
    if (this.#jobs.get(release) === job) this.#jobs.delete(release);
    if ("error" in result) throw result.error;
    return result.value as T;
  }

  /** Ends all; resolves when none runs any more. */
  async end(): Promise<void> {
    const jobs = [...this.#jobs.values()];
    for (const { end } of jobs) end.abort();
    await Promise.all(jobs.map(({ ended }) => ended));
  }

  #begin<T>(id: string, assertMayWrite: () => void, work: (signal: AbortSignal) => Promise<T>): Job {
    const { turns, signal: stopped } = this.#parts;
    const end = new AbortController();
    const signal = AbortSignal.any([end.signal, stopped]);
    const run = turns.take(async () => {
      if (signal.aborted) throw underWay("helm was ended before it began");
      assertMayWrite();
      const over = new AbortController();
      const guarding = this.#guard(assertMayWrite, end, AbortSignal.any([signal, over.signal]));
      try {
        return await work(signal);
      } finally {
        over.abort();
        await guarding;
      }
    });
    const job: Job = {
      id,
      end,
      ended: run.then(
        (value) => {
          job.result = { value };
        },
        (error: unknown) => {
          job.result = { error };
        },
      ),
    };
    return job;
  }

  async #guard(assertMayWrite: () => void, end: AbortController, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#parts.clock.sleep(lookMs, signal);
      if (signal.aborted) return;
      try {
        assertMayWrite();
      } catch {
        end.abort();
      }
    }
  }

  async #wait(job: Job): Promise<void> {
    const { clock, patienceMs } = this.#parts;
    if (patienceMs === Number.POSITIVE_INFINITY) return job.ended;
    const done = new AbortController();
    await Promise.race([job.ended, clock.sleep(patienceMs, done.signal)]);
    done.abort();
  }
}

function underWay(message: string): ClusterRefusal {
  return new ClusterRefusal("under-way", message);
}
