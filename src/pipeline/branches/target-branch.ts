/**
 * The target branch: people's, with folders of ours in it that are made of the state. Where somebody moved it, it is made again on top
 * of what they pushed; nothing is ever forced on it.
 */
import { addStateTrailer, type StateMark } from "../../plan/state-mark.ts";
import type { GitRepository, ObjectId } from "../../ports/git.ts";
import { type Head, readHead } from "./head.ts";
import { type ForeignPath, projectTarget } from "./project-target.ts";
import type { Projection } from "./projection.ts";
import type { StateCommit } from "./state-chain.ts";

/** The folders' trees, in the order of the projections. */
type Trees = readonly (ObjectId | undefined)[];

/** A state commit that the target is to follow. */
export interface Step {
  readonly wanted: Trees;
  readonly mark: StateMark;
  readonly message: string;
  readonly time: number;
}

/** What the target is to be behind some of the steps, and perhaps is on the server. */
export interface MadeTarget {
  /** Undefined: there is no target, and nothing to put on it. */
  readonly head: Head | undefined;
  readonly projected: Trees;
  /** How many of the steps it holds. */
  readonly steps: number;
  /** The state's commit that it was made from. */
  readonly mark: StateMark;
}

export class TargetBranch {
  readonly #git: GitRepository;
  readonly #projections: readonly Projection[];
  readonly #instance: string | undefined;
  #head: Head | undefined;
  /** What the target was last made from; undefined: not known. */
  #projected: Trees | undefined;
  /** State commits that the target does not have yet. */
  #waiting: Step[] = [];
  /** Steps were forgotten: it is to be brought to the last state, whatever comes. */
  #areStepsDropped = false;
  /** Nothing of what waits stands on it, as it is now: that was looked at. */
  #isNonePresent = false;
  /** What the last try wanted the target to be, step by step; its answer may have got lost. */
  #offered: readonly MadeTarget[] = [];
  #foreign: readonly ForeignPath[] = [];
  #mark: StateMark | undefined;

  /** `from`: the same branch, as it was held until now. */
  constructor(
    git: GitRepository,
    projections: readonly Projection[],
    instance: string | undefined,
    from?: TargetBranch,
  ) {
    this.#git = git;
    this.#projections = projections;
    this.#instance = instance;
    if (from === undefined) return;
    this.#head = from.#head;
    this.#projected = from.#projected;
    this.#waiting = [...from.#waiting];
    this.#areStepsDropped = from.#areStepsDropped;
    this.#offered = from.#offered;
    this.#foreign = from.#foreign;
    this.#mark = from.#mark;
  }

  get head(): Head | undefined {
    return this.#head;
  }

  /** The state's commit up to which everything is on it; undefined: not known. */
  get mark(): StateMark | undefined {
    return this.#mark;
  }

  /** Whether there are state commits that it does not have yet. */
  get isBehind(): boolean {
    return this.#waiting.length > 0 || this.#areStepsDropped;
  }

  /** How many state commits it does not have yet. */
  get stepsBehind(): number {
    return this.#waiting.length;
  }

  /** What is in our folders and not ours, as of the last time it was made. */
  get foreign(): readonly ForeignPath[] {
    return this.#foreign;
  }

  /** Nothing is known of what is in it any more. */
  forget(): void {
    this.#projected = undefined;
    this.#isNonePresent = false;
  }

  /** Nor of what it is to be, step by step: it is brought to the last state at once. */
  forgetAll(): void {
    this.forget();
    this.#mark = undefined;
    this.#waiting = [];
    this.#areStepsDropped = false;
    this.#offered = [];
  }

  /** What it is to be like after a state commit. */
  async read({ tree, mark, message, time }: StateCommit): Promise<Step> {
    return { wanted: await this.#treesOf(tree), mark, message, time };
  }

  /** It is to follow this state commit too. */
  append(step: Step): void {
    this.#waiting.push(step);
  }

  /** Forgets what waits, where that is more: the target is brought to the last state at once, when it can be. */
  dropSteps(max: number): void {
    if (this.#waiting.length <= max) return;
    this.#waiting = [];
    this.#areStepsDropped = true;
  }

  /** The server has some target: ours, or one that somebody moved. True if it is another one than before. */
  async follow(commit: ObjectId | undefined): Promise<boolean> {
    if (commit === this.#head?.commit) return false;
    const arrived = this.#offered.findLast(({ head }) => head?.commit === commit);
    if (commit !== undefined && arrived !== undefined) this.accept(arrived);
    else {
      const head = await readHead(this.#git, commit);
      // Who has only touched what is people's has left it as it was made.
      if (!(await this.#holdsTheSame(this.#head, head))) this.forget();
      this.#head = head;
    }
    return true;
  }

  /** Whether what stands in our folders is the same in both. */
  async #holdsTheSame(one: Head | undefined, other: Head | undefined): Promise<boolean> {
    if (one === undefined || other === undefined) return false;
    for (const { folder } of this.#projections) {
      const [before, now] = [
        await this.#git.findEntry(one.tree, folder),
        await this.#git.findEntry(other.tree, folder),
      ];
      if (before?.id !== now?.id || before?.mode !== now?.mode) return false;
    }
    return true;
  }

  /** The server has this target. */
  accept({ head, projected, steps, mark }: MadeTarget): void {
    this.#head = head;
    this.#mark = mark;
    this.#projected = projected;
    this.#waiting.splice(0, steps);
    this.#areStepsDropped = false;
    this.#offered = [];
  }

  /**
   * Makes the target as it should be after each state commit that it does not have, the first `stepsMax` of them: a commit of its own for
   * each that changes something. Without such it may still be behind, after a restart, or when people changed what is Sluice's: then it is
   * brought to `now`.
   */
  async make(
    now: { readonly state: ObjectId | undefined } & Omit<Step, "wanted">,
    stepsMax = Number.POSITIVE_INFINITY,
  ): Promise<MadeTarget | undefined> {
    await this.#passOverPresent();
    const waiting = this.#waiting.slice(0, stepsMax);
    const isBehind = waiting.length > 0;
    const steps = isBehind ? waiting : [{ ...now, wanted: await this.#treesOf(now.state) }];
    let head = this.#head;
    let before = this.#projected;
    const made: MadeTarget[] = [];
    for (const [index, step] of steps.entries()) {
      const { changes, foreign } = await this.#compare(head, step.wanted, before);
      // Where it is known what the target was made from, only what differs from that was looked at.
      this.#foreign = before === undefined ? foreign : [...this.#foreign.filter(isElsewhere(foreign)), ...foreign];
      before = step.wanted;
      if (changes.length > 0) {
        const parents = head === undefined ? [] : [head.commit];
        const message = addStateTrailer(step.message, step.mark);
        const { time } = step;
        const { id, tree } = await this.#git.writeCommit({ base: head?.tree, changes, parents, message, time });
        head = { commit: id, tree };
      }
      made.push({ head, projected: step.wanted, steps: isBehind ? index + 1 : 0, mark: step.mark });
    }
    this.#offered = made;
    return made.at(-1);
  }

  /**
   * A target that somebody moved may show some of the steps already: they were pushed, the answer got lost, and somebody pushed on top.
   * They must not be undone and told once more.
   */
  async #passOverPresent(): Promise<void> {
    if (this.#projected !== undefined || this.#isNonePresent) return;
    const steps = this.#waiting.slice();
    for (let index = steps.length - 1; index >= 0; index--) {
      const { wanted } = steps[index]!;
      if ((await this.#compare(this.#head, wanted, undefined)).changes.length > 0) continue;
      this.#projected = wanted;
      // Its own position is told by who makes the target, where there is nothing else to do.
      this.#waiting.splice(0, index);
      return;
    }
    this.#isNonePresent = true;
  }

  async #compare(head: Head | undefined, wanted: Trees, before: Trees | undefined) {
    const all = [];
    for (const [index, { folder, depth }] of this.#projections.entries()) {
      const trees = { desired: wanted[index], before: before?.[index], instance: this.#instance };
      all.push(await projectTarget(this.#git, head?.tree, { folder, depth, ...trees }));
    }
    return { changes: all.flatMap(({ changes }) => changes), foreign: all.flatMap(({ foreign }) => foreign) };
  }

  async #treesOf(state: ObjectId | undefined): Promise<Trees> {
    const trees: (ObjectId | undefined)[] = [];
    for (const projection of this.#projections) {
      trees.push(state === undefined ? undefined : await projection.treeOf(this.#git, state));
    }
    return trees;
  }
}

function isElsewhere(foreign: readonly ForeignPath[]): (one: ForeignPath) => boolean {
  const paths = new Set(foreign.map(({ path }) => path));
  return ({ path }) => !paths.has(path);
}
