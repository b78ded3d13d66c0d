/**
 * The host: one for each process. It owns what there is only one of and lends it to the service that leads; it watches the
 * settings in every state, and changes them in four steps: prepared beside the old, counted, exchanged between two
 * batches, what nobody uses any more released. Whatever fails refuses the change, and the old service has noticed nothing.
 */
import { dispositionOf } from "../model/disposition.ts";
import type { Problem, SluiceError } from "../model/problem.ts";
import { exchangeSettings, prepareChange } from "./host/change-over.ts";
import type { HostParts, Leader } from "./host/host-parts.ts";
import type { HostSnapshot } from "./host/host-snapshot.ts";
import { HostStatus } from "./host/host-status.ts";
import { linkSignal } from "./host/link-signal.ts";
import { releaseOld } from "./host/release.ts";
import { Resources } from "./host/resources.ts";
import { refuse, SettingsWatch } from "./host/settings-watch.ts";
import { Starting } from "./host/starting.ts";
import type { Turn } from "./host/turn.ts";
import { TurnTaking } from "./host/turn-taking.ts";
import type { ServiceConfig } from "./read-config.ts";

export class Host {
  readonly #parts: HostParts;
  readonly #watch: SettingsWatch;
  readonly #resources: Resources;
  /** Aborts when the process is asked to stop. */
  readonly #stop: AbortSignal;
  readonly #turns: TurnTaking;
  readonly #status: HostStatus;
  readonly #starting: Starting;

  constructor(parts: HostParts, stop: AbortSignal) {
    this.#parts = parts;
    this.#stop = stop;
    this.#watch = new SettingsWatch(parts);
    this.#turns = new TurnTaking(parts);
    const status = new HostStatus(parts, this.#watch, this.#turns, stop);
    this.#status = status;
    this.#resources = new Resources(parts, {
      answer: (request) => status.answer(request),
      // A secret can change while the address stays.
      webhooks: { secret: () => status.config?.settings.webhooks?.secret, onHint: () => status.leader?.hint() },
      status: {
        health: () => status.health(),
        page: () => status.config?.settings.server?.page,
        snapshot: () => status.snapshot(),
        look: () => status.leader?.look,
      },
      openConnection: (connection) => parts.openConnection(status.settings(), connection, () => status.whoLeads()),
    });
    const owned = { watch: this.#watch, resources: this.#resources, turns: this.#turns };
    this.#starting = new Starting({ parts, ...owned, status, stop });
  }

  /** What it is doing. */
  snapshot(): HostSnapshot {
    return this.#status.snapshot();
  }

  /**
   * Runs until the process is asked to stop. Throws what it can't go on with; at a start, where nothing is in force, also
   * what refuses its settings. `onRefused` is told what is wrong with settings that can't be read at all.
   */
  async run(onRefused: (problems: readonly Problem[]) => void): Promise<boolean> {
    const { value: first, problems } = await this.#watch.first();
    if (first === undefined) {
      onRefused(problems);
      return false;
    }
    for (const problem of problems) this.#parts.log.problem(problem);
    this.#status.config = first;
    try {
      const folder = await this.#resources.prepareFolder(first.settings);
      await folder.adopt();
      await this.#serve(first);
      return true;
    } finally {
      await this.#turns.close();
      await this.#resources.release();
    }
  }

  async #serve(first: ServiceConfig): Promise<void> {
    let config = first;
    /** What was in force, or being started, before. */
    let fallback: ServiceConfig | undefined;
    while (!this.#stop.aborted) {
      try {
        const started = await this.#starting.start(config).catch((error: unknown) => {
          if (fallback === undefined || dispositionOf(error, "start") !== "refuse") throw error;
          refuse(this.#watch, error);
          return { kind: "changed", next: fallback } as const;
        });
        if (started.kind === "stopped") return;
        fallback = started.kind === "changed" && started.next === fallback ? undefined : config;
        if (started.kind === "changed") {
          config = started.next;
          continue;
        }
        const next = await this.#lead(started.leader, started.turn, config);
        if (next === undefined) return;
        config = next.config;
        fallback = next.before;
      } catch (error) {
        if (dispositionOf(error, "run") !== "stand-by") throw error;
        config = this.#status.config ?? config;
        if (!(await this.#standBy(error as SluiceError, config))) return;
      }
    }
  }

  /** Leads until the process is to stop, or until other settings need a start of their own. */
  async #lead(
    leader: Leader,
    turn: Turn | undefined,
    first: ServiceConfig,
  ): Promise<{ readonly config: ServiceConfig; readonly before: ServiceConfig } | undefined> {
    const stop = linkSignal(this.#stop);
    let config = first;
    this.#status.leader = leader;
    this.#status.setState("leading");
    const running = leader.run(stop.signal);
    // Looked at below; until then its failure must not count as unhandled.
    running.catch(() => undefined);
    const watching = linkSignal(stop.signal);
    const lost = turn?.untilLost() ?? new Promise<never>(() => undefined);
    lost.catch(() => undefined);
    try {
      for (;;) {
        const changed = this.#watch.next(config, watching.signal);
        const next = await Promise.race([running.then(() => undefined), changed, lost]);
        if (next === undefined) {
          await running;
          return undefined;
        }
        this.#status.setState("changing over");
        const preparing = linkSignal(stop.signal);
        const giveUp = () => preparing.abort();
        try {
          const onLong = () => {
            running.then(giveUp, giveUp);
            lost.catch(giveUp);
            void this.#watch.untilTouched(preparing.signal).then(giveUp);
          };
          const scope = { parts: this.#parts, resources: this.#resources, leader, stopped: preparing.signal, onLong };
          const ready = await prepareChange(scope, config, next);
          if (ready === undefined) {
            stop.abort();
            await running;
            return { config: next, before: config };
          }
          const onInForce = () => {
            this.#status.config = next;
          };
          await exchangeSettings(ready, this.#resources, next, { log: this.#parts.log, onInForce });
          config = next;
          this.#status.tellInForce("settings in force");
        } catch (error) {
          // Where nobody wants it any more, there is nothing to refuse.
          if (!preparing.signal.aborted) {
            if (dispositionOf(error, "run") === "stand-by") throw error;
            refuse(this.#watch, error);
          }
        } finally {
          giveUp();
        }
        if (!this.#stop.aborted) this.#status.setState("leading");
      }
    } finally {
      watching.abort();
      if (turn?.reason !== undefined) leader.abandon();
      stop.abort();
      await running.catch(() => undefined);
      this.#status.leader = undefined;
      await releaseOld(this.#parts.log, () => leader.close());
      await turn?.end();
      this.#status.turn = undefined;
    }
  }

  /**
   * Another instance leads: nothing is read or pushed any more. With a lease this one competes again, true; without it
   * stands by until somebody starts it anew.
   */
  async #standBy(error: SluiceError, { settings }: ServiceConfig): Promise<boolean> {
    this.#status.setState("standing by");
    this.#status.problem = error.problem;
    this.#parts.log.problem(error.problem, { state: "standing by" });
    await this.#resources.closeConnections();
    if (settings.lease !== undefined) {
      // Whoever leads without having had the lease does not lose it to this one at once.
      this.#turns.rest();
      return true;
    }
    if (!this.#stop.aborted)
      await new Promise((resolve) => this.#stop.addEventListener("abort", resolve, { once: true }));
    return false;
  }
}
