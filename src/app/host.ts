/**
 * The host: one for each process. It owns what there is only one of and lends it to the service that leads; it watches the
 * settings in every state, and changes them in four steps: prepared beside the old, counted, exchanged between two
 * batches, what nobody uses any more released. Whatever fails refuses the change, and the old service has noticed nothing.
 */
import { dispositionOf } from "../model/disposition.ts";
import { type Problem, SluiceError } from "../model/problem.ts";
import type { Settings } from "../model/settings.ts";
import { parseCommand } from "../pipeline/execute-command.ts";
import type { Lead } from "../pipeline/loop/leading.ts";
import { nameSome } from "../pipeline/loop/name-some.ts";
import { stoppedError } from "../pipeline/loop/requests.ts";
import type { EventStream } from "../ports/event-stream.ts";
import type { Log } from "../ports/system.ts";
import { exchangeSettings, prepareChange } from "./host/change-over.ts";
import type { HostParts, Leader, Standby } from "./host/host-parts.ts";
import type { HostSnapshot, HostState } from "./host/host-snapshot.ts";
import { linkSignal } from "./host/link-signal.ts";
import { Resources } from "./host/resources.ts";
import { SettingsWatch } from "./host/settings-watch.ts";
import type { Turn } from "./host/turn.ts";
import { TurnTaking } from "./host/turn-taking.ts";
import type { ServiceHealth } from "./http/status-server.ts";
import { type ServiceConfig, subjectsOf } from "./read-config.ts";

/** What is being started is given so long to end. */
const stopMsMax = 20_000;

/** What came of a start. */
type Started =
  | { readonly kind: "leading"; readonly leader: Leader; readonly turn: Turn | undefined }
  /** Other settings came before it was done. */
  | { readonly kind: "changed"; readonly next: ServiceConfig }
  | { readonly kind: "stopped" };

interface NewLeader {
  readonly leader: Leader;
  readonly turn: Turn | undefined;
}

const unsureProblem = {
  code: "NATS_UNAVAILABLE",
  message: "the process was stopped for longer than the lease lasts: it is asked first whose turn it is",
} as const;

export class Host {
  readonly #parts: HostParts;
  readonly #watch: SettingsWatch;
  readonly #resources: Resources;
  /** Aborts when the process is asked to stop. */
  readonly #stop: AbortSignal;
  #state: HostState = "starting";
  #config: ServiceConfig | undefined;
  #leader: Leader | undefined;
  readonly #turns: TurnTaking;
  #turn: Turn | undefined;
  #standby: Standby | undefined;
  #problem: Problem | undefined;
  /** Since when the repository has not answered a leader that is being started; by the monotonic clock. */
  #unansweredSince: number | undefined;
  #hasBeenReady = false;

  constructor(parts: HostParts, stop: AbortSignal) {
    this.#parts = parts;
    this.#stop = stop;
    this.#watch = new SettingsWatch(parts);
    this.#turns = new TurnTaking(parts);
    this.#resources = new Resources(parts, {
      answer: (request) => this.answer(request),
      // A secret can change while the address stays.
      webhooks: { secret: () => this.#config?.settings.webhooks?.secret, onHint: () => this.#leader?.hint() },
      status: {
        health: () => this.#health(),
        page: () => this.#config?.settings.server?.page,
        snapshot: () => this.snapshot(),
        look: () => this.#leader?.look,
      },
      openConnection: (connection) => parts.openConnection(this.#settings(), connection, () => this.#whoLeads()),
    });
    stop.addEventListener("abort", () => {
      this.#state = "stopping";
    });
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
    this.#config = first;
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

  snapshot(): HostSnapshot {
    const { version } = this.#parts;
    const { refused } = this.#watch;
    const settings = this.#config?.settings;
    const problem = this.#problem ?? this.#standby?.problem;
    return {
      version,
      state: this.#state,
      ...(problem === undefined ? {} : { problem }),
      ...(settings === undefined
        ? {}
        : {
            repository: settings.repository.url,
            branch: settings.repository.branch,
            stateBranch: settings.state.branch,
          }),
      ...(settings?.lease === undefined ? {} : { lease: this.#leaseSnapshot() }),
      ...(refused === undefined ? {} : { refused }),
      ...(this.#leader === undefined ? {} : { leading: this.#leader.snapshot() }),
    };
  }

  #leaseSnapshot(): NonNullable<HostSnapshot["lease"]> {
    const { holder, problem } = this.#turns;
    return {
      ...(holder === undefined ? {} : { address: holder.address }),
      isOurs: this.#turn !== undefined,
      ...(problem === undefined ? {} : { problem }),
    };
  }

  /** Answers a command of the control socket, in every state. */
  async answer(request: unknown): Promise<string> {
    if ((request as { command?: unknown } | null)?.command === "status") return JSON.stringify(this.snapshot());
    const command = parseCommand(request);
    // What keeps a leader from starting, or its push from ending, is mended beside it.
    if (command.command === "restore-state" && this.#state !== "standing by") {
      const told = await this.#parts.restoreState();
      if (told !== undefined) return told;
    }
    if (this.#leader !== undefined && this.#state !== "standing by") return this.#leader.execute(command);
    throw new SluiceError(this.#busyProblem());
  }

  #busyProblem(): Problem {
    const doing = this.#state === "starting" ? "starting" : this.#state;
    const problem = this.#problem ?? this.#standby?.problem;
    const why = problem === undefined ? "" : `: ${problem.message} (${problem.code})`;
    if (this.#state === "standing by") {
      const leader = this.#turns.holder?.address;
      const who = leader === undefined ? "" : `, ${leader} does`;
      const hint = `Run the command ${leader === undefined ? "where the instance that leads runs" : `at ${leader}`}.`;
      return { code: "LEADER_LOST", severity: "error", message: `this instance does not lead${who}${why}`, hint };
    }
    const hint = "Nothing was done. Ask again when it is ready; `sluice run` logs what it waits for.";
    return { code: "SERVICE_BUSY", severity: "error", message: `the service is ${doing}${why}`, hint };
  }

  async #serve(first: ServiceConfig): Promise<void> {
    let config = first;
    /** What was in force, or being started, before. */
    let fallback: ServiceConfig | undefined;
    while (!this.#stop.aborted) {
      try {
        const started = await this.#start(config).catch((error: unknown) => {
          if (fallback === undefined || dispositionOf(error, "start") !== "refuse") throw error;
          this.#refuse(error);
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
        config = this.#config ?? config;
        if (!(await this.#standBy(error as SluiceError, config))) return;
      }
    }
  }

  /** Takes the lead with these settings; gives up where others come before that, or the process is to stop. */
  async #start(config: ServiceConfig): Promise<Started> {
    const { checkSettings } = this.#parts;
    this.#setState("starting");
    this.#config = config;
    await checkSettings(config);
    const folder = await this.#resources.prepareFolder(config.settings);
    const listeners = await this.#resources.prepareListeners(config).catch(async (error: unknown) => {
      await folder.abandon();
      throw error;
    });
    await listeners.adopt();
    await folder.adopt();

    const attempt = linkSignal(this.#stop);
    const watching = linkSignal(attempt.signal);
    const onReady = () => {
      this.#tellInForce(this.#hasBeenReady ? "settings in force" : "ready");
      this.#hasBeenReady = true;
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
      await late?.leader.close();
      await late?.turn?.end();
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
      leader: await this.#parts.startLeader(config, streams, this.#noting(), onReady, signal),
      turn: undefined,
    };
  }

  /** Stands by until it is this instance's turn, and leads then. */
  async #startInTurn(config: ServiceConfig, onReady: () => void, signal: AbortSignal): Promise<NewLeader> {
    const standby = await this.#parts.openStandby(config, this.#noting());
    this.#standby = standby;
    let turn: Turn | undefined;
    try {
      this.#setState("standing by");
      this.#parts.log.info("standing by", { state: config.settings.state.branch });
      turn = await this.#turns.take(config, standby, () => this.#unansweredMs(), signal);
      if (turn === undefined) throw stoppedError();
      const { lost } = turn;
      this.#turn = turn;
      this.#setState("starting");
      const streams = await this.#takeStreams(config);
      const windows = { log: this.#noting(), onReady, mayAct: () => this.#mayAct() };
      const leader = await standby.lead(streams, windows, AbortSignal.any([signal, lost]));
      this.#turns.follow(() => (leader.lead.stateId === "" ? undefined : leader.lead.stateId));
      return { leader, turn };
    } catch (error) {
      await standby.close();
      await turn?.end();
      this.#turn = undefined;
      throw turn?.reason ?? error;
    } finally {
      this.#standby = undefined;
    }
  }

  /** Nothing is read before there is a leader; what nobody keeps is taken meanwhile. */
  async #takeStreams(config: ServiceConfig): Promise<readonly EventStream[]> {
    const { streams, closeOthers } = this.#resources.takeStreams(config);
    await closeOthers();
    for (const stream of streams) stream.receive();
    return streams;
  }

  /** For how long what is pushed has had no answer. */
  #unansweredMs(): number {
    if (this.#leader !== undefined) return this.#leader.unansweredMs;
    return this.#unansweredSince === undefined ? 0 : this.#parts.clock.monotonic() - this.#unansweredSince;
  }

  async #mayAct(): Promise<boolean> {
    return this.#turn === undefined || this.#turn.mayAct();
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
        this.#refuse(error);
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
    this.#leader = leader;
    this.#setState("leading");
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
        this.#setState("changing over");
        try {
          const scope = { parts: this.#parts, resources: this.#resources, leader, stopped: stop.signal };
          const ready = await prepareChange(scope, config, next);
          if (ready === undefined) {
            stop.abort();
            await running;
            return { config: next, before: config };
          }
          await exchangeSettings(ready, this.#resources, next, () => {
            this.#config = next;
          });
          config = next;
          this.#tellInForce("settings in force");
        } catch (error) {
          if (stop.signal.aborted) continue;
          if (dispositionOf(error, "run") === "stand-by") throw error;
          this.#refuse(error);
        }
        if (!this.#stop.aborted) this.#setState("leading");
      }
    } finally {
      watching.abort();
      if (turn?.reason !== undefined) leader.abandon();
      stop.abort();
      await running.catch(() => undefined);
      this.#leader = undefined;
      await leader.close();
      await turn?.end();
      this.#turn = undefined;
    }
  }

  /**
   * Another instance leads: nothing is read or pushed any more. With a lease this one competes again, true; without it
   * stands by until somebody starts it anew.
   */
  async #standBy(error: SluiceError, { settings }: ServiceConfig): Promise<boolean> {
    this.#setState("standing by");
    this.#problem = error.problem;
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

  #refuse(error: unknown): void {
    if (!(error instanceof SluiceError) || dispositionOf(error, "change") === "crash") throw error;
    this.#watch.refuse(error.problem);
  }

  /** Ready is who leads and who stands by: both are what they are to be, and a rolling update goes on. */
  #health(): ServiceHealth {
    const isLeader = this.#leader !== undefined && this.#hasBeenReady && this.#state !== "standing by";
    return { state: this.#state, isLeader, isReady: isLeader || this.#state === "standing by" };
  }

  #tellInForce(message: "ready" | "settings in force"): void {
    this.#problem = undefined;
    const { log, version } = this.#parts;
    const { repository, state } = this.#settings();
    const subjects = [...subjectsOf({ connections: this.#config?.connections ?? [] }).values()].flat();
    const catalog = this.#leader?.snapshot().catalog;
    log.info(message, {
      version,
      repository: repository.url,
      branch: repository.branch,
      state: state.branch,
      triggers: catalog?.triggers,
      clusters: catalog?.clusters,
      subjects: nameSome([...new Set(subjects)]),
    });
  }

  /** The log, noting what is wrong while the service starts, for whoever asks what it waits for. */
  #noting(): Log {
    const { log } = this.#parts;
    return {
      ...log,
      problem: (problem, fields) => {
        if (this.#state === "starting" && problem.severity === "error") this.#problem = problem;
        if (problem.code === "GIT_UNAVAILABLE") this.#unansweredSince ??= this.#parts.clock.monotonic();
        log.problem(problem, fields);
      },
    };
  }

  #setState(state: HostState): void {
    if (this.#stop.aborted) return;
    this.#state = state;
    if (state === "starting" || state === "leading") this.#problem = undefined;
    this.#unansweredSince = undefined;
  }

  #whoLeads(): Lead {
    if (this.#leader === undefined) throw new Error("nobody leads");
    // It is being asked; whoever binds something tries again.
    if (this.#turn?.isStale === true) throw new SluiceError(unsureProblem);
    return this.#leader.lead;
  }

  #settings(): Settings {
    if (this.#config === undefined) throw new Error("nothing is configured yet");
    return this.#config.settings;
  }
}
