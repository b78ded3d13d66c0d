/** Starting: what the settings name is opened, the repository is waited for, and the turn to lead; then there is a leader. */
import { stoppedError } from "../../pipeline/loop/requests.ts";
import type { TakeDerived } from "../../pipeline/loop/secret-connections.ts";
import type { EventStream } from "../../ports/event-stream.ts";
import type { ServiceConfig } from "../read-config.ts";
import type { HostParts, Leader, LeaderWindows } from "./host-parts.ts";
import type { HostStatus } from "./host-status.ts";
import { linkSignal } from "./link-signal.ts";
import { releaseOld } from "./release.ts";
import type { Resources } from "./resources.ts";
import { refuse, type SettingsWatch } from "./settings-watch.ts";
import type { Turn } from "./turn.ts";
import type { TurnTaking } from "./turn-taking.ts";

/** What is being started is given so long to end. */
const stopMsMax = 20_000;

/** What came of a start. */
export type Started =
  | { readonly kind: "leading"; readonly leader: Leader; readonly turn: Turn | undefined }
  /** Other settings came before it was done. */
  | { readonly kind: "changed"; readonly next: ServiceConfig }
  | { readonly kind: "stopped" };

interface NewLeader {
  readonly leader: Leader;
  readonly turn: Turn | undefined;
}

export interface StartingParts {
  readonly parts: HostParts;
  readonly watch: SettingsWatch;
  readonly resources: Resources;
  readonly turns: TurnTaking;
  readonly status: HostStatus;
  /** Aborts when the process is asked to stop. */
  readonly stop: AbortSignal;
}

export class Starting {
  readonly #parts: HostParts;
  readonly #watch: SettingsWatch;
  readonly #resources: Resources;
  readonly #turns: TurnTaking;
  readonly #status: HostStatus;
  readonly #stop: AbortSignal;

  constructor({ parts, watch, resources, turns, status, stop }: StartingParts) {
    this.#parts = parts;
    this.#watch = watch;
    this.#resources = resources;
    this.#turns = turns;
    this.#status = status;
    this.#stop = stop;
  }

  /** Takes the lead with these settings; gives up where others come before that, or the process is to stop. */
  async start(config: ServiceConfig): Promise<Started> {
    const { checkSettings } = this.#parts;
    this.#status.setState("starting");
    this.#status.config = config;
    await checkSettings(config);
    const folder = await this.#resources.prepareFolder(config.settings);
    const listeners = await this.#resources.prepareListeners(config).catch(async (error: unknown) => {
      await folder.abandon();
      throw error;
    });
    for (const release of [listeners.adopt, folder.adopt]) await releaseOld(this.#parts.log, release);

    const attempt = linkSignal(this.#stop);
    const watching = linkSignal(attempt.signal);
    const onReady = () => {
      this.#status.tellInForce(this.#status.hasBeenReady ? "settings in force" : "ready");
      this.#status.hasBeenReady = true;
    };
    const starting =
      config.settings.lease === undefined
        ? this.#startAlone(config, onReady, attempt.signal)
        : this.#startInTurn(config, onReady, attempt.signal);
    starting.catch(() => undefined);
    try {
      const next = await Promise.race([starting.then(() => undefined), this.#nextPrepared(config, watching.signal)]);
      if (next === undefined && !attempt.signal.aborted) return { kind: "leading", ...(await starting) };
      attempt.abort();
      const ended = new AbortController();
      const given = this.#parts.clock.sleep(stopMsMax, ended.signal).then(() => undefined);
      const late = await Promise.race([starting.catch(() => undefined), given]);
      ended.abort();
      const drop = async (started: NewLeader | undefined) => {
        await started?.leader.close();
        await started?.turn?.end();
      };
      await drop(late);
      // What ends later than it was given leads nothing: another may by then.
      if (late === undefined) void starting.then(drop, () => undefined);
      return next === undefined ? { kind: "stopped" } : { kind: "changed", next };
    } catch (error) {
      if (this.#stop.aborted) return { kind: "stopped" };
      throw error;
    } finally {
      watching.abort();
      attempt.abort();
    }
  }

  /** There is no second instance: who starts last leads. */
  async #startAlone(config: ServiceConfig, onReady: () => void, signal: AbortSignal): Promise<NewLeader> {
    const streams = await this.#takeStreams(config);
    return {
      leader: await this.#parts.startLeader(config, streams, this.#windows(onReady), signal),
      turn: undefined,
    };
  }

  /** Stands by until it is this instance's turn, and leads then. */
  async #startInTurn(config: ServiceConfig, onReady: () => void, signal: AbortSignal): Promise<NewLeader> {
    const standby = await this.#parts.openStandby(config, this.#status.noting());
    this.#status.standby = standby;
    let turn: Turn | undefined;
    try {
      this.#status.setState("standing by");
      this.#parts.log.info("standing by", { state: config.settings.state.branch });
      turn = await this.#turns.take(config, standby, () => this.#status.unansweredMs(), signal);
      if (turn === undefined || signal.aborted) throw stoppedError();
      const { lost } = turn;
      this.#status.turn = turn;
      this.#status.setState("starting");
      const streams = await this.#takeStreams(config);
      const windows = { ...this.#windows(onReady), mayAct: () => this.#status.mayAct() };
      const leader = await standby.lead(streams, windows, AbortSignal.any([signal, lost]));
      if (signal.aborted) return { leader, turn };
      this.#turns.follow(() => (leader.lead.stateId === "" ? undefined : leader.lead.stateId));
      return { leader, turn };
    } catch (error) {
      await standby.close();
      await turn?.end();
      if (this.#status.turn === turn) this.#status.turn = undefined;
      throw turn?.reason ?? error;
    } finally {
      if (this.#status.standby === standby) this.#status.standby = undefined;
    }
  }

  #windows(onReady: () => void): LeaderWindows {
    const takeDerived: TakeDerived = (derived) => {
      const taken = this.#resources.takeDerived(derived.map(({ connection }) => ({ connection })));
      for (const stream of taken.streams) stream.receive();
      return taken;
    };
    return { log: this.#status.noting(), onReady, takeDerived };
  }

  /** Nothing is read before there is a leader; what nobody keeps is taken meanwhile. */
  async #takeStreams(config: ServiceConfig): Promise<readonly EventStream[]> {
    const { streams, closeOthers } = this.#resources.takeStreams(config);
    await releaseOld(this.#parts.log, closeOthers);
    for (const stream of streams) stream.receive();
    return streams;
  }

  /** While nothing is in force yet: settings that can at least be read whole. */
  async #nextPrepared(config: ServiceConfig, signal: AbortSignal): Promise<ServiceConfig | undefined> {
    for (;;) {
      const next = await this.#watch.next(config, signal);
      if (next === undefined) return undefined;
      try {
        await this.#parts.checkSettings(next);
        const listeners = await this.#resources.prepareListeners(next);
        await listeners.abandon();
        return next;
      } catch (error) {
        refuse(this.#watch, error);
      }
    }
  }
}
