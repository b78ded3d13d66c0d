/** Brings one group's branch and request in line with what it proposes. */
import { SluiceError } from "../../model/problem.ts";
import type { FileDifference, ReviewRecord } from "../../model/review.ts";
import { desiredFolder } from "../../plan/paths.ts";
import { fingerprintProposal } from "../../plan/projection-trailer.ts";
import type { CodeHost, Decoration, MergeMethod, ReviewRequest } from "../../ports/code-host.ts";
import type { GitRepository, ObjectId } from "../../ports/git.ts";
import type { Clock, Log } from "../../ports/system.ts";
import { type CommitWithTree, type ReviewHead, reviewBranch, writeProjection } from "./review-branch.ts";
import { commentMarker, describes, type ReviewTemplates, ReviewTexts } from "./review-texts.ts";

export interface GroupPublisherOptions {
  /** The branch that requests are for. */
  readonly target: string;
  readonly outputPath: string;
  readonly decoration: Decoration;
  readonly isDraft: boolean;
  /** Undefined: people merge. */
  readonly autoMerge: MergeMethod | undefined;
}

export interface GroupPublisherParts {
  readonly git: GitRepository;
  readonly host: CodeHost;
  readonly clock: Clock;
  readonly log: Log;
  readonly templates: ReviewTemplates;
}

export interface Group {
  readonly review: ReviewRecord;
  /** Undefined: none is open, as far as known. */
  readonly request: ReviewRequest | undefined;
  /** Of the group's branch; undefined: there is no such branch. */
  readonly head: ReviewHead | undefined;
  readonly proposal: readonly FileDifference[];
  /** Whether one more request may be opened. */
  readonly mayOpen: boolean;
}

export interface Surroundings {
  /** The state's tree. */
  readonly state: ObjectId;
  readonly target: CommitWithTree;
}

const statusContext = "sluice/review";

export class GroupPublisher {
  readonly #options: GroupPublisherOptions;
  readonly #parts: GroupPublisherParts;
  readonly #texts: ReviewTexts;
  /** What was told already, so that it is not told at every look. */
  readonly #told = new Map<string, string>();
  /** Requests that were opened or found. */
  readonly #undecorated = new Set<number>();

  constructor(options: GroupPublisherOptions, parts: GroupPublisherParts) {
    this.#options = options;
    this.#parts = parts;
    this.#texts = new ReviewTexts(parts.templates, parts.host.bodyCharactersMax);
  }

  /** The group's record as it is then. Throws a SluiceError where the forge or the Git server can't be reached. */
  async publish(group: Group, surroundings: Surroundings): Promise<ReviewRecord> {
    const { review, head, proposal } = group;
    const name = review.group;
    if (proposal.length === 0) return this.#finish(group);

    const { host, log } = this.#parts;
    const branch = reviewBranch(name);
    // Where the record is silent there may be one all the same: Sluice ended before it was written, or it was opened again.
    const request = group.request ?? (await host.findOpenRequest(branch, this.#options.target));
    if (request === undefined && !group.mayOpen) {
      const waits = "changes wait for another request to be merged or closed";
      if (this.#isNews(`wait ${name}`, waits)) log.warn(waits, { group: name, files: proposal.length });
      return review;
    }
    const isTakenOver = head !== undefined && head.fingerprint === undefined;
    if (isTakenOver && request !== undefined) {
      await this.#stop(name, request, head);
      return { ...review, request: request.number };
    }
    if (isTakenOver) log.warn("overwrote commits on a review branch without request", { branch, head: head.id });

    const fingerprint = fingerprintProposal(proposal);
    const pushed = head?.fingerprint === fingerprint ? head.id : await this.#push(group, surroundings);
    if (pushed === undefined) return request === undefined ? review : { ...review, request: request.number };
    const opened = await this.#describe(group, request, fingerprint, surroundings);
    if (opened.number !== review.request) this.#undecorated.add(opened.number);
    await this.#equip(name, opened, pushed);
    const shown = new Map(proposal.map(({ path, want }) => [path, want]));
    return { ...review, request: opened.number, head: pushed, shown };
  }

  /** Nothing is left to propose: a request that nobody has touched is closed. */
  async #finish({ review, request, head }: Group): Promise<ReviewRecord> {
    const { group, rejected } = review;
    if (request === undefined) return { group, shown: new Map(), rejected };
    if (head !== undefined && head.fingerprint === undefined) return review;
    const { host, log } = this.#parts;
    const comment = this.#texts.comment("empty", reviewBranch(group), head?.id ?? "");
    await host.keepComment(request.number, commentMarker, comment);
    await host.closeRequest(request.number);
    log.info("closed a request that proposed nothing any more", { group, request: request.number });
    return { group, shown: new Map(), rejected };
  }

  /** People have taken over. */
  async #stop(group: string, request: ReviewRequest, head: ReviewHead): Promise<void> {
    if (this.#told.get(`people ${group}`) === head.id) return;
    const { host, log } = this.#parts;
    const branch = reviewBranch(group);
    await host.keepComment(request.number, commentMarker, this.#texts.comment("people", branch, head.id));
    await host.setStatus(head.id, { state: "success", context: statusContext, description: "Changed by people" });
    log.problem({
      code: "REVIEW_STOPPED",
      severity: "warning",
      message: `branch ${branch} has commits by people: request ${request.number} is not updated any more`,
      hint: "Merge or close it, or delete the branch to have it made afresh.",
    });
    this.#told.set(`people ${group}`, head.id);
  }

  /** Undefined: the branch is somewhere else by now, or the server does not want it. */
  async #push({ review, head, proposal }: Group, { target }: Surroundings): Promise<ObjectId | undefined> {
    const { git, clock, log } = this.#parts;
    const message = this.#texts.commitMessage(review.group, proposal);
    const to = await writeProjection(git, target, this.#options.outputPath, proposal, message, clock.now());
    const branch = reviewBranch(review.group);
    const outcome = (await git.push([{ branch, from: head?.id, to, mayRewind: true }])).get(branch);
    if (outcome?.kind === "pushed") return to;
    if (outcome !== undefined) log.problem(outcome.problem);
    return undefined;
  }

  /** Opens the request, or makes an open one say what it proposes now. */
  async #describe(
    { review: { group }, proposal }: Group,
    request: ReviewRequest | undefined,
    fingerprint: string,
    { state, target }: Surroundings,
  ): Promise<ReviewRequest> {
    if (request !== undefined && describes(request.body, fingerprint)) return request;
    const { git, host, log } = this.#parts;
    const have = { tree: target.tree, folder: this.#options.outputPath };
    const want = { tree: state, folder: desiredFolder };
    const text = await this.#texts.requestText(git, group, proposal, fingerprint, { have, want });
    if (request !== undefined) {
      await host.updateRequest(request, text);
      return request;
    }
    const { target: base, isDraft } = this.#options;
    const opened = await host.createRequest({ head: reviewBranch(group), base, ...text, isDraft });
    log.info("opened a request", { group, request: opened.number, url: opened.url, files: proposal.length });
    return opened;
  }

  /**
   * What comes with a request once, and what comes with each head. The request is there and right without it, so trouble
   * is told, and it is tried again when the request is looked at next.
   */
  async #equip(group: string, request: ReviewRequest, head: ObjectId): Promise<void> {
    const { host, log } = this.#parts;
    const { number } = request;
    try {
      if (this.#undecorated.has(number)) {
        for (const problem of await host.decorateRequest(number, this.#options.decoration)) {
          log.problem(problem, { request: number });
        }
        this.#undecorated.delete(number);
      }
      if (this.#told.get(`head ${group}`) === head) return;
      await host.setStatus(head, { state: "success", context: statusContext, description: "As events ask for" });
      const { autoMerge } = this.#options;
      if (autoMerge !== undefined && !request.hasAutoMerge) await host.enableAutoMerge(request, head, autoMerge);
      this.#told.set(`head ${group}`, head);
    } catch (error) {
      if (!(error instanceof SluiceError)) throw error;
      log.problem(error.problem, { request: number });
    }
  }

  #isNews(topic: string, said: string): boolean {
    if (this.#told.get(topic) === said) return false;
    this.#told.set(topic, said);
    return true;
  }
}
