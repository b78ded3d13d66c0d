/** What people ask for on the branches, and what a change of format needs: pushes of one branch by itself. */
import { dispositionOf } from "../../model/disposition.ts";
import { type Problem, SluiceError } from "../../model/problem.ts";
import type { RefOutcome, RefUpdate } from "../../ports/git.ts";
import { backOff } from "../until-answered.ts";
import type { BranchParts } from "./branch-parts.ts";
import { refreshTarget } from "./follow-target.ts";
import { removeFormerFolder } from "./remove-folder.ts";

/** Other people's pushes to the target in a row, while something is removed from it. */
const collisionsMax = 2;

export class BranchRepairs {
  readonly #parts: BranchParts;

  constructor(parts: BranchParts) {
    this.#parts = parts;
  }

  /**
   * Keeps the state's head, as the server has it, under the branch's name and this suffix, where there is no such branch;
   * returns its name.
   */
  async keepStateAs(suffix: string): Promise<string> {
    const branch = `${this.#parts.names.state}-${suffix}`;
    const { pushed } = this.#parts.chain;
    if (pushed === undefined) return branch;
    const outcome = (await this.#parts.ports.git.push([{ branch, from: undefined, to: pushed }])).get(branch);
    if (outcome?.kind === "refused") throw new SluiceError(outcome.problem);
    return branch;
  }

  /**
   * The state starts anew, in a commit without parent: nothing that runs reads the branch's history, and it grows. What was
   * committed and not pushed is in it. Where the server does not take that, everything stays as it was, and the problem is
   * thrown (GIT_REFUSED, GIT_MOVED, GIT_UNAVAILABLE).
   */
  async startAnew(signal: AbortSignal): Promise<void> {
    const branch = this.#parts.names.state;
    const anew = await this.#parts.chain.writeAnew();
    const update = { branch, from: this.#parts.chain.pushed, to: anew.commit, mayRewind: true } as const;
    const outcome = await this.#pushAlone(update, signal);
    if (outcome?.kind === "pushed") {
      this.#parts.chain.restart(anew);
      return;
    }
    throw new SluiceError({
      ...(outcome?.problem ?? stoppedProblem(branch)),
      hint: `The state goes on as it was. Starting it anew needs a server that lets ${branch} be set back (receive.denyNonFastForwards off, no protected branch).`,
    });
  }

  /**
   * Makes the state branch again where it is gone: from what this process holds, with what it has not pushed yet. Throws a SluiceError
   * (USAGE) where the branch is there, and what the server says where it no longer has the objects.
   */
  async restoreState(signal: AbortSignal): Promise<string> {
    const { git } = this.#parts.ports;
    const { state: branch } = this.#parts.names;
    const tip = this.#parts.chain.tip?.commit ?? (await git.lastKnownHead(branch));
    if (tip === undefined) {
      throw new SluiceError({
        code: "NOT_FOUND",
        message: `nothing is known here of a branch ${branch}`,
        hint: "Restore the branch from a backup of the repository.",
      });
    }
    const head = (await git.fetchHeads([branch], signal)).get(branch);
    if (head !== undefined) {
      const message = `branch ${branch} is there, at ${head.slice(0, 12)}: nothing is to be restored`;
      throw new SluiceError({ code: "USAGE", message, hint: "Where it is the wrong one, delete it first." });
    }
    const outcome = await this.#pushAlone({ branch, from: undefined, to: tip }, signal);
    if (outcome?.kind !== "pushed") throw new SluiceError(outcome?.problem ?? stoppedProblem(branch));
    if (this.#parts.chain.tip !== undefined) this.#parts.chain.accept(tip);
    return `branch ${branch} is back at ${tip.slice(0, 12)}`;
  }

  /**
   * Removes from the target what Sluice put below a folder that it no longer uses: a former `output.path`. What is not Sluice's stays.
   * Returns the paths that went. Throws a SluiceError (USAGE) for a folder in use.
   */
  async removeFolder(folder: string, signal: AbortSignal): Promise<readonly string[]> {
    const { target, outputPath, instance } = this.#parts.names;
    for (let tries = 0; ; tries++) {
      await refreshTarget(this.#parts, signal);
      const made = await removeFormerFolder(this.#parts.ports, this.#parts.target.head, {
        folder,
        inUse: [outputPath],
        instance,
      });
      if (made.commit === undefined) return made.paths;
      const update = { branch: target, from: this.#parts.target.head?.commit, to: made.commit };
      const outcome = await this.#pushAlone(update, signal);
      if (outcome?.kind === "pushed") {
        await this.#parts.target.follow(made.commit);
        return made.paths;
      }
      if (outcome?.kind !== "moved" || tries >= collisionsMax) {
        throw new SluiceError(outcome?.problem ?? stoppedProblem(target));
      }
    }
  }

  /** One update by itself, until it is known what became of it; undefined: told to stop before that. */
  async #pushAlone(update: RefUpdate, signal: AbortSignal): Promise<RefOutcome | undefined> {
    const { git, log } = this.#parts.ports;
    for (let attempt = 0; !signal.aborted; attempt++) {
      try {
        // One that has arrived, its answer lost, is found to be there already.
        return (await git.push([update], signal)).get(update.branch);
      } catch (error) {
        if (!(error instanceof SluiceError) || dispositionOf(error, "run") !== "wait") throw error;
        log.problem(error.problem);
      }
      await backOff(this.#parts.ports, attempt, signal);
    }
    return undefined;
  }
}

function stoppedProblem(branch: string): Problem {
  return {
    code: "GIT_UNAVAILABLE",
    severity: "error",
    message: `stopped before the server had answered for ${branch}`,
  };
}
