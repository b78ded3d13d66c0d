/**
 * The two branches as the service holds them: the chain of state commits, what of it is pushed, and the target as its
 * projection. How they are pushed is `push-policy.ts`, what people ask for on them `branch-repairs.ts`.
 */
import type { ChangeSet, Checkpoint } from "../../model/change-set.ts";
import type { Problem } from "../../model/problem.ts";
import { emptyCheckpoint } from "../../plan/checkpoint-file.ts";
import { deliveryFolder, formerDeliveryFolder } from "../../plan/paths.ts";
import type { StateMark } from "../../plan/state-mark.ts";
import type { ObjectId } from "../../ports/git.ts";
import { randomId } from "../random-id.ts";
import { Absences } from "./absences.ts";
import type { BranchNames, BranchParts, Ports, WriteMessage } from "./branch-parts.ts";
import { BranchRepairs } from "./branch-repairs.ts";
import { followTarget, refreshTarget } from "./follow-target.ts";
import { ForeignReport } from "./foreign-report.ts";
import type { ForeignPath } from "./project-target.ts";
import { deliveryProjection, renderedProjection } from "./projection.ts";
import { PushPolicy } from "./push-policy.ts";
import { StateChain } from "./state-chain.ts";
import { type OriginClaim, StateOrigin } from "./state-origin.ts";
import { TargetBranch } from "./target-branch.ts";

/** So many state commits may wait for a target that is not there. */
const stepsMax = 1000;

export class Branches {
  readonly #parts: BranchParts;
  readonly #foreign: ForeignReport;
  readonly #pushes: PushPolicy;
  readonly #repairs: BranchRepairs;
  readonly #origin: StateOrigin;
  #observer: (changeSet: ChangeSet) => void = () => undefined;

  /** `from`: those that these follow, whose chain and target they take over as far as the names are the same. */
  constructor(names: BranchNames, ports: Ports, writeMessage: WriteMessage, from?: Branches) {
    const { deliveryPath, formerDeliveryPath } = names;
    const projections = [
      renderedProjection(names.outputPath, names.hasReleases),
      ...(deliveryPath === undefined ? [] : [deliveryProjection(deliveryPath, deliveryFolder)]),
      ...(formerDeliveryPath === undefined ? [] : [deliveryProjection(formerDeliveryPath, formerDeliveryFolder)]),
    ];
    const before = from?.names;
    const isSameTarget = before?.target === names.target;
    const isSameFolder =
      isSameTarget &&
      before.outputPath === names.outputPath &&
      before.deliveryPath === deliveryPath &&
      before.formerDeliveryPath === formerDeliveryPath &&
      before.hasReleases === names.hasReleases &&
      before.isReviewed === names.isReviewed &&
      before.instance === names.instance;
    const old = from === undefined ? undefined : from.#parts;
    const same = isSameTarget ? old : undefined;
    const chain = new StateChain(names.state, ports.git, ports.clock, old?.chain);
    const target = new TargetBranch(ports.git, projections, names.instance, same?.target);
    if (!isSameFolder) target.forgetAll();
    const absences = new Absences(names, ports, same?.absences);
    this.#parts = { names, ports, writeMessage, chain, target, absences };
    this.#foreign = new ForeignReport(ports.log, from === undefined ? undefined : from.#foreign);
    this.#pushes = new PushPolicy(this.#parts, this.#foreign);
    this.#repairs = new BranchRepairs(this.#parts);
    this.#origin = from === undefined ? new StateOrigin(names.repository) : from.#origin;
    if (from !== undefined) this.#observer = from.#observer;
  }

  get names(): BranchNames {
    return this.#parts.names;
  }

  get stateCommit(): ObjectId | undefined {
    return this.#parts.chain.tip?.commit;
  }

  get targetCommit(): ObjectId | undefined {
    return this.#parts.target.head?.commit;
  }

  /** The target is not there and must be: it is not made, and the state goes on alone. */
  get isTargetMissing(): boolean {
    return this.#parts.absences.isTargetMissing;
  }

  /** Is told what each commit on the state chain does, from now on. */
  observe(observer: (changeSet: ChangeSet) => void): void {
    this.#observer = observer;
  }

  /** The same chain, pushed or not, for another target; where it is another branch it is to be looked at first. */
  renamed(names: BranchNames): Branches {
    return new Branches(names, this.#parts.ports, this.#parts.writeMessage, this);
  }

  /** To be asked where the output folder is another than before: throws OUTPUT_FOREIGN where somebody else's manifests stand in it. */
  async checkOutput(): Promise<void> {
    await this.#parts.absences.checkOutput(this.#parts.target.head);
  }

  /** The state's tree as the next batch must be planned on. */
  get stateTree(): ObjectId | undefined {
    return this.#parts.chain.tip?.tree;
  }

  get targetTree(): ObjectId | undefined {
    return this.#parts.target.head?.tree;
  }

  /** Whether there are state commits that the server is not known to have. */
  get hasUnpushed(): boolean {
    return this.#parts.chain.unpushed.length > 0;
  }

  /** Whether the target lacks state commits that the server may have: the next push brings them. */
  get isTargetBehind(): boolean {
    return this.#parts.target.isBehind && this.#parts.absences.mayProject;
  }

  /** The state's commit up to which everything is on the target; undefined: not known. */
  get targetMark(): StateMark | undefined {
    return this.#parts.target.mark;
  }

  /** What is in our folders of the target and not ours. */
  get foreign(): readonly ForeignPath[] {
    return this.#parts.target.foreign;
  }

  /** What keeps the target from being made: that it is missing, or was made from a state that ours does not contain. */
  get withheld(): Problem | undefined {
    return this.#parts.absences.withheld;
  }

  /** By which id what is withheld can be approved; undefined: nothing is, or it can't be. */
  get heldId(): string | undefined {
    return this.#parts.absences.heldId;
  }

  /**
   * Fetches both branches, and goes on from there whatever was committed here before; returns the checkpoint. Throws a SluiceError: STATE_MISSING, STATE_INVALID, OUTPUT_FOREIGN (at a first start), and
   * what fetching throws.
   */
  async open(signal?: AbortSignal): Promise<Checkpoint> {
    const { state, target } = this.#parts.names;
    const heads = await this.#parts.ports.git.fetchHeads([state, target], signal);
    this.#parts.target.forgetAll();
    await this.#parts.target.follow(heads.get(target));
    const head = heads.get(state);
    const { head: targetHead } = this.#parts.target;
    if (head === undefined) {
      await this.#parts.absences.checkFirstStart(targetHead, signal);
      return emptyCheckpoint;
    }
    const checkpoint = await this.#parts.chain.open(head);
    await this.#parts.absences.look(targetHead, this.#parts.chain, { deep: true, signal });
    return checkpoint;
  }

  /** The checkpoint that was opened, as it is to be gone on from. Throws a SluiceError (CHANGE_HELD): see StateOrigin. */
  judgeOrigin(checkpoint: Checkpoint): Checkpoint {
    if (this.#parts.chain.tip === undefined) return { ...checkpoint, repository: this.names.repository ?? "" };
    return this.#origin.judge(checkpoint, () => randomId(this.#parts.ports.chance));
  }

  /** A person says what became of the repository; see StateOrigin. */
  claimOrigin(claim: OriginClaim): string {
    return this.#origin.claim(claim);
  }

  /** Commits a batch on the state chain, its changes applied to `base` if not to the tip's tree. Nothing is sent yet. */
  async commitState(changeSet: ChangeSet, base?: ObjectId): Promise<void> {
    // Of what it did no more is kept than what is said of it: many may wait for a push.
    const commit = await this.#parts.chain.write(changeSet, this.#parts.writeMessage(changeSet), base);
    const step = await this.#parts.target.read(commit);
    // All at once behind the last read: what fails before has not happened.
    this.#parts.chain.append(commit);
    if (this.#parts.names.isReviewed !== true) this.#parts.target.append(step);
    // They are told in one commit, when it is there again.
    if (!this.#parts.absences.mayProject) this.#parts.target.dropSteps(stepsMax);
    this.#observer(changeSet);
  }

  /** See PushPolicy. */
  push(signal: AbortSignal, onTrouble: (problem: Problem) => void, cut: AbortSignal = signal): Promise<boolean> {
    return this.#pushes.push(signal, onTrouble, cut);
  }

  /**
   * Looks at both branches on the server: true if somebody has moved the target. Throws where the state is not what we
   * pushed last (LEADER_LOST, STATE_BEHIND, STATE_MISSING): who was deposed learns it without having to push.
   */
  async look(signal?: AbortSignal): Promise<boolean> {
    const { target, state } = this.#parts.names;
    const heads = await this.#parts.ports.git.fetchHeads([target, state], signal);
    const hasMoved = await followTarget(this.#parts, heads.get(target), signal);
    await this.#parts.chain.follow(heads.get(state));
    return hasMoved;
  }

  /** Looks at the target on the server: true if somebody has moved it. */
  refreshTarget(signal?: AbortSignal): Promise<boolean> {
    return refreshTarget(this.#parts, signal);
  }

  /** Makes the next push compare the target with the desired tree file by file, as if nothing were known of it. */
  async repair(signal: AbortSignal = new AbortController().signal): Promise<void> {
    await this.refreshTarget(signal);
    this.#parts.target.forget();
  }

  /** See BranchRepairs. */
  startAnew(signal: AbortSignal = new AbortController().signal): Promise<void> {
    return this.#repairs.startAnew(signal);
  }

  /** See BranchRepairs. */
  restoreState(signal: AbortSignal = new AbortController().signal): Promise<string> {
    return this.#repairs.restoreState(signal);
  }

  /** See BranchRepairs. */
  removeFolder(folder: string, signal: AbortSignal = new AbortController().signal): Promise<readonly string[]> {
    return this.#repairs.removeFolder(folder, signal);
  }

  /** See BranchRepairs. */
  keepStateAs(suffix: string): Promise<string> {
    return this.#repairs.keepStateAs(suffix);
  }

  /**
   * Lets the target follow this state though it was made from another one; an id that is not that of what is withheld is an error
   * (NOT_FOUND).
   */
  approve(id: string): void {
    this.#parts.absences.approve(id);
  }
}
