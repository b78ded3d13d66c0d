/**
 * Keeps the requests of a repository in line with the state: one open request for each group that differs from the
 * target.
 *
 * Everything is made anew at each look from what is there: the state, the target, the branches and the forge. Of what
 * was done nothing has to be remembered but which request is open and what it shows, so whatever a crash leaves undone,
 * or people do, the next look takes it from there.
 */
import { SluiceError } from "../../model/problem.ts";
import { emptyReview, type FileDifference, type ReviewGrouping, type ReviewRecord } from "../../model/review.ts";
import { desiredFolder, reviewsFolder } from "../../plan/paths.ts";
import type { PlanInput } from "../../plan/plan-change-set.ts";
import { keepRejected, planReview } from "../../plan/plan-review.ts";
import { parseReview, reviewPath, writeReview } from "../../plan/review-file.ts";
import type { CodeHost, ReviewRequest } from "../../ports/code-host.ts";
import type { GitRepository, ObjectId } from "../../ports/git.ts";
import type { Clock, Log } from "../../ports/system.ts";
import { readFolder } from "../read-folder.ts";
import { GroupPublisher, type GroupPublisherOptions, type Surroundings } from "./group-publisher.ts";
import { type CommitWithTree, readContents, readDifferences, readReviewHead, reviewBranch } from "./review-branch.ts";
import type { ReviewTemplates } from "./review-texts.ts";
import { isMergeMissing, settleRequest } from "./settle-request.ts";

export interface ReviewOptions extends GroupPublisherOptions {
  readonly grouping: ReviewGrouping;
  /** The most requests that are open at once; further groups wait. */
  readonly requestsMax: number;
  /** The least time between two updates. */
  readonly intervalMsMin: number;
  /** How often to ask the forge what has become of requests. */
  readonly pollMs: number;
}

export interface ReviewParts {
  readonly git: GitRepository;
  readonly host: CodeHost;
  readonly clock: Clock;
  readonly log: Log;
  readonly templates: ReviewTemplates;
}

/** What the service lends. Both reject when it stops. */
export interface ReviewScope {
  /** The state's tree, all of which is pushed; undefined: there is none yet. */
  readState(): Promise<ObjectId | undefined>;
  /** Commits and pushes changes of the state's files. */
  commit(inputs: readonly PlanInput[]): Promise<void>;
}

/**
 * How long what the forge says and what Git shows may contradict each other: a merge that is not on the target, a branch
 * that is gone while its request is open or nobody is known to have closed it.
 */
const settleMsMax = 5_000;
/** The least time between two looks that find nothing to do. */
const lookMsMin = 1_000;
const retryMsMin = 5_000;
const retryMsMax = 600_000;

export class ReviewPublisher {
  readonly #options: ReviewOptions;
  readonly #parts: ReviewParts;
  readonly #groups: GroupPublisher;
  /** Since when requests have been in such a contradiction, by number. */
  readonly #unsettled = new Map<number, number>();
  #isHinted = true;
  /** The hint came from the forge: what has become of requests is worth asking at once. */
  #mayHaveEnded = true;
  #wake: () => void = () => undefined;
  #polledAt = Number.NEGATIVE_INFINITY;
  /** What the last look that went through was made from. */
  #seen = "";

  constructor(options: ReviewOptions, parts: ReviewParts) {
    this.#options = options;
    this.#parts = parts;
    this.#groups = new GroupPublisher(options, parts);
  }

  /** Something may have changed: in the state or a branch, or, `onForge`, with a request. */
  hint(onForge: boolean): void {
    this.#isHinted = true;
    this.#mayHaveEnded ||= onForge;
    this.#wake();
  }

  /** Runs until the signal aborts, and closes the forge then. Throws only what the service can't go on with. */
  async run(scope: ReviewScope, signal: AbortSignal): Promise<void> {
    const { clock, host, log } = this.#parts;
    signal.addEventListener("abort", () => host.close(), { once: true });
    let failures = 0;
    while (!signal.aborted) {
      await this.#untilDue(signal);
      if (signal.aborted) return;
      this.#isHinted = false;
      try {
        const hasChanged = await this.look(scope);
        failures = 0;
        await clock.sleep(hasChanged ? this.#options.intervalMsMin : lookMsMin, signal);
      } catch (error) {
        if (signal.aborted) return;
        if (!(error instanceof SluiceError) || error.problem.code === "LEADER_LOST") throw error;
        log.problem(error.problem);
        this.#isHinted = true;
        await clock.sleep(Math.min(retryMsMax, retryMsMin * 2 ** failures++), signal);
      }
    }
  }

  async #untilDue(signal: AbortSignal): Promise<void> {
    const { clock } = this.#parts;
    const waiting = new AbortController();
    const woken = new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    const stop = () => this.#wake();
    signal.addEventListener("abort", stop, { once: true });
    const due = this.#polledAt + this.#options.pollMs - clock.monotonic();
    if (!this.#isHinted && !signal.aborted && due > 0) await Promise.race([woken, clock.sleep(due, waiting.signal)]);
    waiting.abort();
    signal.removeEventListener("abort", stop);
  }

  /**
   * Looks once at everything, and brings requests in line; false where there was nothing to do. Throws a SluiceError
   * where something can't be reached.
   */
  async look(scope: ReviewScope): Promise<boolean> {
    const { git, clock } = this.#parts;
    const tree = await scope.readState();
    if (tree === undefined) return false;
    const before = await this.#readReviews(tree);
    const branches = [this.#options.target, ...[...before.keys()].map(reviewBranch).sort()];
    const isPolling = this.#mayHaveEnded || clock.monotonic() - this.#polledAt >= this.#options.pollMs;
    if (!isPolling && this.#seen === (await this.#fingerprint(tree, await git.fetchHeads(branches)))) return false;

    // The forge before the branches: what it tells of a merge is on the target then.
    this.#mayHaveEnded = false;
    const requests = await this.#readRequests(before);
    this.#polledAt = clock.monotonic();
    const ended = [...requests.values()].filter((request) => request !== undefined && request.state !== "open");
    const heads = await git.fetchHeads([...branches, ...ended.map((request) => request!.headRef)]);
    const target = await this.#targetOf(heads.get(this.#options.target));
    if (target === undefined) return true;

    const reviews = new Map(before);
    const waiting = new Set<string>();
    for (const [group, request] of requests) {
      const review = before.get(group)!;
      if (request !== undefined && (await this.#isUnsettled(review, request, heads, target))) waiting.add(group);
      else if (request?.state !== "open") reviews.set(group, await this.#settle(review, request, heads, target));
    }
    const surroundings = { state: tree, target };
    const left = new Map(heads);
    let hasChanged = false;
    try {
      await this.#forgetOutdated(reviews, tree);
      await this.#publishAll(reviews, requests, left, waiting, surroundings);
    } finally {
      hasChanged = await this.#remember(before, reviews, scope);
    }
    if (waiting.size > 0) this.hint(true);
    const remembered = [...reviews.values()].filter((review) => writeReview(review) !== undefined);
    const known = [this.#options.target, ...remembered.map(({ group }) => reviewBranch(group)).sort()];
    this.#seen = await this.#fingerprint(tree, new Map(known.map((branch) => [branch, left.get(branch)])));
    return hasChanged;
  }

  async #readReviews(tree: ObjectId): Promise<ReadonlyMap<string, ReviewRecord>> {
    const reviews = new Map<string, ReviewRecord>();
    for await (const [path, text] of readFolder(this.#parts.git, tree, reviewsFolder)) {
      const review = parseReview(text, path);
      reviews.set(review.group, review);
    }
    return reviews;
  }

  /** Stands for all that a look depends on, requests apart. */
  async #fingerprint(tree: ObjectId, heads: ReadonlyMap<string, ObjectId | undefined>): Promise<string> {
    const desired = (await this.#parts.git.findEntry(tree, desiredFolder))?.id ?? "";
    return JSON.stringify([desired, [...heads].map(([branch, head]) => [branch, head ?? null])]);
  }

  /** What has become of requests that were open, by group. */
  async #readRequests(reviews: ReadonlyMap<string, ReviewRecord>): Promise<Map<string, ReviewRequest | undefined>> {
    const requests = new Map<string, ReviewRequest | undefined>();
    for (const { group, request } of reviews.values()) {
      if (request !== undefined) requests.set(group, await this.#parts.host.readRequest(request));
    }
    return requests;
  }

  /** The target's head. A request needs something to be merged into: an empty repository gets an empty start. */
  async #targetOf(commit: ObjectId | undefined): Promise<CommitWithTree | undefined> {
    const { git, clock, log } = this.#parts;
    if (commit !== undefined) return { id: commit, tree: (await git.readCommit(commit)).tree };
    const message = "Start empty: manifests come by review\n";
    const start = await git.writeCommit({ base: undefined, changes: [], parents: [], message, time: clock.now() });
    const branch = this.#options.target;
    const outcome = (await git.push([{ branch, from: undefined, to: start.id }])).get(branch);
    if (outcome?.kind === "pushed") return start;
    if (outcome !== undefined) log.problem(outcome.problem);
    this.hint(false);
    return undefined;
  }

  /** Whether the forge and Git still contradict each other, and not for long yet. */
  async #isUnsettled(
    review: ReviewRecord,
    request: ReviewRequest,
    heads: ReadonlyMap<string, ObjectId | undefined>,
    target: CommitWithTree,
  ): Promise<boolean> {
    const { git, clock } = this.#parts;
    const { number, state, headRef } = request;
    const isBranchGone = heads.get(reviewBranch(review.group)) === undefined;
    const isContradiction =
      state === "merged"
        ? await isMergeMissing(git, review, heads.get(headRef), target.tree, this.#options.outputPath)
        : isBranchGone;
    const since = this.#unsettled.get(number) ?? clock.monotonic();
    if (isContradiction && clock.monotonic() - since < settleMsMax) {
      this.#unsettled.set(number, since);
      return true;
    }
    this.#unsettled.delete(number);
    return false;
  }

  async #settle(
    review: ReviewRecord,
    request: ReviewRequest | undefined,
    heads: ReadonlyMap<string, ObjectId | undefined>,
    target: CommitWithTree,
  ): Promise<ReviewRecord> {
    const { git, host, log } = this.#parts;
    const { group, request: number = 0 } = review;
    const isBranchGone = heads.get(reviewBranch(group)) === undefined;
    const isAbandoned = request?.state === "closed" && isBranchGone && (await host.wasClosedByDeletion(number));
    const settled =
      request === undefined || isAbandoned
        ? { group, shown: new Map(), rejected: review.rejected }
        : await settleRequest(git, review, heads.get(request.headRef), target.tree, this.#options.outputPath);
    const how = request === undefined ? "is gone" : isAbandoned ? "went with its branch" : `was ${request.state}`;
    const rejected = settled.rejected.size - review.rejected.size;
    log.info(`the request ${how}`, { group, request: number, by: request?.endedBy, rejected });
    return settled;
  }

  async #forgetOutdated(reviews: Map<string, ReviewRecord>, tree: ObjectId): Promise<void> {
    for (const [group, review] of reviews) {
      const desired = await readContents(this.#parts.git, tree, desiredFolder, review.rejected.keys());
      const rejected = keepRejected(review.rejected, desired);
      if (rejected.size < review.rejected.size) reviews.set(group, { ...review, rejected });
    }
  }

  /** What could be done is in `reviews`, and in `heads` where branches are then, also where something else fails. */
  async #publishAll(
    reviews: Map<string, ReviewRecord>,
    requests: ReadonlyMap<string, ReviewRequest | undefined>,
    heads: Map<string, ObjectId | undefined>,
    waiting: ReadonlySet<string>,
    surroundings: Surroundings,
  ): Promise<void> {
    const { git, log } = this.#parts;
    const proposals = await this.#propose(reviews, surroundings);
    const openOf = (group: string) => {
      const request = requests.get(group);
      return request?.state === "open" ? request : undefined;
    };
    const groups = [...new Set([...proposals.keys(), ...reviews.keys()])].filter((group) => !waiting.has(group));
    // Open requests first: they have their place already.
    groups.sort((a, b) => Number(openOf(a) === undefined) - Number(openOf(b) === undefined) || (a < b ? -1 : 1));
    const unknown = groups.filter((group) => !heads.has(reviewBranch(group))).map(reviewBranch);
    if (unknown.length > 0) for (const [branch, head] of await git.fetchHeads(unknown)) heads.set(branch, head);
    let open = groups.filter((group) => openOf(group) !== undefined).length + waiting.size;
    for (const group of groups) {
      const review = reviews.get(group) ?? emptyReview(group);
      const request = openOf(group);
      const head = await readReviewHead(git, heads.get(reviewBranch(group)));
      const proposal = proposals.get(group) ?? [];
      const mayOpen = open < this.#options.requestsMax;
      try {
        const published = await this.#groups.publish({ review, request, head, proposal, mayOpen }, surroundings);
        reviews.set(group, published);
        if (published.head !== undefined && published.head !== review.head) {
          heads.set(reviewBranch(group), published.head);
        }
        open += Number(published.request !== undefined) - Number(request !== undefined);
      } catch (error) {
        // What the forge does not want of one group says nothing of the others.
        if (!(error instanceof SluiceError) || error.problem.code !== "FORGE_REFUSED") throw error;
        log.problem(error.problem, { group });
      }
    }
  }

  async #propose(
    reviews: ReadonlyMap<string, ReviewRecord>,
    { state, target }: Surroundings,
  ): Promise<ReadonlyMap<string, readonly FileDifference[]>> {
    const { git } = this.#parts;
    const desired = (await git.findEntry(state, desiredFolder))?.id;
    const { differences } = await readDifferences(git, target.tree, this.#options.outputPath, desired);
    return planReview(differences, this.#options.grouping, reviews);
  }

  async #remember(
    before: ReadonlyMap<string, ReviewRecord>,
    after: ReadonlyMap<string, ReviewRecord>,
    scope: ReviewScope,
  ): Promise<boolean> {
    const inputs: PlanInput[] = [];
    for (const [group, review] of after) {
      const was = before.get(group);
      const text = writeReview(review);
      if (text !== (was === undefined ? undefined : writeReview(was))) {
        inputs.push({ kind: "file", path: reviewPath(group), text });
      }
    }
    if (inputs.length > 0) await scope.commit(inputs);
    return inputs.length > 0;
  }
}
