/**
 * What is not there is no emptiness (design-state, "Absence"): a state or target that is missing, a target made from a state that ours
 * does not contain, an output folder that is somebody else's. Each is told, and what was there is neither made anew nor taken away.
 */
import { type Problem, SluiceError } from "../../model/problem.ts";
import { outputId } from "../../plan/paths.ts";
import { readStateTrailers } from "../../plan/state-mark.ts";
import type { BranchNames, Ports } from "./branch-parts.ts";
import type { Head } from "./head.ts";
import { checkFirstOutput, checkOutputFolder, findOtherOutput } from "./output-folder.ts";
import type { StateChain } from "./state-chain.ts";

/** So far back a start looks for the last commit of Sluice's below people's. */
const historyMax = 200;

export class Absences {
  readonly #names: BranchNames;
  readonly #ports: Ports;
  /** The repository had no branch at all: the first push makes the target. */
  #mayMakeTarget = false;
  #hasTarget = false;
  #withheld: Problem | undefined;
  #heldId: string | undefined;
  readonly #approved = new Set<string>();

  /** `from`: what was known of the same target. */
  constructor(names: BranchNames, ports: Ports, from?: Absences) {
    this.#names = names;
    this.#ports = ports;
    if (from === undefined) return;
    this.#mayMakeTarget = from.#mayMakeTarget;
    this.#hasTarget = from.#hasTarget;
    this.#withheld = from.#withheld;
    this.#heldId = from.#heldId;
    for (const id of from.#approved) this.#approved.add(id);
  }

  get isTargetMissing(): boolean {
    return !this.#hasTarget && !this.#mayMakeTarget;
  }

  /** Why the target is not made. */
  get withheld(): Problem | undefined {
    return this.#withheld;
  }

  get heldId(): string | undefined {
    return this.#heldId;
  }

  get mayProject(): boolean {
    return this.#withheld === undefined && (this.#hasTarget || this.#mayMakeTarget);
  }

  targetIsMade(): void {
    this.#hasTarget = true;
    this.#mayMakeTarget = false;
  }

  /** There is no state branch. Throws where that can't be a beginning: STATE_MISSING, OUTPUT_FOREIGN. */
  async checkFirstStart(target: Head | undefined, signal: AbortSignal | undefined): Promise<void> {
    const { git } = this.#ports;
    const names = this.#names;
    if (target === undefined) {
      this.#mayMakeTarget = !(await git.hasBranches(signal));
      if (!this.#mayMakeTarget) this.#withheld = missingTarget(names.target);
      return;
    }
    await checkFirstOutput(git, target.tree, names);
    this.#hasTarget = true;
  }

  /** A folder that nothing of ours stands in is not taken over from whoever has manifests there. Throws OUTPUT_FOREIGN. */
  async checkOutput(target: Head | undefined): Promise<void> {
    if (target !== undefined) await checkOutputFolder(this.#ports.git, target.tree, this.#names);
  }

  /**
   * The target is there now, or isn't: says what that means beside the state. With `deep` the last commit of Sluice's is looked for below
   * those of people, too.
   */
  async look(
    target: Head | undefined,
    chain: StateChain,
    { deep, signal }: { readonly deep: boolean; readonly signal?: AbortSignal | undefined },
  ): Promise<void> {
    const before = this.#withheld;
    this.#hasTarget = target !== undefined;
    if (target !== undefined) this.#mayMakeTarget = false;
    this.#withheld =
      target === undefined
        ? this.#mayMakeTarget
          ? undefined
          : missingTarget(this.#names.target)
        : await this.#findBehind(target, chain, deep, signal);
    const { log } = this.#ports;
    // That it is missing is told by who looks at it.
    if (this.#withheld?.code === "STATE_BEHIND" && this.#withheld.message !== before?.message) {
      log.problem(this.#withheld);
    }
  }

  /** Throws NOT_FOUND for an id that is not that of what is withheld. */
  approve(id: string): void {
    if (id !== this.#heldId) {
      throw new SluiceError({
        code: "NOT_FOUND",
        message: `nothing is withheld from the target under the id ${id}`,
        ...(this.#heldId === undefined ? {} : { hint: `What is withheld has the id ${this.#heldId}.` }),
      });
    }
    this.#approved.add(id);
    this.#heldId = undefined;
    this.#withheld = undefined;
  }

  /** Whether the target was made from a state commit that ours does not contain. */
  async #findBehind(
    target: Head,
    { mark }: StateChain,
    deep: boolean,
    signal: AbortSignal | undefined,
  ): Promise<Problem | undefined> {
    this.#heldId = undefined;
    if (mark.stateId === "") return undefined;
    const { git } = this.#ports;
    const head = await git.readCommit(target.commit);
    const commits =
      deep && readStateTrailers(head.message).length === 0
        ? await git.readHistory(this.#names.target, historyMax, signal)
        : [head];
    const ours = commits
      .map(({ message }) => readStateTrailers(message).filter(({ stateId }) => stateId === mark.stateId))
      .find((trailers) => trailers.length > 0);
    const newest = Math.max(0, ...(ours ?? []).map((trailer) => trailer.commits));
    if (newest > mark.commits) {
      return this.#withhold(`${mark.stateId.slice(0, 8)}-${newest}`, {
        message: `${this.#names.target} was made from commit ${newest} of the state, and ${this.#names.state} is only at ${mark.commits}: an older state was restored, and nothing is put on the target`,
        hint: "Restore the newer state, or let the target follow the older one",
      });
    }
    const { outputPath, target: branch, state } = this.#names;
    const other = await findOtherOutput(git, target.tree, this.#names, outputId(mark.stateId, outputPath));
    if (other === undefined) return undefined;
    return this.#withhold(`${mark.stateId.slice(0, 8)}-${other}`, {
      message: `${outputPath}/ on ${branch} was made from another state than ${state}, or for another folder: nothing is put on the target`,
      hint: "Set state.branch and output.path to what belongs together, or let the target follow this state",
    });
  }

  /** Undefined: a person has allowed it. */
  #withhold(id: string, { message, hint }: Pick<Problem, "message"> & { readonly hint: string }): Problem | undefined {
    if (this.#approved.has(id)) return undefined;
    this.#heldId = id;
    return { code: "STATE_BEHIND", severity: "error", message, hint: `${hint}: \`sluice approve ${id}\`.` };
  }
}

function missingTarget(branch: string): Problem {
  return {
    code: "TARGET_MISSING",
    severity: "error",
    message: `there is no branch ${branch}: it is not made anew, and nothing is taken away`,
    hint: "Restore the branch, or make it (an empty commit will do); or set repository.branch to the one that is meant.",
  };
}
