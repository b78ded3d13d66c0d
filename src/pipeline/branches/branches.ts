/**
 * The two branches as the service holds them: the chain of state commits, what of it is pushed, and the target as its
 * projection.
 *
 * State is pushed by compare-and-swap against what we last saw. If somebody else wrote it, another instance leads, and
 * this one must not go on. The target belongs to people too: where they moved it, it is fetched and projected again.
 */
import type { ChangeSet, Checkpoint } from "../../model/change-set.ts";
import { dispositionOf } from "../../model/disposition.ts";
import { type Problem, SluiceError } from "../../model/problem.ts";
import { emptyCheckpoint } from "../../plan/checkpoint-file.ts";
import { checkpointPath, clusterFileName, desiredFolder } from "../../plan/paths.ts";
import type { GitRepository, ObjectId, RefOutcome, RefUpdate } from "../../ports/git.ts";
import type { Chance, Clock, Log } from "../../ports/system.ts";
import { readCheckpoint } from "../read-checkpoint.ts";
import { backOff } from "../until-answered.ts";
import { projectTarget } from "./project-target.ts";

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

interface Head {
  readonly commit: ObjectId;
  readonly tree: ObjectId;
}

interface StateCommit extends Head {
  readonly desired: ObjectId | undefined;
  /** What its target commit says. */
  readonly message: string;
  /** Its target commit has the same, so that another try makes the same commit. */
  readonly time: number;
}

/** A target that was made from state commits, and perhaps pushed. */
interface MadeTarget {
  /** Undefined: there is no target, and nothing to put on it. */
  readonly head: Head | undefined;
  readonly desired: ObjectId | undefined;
  /** How many of the unprojected state commits it holds. */
  readonly commits: number;
}

export class Branches {
  readonly #names: BranchNames;
  readonly #ports: Ports;
  readonly #writeMessage: WriteMessage;
  /** The tip of the state chain, pushed or not. */
  #state: Head | undefined;
  #desired: ObjectId | undefined;
  /** What the server has. */
  #pushedState: ObjectId | undefined;
  #target: Head | undefined;
  /** The desired tree that the target was last made from; undefined: not known. */
  #projected: ObjectId | undefined;
  #unpushed: StateCommit[] = [];
  /** State commits that the target does not have yet: where the state went through alone, these are more. */
  #unprojected: StateCommit[] = [];
  /** What the last try wanted the target to be, commit by commit; its answer may have got lost. */
  #offered: readonly MadeTarget[] = [];
  /** There may be no target yet: the first push makes it. */
  #mayMakeTarget = false;
  #observer: (changeSet: ChangeSet) => void = () => undefined;
  /** Paths that were reported already. */
  readonly #foreign = new Set<string>();

  constructor(names: BranchNames, ports: Ports, writeMessage: WriteMessage) {
    this.#names = names;
    this.#ports = ports;
    this.#writeMessage = writeMessage;
  }

  /** The state's tree as the next batch must be planned on. */
  get stateTree(): ObjectId | undefined {
    return this.#state?.tree;
  }

  get names(): BranchNames {
    return this.#names;
  }

  get stateCommit(): ObjectId | undefined {
    return this.#state?.commit;
  }

  get targetCommit(): ObjectId | undefined {
    return this.#target?.commit;
  }

  /** The target is not there and must be: it is not made, and the state goes on alone. */
  get isTargetMissing(): boolean {
    return this.#target === undefined && !this.#mayMakeTarget;
  }

  /** Is told what each commit on the state chain does, from now on. */
  observe(observer: (changeSet: ChangeSet) => void): void {
    this.#observer = observer;
  }

  /** The same chain, pushed or not, for another target; where it is another branch it is to be looked at first. */
  renamed(names: BranchNames): Branches {
    const other = new Branches(names, this.#ports, this.#writeMessage);
    other.#observer = this.#observer;
    other.#state = this.#state;
    other.#desired = this.#desired;
    other.#pushedState = this.#pushedState;
    other.#unpushed = [...this.#unpushed];
    for (const path of this.#foreign) other.#foreign.add(path);
    const { target, outputPath, isReviewed } = this.#names;
    if (names.target !== target) return other;
    other.#target = this.#target;
    other.#mayMakeTarget = this.#mayMakeTarget;
    if (names.outputPath !== outputPath || names.isReviewed !== isReviewed) return other;
    other.#projected = this.#projected;
    other.#unprojected = [...this.#unprojected];
    other.#offered = this.#offered;
    return other;
  }

  /**
   * Keeps the state's head, as the server has it, under the branch's name and this suffix, where there is no such branch;
   * returns its name.
   */
  async keepStateAs(suffix: string): Promise<string> {
    const branch = `${this.#names.state}-${suffix}`;
    if (this.#pushedState === undefined) return branch;
    const outcomes = await this.#ports.git.push([{ branch, from: undefined, to: this.#pushedState }]);
    const outcome = outcomes.get(branch);
    if (outcome?.kind === "refused") throw new SluiceError(outcome.problem);
    return branch;
  }

  get targetTree(): ObjectId | undefined {
    return this.#target?.tree;
  }

  /** Whether there are state commits that the server is not known to have. */
  get hasUnpushed(): boolean {
    return this.#unpushed.length > 0;
  }

  /** Fetches both branches; returns the checkpoint. */
  async open(): Promise<Checkpoint> {
    const { git } = this.#ports;
    const heads = await git.fetchHeads([this.#names.state, this.#names.target]);
    this.#pushedState = heads.get(this.#names.state);
    this.#state = await this.#headOf(this.#pushedState);
    this.#target = await this.#headOf(heads.get(this.#names.target));
    this.#desired = await this.#desiredOf(this.#state?.tree);
    this.#mayMakeTarget = this.#state === undefined && this.#target === undefined && !(await git.hasBranches());
    if (this.#state === undefined) {
      await this.#checkNothingIsThere();
      return emptyCheckpoint;
    }
    const checkpoint = await readCheckpoint(git, this.#state.tree);
    if (checkpoint === undefined) {
      throw new SluiceError({
        code: "STATE_INVALID",
        message: `branch ${this.#names.state} has no ${checkpointPath}`,
        hint: "Is it another branch's name? Set state.branch to one that is Sluice's alone.",
      });
    }
    return checkpoint;
  }

  /** Without a state every manifest of Sluice's would count as no longer wanted: a branch lost must delete nothing. */
  async #checkNothingIsThere(): Promise<void> {
    if (this.#target === undefined) return;
    for await (const path of this.#ports.git.listFiles(this.#target.tree, this.#names.outputPath)) {
      if (!path.endsWith(`/${clusterFileName}`)) continue;
      throw new SluiceError({
        code: "STATE_INVALID",
        message: `${path} on ${this.#names.target} is Sluice's, but there is no branch ${this.#names.state}`,
        hint: `Restore that branch, or remove ${this.#names.outputPath}/ from ${this.#names.target} to begin anew.`,
      });
    }
  }

  /** Commits a batch on the state chain, its changes applied to `base` if not to the tip's tree. Nothing is sent yet. */
  async commitState(changeSet: ChangeSet, base: ObjectId | undefined = this.#state?.tree): Promise<void> {
    const { git, clock } = this.#ports;
    const parent = this.#state;
    const time = clock.now();
    const { id, tree } = await git.writeCommit({
      base,
      changes: changeSet.changes,
      parents: parent === undefined ? [] : [parent.commit],
      message: "Advance the state\n",
      time,
    });
    const desired = await this.#desiredOf(tree);
    // Of what it did no more is kept than what is said of it: many may wait for a push.
    const commit = { commit: id, tree, desired, message: this.#writeMessage(changeSet), time };
    // All at once behind the last read: what fails before has not happened.
    this.#state = { commit: id, tree };
    this.#desired = desired;
    this.#unpushed.push(commit);
    if (this.#names.isReviewed !== true && !this.isTargetMissing) this.#unprojected.push(commit);
    this.#observer(changeSet);
  }

  /**
   * Pushes all state commits and the target made from them; tries until it is done, and then returns true. Returns
   * false when the signal aborts first; a try that is under way then may take until `cut` does. Throws LEADER_LOST where another instance has written the state.
   */
  async push(signal: AbortSignal, onTrouble: (problem: Problem) => void, cut: AbortSignal = signal): Promise<boolean> {
    for (let attempt = 0; !signal.aborted; attempt++) {
      try {
        const problem = await this.#pushOnce(cut);
        if (problem === undefined) return true;
        onTrouble(problem);
        if (problem.code === "GIT_MOVED" && attempt === 0) {
          await this.#refresh();
          continue;
        }
      } catch (error) {
        if (!(error instanceof SluiceError) || dispositionOf(error, "run") !== "wait") throw error;
        onTrouble(error.problem);
      }
      await backOff(this.#ports, attempt, signal);
      await this.#refreshQuietly(onTrouble);
    }
    return false;
  }

  /** Looks at the target on the server: true if somebody has moved it. */
  async refreshTarget(): Promise<boolean> {
    const heads = await this.#ports.git.fetchHeads([this.#names.target]);
    return this.#followTarget(heads.get(this.#names.target));
  }

  /**
   * Makes the next push compare the target with the desired tree file by file, as if nothing were known of it. With
   * `purge` the state starts anew, in a commit without parent: nothing reads the branch's history, and it grows. Where the server
   * does not take that, everything stays as it was, and the problem is thrown (GIT_REFUSED, GIT_MOVED).
   */
  async repair(purge: boolean, signal: AbortSignal = new AbortController().signal): Promise<void> {
    await this.refreshTarget();
    this.#projected = undefined;
    if (purge && this.#state !== undefined) await this.#purge(this.#state, signal);
  }

  async #purge({ tree }: Head, signal: AbortSignal): Promise<void> {
    const { git, clock } = this.#ports;
    const branch = this.#names.state;
    const request = { base: tree, changes: [], parents: [], message: "Start the state anew\n", time: clock.now() };
    const { id } = await git.writeCommit(request);
    const outcome = await this.#pushAlone({ branch, from: this.#pushedState, to: id, mayRewind: true }, signal);
    if (outcome?.kind !== "pushed") {
      const problem = outcome?.problem ?? stoppedProblem(branch);
      throw new SluiceError({
        ...problem,
        hint: `The state goes on as it was. A purge needs a server that lets ${branch} be set back (receive.denyNonFastForwards off, no protected branch).`,
      });
    }
    // Its tree is that of the tip: with it everything that was committed has arrived.
    this.#state = { commit: id, tree };
    this.#pushedState = id;
    this.#unpushed = [];
  }

  /** One update by itself, until it is known what became of it; undefined: told to stop before that. */
  async #pushAlone(update: RefUpdate, signal: AbortSignal): Promise<RefOutcome | undefined> {
    const { git, log } = this.#ports;
    for (let attempt = 0; !signal.aborted; attempt++) {
      try {
        // One that has arrived, its answer lost, is found to be there already.
        return (await git.push([update], signal)).get(update.branch);
      } catch (error) {
        if (!(error instanceof SluiceError)) throw error;
        log.problem(error.problem);
      }
      await backOff(this.#ports, attempt, signal);
    }
    return undefined;
  }

  /** One try: undefined when the server has everything. */
  async #pushOnce(cut: AbortSignal): Promise<Problem | undefined> {
    const { state, target } = this.#names;
    const last = this.#unpushed.at(-1);
    const isAlone = this.#names.isReviewed === true || this.isTargetMissing;
    this.#offered = isAlone ? [] : await this.#makeTarget(this.#unprojected.slice());
    const made = this.#offered.at(-1);
    const updates: RefUpdate[] = [];
    if (last !== undefined) updates.push({ branch: state, from: this.#pushedState, to: last.commit });
    if (made?.head !== undefined && made.head.commit !== this.#target?.commit) {
      updates.push({ branch: target, from: this.#target?.commit, to: made.head.commit });
    } else if (made !== undefined) this.#acceptTarget(made);
    if (updates.length === 0) return undefined;

    const outcomes = await this.#ports.git.push(updates, cut);
    if (last !== undefined && outcomes.get(state)?.kind === "pushed") this.#acceptState(last.commit);
    if (made !== undefined && outcomes.get(target)?.kind === "pushed") this.#acceptTarget(made);
    return firstProblem(updates, outcomes);
  }

  /** The server has the state up to this commit. */
  #acceptState(commit: ObjectId): void {
    this.#pushedState = commit;
    this.#unpushed.splice(0, this.#unpushed.findIndex((other) => other.commit === commit) + 1);
  }

  /** The server has this target. */
  #acceptTarget({ head, commits, desired }: MadeTarget): void {
    this.#target = head;
    if (head !== undefined) this.#mayMakeTarget = false;
    this.#projected = desired;
    this.#unprojected.splice(0, commits);
    this.#offered = [];
  }

  /** The server has some target: ours, or one that somebody moved. True if it is another one than before. */
  async #followTarget(commit: ObjectId | undefined): Promise<boolean> {
    if (commit === this.#target?.commit) return false;
    const arrived = this.#offered.findLast(({ head }) => head?.commit === commit);
    if (commit !== undefined && arrived !== undefined) this.#acceptTarget(arrived);
    else {
      this.#target = await this.#headOf(commit);
      this.#projected = undefined;
      if (commit !== undefined) this.#mayMakeTarget = false;
      // It is brought to the state as a whole when it is there again.
      if (this.isTargetMissing) this.#unprojected = [];
    }
    return true;
  }

  /** The target as it should be after each of those state commits: a commit of its own for each that changes a manifest. */
  async #makeTarget(commits: readonly StateCommit[]): Promise<readonly MadeTarget[]> {
    const { git, clock } = this.#ports;
    let head = this.#target;
    let projected = this.#projected;
    // Without new commits the target may still be behind: after a restart, or when people changed what is Sluice's.
    const isBehind = commits.length === 0;
    const steps = isBehind
      ? [{ desired: this.#desired, message: this.#writeMessage(noChanges), time: clock.now() }]
      : commits;
    const present = isBehind || projected !== undefined ? 0 : await this.#countPresent(commits);
    const made: MadeTarget[] = [];
    for (const [index, { desired, message, time }] of steps.entries()) {
      if (index < present) continue;
      const { changes, foreign } = await projectTarget(
        git,
        head?.tree,
        this.#names.outputPath,
        desired,
        projected,
        this.#names.instance,
      );
      this.#reportForeign(foreign);
      projected = desired;
      if (changes.length > 0) {
        const parents = head === undefined ? [] : [head.commit];
        const { id, tree } = await git.writeCommit({ base: head?.tree, changes, parents, message, time });
        head = { commit: id, tree };
      }
      made.push({ head, desired, commits: isBehind ? 0 : index + 1 });
    }
    return made;
  }

  /**
   * Of a target that somebody moved: how many of the commits it shows already, the last of them excepted. They were
   * pushed, the answer got lost, and somebody pushed on top; they must not be undone and told once more.
   */
  async #countPresent(commits: readonly StateCommit[]): Promise<number> {
    for (let index = commits.length - 1; index >= 0; index--) {
      const desired = commits[index]?.desired;
      const { changes } = await projectTarget(
        this.#ports.git,
        this.#target?.tree,
        this.#names.outputPath,
        desired,
        undefined,
        this.#names.instance,
      );
      if (changes.length === 0) return index;
    }
    return 0;
  }

  /** Once for each file: it is met again by every push. */
  #reportForeign(paths: readonly string[]): void {
    for (const path of paths) {
      if (this.#foreign.has(path)) continue;
      this.#foreign.add(path);
      this.#ports.log.warn("left alone a file that is not Sluice's", { path });
    }
  }

  /** After trouble: what does the server have? The target may have moved; the state must be ours. */
  async #refresh(): Promise<void> {
    const { git } = this.#ports;
    const heads = await git.fetchHeads([this.#names.target, this.#names.state]);
    const state = heads.get(this.#names.state);
    if (state !== undefined && this.#unpushed.some(({ commit }) => commit === state)) {
      this.#acceptState(state);
    } else if (state !== this.#pushedState) {
      throw new SluiceError({
        code: "LEADER_LOST",
        message: `branch ${this.#names.state} was written by somebody else: another instance leads`,
        hint: "Run one instance per repository and state branch.",
      });
    }
    await this.#followTarget(heads.get(this.#names.target));
  }

  async #refreshQuietly(onTrouble: (problem: Problem) => void): Promise<void> {
    try {
      await this.#refresh();
    } catch (error) {
      if (!(error instanceof SluiceError) || dispositionOf(error, "run") !== "wait") throw error;
      onTrouble(error.problem);
    }
  }

  async #headOf(commit: ObjectId | undefined): Promise<Head | undefined> {
    if (commit === undefined) return undefined;
    return { commit, tree: (await this.#ports.git.readCommit(commit)).tree };
  }

  async #desiredOf(tree: ObjectId | undefined): Promise<ObjectId | undefined> {
    return tree === undefined ? undefined : (await this.#ports.git.findEntry(tree, desiredFolder))?.id;
  }
}

function stoppedProblem(branch: string): Problem {
  return {
    code: "GIT_UNAVAILABLE",
    severity: "error",
    message: `stopped before the server had answered for ${branch}`,
  };
}

const noChanges: ChangeSet = { changes: [], objects: [], events: [], droppedLetters: 0 };

/** In the order of the updates: the state's trouble counts first. */
function firstProblem(updates: readonly RefUpdate[], outcomes: ReadonlyMap<string, RefOutcome>): Problem | undefined {
  for (const { branch } of updates) {
    const outcome = outcomes.get(branch);
    if (outcome !== undefined && outcome.kind !== "pushed") return outcome.problem;
  }
  return undefined;
}
