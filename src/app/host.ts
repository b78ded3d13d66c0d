/**
 * The host: one for each process. It owns what there is only one of and lends it to the service that leads; it watches the
 * settings in every state, and changes them in four steps: prepared beside the old, counted, exchanged between two
 * batches, what nobody uses any more released. Whatever fails refuses the change, and the old service has noticed nothing.
 */
import { dispositionOf } from "../model/disposition.ts";
import { type Problem, SluiceError } from "../model/problem.ts";
import type { Settings } from "../model/settings.ts";
import { parseCommand } from "../pipeline/execute-command.ts";
import { nameSome } from "../pipeline/loop/name-some.ts";
import type { Log } from "../ports/system.ts";
import { Connections } from "./host/connections.ts";
import { within } from "./host/deadline.ts";
import type { Closable, HostParts, Leader } from "./host/host-parts.ts";
import type { HostSnapshot, HostState } from "./host/host-snapshot.ts";
import { Lending, type PreparedLending } from "./host/lending.ts";
import { plainText } from "./host/plain-text.ts";
import { SettingsWatch } from "./host/settings-watch.ts";
import type { ServiceHealth } from "./http/status-server.ts";
import { type ServiceConfig, subjectsOf } from "./read-config.ts";

/** New settings that are not ready by then are refused. */
const prepareMsMax = 30_000;
/** What is being started is given so long to end. */
const stopMsMax = 20_000;

/** What came of a start. */
type Started =
  | { readonly kind: "leading"; readonly leader: Leader }
  /** Other settings came before it was done. */
  | { readonly kind: "changed"; readonly next: ServiceConfig }
  | { readonly kind: "stopped" };

export class Host {
  readonly #parts: HostParts;
  readonly #watch: SettingsWatch;
  readonly #connections: Connections;
  readonly #listeners = new Lending<Closable>();
  readonly #folders = new Lending<Closable>();
  /** Aborts when the process is asked to stop. */
  readonly #stop: AbortSignal;
  #state: HostState = "starting";
  #config: ServiceConfig | undefined;
  #leader: Leader | undefined;
  #problem: Problem | undefined;
  #hasBeenReady = false;

  constructor(parts: HostParts, stop: AbortSignal) {
    this.#parts = parts;
    this.#stop = stop;
    this.#watch = new SettingsWatch(parts);
    this.#connections = new Connections((connection) =>
      parts.openConnection(this.#settings(), connection, () => {
        if (this.#leader === undefined) throw new Error("nobody leads");
        return this.#leader.lead;
      }),
    );
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
      const folder = await this.#prepareFolder(first.settings);
      await folder.adopt();
      await this.#serve(first);
      return true;
    } finally {
      await this.#release();
    }
  }

  snapshot(): HostSnapshot {
    const { version } = this.#parts;
    const { refused } = this.#watch;
    const settings = this.#config?.settings;
    return {
      version,
      state: this.#state,
      ...(this.#problem === undefined ? {} : { problem: this.#problem }),
      ...(settings === undefined
        ? {}
        : {
            repository: settings.repository.url,
            branch: settings.repository.branch,
            stateBranch: settings.state.branch,
          }),
      ...(refused === undefined ? {} : { refused }),
      ...(this.#leader === undefined ? {} : { leading: this.#leader.snapshot() }),
    };
  }

  /** Answers a command of the control socket, in every state. */
  async answer(request: unknown): Promise<string> {
    if ((request as { command?: unknown } | null)?.command === "status") return JSON.stringify(this.snapshot());
    const command = parseCommand(request);
    if (this.#leader !== undefined && this.#state !== "standing by") return this.#leader.execute(command);
    throw new SluiceError(this.#busyProblem());
  }

  #busyProblem(): Problem {
    const doing = this.#state === "starting" ? "starting" : this.#state;
    const why = this.#problem === undefined ? "" : `: ${this.#problem.message} (${this.#problem.code})`;
    if (this.#state === "standing by") {
      const hint = "Run the command where the instance that leads runs.";
      return { code: "LEADER_LOST", severity: "error", message: `this instance does not lead${why}`, hint };
    }
    const hint = "Nothing was done. Ask again when it is ready; `sluice run` logs what it waits for.";
    return { code: "SERVICE_BUSY", severity: "error", message: `the service is ${doing}${why}`, hint };
  }

  async #serve(first: ServiceConfig): Promise<void> {
    let config = first;
    /** What was in force, or being started, before. */
    let fallback: ServiceConfig | undefined;
    try {
      while (!this.#stop.aborted) {
        let started: Started;
        try {
          started = await this.#start(config);
        } catch (error) {
          if (fallback === undefined || dispositionOf(error, "start") !== "refuse") throw error;
          this.#refuse(error);
          config = fallback;
          fallback = undefined;
          continue;
        }
        if (started.kind === "stopped") return;
        fallback = config;
        if (started.kind === "changed") {
          config = started.next;
          continue;
        }
        const next = await this.#lead(started.leader, config);
        if (next === undefined) return;
        config = next.config;
        fallback = next.before;
      }
    } catch (error) {
      if (dispositionOf(error, "run") !== "stand-by") throw error;
      await this.#standBy(error as SluiceError);
    }
  }

  /** Takes the lead with these settings; gives up where others come before that, or the process is to stop. */
  async #start(config: ServiceConfig): Promise<Started> {
    const { checkSettings, startLeader } = this.#parts;
    this.#setState("starting");
    this.#config = config;
    await checkSettings(config);
    const folder = await this.#prepareFolder(config.settings);
    const listeners = await this.#prepareListeners(config).catch(async (error: unknown) => {
      await folder.abandon();
      throw error;
    });
    await listeners.adopt();
    await folder.adopt();
    const { streams, closeOthers } = this.#connections.take(config.connections);
    await closeOthers();

    const attempt = linkSignal(this.#stop);
    const watching = linkSignal(attempt.signal);
    const onReady = () => {
      this.#tellInForce(this.#hasBeenReady ? "settings in force" : "ready");
      this.#hasBeenReady = true;
    };
    const starting = startLeader(config, streams, this.#noting(), onReady, attempt.signal);
    try {
      const next = await Promise.race([starting.then(() => undefined), this.#nextPrepared(config, watching.signal)]);
      if (next === undefined && !attempt.signal.aborted) return { kind: "leading", leader: await starting };
      attempt.abort();
      const given = this.#parts.clock.sleep(stopMsMax, new AbortController().signal).then(() => undefined);
      const leader = await Promise.race([starting.catch(() => undefined), given]);
      await leader?.close();
      return next === undefined ? { kind: "stopped" } : { kind: "changed", next };
    } catch (error) {
      if (this.#stop.aborted) return { kind: "stopped" };
      throw error;
    } finally {
      watching.abort();
      attempt.abort();
    }
  }

  /** While nothing is in force yet: settings that can at least be read whole. */
  async #nextPrepared(config: ServiceConfig, signal: AbortSignal): Promise<ServiceConfig | undefined> {
    for (;;) {
      const next = await this.#watch.next(config, signal);
      if (next === undefined) return undefined;
      try {
        await this.#parts.checkSettings(next);
        const listeners = await this.#prepareListeners(next);
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
    try {
      for (;;) {
        const next = await Promise.race([running.then(() => undefined), this.#watch.next(config, watching.signal)]);
        if (next === undefined) {
          await running;
          return undefined;
        }
        this.#setState("changing over");
        try {
          if (await this.#change(leader, config, next, stop.signal)) config = next;
          else {
            stop.abort();
            await running;
            return { config: next, before: config };
          }
        } catch (error) {
          if (stop.signal.aborted) continue;
          if (dispositionOf(error, "run") === "stand-by") throw error;
          this.#refuse(error);
        }
        if (!this.#stop.aborted) this.#setState("leading");
      }
    } finally {
      watching.abort();
      stop.abort();
      await running.catch(() => undefined);
      this.#leader = undefined;
      await leader.close();
    }
  }

  /**
   * Lets new settings take over, and throws where they can't. False: they name another database, which is ready to be
   * read; the service has to begin anew with it.
   */
  async #change(leader: Leader, before: ServiceConfig, next: ServiceConfig, stop: AbortSignal): Promise<boolean> {
    const { checkDatabase, checkSettings, clock } = this.#parts;
    const isOther = databaseText(next.settings) !== databaseText(before.settings);
    const deadline = linkSignal(stop);
    const prepare = async () => {
      await checkSettings(next);
      if (isOther) {
        checkJournals(before, next);
        await checkDatabase(next, deadline.signal);
        const folder = await this.#prepareFolder(next.settings);
        await folder.abandon();
      }
      const listeners = await this.#prepareListeners(next);
      if (isOther) {
        await listeners.abandon();
        return undefined;
      }
      try {
        return { listeners, change: await leader.prepare(next) };
      } catch (error) {
        await listeners.abandon();
        throw error;
      }
    };
    const prepared = await within(clock, prepareMsMax, deadline, prepare(), (late) => late?.listeners.abandon());
    if (prepared === undefined) return false;

    let closeOthers: () => Promise<void> = () => Promise.resolve();
    try {
      await prepared.change.exchange(() => {
        this.#config = next;
        const taken = this.#connections.take(next.connections);
        closeOthers = taken.closeOthers;
        return taken.streams;
      });
    } catch (error) {
      await prepared.listeners.abandon();
      throw error;
    }
    await prepared.listeners.adopt();
    await closeOthers();
    this.#tellInForce("settings in force");
    return true;
  }

  /** Another instance leads: nothing is read or pushed any more, until somebody starts this one anew. */
  async #standBy(error: SluiceError): Promise<void> {
    this.#setState("standing by");
    this.#problem = error.problem;
    this.#parts.log.problem(error.problem, { state: "standing by" });
    await this.#connections.close();
    if (!this.#stop.aborted)
      await new Promise((resolve) => this.#stop.addEventListener("abort", resolve, { once: true }));
  }

  #refuse(error: unknown): void {
    if (!(error instanceof SluiceError) || dispositionOf(error, "change") === "crash") throw error;
    this.#parts.log.problem(error.problem);
    this.#watch.refuse(error.problem);
  }

  #prepareFolder({ state: { directory } }: Settings): Promise<PreparedLending<Closable>> {
    const { lockState, openControl } = this.#parts;
    const open = async () => {
      const lock = await lockState(directory);
      try {
        const control = await openControl(directory, (request) => this.answer(request));
        return {
          close: async () => {
            await control.close();
            await lock.close();
          },
        };
      } catch (error) {
        await lock.close();
        throw error;
      }
    };
    return this.#folders.prepare(new Map([[directory, open]]));
  }

  #prepareListeners({ settings: { webhooks, server } }: ServiceConfig): Promise<PreparedLending<Closable>> {
    const wanted = new Map<string, () => Promise<Closable>>();
    if (webhooks !== undefined) {
      const { host, port } = webhooks;
      wanted.set(`webhooks at ${host}:${port}`, () =>
        this.#parts.openListener(host, port, {
          // Of the settings in force then: a secret can change while the address stays.
          secret: () => this.#config?.settings.webhooks?.secret,
          onHint: () => this.#leader?.hint(),
        }),
      );
    }
    if (server !== undefined) {
      const { host, port } = server;
      wanted.set(`status at ${host}:${port}`, () => this.#parts.openStatus(host, port, () => this.#health()));
    }
    return this.#listeners.prepare(wanted);
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
        log.problem(problem, fields);
      },
    };
  }

  #setState(state: HostState): void {
    if (this.#stop.aborted) return;
    this.#state = state;
    if (state === "starting" || state === "leading") this.#problem = undefined;
  }

  #settings(): Settings {
    if (this.#config === undefined) throw new Error("nothing is configured yet");
    return this.#config.settings;
  }

  async #release(): Promise<void> {
    await this.#listeners.close();
    await this.#connections.close();
    await this.#folders.close();
  }
}

/** A change of any of these is another database, or another way into it: the service begins anew with it. */
function databaseText({ repository, state }: Settings): string {
  const { url, auth, caFile, author, signing } = repository;
  return plainText([url, auth, caFile, author, signing, state.branch, state.directory]);
}

/** A folder that is left would keep what was received and not read yet. */
function checkJournals(before: ServiceConfig, next: ServiceConfig): void {
  const isMoved = before.settings.state.directory !== next.settings.state.directory;
  if (!isMoved || !before.connections.some(({ connection }) => connection.core !== undefined)) return;
  throw new SluiceError({
    code: "SETTINGS_INVALID",
    message: "state.directory can't change while core subjects are received: its journal may hold what is not read yet",
    hint: "Stop the service, move the folder, and start it with the new setting.",
  });
}

/** A controller that also aborts when the signal does. */
function linkSignal(signal: AbortSignal): AbortController {
  const controller = new AbortController();
  if (signal.aborted) controller.abort();
  else signal.addEventListener("abort", () => controller.abort(), { once: true, signal: controller.signal });
  return controller;
}
