/**
 * What comes with a request once, and what comes with each head: labels and reviewers, the commit status, the order to
 * merge. The request is there and right without any of it, so trouble is told, once, and it is tried again when the
 * request is looked at next. One effect leaves one mark: what was done is not done again.
 */
import { SluiceError } from "../../model/problem.ts";
import type { FileDifference } from "../../model/review.ts";
import type { ReviewRequest } from "../../ports/code-host.ts";
import type { ObjectId } from "../../ports/git.ts";
import { summarizeProposal } from "./describe-proposal.ts";
import type { GroupPublisherOptions, GroupPublisherParts } from "./group-publisher.ts";

const statusContext = "sluice/review";

export interface Marked {
  readonly proposal: readonly FileDifference[];
  /** It is approved, and what has come since waits. */
  readonly isHeld: boolean;
}

export class RequestMarks {
  readonly #options: Pick<GroupPublisherOptions, "decoration" | "autoMerge">;
  readonly #parts: Pick<GroupPublisherParts, "host" | "log">;
  /** Requests that were opened or found, and not decorated yet. */
  readonly #undecorated = new Set<number>();
  /** By request, the head whose merge is in the forge's hands. */
  readonly #merging = new Map<number, ObjectId>();
  /** By commit, what its status says. */
  readonly #statuses = new Map<ObjectId, string>();
  /** By what it was about, the trouble that was told last. */
  readonly #troubles = new Map<string, string>();

  constructor(options: GroupPublisherOptions, parts: GroupPublisherParts) {
    this.#options = options;
    this.#parts = parts;
  }

  /** The request is a new one. */
  expect(request: number): void {
    this.#undecorated.add(request);
  }

  /** Puts on what is not there yet; true where the request was merged by that. */
  async put(request: ReviewRequest, head: ObjectId, { proposal, isHeld }: Marked): Promise<boolean> {
    const { number } = request;
    if (this.#undecorated.has(number)) await this.#try(`decorate ${number}`, () => this.#decorate(number));
    const title = String(summarizeProposal(proposal).get("title"));
    await this.#try(`status ${number}`, () =>
      this.say(head, isHeld ? `${title}; what has come since waits for the next request` : `${title}, as events ask`),
    );
    const { autoMerge } = this.#options;
    if (autoMerge === undefined || request.hasAutoMerge || this.#merging.get(number) === head) return false;
    let isMerged = false;
    await this.#try(`merge ${number}`, async () => {
      const outcome = await this.#parts.host.mergeWhenAllowed(request, head, autoMerge);
      if (outcome !== "later") this.#merging.set(number, head);
      isMerged = outcome === "merged";
    });
    return isMerged;
  }

  /** Makes the commit's status say something, as forges show it beside the request. */
  async say(commit: ObjectId, text: string): Promise<void> {
    const description = text.length <= descriptionMax ? text : `${text.slice(0, descriptionMax - 3)}...`;
    if (this.#statuses.get(commit) === description) return;
    await this.#parts.host.setStatus(commit, { state: "success", context: statusContext, description });
    if (this.#statuses.size >= statusesMax) this.#statuses.clear();
    this.#statuses.set(commit, description);
  }

  async #decorate(request: number): Promise<void> {
    const { host, log } = this.#parts;
    for (const problem of await host.decorateRequest(request, this.#options.decoration))
      log.problem(problem, { request });
    this.#undecorated.delete(request);
  }

  async #try(what: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
      this.#troubles.delete(what);
    } catch (error) {
      if (!(error instanceof SluiceError)) throw error;
      if (this.#troubles.get(what) === error.problem.message) return;
      this.#troubles.set(what, error.problem.message);
      this.#parts.log.problem(error.problem, { about: what });
    }
  }
}

/** GitHub refuses longer ones. */
const descriptionMax = 140;
/** What is remembered saves a call, and no more. */
const statusesMax = 1000;
