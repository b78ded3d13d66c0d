/**
 * The two branches as the service holds them: the chain of state commits, what of it is pushed, and the target as its
 * projection.
 *
 * State is pushed by compare-and-swap against what we last saw. The target belongs to people too: where they moved it, it is fetched
 * and projected again; where they move it faster than that, the state does not wait for it.
 */
import type { ChangeSet, Checkpoint } from "../../model/change-set.ts";
import { dispositionOf } from "../../model/disposition.ts";
import { type Problem, SluiceError } from "../../model/problem.ts";
import { emptyCheckpoint } from "../../plan/checkpoint-file.ts";
import type { GitRepository, ObjectId, RefOutcome, RefUpdate } from "../../ports/git.ts";
import type { Chance, Clock, Log } from "../../ports/system.ts";
import { backOff } from "../until-answered.ts";
import { Absences } from "./absences.ts";
import type { ForeignPath } from "./project-target.ts";
import { renderedProjection } from "./projection.ts";
import { removeFormerFolder } from "./remove-folder.ts";
import { StateChain } from "./state-chain.ts";
import { TargetBranch } from "./target-branch.ts";

export interface BranchNames {
  readonly target: string;
  readonly state: string;
  /** Folder of the target that the desired tree is projected into. */
  readonly outputPath: string;
  /** What goes to the target goes by review: it is only looked at here. */
  readonly isReviewed?: boolean;
  /** Settings' `name`: files of another Sluice are left alone. */
  readonly instance?: string;
}

export interface Ports {
  readonly git: GitRepository;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly log: Log;
}

/** Builds the message of a target commit from what its batch did. */
export type WriteMessage = (changeSet: ChangeSet) => string;

/** So many collisions with other people's pushes, and the state goes alone. */
const collisionsMax = 2;
/** The target is then tried so often before the next state commits have their turn. */
const targetTriesMax = 2;
/** So many state commits may wait for a target that is not there. */
const stepsMax = 1000;
/** Files of other people's are told one by one up to so many. */
const foreignToldMax = 20;

export class Branches {
  readonly #names: BranchNames;
  readonly #ports: Ports;
  readonly #writeMessage: WriteMessage;
  readonly #chain: StateChain;
  readonly #target: TargetBranch;
  readonly #absences: Absences;
  #observer: (changeSet: ChangeSet) => void = () => undefined;
  /** How often in a row the target was somewhere else when it was to be pushed. */
  #collisions = 0;
  /** Paths that were reported already. */
  readonly #told = new Set<string>();

  /** `from`: those that these follow, whose chain and target they take over as far as the names are the same. */
  constructor(names: BranchNames, ports: Ports, writeMessage: WriteMessage, from?: Branches) {
    this.#names = names;
    this.#ports = ports;
    this.#writeMessage = writeMessage;
    const projections = [renderedProjection(names.outputPath)];
    this.#chain = new StateChain(names.state, ports.git, ports.clock, from === undefined ? undefined : from.#chain);
    const before = from?.names;
    const isSameTarget = before?.target === names.target;
    const isSameFolder =
      isSameTarget &&
      before.outputPath === names.outputPath &&
      before.isReviewed === names.isReviewed &&
      before.instance === names.instance;
    const same = isSameTarget ? from : undefined;
    this.#target = new TargetBranch(ports.git, projections, names.instance, same === undefined ? same : same.#target);
    if (!isSameFolder) this.#target.forgetAll();
    this.#absences = new Absences(names, ports, same === undefined ? same : same.#absences);
    if (from === undefined) return;
    this.#observer = from.#observer;
    for (const path of from.#told) this.#told.add(path);
  }

  get names(): BranchNames {
    return this.#names;
  }

  get stateCommit(): ObjectId | undefined {
    return this.#chain.tip?.commit;
  }

  get targetCommit(): ObjectId | undefined {
    return this.#target.head?.commit;
  }

  /** The target is not there and must be: it is not made, and the state goes on alone. */
  get isTargetMissing(): boolean {
    return this.#absences.isTargetMissing;
  }

  /** Is told what each commit on the state chain does, from now on. */
  observe(observer: (changeSet: ChangeSet) => void): void {
    this.#observer = observer;
  }

  /** The same chain, pushed or not, for another target; where it is another branch it is to be looked at first. */
  renamed(names: BranchNames): Branches {
    return new Branches(names, this.#ports, this.#writeMessage, this);
  }

  /**
   * Keeps the state's head, as the server has it, under the branch's name and this suffix, where there is no such branch;
   * returns its name.
   */
  async keepStateAs(suffix: string): Promise<string> {
    const branch = `${this.#names.state}-${suffix}`;
    const { pushed } = this.#chain;
    if (pushed === undefined) return branch;
    const outcome = (await this.#ports.git.push([{ branch, from: undefined, to: pushed }])).get(branch);
    if (outcome?.kind === "refused") throw new SluiceError(outcome.problem);
    return branch;
  }

  /** To be asked where the output folder is another than before: throws OUTPUT_FOREIGN where somebody else's manifests stand in it. */
  async checkOutput(): Promise<void> {
    await this.#absences.checkOutput(this.#target.head);
  }

  /** The state's tree as the next batch must be planned on. */
  get stateTree(): ObjectId | undefined {
    return this.#chain.tip?.tree;
  }

  get targetTree(): ObjectId | undefined {
    return this.#target.head?.tree;
  }

  /** Whether there are state commits that the server is not known to have. */
  get hasUnpushed(): boolean {
    return this.#chain.unpushed.length > 0;
  }

  /** Whether the target lacks state commits that the server may have: the next push brings them. */
  get isTargetBehind(): boolean {
    return this.#target.isBehind && this.#absences.mayProject;
  }

  /** What is in our folders of the target and not ours. */
  get foreign(): readonly ForeignPath[] {
    return this.#target.foreign;
  }

  /** What keeps the target from being made: that it is missing, or was made from a state that ours does not contain. */
  get withheld(): Problem | undefined {
    return this.#absences.withheld;
  }

  /** By which id what is withheld can be approved; undefined: nothing is, or it can't be. */
  get heldId(): string | undefined {
    return this.#absences.heldId;
  }

  /**
   * Fetches both branches; returns the checkpoint. Throws a SluiceError: STATE_MISSING, STATE_INVALID, OUTPUT_FOREIGN (at a first start), and
   * what fetching throws.
   */
  async open(signal?: AbortSignal): Promise<Checkpoint> {
    const { state, target } = this.#names;
    const heads = await this.#ports.git.fetchHeads([state, target], signal);
    await this.#target.follow(heads.get(target));
    const head = heads.get(state);
    const { head: targetHead } = this.#target;
    if (head === undefined) {
      await this.#absences.checkFirstStart(targetHead, signal);
      return emptyCheckpoint;
    }
    const checkpoint = await this.#chain.open(head);
    await this.#absences.look(targetHead, this.#chain, { deep: true, signal });
    return checkpoint;
  }

  /** Commits a batch on the state chain, its changes applied to `base` if not to the tip's tree. Nothing is sent yet. */
  async commitState(changeSet: ChangeSet, base?: ObjectId): Promise<void> {
    // Of what it did no more is kept than what is said of it: many may wait for a push.
    const commit = await this.#chain.write(changeSet, this.#writeMessage(changeSet), base);
    const step = await this.#target.read(commit);
    // All at once behind the last read: what fails before has not happened.
    this.#chain.append(commit);
    if (this.#names.isReviewed !== true) this.#target.append(step);
    // They are told in one commit, when it is there again.
    if (!this.#absences.mayProject) this.#target.dropSteps(stepsMax);
    this.#observer(changeSet);
  }

  /**
   * Pushes all state commits and the target made from them; tries until the server has the state, and then returns true. Then the target
   * has them too, or `isTargetBehind` says that another push is due: others push to it all the time. Returns false when the signal aborts
   * first; the try that is under way then may take until `cut` does. Throws LEADER_LOST where another instance has written the state.
   */
  async push(signal: AbortSignal, onTrouble: (problem: Problem) => void, cut: AbortSignal = signal): Promise<boolean> {
    const last = this.#chain.unpushed.at(-1);
    const isStateThere = () => last === undefined || !this.#chain.unpushed.includes(last);
    let targetTries = 0;
    let isTargetsTurn = false;
    for (let attempt = 0; !signal.aborted; ) {
      let isCollision = false;
      try {
        // Where others push all the time the state does not wait for the target.
        const isAlone: boolean = !isTargetsTurn && this.hasUnpushed && this.#collisions >= collisionsMax;
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
      do await backOff(this.#ports, attempt++, signal);
      while (!signal.aborted && !(await this.#refreshQuietly(onTrouble, signal)));
    }
    return false;
  }

  /**
   * Looks at both branches on the server: true if somebody has moved the target. Throws where the state is not what we
   * pushed last (LEADER_LOST, STATE_BEHIND, STATE_MISSING): who was deposed learns it without having to push.
   */
  async look(signal?: AbortSignal): Promise<boolean> {
    const { target, state } = this.#names;
    const heads = await this.#ports.git.fetchHeads([target, state], signal);
    const hasMoved = await this.#followTarget(heads.get(target), signal);
    await this.#chain.follow(heads.get(state));
    return hasMoved;
  }

  /** Looks at the target on the server: true if somebody has moved it. */
  async refreshTarget(signal?: AbortSignal): Promise<boolean> {
    const heads = await this.#ports.git.fetchHeads([this.#names.target], signal);
    return this.#followTarget(heads.get(this.#names.target), signal);
  }

  /**
   * Makes the next push compare the target with the desired tree file by file, as if nothing were known of it. With
   * `purge` the state starts anew, in a commit without parent: nothing reads the branch's history, and it grows. Where the server
   * does not take that, everything stays as it was, and the problem is thrown (GIT_REFUSED, GIT_MOVED).
   */
  async repair(purge: boolean, signal: AbortSignal = new AbortController().signal): Promise<void> {
    await this.refreshTarget(signal);
    this.#target.forget();
    if (purge && this.#chain.tip !== undefined) await this.#purge(signal);
  }

  async #purge(signal: AbortSignal): Promise<void> {
    const branch = this.#names.state;
    const anew = await this.#chain.writeAnew();
    const update = { branch, from: this.#chain.pushed, to: anew.commit, mayRewind: true } as const;
    const outcome = await this.#pushAlone(update, signal);
    if (outcome?.kind === "pushed") {
      this.#chain.restart(anew);
      return;
    }
    throw new SluiceError({
      ...(outcome?.problem ?? stoppedProblem(branch)),
      hint: `The state goes on as it was. A purge needs a server that lets ${branch} be set back (receive.denyNonFastForwards off, no protected branch).`,
    });
  }

  /**
   * Makes the state branch again where it is gone: from what this process holds, with what it has not pushed yet. Throws a SluiceError
   * (USAGE) where the branch is there, and what the server says where it no longer has the objects.
   */
  async restoreState(signal: AbortSignal = new AbortController().signal): Promise<string> {
    const { git } = this.#ports;
    const { state: branch } = this.#names;
    const tip = this.#chain.tip?.commit ?? (await git.lastKnownHead(branch));
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
    if (this.#chain.tip !== undefined) this.#chain.accept(tip);
    return `branch ${branch} is back at ${tip.slice(0, 12)}`;
  }

  /**
   * Removes from the target what Sluice put below a folder that it no longer uses: a former `output.path`. What is not Sluice's stays.
   * Returns the paths that went. Throws a SluiceError (USAGE) for a folder in use.
   */
  async removeFolder(folder: string, signal: AbortSignal = new AbortController().signal): Promise<readonly string[]> {
    const { target, outputPath, instance } = this.#names;
    for (let tries = 0; ; tries++) {
      await this.refreshTarget(signal);
      const made = await removeFormerFolder(this.#ports, this.#target.head, { folder, inUse: [outputPath], instance });
      if (made.commit === undefined) return made.paths;
      const update = { branch: target, from: this.#target.head?.commit, to: made.commit };
      const outcome = await this.#pushAlone(update, signal);
      if (outcome?.kind === "pushed") {
        await this.#target.follow(made.commit);
        return made.paths;
      }
      if (outcome?.kind !== "moved" || tries >= collisionsMax) {
        throw new SluiceError(outcome?.problem ?? stoppedProblem(target));
      }
    }
  }

  /**
   * Lets the target follow this state though it was made from another one; an id that is not that of what is withheld is an error
   * (NOT_FOUND).
   */
  approve(id: string): void {
    this.#absences.approve(id);
  }

  /** One update by itself, until it is known what became of it; undefined: told to stop before that. */
  async #pushAlone(update: RefUpdate, signal: AbortSignal): Promise<RefOutcome | undefined> {
    const { git, log } = this.#ports;
    for (let attempt = 0; !signal.aborted; attempt++) {
      try {
        // One that has arrived, its answer lost, is found to be there already.
        return (await git.push([update], signal)).get(update.branch);
      } catch (error) {
        if (!(error instanceof SluiceError) || dispositionOf(error, "run") !== "wait") throw error;
        log.problem(error.problem);
      }
      await backOff(this.#ports, attempt, signal);
    }
    return undefined;
  }

  /** One try, of the state alone or of both: undefined when the server has what was to be pushed this time. */
  async #pushOnce(isAlone: boolean, signal: AbortSignal): Promise<Problem | undefined> {
    const { state } = this.#names;
    const { unpushed, pushed } = this.#chain;
    const last = unpushed.at(-1);
    const stateUpdate = last === undefined ? [] : [{ branch: state, from: pushed, to: last.commit }];
    const made = isAlone || !this.#absences.mayProject ? undefined : await this.#makeTarget();
    const updates: RefUpdate[] = [...stateUpdate];
    if (made?.head !== undefined && made.head.commit !== this.#target.head?.commit) {
      updates.push({ branch: this.#names.target, from: this.#target.head?.commit, to: made.head.commit });
    } else if (made !== undefined) this.#target.accept(made);
    if (updates.length === 0) return undefined;

    const outcomes = await this.#ports.git.push(updates, signal);
    if (last !== undefined && outcomes.get(state)?.kind === "pushed") this.#chain.accept(last.commit);
    if (made !== undefined && outcomes.get(this.#names.target)?.kind === "pushed") {
      this.#target.accept(made);
      this.#absences.targetIsMade();
      this.#collisions = 0;
    }
    return firstProblem(updates, outcomes);
  }

  async #makeTarget() {
    if (this.#names.isReviewed === true) return undefined;
    const { tip, mark } = this.#chain;
    const message = this.#writeMessage(noChanges);
    const made = await this.#target.make({ state: tip?.tree, mark, message, time: this.#ports.clock.now() });
    this.#reportForeign();
    return made;
  }

  async #followTarget(commit: ObjectId | undefined, signal: AbortSignal | undefined): Promise<boolean> {
    const hasMoved = await this.#target.follow(commit);
    if (hasMoved) await this.#absences.look(this.#target.head, this.#chain, { deep: false, signal });
    return hasMoved;
  }

  /** Once for each file: it is met again by every push. */
  #reportForeign(): void {
    const news = this.#target.foreign.filter(({ path }) => !this.#told.has(path));
    for (const { path } of news) this.#told.add(path);
    const { log } = this.#ports;
    for (const { path, isInTheWay } of news.slice(0, foreignToldMax)) {
      if (!isInTheWay) log.warn("left alone a file that is not Sluice's", { path });
      else {
        log.problem({
          code: "OUTPUT_FOREIGN",
          severity: "warning",
          message: `${path} on ${this.#names.target} is not Sluice's, and in the way of what should stand there: that is withheld`,
          hint: "Move it elsewhere. What is in the way is left alone until then.",
        });
      }
    }
    if (news.length > foreignToldMax) {
      log.warn("left alone more files that are not Sluice's", { count: news.length - foreignToldMax });
    }
  }

  /** After trouble: what does the server have? True if it was the target that had moved; the state must be ours. */
  async #refresh(signal: AbortSignal): Promise<boolean> {
    const { target, state } = this.#names;
    const heads = await this.#ports.git.fetchHeads([target, state], signal);
    await this.#chain.follow(heads.get(state));
    const hasMoved = await this.#followTarget(heads.get(target), signal);
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

const noChanges: ChangeSet = { changes: [], objects: [], events: [], droppedLetters: 0 };

function stoppedProblem(branch: string): Problem {
  return {
    code: "GIT_UNAVAILABLE",
    severity: "error",
    message: `stopped before the server had answered for ${branch}`,
  };
}

/** In the order of the updates: the state's trouble counts first. */
function firstProblem(updates: readonly RefUpdate[], outcomes: ReadonlyMap<string, RefOutcome>): Problem | undefined {
  for (const { branch } of updates) {
    const outcome = outcomes.get(branch);
    if (outcome !== undefined && outcome.kind !== "pushed") return outcome.problem;
  }
  return undefined;
}
