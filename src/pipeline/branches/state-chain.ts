/**
 * The state branch as one leader holds it: the chain of commits from what the server has to the tip that the next batch is planned on.
 *
 * What the server's head means, where it is not what we last pushed, is read from its checkpoint: the term in there is the fence.
 */
import type { ChangeSet, Checkpoint } from "../../model/change-set.ts";
import { SluiceError } from "../../model/problem.ts";
import { checkpointPath } from "../../plan/paths.ts";
import { noMark, readStateMark, type StateMark } from "../../plan/state-mark.ts";
import type { GitRepository, ObjectId } from "../../ports/git.ts";
import type { Clock } from "../../ports/system.ts";
import { readCheckpoint } from "../read-checkpoint.ts";
import { type Head, readHead } from "./head.ts";

export interface StateCommit extends Head {
  readonly mark: StateMark;
  /** What its target commit says. */
  readonly message: string;
  /** Milliseconds since 1970. Its target commit has the same, so that another try makes the same commit. */
  readonly time: number;
}

export class StateChain {
  readonly #branch: string;
  readonly #git: GitRepository;
  readonly #clock: Clock;
  /** The tip, pushed or not. */
  #tip: Head | undefined;
  #mark: StateMark = noMark;
  #pushed: ObjectId | undefined;
  /** Of the head that the server is known to have. */
  #pushedMark: StateMark = noMark;
  #unpushed: StateCommit[] = [];

  /** `from`: a chain to go on from. */
  constructor(branch: string, git: GitRepository, clock: Clock, from?: StateChain) {
    this.#branch = branch;
    this.#git = git;
    this.#clock = clock;
    if (from === undefined) return;
    this.#tip = from.#tip;
    this.#mark = from.#mark;
    this.#pushed = from.#pushed;
    this.#pushedMark = from.#pushedMark;
    this.#unpushed = [...from.#unpushed];
  }

  get branch(): string {
    return this.#branch;
  }

  get tip(): Head | undefined {
    return this.#tip;
  }

  /** The tip's. */
  get mark(): StateMark {
    return this.#mark;
  }

  /** The head that the server is known to have. */
  get pushed(): ObjectId | undefined {
    return this.#pushed;
  }

  /** Commits that the server is not known to have, oldest first. */
  get unpushed(): readonly StateCommit[] {
    return this.#unpushed;
  }

  /** Takes the server's head for the tip, whatever was committed before; returns its checkpoint. Throws STATE_INVALID where it has none. */
  async open(commit: ObjectId): Promise<Checkpoint> {
    const head = await readHead(this.#git, commit);
    const checkpoint = await readCheckpoint(this.#git, head!.tree);
    if (checkpoint === undefined) {
      throw new SluiceError({
        code: "STATE_INVALID",
        message: `branch ${this.#branch} has no ${checkpointPath}`,
        hint: "Is it another branch's name? Set state.branch to one that is Sluice's alone.",
      });
    }
    this.#tip = head;
    this.#pushed = commit;
    this.#mark = readStateMark((await this.#readCheckpoint(head!.tree)) ?? "");
    this.#pushedMark = this.#mark;
    this.#unpushed = [];
    return checkpoint;
  }

  /** Writes a commit for the tip, the changes applied to `base` if not to the tip's tree. Nothing else happens yet. */
  async write({ changes }: Pick<ChangeSet, "changes">, message: string, base = this.#tip?.tree): Promise<StateCommit> {
    const time = this.#clock.now();
    const parents = this.#tip === undefined ? [] : [this.#tip.commit];
    const request = { base, changes, parents, message: "Advance the state\n", time };
    const { id, tree } = await this.#git.writeCommit(request);
    const checkpoint = changes.find(({ path }) => path === checkpointPath);
    const mark = checkpoint?.action === "write" ? readStateMark(checkpoint.text) : this.#mark;
    return { commit: id, tree, mark, message, time };
  }

  /** Makes what was written on the tip the tip. */
  append(commit: StateCommit): void {
    this.#tip = { commit: commit.commit, tree: commit.tree };
    this.#mark = commit.mark;
    this.#unpushed.push(commit);
  }

  /** A commit of the tip's tree without history. It becomes the tip when `restart` is told that the server has it. */
  async writeAnew(): Promise<Head> {
    const tree = this.#tip?.tree;
    const request = {
      base: tree,
      changes: [],
      parents: [],
      message: "Start the state anew\n",
      time: this.#clock.now(),
    };
    const { id, tree: written } = await this.#git.writeCommit(request);
    return { commit: id, tree: written };
  }

  /** The server has this commit of the tip's tree: with it everything that was committed has arrived. */
  restart(head: Head): void {
    this.#tip = head;
    this.#pushed = head.commit;
    this.#pushedMark = this.#mark;
    this.#unpushed = [];
  }

  /** The server has the chain up to this commit. */
  accept(commit: ObjectId): void {
    this.#pushed = commit;
    const count = this.#unpushed.findIndex((other) => other.commit === commit) + 1;
    this.#pushedMark = this.#unpushed[count - 1]?.mark ?? this.#pushedMark;
    this.#unpushed.splice(0, count);
  }

  /**
   * Takes note of where the server's branch is. Throws a SluiceError where it is none of our commits: LEADER_LOST where somebody else
   * leads (an OvertakenError where the former leader wrote before our term had arrived), STATE_BEHIND where somebody has set the
   * branch back, STATE_MISSING where it is gone.
   */
  async follow(head: ObjectId | undefined): Promise<void> {
    if (head === this.#pushed) return;
    if (head === undefined) throw missingError(this.#branch);
    if (this.#unpushed.some(({ commit }) => commit === head)) {
      this.accept(head);
      return;
    }
    const text = await this.#readCheckpoint((await this.#git.readCommit(head)).tree);
    if (text === undefined) throw foreignError(this.#branch);
    const theirs = readStateMark(text);
    if (this.#isOvertakenBy(theirs)) throw new OvertakenError(this.#branch);
    throw judge(theirs, this.#mark, this.#branch);
  }

  /** Nothing of our term is there yet, and who led before has gone on from where we began. */
  #isOvertakenBy({ stateId, term, commits }: StateMark): boolean {
    const base = this.#pushedMark;
    const isOurs = base.term.holder === this.#mark.term.holder;
    return !isOurs && stateId === base.stateId && term.number === base.term.number && commits > base.commits;
  }

  async #readCheckpoint(tree: ObjectId): Promise<string | undefined> {
    return (await this.#git.readFiles(tree, [checkpointPath])).get(checkpointPath);
  }
}

/** To be begun anew from the server's head: nothing was handed on yet. */
export class OvertakenError extends SluiceError {
  constructor(branch: string) {
    super({
      code: "LEADER_LOST",
      message: `branch ${branch} was written by who led before, while this instance began to lead`,
      hint: "It begins anew by itself.",
    });
  }
}

/** What it means that the server's head has that mark, where ours has this one, and the head is none of our commits. */
function judge(theirs: StateMark, ours: StateMark, branch: string): SluiceError {
  const isSameHolder = theirs.term.number === ours.term.number && theirs.term.holder === ours.term.holder;
  const isOlder = theirs.term.number < ours.term.number || (isSameHolder && theirs.commits < ours.commits);
  if (theirs.stateId === ours.stateId && ours.term.holder !== "" && isOlder) {
    return new SluiceError({
      code: "STATE_BEHIND",
      message: `branch ${branch} was set back: it is at commit ${theirs.commits} of the state, which had come to ${ours.commits}`,
      hint: "Set the branch to where it was; Sluice goes on by itself. To go on from the older state, restart Sluice.",
    });
  }
  return new SluiceError({
    code: "LEADER_LOST",
    message: `branch ${branch} was written by somebody else: another instance leads${termText(theirs)}`,
    hint: "Run one instance per repository and state branch, or give them a lease.",
  });
}

function termText({ term }: StateMark): string {
  return term.holder === "" ? "" : ` (term ${term.number})`;
}

function missingError(branch: string): SluiceError {
  return new SluiceError({
    code: "STATE_MISSING",
    message: `branch ${branch} is gone from the server: nothing is pushed until it is back`,
    hint: "Restore the branch, or have Sluice push what it had there last: `sluice repair --restore-state`.",
  });
}

function foreignError(branch: string): SluiceError {
  return new SluiceError({
    code: "STATE_MISSING",
    message: `branch ${branch} was set to a commit without ${checkpointPath}: the state is gone from it`,
    hint: "Set the branch to where it was, or have Sluice push what it had there last: `sluice repair --restore-state`.",
  });
}
