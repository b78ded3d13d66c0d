/** What becomes of groups whose requests have ended, or gone elsewhere: settled on record, and told. */
import type { FileContents, FileDifference, ReviewRecord } from "../../model/review.ts";
import type { ProposalFolders } from "../../plan/proposal-path.ts";
import type { ReviewRequest } from "../../ports/code-host.ts";
import type { GitReader, ObjectId } from "../../ports/git.ts";
import type { Clock } from "../../ports/system.ts";
import type { GroupRequests } from "./group-requests.ts";
import { type CommitWithTree, reviewBranch } from "./review-branch.ts";
import type { HeadScope } from "./review-head.ts";
import { addUnrecorded, findTurnedDown, isMergeMissing, settleReview } from "./settle-request.ts";
import { type TellingParts, tellElsewhere, tellTurnedDown } from "./tell-ending.ts";

export interface EndingOptions extends ProposalFolders {
  readonly target: string;
}

export interface EndingParts extends Omit<TellingParts, "folders"> {
  readonly git: GitReader;
  readonly clock: Clock;
}

/** Where branches are, those of the forge for ended requests included. */
export interface Places {
  readonly heads: ReadonlyMap<string, ObjectId | undefined>;
  readonly target: CommitWithTree;
  /** The target was not there for a while: requests that were closed meanwhile were nobody's decision. */
  readonly hasTargetBeenAway: boolean;
  /** What a group proposes as long as nothing more is turned down. */
  readonly proposalOf: (group: string) => Promise<readonly FileDifference[]>;
}

/**
 * How long what the forge says and what Git shows may contradict each other: a merge that is not on the target, a branch
 * that is gone while its request is open or nobody is known to have closed it.
 */
const settleMsMax = 5_000;

export class RequestEndings {
  readonly #options: EndingOptions;
  readonly #parts: EndingParts & TellingParts;
  /** Since when requests have been in such a contradiction, by number. */
  readonly #unsettled = new Map<number, number>();
  /** Requests for another branch that were told. */
  readonly #elsewhere = new Set<number>();

  constructor(options: EndingOptions, parts: EndingParts) {
    this.#options = options;
    this.#parts = { ...parts, folders: options };
  }

  /** Brings the records in line with what has become of their requests; returns the groups that have to wait. */
  async settleAll(reviews: Map<string, ReviewRecord>, requests: GroupRequests, places: Places): Promise<Set<string>> {
    const waiting = new Set<string>();
    for (const [group, request] of requests.known) {
      const review = reviews.get(group)!;
      if (request === undefined) reviews.set(group, this.#forget(review));
      else if (request.state === "open" && request.base !== this.#options.target) {
        reviews.set(group, await this.#letGo(review, request));
      } else if (await this.#isUnsettled(review, request, places)) waiting.add(group);
      else if (request.state !== "open") reviews.set(group, await this.#settle(review, request, places));
    }
    for (const [group, review] of reviews) reviews.set(group, this.#takeBack(review, requests.openFor(group)));
    return waiting;
  }

  /** There is no such request any more, and it is not said why: that is nobody's word against anything. */
  #forget({ group, request, rejected, rejectedIn }: ReviewRecord): ReviewRecord {
    this.#parts.log.warn("the request is gone from the forge: what it showed is proposed again", { group, request });
    return { group, shown: new Map(), rejected, ...(rejectedIn === undefined ? {} : { rejectedIn }) };
  }

  /** People have pointed it at another branch. */
  async #letGo(review: ReviewRecord, request: ReviewRequest): Promise<ReviewRecord> {
    if (!this.#elsewhere.has(request.number)) {
      await tellElsewhere(review, request, this.#options.target, this.#parts);
      this.#elsewhere.add(request.number);
    }
    return settleReview(review, new Map());
  }

  /** Whoever reopens a request takes back that it was turned down. */
  #takeBack(review: ReviewRecord, open: ReviewRequest | undefined): ReviewRecord {
    const { group, rejected, rejectedIn } = review;
    if (open === undefined || rejectedIn === undefined) return review;
    const isBack = (path: string) => rejectedIn.get(path) === open.number;
    const left: FileContents = new Map([...rejected].filter(([path]) => !isBack(path)));
    if (left.size === rejected.size) return review;
    this.#parts.log.info("a request was reopened: what it showed is proposed again", { group, request: open.number });
    return { ...review, rejected: left, rejectedIn: new Map([...rejectedIn].filter(([path]) => !isBack(path))) };
  }

  /** Whether the forge and Git still contradict each other, and not for long yet. */
  async #isUnsettled(review: ReviewRecord, request: ReviewRequest, places: Places): Promise<boolean> {
    const { git, clock } = this.#parts;
    const { number, state, headRef, base } = request;
    const { heads } = places;
    const isBranchGone = heads.get(reviewBranch(review.group)) === undefined;
    const isContradiction =
      state !== "merged"
        ? isBranchGone
        : base === this.#options.target &&
          (await isMergeMissing(git, heads.get(headRef), this.#scope(review, places.target)));
    const since = this.#unsettled.get(number) ?? clock.monotonic();
    if (isContradiction && clock.monotonic() - since < settleMsMax) {
      this.#unsettled.set(number, since);
      return true;
    }
    this.#unsettled.delete(number);
    return false;
  }

  async #settle(review: ReviewRecord, request: ReviewRequest, places: Places): Promise<ReviewRecord> {
    const { git, host, log } = this.#parts;
    const { heads } = places;
    const { group } = review;
    const { number, state, base, headRef } = request;
    const { target } = this.#options;
    if (base !== target) {
      await tellElsewhere(review, request, target, this.#parts);
      return settleReview(review, new Map());
    }
    if (state === "closed" && (places.hasTargetBeenAway || (await host.wasClosedByDeletion(number)))) {
      log.info("the request went with a branch: begins afresh", { group, request: number });
      return settleReview(review, new Map());
    }
    const head = heads.get(headRef);
    const proposal = state === "closed" && head !== review.head ? await places.proposalOf(group) : [];
    const known = await addUnrecorded(git, review, head, proposal, this.#options);
    const turnedDown = await findTurnedDown(git, request, head, this.#scope(known, places.target));
    await tellTurnedDown(review, request, turnedDown, this.#parts);
    return settleReview(review, turnedDown);
  }

  #scope(review: ReviewRecord, target: CommitWithTree): HeadScope {
    const { target: branch, ...folders } = this.#options;
    return { review, branch, target, ...folders };
  }
}
