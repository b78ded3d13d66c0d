/**
 * How both branches are pushed: the state by compare-and-swap, the target with it; tried until it is known what the
 * server has. Where others move the target faster than it can be projected the state does not wait for it.
 */
import type { ChangeSet } from "../../model/change-set.ts";
import { dispositionOf } from "../../model/disposition.ts";
import { type Problem, SluiceError } from "../../model/problem.ts";
import type { ObjectId, RefOutcome, RefUpdate } from "../../ports/git.ts";
import { backOff } from "../until-answered.ts";
import type { BranchParts } from "./branch-parts.ts";
import { followTarget } from "./follow-target.ts";
import type { ForeignReport } from "./foreign-report.ts";

/** So many collisions with other people's pushes, and the state goes alone. */
const collisionsMax = 2;
/** The target is then tried so often before the next state commits have their turn; and where there are none, before anything else has. */
const targetTriesMax = 2;
const lonelyTriesMax = 10;
/** Between two looks at where others have moved the target. */
const lookPauseMs = 10;
/** Making the target may take such a part of the time that the server needs for the push: so much longer is a try open to others. */
const makingShareMax = 1 / 3;
/** More are not counted: it takes as many pushes that arrive until all is as before. */
const collisionsCountedMax = 4;
/** Where the target can't be had and so many state commits wait for it, they are told in one commit. */
const stepsBehindMax = 1000;

const noChanges: ChangeSet = { changes: [], objects: [], events: [], droppedLetters: 0 };

export class PushPolicy {
  readonly #parts: BranchParts;
  readonly #foreign: ForeignReport;
  /** How often more the target was somewhere else when it was to be pushed than it was not. */
  #collisions = 0;
  /** So many state commits are put on the target at a time: the more, the longer a try takes, and the likelier others are first. */
  #stepsAtOnce = Number.POSITIVE_INFINITY;
  /** Where the target was seen to be by the end of the last try; what it has is here. */
  #seen: ObjectId | undefined;
  /** How long the last try took to make, and to be answered; monotonic milliseconds. */
  #lastTry = { makingMs: 0, pushingMs: 0 };

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
    let isSeen = false;
    for (let attempt = 0; !signal.aborted; ) {
      let isCollision = false;
      try {
        // Where others push all the time the state does not wait for the target, and the target is looked at right before it is tried.
        const isContended = this.#collisions >= collisionsMax;
        const isAlone: boolean = isContended && !isTargetsTurn && chain.unpushed.length > 0;
        if (isContended && !isAlone && !isSeen) await this.#refresh(cut);
        const problem = await this.#pushOnce(isAlone, cut);
        isSeen = false;
        if (problem === undefined && !isAlone) return true;
        isTargetsTurn = isAlone;
        if (problem !== undefined) {
          onTrouble(problem);
          isCollision = problem.code === "GIT_MOVED" && ((await this.#followSeen(cut)) || (await this.#refresh(cut)));
          isSeen = isCollision;
          if (isCollision) this.#noteCollision();
          const triesMax = chain.unpushed.length > 0 ? targetTriesMax : lonelyTriesMax;
          if (isCollision && isStateThere() && ++targetTries >= triesMax) return true;
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
    const began = ports.clock.monotonic();
    const made = isAlone || !absences.mayProject ? undefined : await this.#makeTarget();
    const begun = ports.clock.monotonic();
    if (made?.head !== undefined && made.head.commit !== target.head?.commit) {
      updates.push({ branch: names.target, from: target.head?.commit, to: made.head.commit });
    } else if (made !== undefined) target.accept(made);
    if (updates.length === 0) return undefined;

    const isTried = updates.at(-1)?.branch === names.target && this.#collisions >= collisionsMax;
    this.#seen = undefined;
    const pushing = ports.git.push(updates, signal);
    const outcomes = await (isTried ? this.#whileLooking(pushing, signal) : pushing);
    this.#lastTry = { makingMs: begun - began, pushingMs: ports.clock.monotonic() - begun };
    if (last !== undefined && outcomes.get(names.state)?.kind === "pushed") chain.accept(last.commit);
    if (made !== undefined && outcomes.get(names.target)?.kind === "pushed") {
      target.accept(made);
      absences.targetIsMade();
      this.#collisions = Math.max(0, this.#collisions - 1);
      this.#stepsAtOnce *= 2;
    }
    return firstProblem(updates, outcomes);
  }

  /**
   * While the target is tried it is brought here wherever others move it: if the try is in vain, the next one can follow at once. What was
   * seen then is kept where it is what the push was told, and the state is ours.
   */
  async #whileLooking(
    pushing: Promise<ReadonlyMap<string, RefOutcome>>,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, RefOutcome>> {
    const { names, ports, chain } = this.#parts;
    const ended = new AbortController();
    const until = AbortSignal.any([ended.signal, signal]);
    let heads: ReadonlyMap<string, ObjectId | undefined> = new Map();
    const look = async () => {
      for (; !until.aborted; await ports.clock.sleep(lookPauseMs, until)) {
        heads = await ports.git.fetchHeads([names.target, names.state], until);
      }
    };
    // What can't be seen so is asked for afterwards.
    const looking = look().catch(() => undefined);
    try {
      const outcomes = await pushing;
      const outcome = outcomes.get(names.target);
      const at = outcome?.kind === "moved" ? outcome.at : undefined;
      if (at !== undefined && heads.get(names.target) === at && heads.get(names.state) === chain.pushed)
        this.#seen = at;
      return outcomes;
    } finally {
      ended.abort();
      await looking;
    }
  }

  /** Goes on from where the target was seen while the last push was under way; false: nothing is known of that. */
  async #followSeen(signal: AbortSignal): Promise<boolean> {
    const seen = this.#seen;
    return seen !== undefined && followTarget(this.#parts, seen, signal);
  }

  /** Where the last try took long to make the next one is a smaller one, so that it is in before others are, however fast they are. */
  #noteCollision(): void {
    const { target } = this.#parts;
    const { makingMs, pushingMs } = this.#lastTry;
    this.#collisions = Math.min(collisionsCountedMax, this.#collisions + 1);
    if (makingMs > pushingMs * makingShareMax)
      this.#stepsAtOnce = Math.max(1, Math.floor(Math.min(this.#stepsAtOnce, target.stepsBehind) / 2));
    target.dropSteps(stepsBehindMax);
  }

  async #makeTarget() {
    const { names, ports, chain, target, writeMessage } = this.#parts;
    if (names.isReviewed === true) return undefined;
    const { tip, mark } = chain;
    const now = { state: tip?.tree, mark, message: writeMessage(noChanges), time: ports.clock.now() };
    const made = await target.make(now, this.#stepsAtOnce);
    this.#foreign.tell(target.foreign, names.target);
    return made;
  }

  /** After trouble: what does the server have? True if it was the target that had moved; the state must be ours. */
  async #refresh(signal: AbortSignal): Promise<boolean> {
    const { target, state } = this.#parts.names;
    const heads = await this.#parts.ports.git.fetchHeads([target, state], signal);
    await this.#parts.chain.follow(heads.get(state));
    return followTarget(this.#parts, heads.get(target), signal);
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
