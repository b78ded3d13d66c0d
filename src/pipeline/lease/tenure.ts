/** Holding the lease: it is written again every fifth of its duration, until it is lost or given up. */
import { type Problem, SluiceError } from "../../model/problem.ts";
import type { Lease, LeaseEntry, LeaseValue } from "../../ports/lease.ts";
import type { Clock, Log } from "../../ports/system.ts";

export interface TenureParts {
  readonly lease: Lease;
  readonly clock: Clock;
  readonly log: Log;
  readonly durationMs: number;
  /** Is told of what the lease is. */
  readonly onSeen: (entry: LeaseEntry | undefined) => void;
}

const renewalsPerDuration = 5;

export class Tenure {
  readonly #parts: TenureParts;
  #value: LeaseValue;
  #revision: number | undefined;
  /** When the lease was last asked, or could not be asked, by the monotonic clock: a process that was stopped asks late. */
  #askedAt: number;
  #asking: Promise<void> | undefined;
  #takenBy: LeaseValue | undefined;
  #isReleased = false;
  #problem: Problem | undefined;

  /** `value` was written as `revision`. */
  constructor(parts: TenureParts, value: LeaseValue, revision: number) {
    this.#parts = parts;
    this.#value = value;
    this.#revision = revision;
    this.#askedAt = parts.clock.monotonic();
  }

  /** Somebody else has taken it. */
  get takenBy(): LeaseValue | undefined {
    return this.#takenBy;
  }

  /** Why it can't be renewed; it is not lost for that. */
  get problem(): Problem | undefined {
    return this.#problem;
  }

  /** The process was stopped for so long that somebody else may have taken it: it is to be asked before anything is done. */
  get isStale(): boolean {
    return this.#parts.clock.monotonic() - this.#askedAt > this.#parts.durationMs;
  }

  /** Renews until the signal aborts, or somebody else has taken it; `onRenewed` is called each time. */
  async run(signal: AbortSignal, onRenewed: () => void): Promise<void> {
    while (!signal.aborted && this.#takenBy === undefined && !this.#isReleased) {
      await this.#parts.clock.sleep(this.#parts.durationMs / renewalsPerDuration, signal);
      if (signal.aborted) return;
      await this.#renew();
      onRenewed();
    }
  }

  /** Whether this process may act on the outside: at once where it has asked lately, else it asks first. */
  async mayAct(): Promise<boolean> {
    if (this.isStale) await this.#renew();
    return this.#takenBy === undefined && !this.#isReleased;
  }

  /** Gives it up, so that the next one takes it at once. Where it can't be reached, the next one waits a duration. */
  async release(): Promise<void> {
    if (this.#isReleased) return;
    this.#isReleased = true;
    await this.#asking;
    if (this.#takenBy !== undefined) return;
    const { lease, log, onSeen } = this.#parts;
    const value = { holder: "", address: "", count: this.#value.count + 1 };
    try {
      const at = this.#revision;
      let revision = at === undefined ? undefined : await lease.write(value, at);
      if (revision === undefined) {
        // The answer to a renewal had got lost: it is written on what is there, where that is still its own.
        const entry = await lease.read();
        if (entry?.value.holder !== this.#value.holder) return;
        revision = await lease.write(value, entry.revision);
      }
      if (revision !== undefined) onSeen({ value, revision });
    } catch (error) {
      if (!(error instanceof SluiceError)) throw error;
      log.warn("the lease could not be given up: who stands by waits for a whole duration", {
        reason: error.problem.message,
      });
    }
  }

  /** One at a time: whoever comes meanwhile waits for the same answer. */
  #renew(): Promise<void> {
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = undefined;
    });
    return this.#asking;
  }

  async #ask(): Promise<void> {
    if (this.#takenBy !== undefined || this.#isReleased) return;
    try {
      await this.#write();
      if (this.#problem !== undefined) this.#parts.log.info("the lease can be reached again");
      this.#problem = undefined;
    } catch (error) {
      if (!(error instanceof SluiceError)) throw error;
      const { problem } = error;
      // The term is the fence: what can't be reached is not lost.
      if (this.#problem?.code !== problem.code) {
        this.#parts.log.problem({ ...problem, message: `the lease can't be renewed: ${problem.message}` });
      }
      this.#problem = problem;
    } finally {
      this.#askedAt = this.#parts.clock.monotonic();
    }
  }

  async #write(): Promise<void> {
    const { lease, onSeen } = this.#parts;
    const next = { ...this.#value, count: this.#value.count + 1 };
    const revision = await lease.write(next, this.#revision);
    if (revision !== undefined) {
      this.#value = next;
      this.#revision = revision;
      onSeen({ value: next, revision });
      return;
    }
    const entry = await lease.read();
    onSeen(entry);
    const holder = entry?.value.holder ?? "";
    // Gone with its bucket, emptied by hand, or its own, an answer having got lost: written again at once.
    if (holder === "" || holder === next.holder) {
      const again = await lease.write(next, entry?.revision);
      if (again !== undefined) {
        this.#value = next;
        this.#revision = again;
        onSeen({ value: next, revision: again });
      } else this.#revision = undefined;
    } else this.#takenBy = entry!.value;
  }
}
