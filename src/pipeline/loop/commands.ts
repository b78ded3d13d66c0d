/** Commands: what people ask of who leads, each carried out in its turn between two pushes. */
import type { HeldChange } from "../../model/mass-change.ts";
import { SluiceError } from "../../model/problem.ts";
import type { GitReader } from "../../ports/git.ts";
import type { Log } from "../../ports/system.ts";
import { type BackfillCommand, startBackfill } from "../backfill/start-backfill.ts";
import { type ControlCommand, executeCommand } from "../execute-command.ts";
import { proposeAgain } from "../review/propose-again.ts";
import type { Documents } from "./documents.ts";
import type { HandOvers } from "./hand-overs.ts";
import type { InForce } from "./in-force.ts";
import type { LeftBehind } from "./left-behind.ts";
import { type Requests, stoppedError } from "./requests.ts";
import type { Watcher } from "./watcher.ts";

export interface CommandsParts {
  readonly git: GitReader;
  readonly log: Log;
  readonly requests: Requests;
  readonly documents: Documents;
  /** Changes that wait for somebody to approve them. */
  readonly held: () => readonly HeldChange[];
  readonly leftBehind: LeftBehind;
  readonly watcher: Watcher;
  readonly handOvers: HandOvers;
  readonly inForce: () => InForce;
  /** False: stopped before that. */
  readonly push: (signal: AbortSignal) => Promise<boolean>;
  /** Aborts when what is under way has to be given up. */
  readonly cut: AbortSignal;
}

export class Commands {
  readonly #parts: CommandsParts;

  constructor(parts: CommandsParts) {
    this.#parts = parts;
  }

  /** Carries out a command between two pushes; resolves, when its effect is pushed, to what there is to tell. */
  execute(command: ControlCommand): Promise<string> {
    // Reviews have a pace of their own, and take their turns between pushes themselves.
    if (command.command === "propose") return proposeAgain(this.#parts.inForce().review, command.group);
    const { branches: now } = this.#parts.inForce();
    // Asked of who leads already it is refused: nothing waits for it.
    if (command.command === "claim-state") return Promise.resolve().then(() => now.claimOrigin(command.as));
    // A push may be waiting for just that.
    if (command.command === "restore-state") return now.restoreState(this.#parts.cut);
    if (command.command === "backfill") return this.#backfill(command);
    return this.#parts.requests.add(async (signal) => {
      const { branches, keeper } = this.#parts.inForce();
      const { git, log } = this.#parts;
      const told =
        command.command === "approve"
          ? await this.#approve(command.ids)
          : await executeCommand(command, { git, branches, keeper, signal: this.#parts.cut });
      if (command.command === "retire") this.#parts.handOvers.hint();
      if (command.command === "remove-folder") await this.#parts.leftBehind.look();
      log.info("command", { command: command.command, told });
      if (!(await this.#parts.push(signal))) throw stoppedError();
      return told;
    });
  }

  /** Looks at the streams beside the loop, and begins between two pushes. */
  async #backfill(command: BackfillCommand): Promise<string> {
    const { git, inForce, log } = this.#parts;
    const change = (work: () => Promise<void>) =>
      this.#parts.requests.add(async (signal) => {
        await work();
        if (!(await this.#parts.push(signal))) throw stoppedError();
      });
    const told = await startBackfill(command, { git, inForce, change }, this.#parts.cut);
    log.info("command", { command: command.command, told });
    return told;
  }

  /** Throws a SluiceError (NOT_FOUND) where one of the ids is held no more, naming those that are. */
  async #approve(ids: readonly string[]): Promise<string> {
    const { branches, keeper } = this.#parts.inForce();
    const held = this.#parts.held();
    const passes = keeper.heldPasses.flatMap((pass) => pass.held ?? []);
    const known = new Set([
      ...held.map(({ id }) => id),
      ...passes,
      ...(branches.heldId === undefined ? [] : [branches.heldId]),
      ...this.#parts.handOvers.ids,
    ]);
    const unknown = ids.filter((id) => !known.has(id));
    if (unknown.length > 0) {
      const hint = known.size === 0 ? "Nothing is held." : `Held are: ${[...known].join(" ")}`;
      throw new SluiceError({ code: "NOT_FOUND", message: `no change ${unknown.join(" ")} is held`, hint });
    }
    const told: string[] = [];
    for (const id of ids) {
      const said = await this.#parts.handOvers.approve(id);
      if (said !== undefined) told.push(said);
      else if (id === branches.heldId) branches.approve(id);
      else if (!(await keeper.approvePass(id))) await keeper.approve(id);
    }
    this.#parts.documents.judgeAgain();
    this.#parts.watcher.hint();
    return told.length > 0 ? told.join("; ") : `approved ${ids.join(" ")}`;
  }
}
