/** Competes for the lease that the settings ask for, and knows who has it. It outlives every change of leader. */
import type { Problem } from "../../model/problem.ts";
import { LeaseSeat } from "../../pipeline/lease/lease-seat.ts";
import type { LeaseValue } from "../../ports/lease.ts";
import type { ServiceConfig } from "../read-config.ts";
import type { HostParts, Standby } from "./host-parts.ts";
import { leaseText } from "./lease-text.ts";
import { linkSignal } from "./link-signal.ts";
import { Turn } from "./turn.ts";

export class TurnTaking {
  readonly #parts: Pick<HostParts, "clock" | "log" | "openLease">;
  #open: { readonly text: string; readonly seat: LeaseSeat } | undefined;
  /** The lease's key. */
  #stateId: () => string | undefined = () => undefined;

  constructor(parts: Pick<HostParts, "clock" | "log" | "openLease">) {
    this.#parts = parts;
  }

  /** Who leads, as far as the lease says; undefined: nobody, or there is none. */
  get holder(): LeaseValue | undefined {
    return this.#open?.seat.holder;
  }

  get problem(): Problem | undefined {
    return this.#open?.seat.problem;
  }

  /**
   * Waits until it is this process's turn; undefined: the signal aborted before. Throws what the standby can't go on with.
   * `unansweredMs`: for how long the leader's pushes have had no answer.
   */
  async take(
    config: ServiceConfig,
    standby: Standby,
    unansweredMs: () => number,
    signal: AbortSignal,
  ): Promise<Turn | undefined> {
    const seat = await this.#seatFor(config);
    this.#stateId = () => standby.stateId;
    const standing = linkSignal(signal);
    const looking = standby.run(standing.signal).then(() => undefined);
    const competing = seat.take(() => standby.mayCompete, standing.signal);
    try {
      const first = await Promise.race([competing, looking.then(() => competing)]);
      return first === undefined ? undefined : new Turn(first, unansweredMs, () => seat.rest());
    } finally {
      standing.abort();
      // Whoever lost the race has nothing more to say, and must not hold the lease.
      await looking.catch(() => undefined);
    }
  }

  /** From now on the key is that of the state that is led. */
  follow(stateId: () => string | undefined): void {
    this.#stateId = stateId;
  }

  /** Another instance leads although this one had the lease: it has the next turn as well. */
  rest(): void {
    this.#open?.seat.rest();
  }

  async close(): Promise<void> {
    await this.#open?.seat.close();
    this.#open = undefined;
  }

  /** One for as long as the settings ask for the same lease. */
  async #seatFor(config: ServiceConfig): Promise<LeaseSeat> {
    const text = leaseText(config);
    if (this.#open?.text === text) return this.#open.seat;
    await this.close();
    const { clock, log, openLease } = this.#parts;
    const { lease, holder, address } = openLease(config, () => this.#stateId());
    const durationMs = config.settings.lease?.durationMs ?? 0;
    const seat = new LeaseSeat({ lease, clock, log, holder, address, durationMs });
    this.#open = { text, seat };
    return seat;
  }
}
