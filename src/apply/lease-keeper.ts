/**
 * One applier a cluster: a Lease beside the parent. Time is measured by monotonic clocks alone. Who holds it stops before it
 * expires for anybody else; who wants it has to have watched it, unchanged, for as long as it lasts.
 */
import { SluiceError } from "../model/problem.ts";
import type { ClusterLeases, LeaseName, LeaseState } from "../ports/cluster.ts";
import type { Clock } from "../ports/system.ts";

/** Each cluster costs a request that often, however little happens in it. */
const renewMs = 10_000;
/**
 * Twice that, so that an API server that is restarted in between costs nobody the lease: some six seconds are left for asking
 * again. Who takes over from one that fell silent waits for as long.
 */
const leaseSeconds = 20;
/** Where that has failed. */
const renewAgainMs = 1_000;
/** The holder counts it as lost so long before others may. */
const marginMs = 4_000;
const lookMs = 1_000;

export type Acquired =
  /** Nobody had it, or who had it has given it up. */
  | "free"
  /** Who had it has fallen silent: what it sent last may still be under way. */
  | "taken-over";

export class LeaseKeeper {
  readonly #leases: ClusterLeases;
  readonly #name: LeaseName;
  readonly #clock: Clock;
  /** What the Lease says besides. */
  readonly #annotations: ReadonlyMap<string, string>;
  readonly holder: string;
  #state: LeaseState | undefined;
  #heldUntil = Number.NEGATIVE_INFINITY;

  constructor(
    leases: ClusterLeases,
    name: LeaseName,
    holder: string,
    clock: Clock,
    annotations: ReadonlyMap<string, string> = new Map(),
  ) {
    this.#leases = leases;
    this.#name = name;
    this.#clock = clock;
    this.#annotations = annotations;
    this.holder = holder;
  }

  get isHeld(): boolean {
    return this.#clock.monotonic() < this.#heldUntil;
  }

  /** Called before each request that changes anything. Throws APPLIER_ELSEWHERE. */
  assertHeld(): void {
    if (!this.isHeld) throw this.#elsewhere(this.#state?.holder ?? "");
  }

  /**
   * Waits until it is ours. `isPatient` waits for as long as somebody else keeps it; without it that throws
   * APPLIER_ELSEWHERE as soon as the other is seen to be alive.
   */
  async acquire(isPatient: boolean, signal: AbortSignal): Promise<Acquired> {
    let seen = await this.#leases.readLease(this.#name);
    let since = this.#clock.monotonic();
    while (!signal.aborted) {
      const isFree = seen === undefined || seen.holder === "" || seen.holder === this.holder;
      const isExpired = seen !== undefined && this.#clock.monotonic() - since >= seen.durationSeconds * 1000;
      if (isFree || isExpired) {
        if (await this.#take(seen)) return isFree ? "free" : "taken-over";
      }
      await this.#clock.sleep(lookMs, signal);
      const now = await this.#leases.readLease(this.#name);
      if (now?.version === seen?.version) continue;
      const isOthers = now !== undefined && now.holder !== "" && now.holder !== this.holder;
      if (!isPatient && isOthers && now.holder === seen?.holder) throw this.#elsewhere(now.holder);
      seen = now;
      since = this.#clock.monotonic();
    }
    throw this.#elsewhere(seen?.holder ?? "");
  }

  /** Keeps it until the signal aborts or somebody else has it. Trouble is what it may come to an end by. */
  async keep(signal: AbortSignal): Promise<void> {
    let waitMs = renewMs;
    while (!signal.aborted && this.isHeld) {
      await this.#clock.sleep(waitMs, signal);
      if (signal.aborted) return;
      try {
        if (!(await this.#take(this.#state))) return;
        waitMs = renewMs;
      } catch (error) {
        if (!(error instanceof SluiceError)) throw error;
        // The server may answer the next time; else it lapses.
        waitMs = renewAgainMs;
      }
    }
  }

  async release(): Promise<void> {
    if (!this.isHeld) return;
    this.#heldUntil = Number.NEGATIVE_INFINITY;
    await this.#leases.releaseLease(this.#name, this.holder);
  }

  async #take(expected: LeaseState | undefined): Promise<boolean> {
    const asked = this.#clock.monotonic();
    const annotations = this.#annotations;
    const claim = { holder: this.holder, durationSeconds: leaseSeconds, now: this.#clock.now(), annotations };
    const state = await this.#leases.takeLease(this.#name, claim, expected);
    this.#state = state;
    const isOurs = state.holder === this.holder;
    this.#heldUntil = isOurs ? asked + leaseSeconds * 1000 - marginMs : Number.NEGATIVE_INFINITY;
    return isOurs;
  }

  #elsewhere(holder: string): SluiceError {
    const who = holder === "" || holder === this.holder ? "it has lapsed" : `${holder} has it`;
    const { namespace, name } = this.#name;
    return new SluiceError({
      code: "APPLIER_ELSEWHERE",
      message: `the Lease ${namespace}/${name} of this cluster is not ours: ${who}`,
      hint: "One applier works on a cluster at a time; a service with delivery.kind applier is one.",
    });
  }
}
