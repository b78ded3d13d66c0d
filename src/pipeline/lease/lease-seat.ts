/**
 * Whose turn it is to lead: this process competes for the lease, holds it, and gives it up.
 *
 * The lease has no time to live. Who holds it writes it every fifth of its duration; who stands by takes it at the
 * revision that it has seen unchanged for a whole duration. No two clocks are compared.
 */
import { type Problem, SluiceError } from "../../model/problem.ts";
import type { Lease, LeaseEntry, LeaseValue } from "../../ports/lease.ts";
import type { Clock, Log } from "../../ports/system.ts";
import { LeaseSight } from "./lease-sight.ts";
import { Tenure } from "./tenure.ts";

export interface LeaseSeatParts {
  readonly lease: Lease;
  readonly clock: Clock;
  readonly log: Log;
  /** A random id of the process. */
  readonly holder: string;
  readonly address: string;
  readonly durationMs: number;
}

/** How often who stands by looks, at the longest: an empty lease is taken at once. */
const lookMsMax = 1_000;
/** Between two answers there may be so many looks: else the process was stopped meanwhile. */
const looksPerPause = 3;
/** After it gave up a lease that nobody takes, a leader competes again after so many durations. */
const durationsOfRest = 2;

export class LeaseSeat {
  readonly #parts: LeaseSeatParts;
  readonly #lookMs: number;
  #sight: LeaseSight;
  /** It gave the lease up because it gets nowhere: others have the first turn. */
  #isResting = false;
  /** Somebody held the lease when it was seen: where it is gone, that one may still be there. */
  #hasSeenHolder = false;
  #problem: Problem | undefined;

  constructor(parts: LeaseSeatParts) {
    this.#parts = parts;
    this.#lookMs = Math.min(lookMsMax, parts.durationMs / 10);
    this.#sight = this.#newSight();
  }

  /** Who holds it, as far as is known; undefined: nobody. */
  get holder(): LeaseValue | undefined {
    const value = this.#sight.entry?.value;
    return value === undefined || value.holder === "" ? undefined : value;
  }

  /** Why it is not known; undefined: it is. */
  get problem(): Problem | undefined {
    return this.#problem;
  }

  /**
   * Competes until it holds the lease; undefined: the signal aborted before. `mayCompete` is asked before it is taken, for
   * what keeps this process from leading though it is its turn.
   */
  async take(mayCompete: () => boolean, signal: AbortSignal): Promise<Tenure | undefined> {
    this.#sight = this.#newSight();
    while (!signal.aborted) {
      const tenure = await this.#try(mayCompete);
      if (tenure !== undefined && !signal.aborted) return tenure;
      if (tenure !== undefined) await tenure.release();
      await this.#parts.clock.sleep(this.#lookMs, signal);
    }
    return undefined;
  }

  /** The next turn is somebody else's: this process competes again only when nobody has taken it for two durations. */
  rest(): void {
    this.#isResting = true;
  }

  async close(): Promise<void> {
    await this.#parts.lease.close();
  }

  async #try(mayCompete: () => boolean): Promise<Tenure | undefined> {
    const { lease, clock, log, holder, address } = this.#parts;
    try {
      const entry = await lease.read();
      this.#sight.saw(entry, clock.monotonic());
      this.#tellReached();
      if (this.holder !== undefined && this.holder.holder !== holder) {
        this.#hasSeenHolder = true;
        this.#isResting = false;
      }
      if (!this.#isFree(entry) || !mayCompete()) return undefined;
      const value = { holder, address, count: (entry?.value.count ?? 0) + 1 };
      const revision = await lease.write(value, entry?.revision);
      if (revision === undefined) return undefined;
      this.#isResting = false;
      this.#hasSeenHolder = false;
      log.info("took the lease", { address, from: entry?.value.holder === "" ? undefined : entry?.value.address });
      this.#sight.saw({ value, revision }, clock.monotonic());
      return new Tenure(
        { ...this.#parts, onSeen: (seen) => this.#sight.saw(seen, clock.monotonic()) },
        value,
        revision,
      );
    } catch (error) {
      this.#tellTrouble(error);
      return undefined;
    }
  }

  /** Whether it may be taken at the revision that was just seen. */
  #isFree(entry: LeaseEntry | undefined): boolean {
    const { durationMs, holder } = this.#parts;
    const { unchangedMs } = this.#sight;
    const owner = entry?.value.holder ?? "";
    if (owner === "" && this.#isResting) return unchangedMs >= durationsOfRest * durationMs;
    // Its own: the answer to its taking, or to its giving up, had got lost.
    if (owner === holder) return true;
    if (entry === undefined) return !this.#hasSeenHolder || unchangedMs >= durationMs;
    return owner === "" || unchangedMs >= durationMs;
  }

  #newSight(): LeaseSight {
    return new LeaseSight(looksPerPause * this.#lookMs);
  }

  #tellReached(): void {
    if (this.#problem !== undefined) this.#parts.log.info("the lease can be reached again");
    this.#problem = undefined;
  }

  #tellTrouble(error: unknown): void {
    if (!(error instanceof SluiceError)) throw error;
    this.#sight.missed();
    if (this.#problem?.code !== error.problem.code) this.#parts.log.problem(error.problem, { lease: "standing by" });
    this.#problem = error.problem;
  }
}
