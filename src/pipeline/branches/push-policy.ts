/**
 * How both branches are pushed: the state by compare-and-swap, the target with it; tried until it is known what the
 * server has. Where others move the target faster than it can be projected the state does not wait for it.
 */
import type { ChangeSet } from "../../model/change-set.ts";
import { dispositionOf } from "../../model/disposition.ts";
import { type Problem, SluiceError } from "../../model/problem.ts";
import type { RefOutcome, RefUpdate } from "../../ports/git.ts";
import { backOff } from "../until-answered.ts";
import type { BranchParts } from "./branch-parts.ts";
import { followTarget } from "./follow-target.ts";
import type { ForeignReport } from "./foreign-report.ts";

/** So many collisions with other people's pushes, and the state goes alone. */
const collisionsMax = 2;
/** The target is then tried so often before the next state commits have their turn. */
const targetTriesMax = 2;

const noChanges: ChangeSet = { changes: [], objects: [], events: [], droppedLetters: 0 };

export class PushPolicy {
  readonly #parts: BranchParts;
  readonly #foreign: ForeignReport;
  /** How often in a row the target was somewhere else when it was to be pushed. */
  #collisions = 0;

  constructor(parts: BranchParts, foreign: ForeignReport) {
    this.#parts = parts;
    this.#foreign = foreign;
  }

  /**
   * Pushes all state commits and the target made from them; tries until the server has the state, and then returns true. Then the target
   * has them too, or `isTargetBehind` says that another push is due: others push to it all the time. Returns false when the signal aborts
   * first; the try that is under way then may take until `cut` does. Throws LEADER_LOST where another instance has written the state.
   */
  async push(signal: AbortSignal, onTrouble: (problem: Problem) => void, cut: AbortSignal): Promise<boolean> {
    const { chain } = this.#parts;
    const last = chain.unpushed.at(-1);
    const isStateThere = () => last === undefined || !chain.unpushed.includes(last);
    let targetTries = 0;
    let isTargetsTurn = false;
    for (let attempt = 0; !signal.aborted; ) {
      let isCollision = false;
      try {
        // Where others push all the time the state does not wait for the target.
        const isAlone: boolean = !isTargetsTurn && chain.unpushed.length > 0 && this.#collisions >= collisionsMax;
        const problem = await this.#pushOnce(isAlone, cut);
        if (problem === undefined && !isAlone) return true;
        isTargetsTurn = isAlone;
        if (problem !== undefined) {
          onTrouble(problem);
          isCollision = problem.code === "GIT_MOVED" && (await this.#refresh(cut));
          if (isCollision && isStateThere() && ++targetTries >= targetTriesMax) return true;
        }
        if (problem === undefined || isCollision) continue;
      } catch (error) {
        if (!(error instanceof SluiceError) || dispositionOf(error, "run") !== "wait") throw error;
        if (cut.aborted) return false;
        onTrouble(error.problem);
      }
      // Pushed again is only when it is known what the server has, and that it is ours.
      do await backOff(this.#parts.ports, attempt++, signal);
      while (!signal.aborted && !(await this.#refreshQuietly(onTrouble, signal)));
    }
    return false;
  }

  /** One try, of the state alone or of both: undefined when the server has what was to be pushed this time. */
  async #pushOnce(isAlone: boolean, signal: AbortSignal): Promise<Problem | undefined> {
    const { names, ports, chain, target, absences } = this.#parts;
    const last = chain.unpushed.at(-1);
    const updates: RefUpdate[] =
      last === undefined ? [] : [{ branch: names.state, from: chain.pushed, to: last.commit }];
    const made = isAlone || !absences.mayProject ? undefined : await this.#makeTarget();
    if (made?.head !== undefined && made.head.commit !== target.head?.commit) {
      updates.push({ branch: names.target, from: target.head?.commit, to: made.head.commit });
    } else if (made !== undefined) target.accept(made);
    if (updates.length === 0) return undefined;

    const outcomes = await ports.git.push(updates, signal);
    if (last !== undefined && outcomes.get(names.state)?.kind === "pushed") chain.accept(last.commit);
    if (made !== undefined && outcomes.get(names.target)?.kind === "pushed") {
      target.accept(made);
      absences.targetIsMade();
      this.#collisions = 0;
    }
    return firstProblem(updates, outcomes);
  }

  async #makeTarget() {
    const { names, ports, chain, target, writeMessage } = this.#parts;
    if (names.isReviewed === true) return undefined;
    const { tip, mark } = chain;
    const made = await target.make({
      state: tip?.tree,
      mark,
      message: writeMessage(noChanges),
      time: ports.clock.now(),
    });
    this.#foreign.tell(target.foreign, names.target);
    return made;
  }

  /** After trouble: what does the server have? True if it was the target that had moved; the state must be ours. */
  async #refresh(signal: AbortSignal): Promise<boolean> {
    const { target, state } = this.#parts.names;
    const heads = await this.#parts.ports.git.fetchHeads([target, state], signal);
    await this.#parts.chain.follow(heads.get(state));
    const hasMoved = await followTarget(this.#parts, heads.get(target), signal);
    if (hasMoved) this.#collisions++;
    return hasMoved;
  }

  /** False where that is not possible, or the state is not ours. */
  async #refreshQuietly(onTrouble: (problem: Problem) => void, signal: AbortSignal): Promise<boolean> {
    try {
      await this.#refresh(signal);
      return true;
    } catch (error) {
      if (!(error instanceof SluiceError) || dispositionOf(error, "run") !== "wait") throw error;
      if (!signal.aborted) onTrouble(error.problem);
      return false;
    }
  }
}

/** In the order of the updates: the state's trouble counts first. */
function firstProblem(updates: readonly RefUpdate[], outcomes: ReadonlyMap<string, RefOutcome>): Problem | undefined {
  for (const { branch } of updates) {
    const outcome = outcomes.get(branch);
    if (outcome !== undefined && outcome.kind !== "pushed") return outcome.problem;
  }
  return undefined;
}
