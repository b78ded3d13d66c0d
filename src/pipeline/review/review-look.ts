/**
 * One look at the reviews: what has become of requests, what there is to propose, and what follows from it.
 *
 * Everything is made anew at each look from what is there: the state, the target, the branches and the forge. Of what
 * was done nothing has to be remembered but which request is open and what it shows, so whatever a crash leaves undone,
 * or people do, the next look takes it from there.
 */
import { SluiceError } from "../../model/problem.ts";
import { emptyReview, type FileDifference, type ReviewRecord } from "../../model/review.ts";
import { deliveryFolder, desiredFolder, reviewsFolder } from "../../plan/paths.ts";
import { keepRejected, planReview } from "../../plan/plan-review.ts";
import { stateFolders } from "../../plan/proposal-path.ts";
import { parseReview, reviewPath, writeReview } from "../../plan/review-file.ts";
import type { PlanInput } from "../../plan/state-fold.ts";
import type { ObjectId } from "../../ports/git.ts";
import { readFolder } from "../read-folder.ts";
import { AskedAgain } from "./asked-again.ts";
import { GroupPublisher, type Surroundings } from "./group-publisher.ts";
import { GroupRequests } from "./group-requests.ts";
import { ProposalReader } from "./proposal-events.ts";
import { RequestEndings } from "./request-endings.ts";
import { type CommitWithTree, readContents, readDifferences, reviewBranch } from "./review-branch.ts";
import { readReviewHead } from "./review-head.ts";
import type { ReviewOptions, ReviewParts, ReviewScope } from "./review-publisher.ts";
import { ReviewTexts } from "./review-texts.ts";
import { ShownRequests } from "./shown-requests.ts";

export interface LookResult {
  readonly hasChanged: boolean;
  /** The forge was asked. */
  readonly hasAsked: boolean;
  /** Something is on its way: it is worth looking again soon. */
  readonly isUnsettled: boolean;
}

type Heads = ReadonlyMap<string, ObjectId | undefined>;
type Reviews = ReadonlyMap<string, ReviewRecord>;
/** By group. */
type Proposals = ReadonlyMap<string, readonly FileDifference[]>;

/** All that differs between a state and a target: what is proposed of it depends on what people have turned down. */
type ReadDifferences = (surroundings: Surroundings) => Promise<readonly FileDifference[]>;

const nothingDone: LookResult = { hasChanged: false, hasAsked: false, isUnsettled: false };

export class ReviewLook {
  readonly asked = new AskedAgain();
  readonly events: ProposalReader;
  readonly requests = new ShownRequests();
  readonly #options: ReviewOptions;
  readonly #parts: ReviewParts;
  readonly #groups: GroupPublisher;
  readonly #endings: RequestEndings;
  /** What has become of requests is worth asking at once. */
  #mayHaveEnded = true;
  #polledAt = Number.NEGATIVE_INFINITY;
  #hadTarget = false;
  /** The target was not there at the last look: forges close requests for a branch that is deleted. */
  #isTargetAway = false;
  /** What keeps requests as they are, as it was told; undefined: nothing does. */
  #pausedBy: string | undefined;
  /** What the last look that went through was made from. */
  #seen = "";

  constructor(options: ReviewOptions, parts: ReviewParts) {
    this.#options = options;
    this.#parts = parts;
    const texts = new ReviewTexts(parts.templates, parts.host.bodyCharactersMax);
    this.events = new ProposalReader(parts.git);
    this.#groups = new GroupPublisher(options, { ...parts, texts, events: this.events, requests: this.requests });
    this.#endings = new RequestEndings(options, { ...parts, texts });
  }

  expectEnding(): void {
    this.#mayHaveEnded = true;
  }

  get msUntilPoll(): number {
    return this.#polledAt + this.#options.pollMs - this.#parts.clock.monotonic();
  }

  /** Brings requests in line. Throws a SluiceError where something can't be reached. */
  async take(scope: ReviewScope): Promise<LookResult> {
    const { git, host, clock } = this.#parts;
    await this.#answerAsked(scope);
    const tree = await scope.readState();
    // What is absent says nothing of requests: a target that was deleted has closed them, and nobody has turned them down.
    if (tree === undefined) return nothingDone;
    if (scope.withheld?.() !== undefined) {
      this.#isTargetAway = true;
      return nothingDone;
    }
    if (this.#isPaused(scope)) return nothingDone;
    const before = await this.#readReviews(tree);
    const branches = [this.#options.target, ...[...before.keys()].map(reviewBranch).sort()];
    const isPolling = this.#mayHaveEnded || this.msUntilPoll <= 0;
    const known = await git.fetchHeads(branches);
    if (!isPolling && this.#seen === (await this.#fingerprint(tree, known))) return nothingDone;
    this.#mayHaveEnded = false;
    const reviews = await this.#withoutOutdated(before, tree);
    const differences = this.#readOnce();
    if (await this.#isQuiet(reviews, tree, known, differences)) {
      this.#polledAt = clock.monotonic();
      this.#seen = await this.#fingerprint(tree, known);
      return { ...nothingDone, hasChanged: await this.#remember(before, reviews, scope) };
    }

    // The forge before the branches: what it tells of a merge is on the target then.
    const requests = await GroupRequests.read(host, before.values(), this.#options.target);
    for (const [group, request] of requests.known)
      if (request !== undefined) this.requests.note(request, before.get(group)!.shown);
    this.#polledAt = clock.monotonic();
    const heads = await git.fetchHeads([...branches, ...requests.ended.map(({ headRef }) => headRef)]);
    const target = await this.#targetOf(heads.get(this.#options.target), scope);
    if (target === undefined) return { hasChanged: true, hasAsked: true, isUnsettled: true };

    const surroundings = { state: tree, target };
    let proposals: Promise<Proposals> | undefined;
    const proposalOf = async (group: string) => {
      proposals ??= this.#propose(reviews, surroundings, differences);
      return (await proposals).get(group) ?? [];
    };
    const places = { heads, target, hasTargetBeenAway: this.#isTargetAway, proposalOf };
    const unsettled = await this.#endings.settleAll(reviews, requests, places);
    if (unsettled.size === 0) this.#isTargetAway = false;
    const left = new Map(heads);
    let recorded = before;
    let hasChanged = false;
    const remember = async () => {
      if (await this.#remember(recorded, reviews, scope)) hasChanged = true;
      recorded = new Map(reviews);
    };
    try {
      await this.#publishAll(reviews, requests, left, unsettled, { ...surroundings, differences }, remember);
    } finally {
      await remember();
    }
    const remembered = [...reviews.values()].filter((review) => writeReview(review) !== undefined);
    const last = [this.#options.target, ...remembered.map(({ group }) => reviewBranch(group)).sort()];
    this.#seen = await this.#fingerprint(tree, new Map(last.map((branch) => [branch, left.get(branch)])));
    if (unsettled.size > 0) this.#mayHaveEnded = true;
    return { hasChanged, hasAsked: true, isUnsettled: unsettled.size > 0 };
  }

  #isPaused(scope: ReviewScope): boolean {
    const problem = scope.paused?.(this.#options);
    if (problem !== undefined && problem.message !== this.#pausedBy) this.#parts.log.problem(problem);
    this.#pausedBy = problem?.message;
    return problem !== undefined;
  }

  /** Before anything else, so that nothing that is away keeps people waiting. */
  async #answerAsked(scope: ReviewScope): Promise<void> {
    if (this.asked.isEmpty) return;
    const tree = await scope.readState();
    const reviews = tree === undefined ? new Map<string, ReviewRecord>() : await this.#readReviews(tree);
    await this.asked.answer(reviews, async (changed) => {
      const files = changed.map((review) => fileOf(review));
      await scope.commit(files);
      this.#parts.log.info("what was turned down is proposed again", {
        groups: changed.map(({ group }) => group).join(),
      });
    });
  }

  async #readReviews(tree: ObjectId): Promise<Reviews> {
    const reviews = new Map<string, ReviewRecord>();
    for await (const [path, text] of readFolder(this.#parts.git, tree, reviewsFolder)) {
      const review = parseReview(text, path);
      reviews.set(review.group, review);
    }
    return reviews;
  }

  /** Stands for all that a look depends on, requests apart. */
  async #fingerprint(tree: ObjectId, heads: Heads): Promise<string> {
    const folders = [desiredFolder, deliveryFolder].map((folder) => this.#parts.git.findEntry(tree, folder));
    const desired = (await Promise.all(folders)).map((entry) => entry?.id ?? "");
    return JSON.stringify([...desired, [...heads].map(([branch, head]) => [branch, head ?? null])]);
  }

  /** Without what is turned down and desired otherwise by now. */
  async #withoutOutdated(before: Reviews, tree: ObjectId): Promise<Map<string, ReviewRecord>> {
    const reviews = new Map(before);
    for (const [group, review] of before) {
      const desired = await readContents(this.#parts.git, tree, stateFolders, review.rejected.keys());
      const rejected = keepRejected(review.rejected, desired);
      if (rejected.size < review.rejected.size) reviews.set(group, { ...review, rejected });
    }
    return reviews;
  }

  /** Nothing is open or turned down as far as known, and nothing is to be proposed: there is nothing to ask. */
  async #isQuiet(reviews: Reviews, state: ObjectId, heads: Heads, differences: ReadDifferences): Promise<boolean> {
    const isIdle = ({ request, rejected }: ReviewRecord) => request === undefined && rejected.size === 0;
    if (![...reviews.values()].every(isIdle)) return false;
    const commit = heads.get(this.#options.target);
    const tree = commit === undefined ? undefined : (await this.#parts.git.readCommit(commit)).tree;
    if (commit !== undefined && tree !== undefined) {
      return (await this.#propose(reviews, { state, target: { id: commit, tree } }, differences)).size === 0;
    }
    return (await this.#parts.git.findEntry(state, desiredFolder)) === undefined;
  }

  /** The target's head. A request needs something to be merged into: an empty repository gets an empty start. */
  async #targetOf(commit: ObjectId | undefined, scope: ReviewScope): Promise<CommitWithTree | undefined> {
    const { git, clock, log } = this.#parts;
    if (commit !== undefined) {
      this.#hadTarget = true;
      return { id: commit, tree: (await git.readCommit(commit)).tree };
    }
    // One that was there before is missing: whoever looks at it says so, and it is not for us to make another.
    if (this.#hadTarget || scope.hadTarget?.() === true) {
      this.#isTargetAway = true;
      return undefined;
    }
    const message = "Start empty: manifests come by review\n";
    const start = await git.writeCommit({ base: undefined, changes: [], parents: [], message, time: clock.now() });
    const branch = this.#options.target;
    const outcome = (await git.push([{ branch, from: undefined, to: start.id }])).get(branch);
    if (outcome?.kind === "pushed") return start;
    if (outcome !== undefined) log.problem(outcome.problem);
    return undefined;
  }

  /**
   * What could be done is in `reviews`, in `heads` where branches are then, and in `unsettled` the groups to look at
   * again soon, also where something else fails.
   */
  async #publishAll(
    reviews: Map<string, ReviewRecord>,
    requests: GroupRequests,
    heads: Map<string, ObjectId | undefined>,
    unsettled: Set<string>,
    { differences, ...surroundings }: Surroundings & { readonly differences: ReadDifferences },
    remember: () => Promise<void>,
  ): Promise<void> {
    const { git, log } = this.#parts;
    const { target: branch, requestsMax } = this.#options;
    const proposals = await this.#propose(reviews, surroundings, differences);
    const isOpen = (group: string) => requests.openFor(group) !== undefined;
    const groups = [...new Set([...proposals.keys(), ...reviews.keys()])].filter((group) => !unsettled.has(group));
    // Open requests first: they have their place already.
    groups.sort((a, b) => Number(isOpen(b)) - Number(isOpen(a)) || (a < b ? -1 : 1));
    const unknown = groups.filter((group) => !heads.has(reviewBranch(group))).map(reviewBranch);
    if (unknown.length > 0) for (const [name, head] of await git.fetchHeads(unknown)) heads.set(name, head);
    let open = groups.filter(isOpen).length + unsettled.size;
    for (const group of groups) {
      const review = reviews.get(group) ?? emptyReview(group);
      const request = requests.openFor(group);
      const elsewhere = requests.elsewhere(group);
      const headScope = { ...this.#options, review, branch, target: surroundings.target };
      const head = await readReviewHead(git, heads.get(reviewBranch(group)), headScope);
      const proposal = proposals.get(group) ?? [];
      const mayOpen = open < requestsMax;
      const rememberOpened = async (opened: ReviewRecord) => {
        reviews.set(group, opened);
        await remember();
      };
      try {
        const published = await this.#groups.publish(
          { review, request, elsewhere, head, proposal, mayOpen, remember: rememberOpened },
          surroundings,
        );
        if (published.isEnding) unsettled.add(group);
        reviews.set(group, published.review);
        const { head: pushed, request: number } = published.review;
        if (pushed !== undefined && pushed !== review.head) heads.set(reviewBranch(group), pushed);
        open += Number(number !== undefined) - Number(request !== undefined);
      } catch (error) {
        // What the forge does not want of one group says nothing of the others.
        if (!(error instanceof SluiceError) || error.problem.code !== "FORGE_REFUSED") throw error;
        log.problem(error.problem, { group });
      }
    }
  }

  async #propose(reviews: Reviews, surroundings: Surroundings, differences: ReadDifferences): Promise<Proposals> {
    return planReview(await differences(surroundings), this.#options.grouping, reviews);
  }

  /** Reads what differs once for a look, however often it is asked for, as long as state and target are the same. */
  #readOnce(): ReadDifferences {
    let last: { readonly of: string; readonly differences: Promise<readonly FileDifference[]> } | undefined;
    return ({ state, target: { tree } }) => {
      const of = `${state} ${tree}`;
      if (last?.of !== of) {
        const read = readDifferences(this.#parts.git, tree, this.#options, state);
        last = { of, differences: read.then(({ differences }) => differences) };
      }
      return last.differences;
    };
  }

  async #remember(before: Reviews, after: Reviews, scope: ReviewScope): Promise<boolean> {
    const inputs: PlanInput[] = [];
    for (const [group, review] of after) {
      const was = before.get(group);
      if (writeReview(review) !== (was === undefined ? undefined : writeReview(was))) inputs.push(fileOf(review));
    }
    if (inputs.length > 0) await scope.commit(inputs);
    return inputs.length > 0;
  }
}

function fileOf(review: ReviewRecord): PlanInput {
  return { kind: "file", path: reviewPath(review.group), text: writeReview(review) };
}
