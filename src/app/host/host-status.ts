/**
 * What the host is doing, and with what: the one place that says so, for probes, commands, the log and whoever else asks.
 */
import { type Problem, SluiceError } from "../../model/problem.ts";
import type { Settings } from "../../model/settings.ts";
import { parseCommand } from "../../pipeline/execute-command.ts";
import type { Lead } from "../../pipeline/loop/leading.ts";
import { nameSome } from "../../pipeline/loop/name-some.ts";
import type { Log } from "../../ports/system.ts";
import type { ServiceHealth } from "../http/status-server.ts";
import { type ServiceConfig, subjectsOf } from "../read-config.ts";
import type { HostParts, Leader, Standby } from "./host-parts.ts";
import type { HostSnapshot, HostState } from "./host-snapshot.ts";
import type { SettingsWatch } from "./settings-watch.ts";
import type { Turn } from "./turn.ts";
import type { TurnTaking } from "./turn-taking.ts";

const unsureProblem = {
  code: "NATS_UNAVAILABLE",
  message: "the process was stopped for longer than the lease lasts: it is asked first whose turn it is",
} as const;

export class HostStatus {
  readonly #parts: Pick<HostParts, "applier" | "claimState" | "clock" | "log" | "restoreState" | "version">;
  readonly #watch: SettingsWatch;
  readonly #turns: TurnTaking;
  /** Aborts when the process is asked to stop. */
  readonly #stop: AbortSignal;
  state: HostState = "starting";
  /** In force, or being put in force. */
  config: ServiceConfig | undefined;
  leader: Leader | undefined;
  standby: Standby | undefined;
  /** While it is this process's turn, where there is a lease. */
  turn: Turn | undefined;
  problem: Problem | undefined;
  hasBeenReady = false;
  /** Since when the repository has not answered a leader that is being started; by the monotonic clock. */
  #unansweredSince: number | undefined;

  constructor(
    parts: Pick<HostParts, "applier" | "claimState" | "clock" | "log" | "restoreState" | "version">,
    watch: SettingsWatch,
    turns: TurnTaking,
    stop: AbortSignal,
  ) {
    this.#parts = parts;
    this.#watch = watch;
    this.#turns = turns;
    this.#stop = stop;
    stop.addEventListener("abort", () => {
      this.state = "stopping";
    });
  }

  snapshot(): HostSnapshot {
    const { version } = this.#parts;
    const applier = this.#parts.applier?.();
    const { refused } = this.#watch;
    const settings = this.config?.settings;
    const problem = this.problem ?? this.standby?.problem;
    return {
      version,
      state: this.state,
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
      ...(this.leader === undefined ? {} : { leading: this.leader.snapshot() }),
      ...(applier === undefined ? {} : { applier }),
    };
  }

  #leaseSnapshot(): NonNullable<HostSnapshot["lease"]> {
    const { holder, problem } = this.#turns;
    return {
      ...(holder === undefined ? {} : { address: holder.address }),
      isOurs: this.turn !== undefined,
      ...(problem === undefined ? {} : { problem }),
    };
  }

  /** Answers a command of the control socket, in every state. */
  async answer(request: unknown): Promise<string> {
    if ((request as { command?: unknown } | null)?.command === "status") return JSON.stringify(this.snapshot());
    const command = parseCommand(request);
    // What keeps a leader from starting, or its push from ending, is mended beside it.
    if (command.command === "restore-state" && this.state !== "standing by") {
      const told = await this.#parts.restoreState();
      if (told !== undefined) return told;
    }
    if (command.command === "claim-state" && this.leader === undefined && this.state === "starting") {
      const told = this.#parts.claimState(command.as);
      if (told !== undefined) return told;
    }
    if (this.leader !== undefined && this.state !== "standing by") return this.leader.execute(command);
    throw new SluiceError(this.#busyProblem());
  }

  #busyProblem(): Problem {
    const doing = this.state === "starting" ? "starting" : this.state;
    const problem = this.problem ?? this.standby?.problem;
    const why = problem === undefined ? "" : `: ${problem.message} (${problem.code})`;
    if (this.state === "standing by") {
      const leader = this.#turns.holder?.address;
      const who = leader === undefined ? "" : `, ${leader} does`;
      const hint = `Run the command ${leader === undefined ? "where the instance that leads runs" : `at ${leader}`}.`;
      return { code: "LEADER_LOST", severity: "error", message: `this instance does not lead${who}${why}`, hint };
    }
    const hint = "Nothing was done. Ask again when it is ready; `sluice run` logs what it waits for.";
    return { code: "SERVICE_BUSY", severity: "error", message: `the service is ${doing}${why}`, hint };
  }

  /** Ready is who leads and who stands by: both are what they are to be, and a rolling update goes on. */
  health(): ServiceHealth {
    const isLeader = this.leader !== undefined && this.hasBeenReady && this.state !== "standing by";
    return { state: this.state, isLeader, isReady: isLeader || this.state === "standing by" };
  }

  /** One line for who looks when it began. */
  tellInForce(message: "ready" | "settings in force"): void {
    this.problem = undefined;
    const { log, version } = this.#parts;
    const { repository, state } = this.settings();
    const subjects = [...subjectsOf({ connections: this.config?.connections ?? [] }).values()].flat();
    const catalog = this.leader?.snapshot().catalog;
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
  noting(): Log {
    const { log } = this.#parts;
    return {
      ...log,
      problem: (problem, fields) => {
        if (this.state === "starting" && problem.severity === "error") this.problem = problem;
        if (problem.code === "GIT_UNAVAILABLE") this.#unansweredSince ??= this.#parts.clock.monotonic();
        log.problem(problem, fields);
      },
    };
  }

  /** Unless the process is asked to stop: then that is what it does. */
  setState(state: HostState): void {
    if (this.#stop.aborted) return;
    this.state = state;
    if (state === "starting" || state === "leading") this.problem = undefined;
    this.#unansweredSince = undefined;
  }

  /** The state and the term that consumers are named by. Throws where that is not certain. */
  whoLeads(): Lead {
    if (this.leader === undefined) throw new Error("nobody leads");
    // It is being asked; whoever binds something tries again.
    if (this.turn?.isStale === true) throw new SluiceError(unsureProblem);
    return this.leader.lead;
  }

  settings(): Settings {
    if (this.config === undefined) throw new Error("nothing is configured yet");
    return this.config.settings;
  }

  /** For how long what is pushed has had no answer. */
  unansweredMs(): number {
    if (this.leader !== undefined) return this.leader.unansweredMs;
    return this.#unansweredSince === undefined ? 0 : this.#parts.clock.monotonic() - this.#unansweredSince;
  }

  async mayAct(): Promise<boolean> {
    return this.turn === undefined || this.turn.mayAct();
  }
}
