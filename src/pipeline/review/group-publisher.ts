/** Brings one group's branch and request in line with what it proposes. */
import type { FileDifference, ReviewRecord } from "../../model/review.ts";
import { checkpointPath } from "../../plan/paths.ts";
import { restOf } from "../../plan/plan-review.ts";
import { fingerprintProposal } from "../../plan/projection-trailer.ts";
import { type ProposalFolders, stateFolders } from "../../plan/proposal-path.ts";
import { addStateTrailer, readStateMark } from "../../plan/state-mark.ts";
import type { CodeHost, Decoration, MergeMethod, ReviewRequest } from "../../ports/code-host.ts";
import type { GitRepository, ObjectId } from "../../ports/git.ts";
import type { Clock, Log } from "../../ports/system.ts";
import type { ProposalSides } from "./describe-proposal.ts";
import type { ProposalEvents, ProposalReader } from "./proposal-events.ts";
import { RequestMarks } from "./request-marks.ts";
import { type CommitWithTree, readContents, reviewBranch, writeProjection } from "./review-branch.ts";
import type { ReviewHead } from "./review-head.ts";
import { commentMarker, describes, type ReviewTexts } from "./review-texts.ts";
import { isAllOnTarget } from "./settle-request.ts";
import type { ShownRequests } from "./shown-requests.ts";

export interface GroupPublisherOptions extends ProposalFolders {
  /** The branch that requests are for. */
  readonly target: string;
  /** Settings' `name`: whose files on the target are ours. Absent: the first's. */
  readonly instance?: string;
  readonly decoration: Decoration;
  readonly isDraft: boolean;
  /** Undefined: people merge. */
  readonly autoMerge: MergeMethod | undefined;
  /** `approved`: what comes after an approval waits for the next request. */
  readonly hold: "never" | "approved";
}

export interface GroupPublisherParts {
  readonly git: GitRepository;
  readonly host: CodeHost;
  readonly clock: Clock;
  readonly log: Log;
  readonly texts: ReviewTexts;
  readonly events: ProposalReader;
  readonly requests: ShownRequests;
}

export interface Group {
  readonly review: ReviewRecord;
  /** Open for the target; undefined: none is. */
  readonly request: ReviewRequest | undefined;
  /** Open for another branch. */
  readonly elsewhere: ReviewRequest | undefined;
  /** Of the group's branch; undefined: there is no such branch. */
  readonly head: ReviewHead | undefined;
  readonly proposal: readonly FileDifference[];
  /** Whether one more request may be opened. */
  readonly mayOpen: boolean;
  /**
   * Puts the record of a request that was opened on the state, before anything else is done: one that is closed while the
   * service is down would be opened again otherwise.
   */
  readonly remember: (review: ReviewRecord) => Promise<void>;
}

export interface Surroundings {
  /** The state's tree. */
  readonly state: ObjectId;
  readonly target: CommitWithTree;
}

export interface Published {
  /** The group's record as it is then. */
  readonly review: ReviewRecord;
  /** The request has ended or is about to: what has become of it is worth asking soon. */
  readonly isEnding: boolean;
}

/** How long a forge may take to notice that a request of its own was merged. */
const recordMsMax = 15_000;
/** How often it is asked whether a request is behind its base, where neither has changed. */
const behindMsMin = 600_000;

export class GroupPublisher {
  readonly #options: GroupPublisherOptions;
  readonly #parts: GroupPublisherParts;
  readonly #marks: RequestMarks;
  /** What was told already, so that it is not told at every look. */
  readonly #told = new Map<string, string>();
  /** By request, since when all that it shows is on the target. */
  readonly #landed = new Map<number, number>();
  /** By request, what was asked about and when. */
  readonly #askedBehind = new Map<number, { readonly about: string; readonly at: number }>();

  constructor(options: GroupPublisherOptions, parts: GroupPublisherParts) {
    this.#options = options;
    this.#parts = parts;
    this.#marks = new RequestMarks(options, parts);
  }

  /** Throws a SluiceError where the forge or the Git server can't be reached. */
  async publish(group: Group, surroundings: Surroundings): Promise<Published> {
    const { review, head, request } = group;
    const name = review.group;
    if (await this.#isBeingMerged(group, surroundings)) return { review, isEnding: true };
    if (group.proposal.length === 0) return this.#finish(group);
    if (request === undefined && !group.mayOpen) {
      const waits = "changes wait for another request to be merged or closed";
      if (this.#isNews(`wait ${name}`, waits)) {
        this.#parts.log.warn(waits, { group: name, files: group.proposal.length });
      }
      return { review, isEnding: false };
    }
    const user = request ?? group.elsewhere;
    if (isTakenOver(head)) {
      if (user !== undefined) {
        await this.#stop(name, user, head);
        return {
          review: { ...review, ...(request === undefined ? {} : { request: request.number }) },
          isEnding: false,
        };
      }
      const branch = reviewBranch(name);
      this.#parts.log.warn("overwrote commits on a review branch without request", { branch, head: head.id });
    }
    return this.#update(group, surroundings);
  }

  async #update(group: Group, surroundings: Surroundings): Promise<Published> {
    const { review, request, head } = group;
    const held = await this.#heldProposal(group, surroundings);
    const proposal = held ?? group.proposal;
    const fingerprint = fingerprintProposal(proposal);
    const isThere = head?.fingerprint === fingerprint && !(await this.#isBehind(group, surroundings));
    const what = new Proposed(proposal, this.#sidesOf(surroundings), this.#parts.events);
    const pushed = isThere ? head.id : await this.#push(group, what, surroundings);
    if (pushed === undefined) {
      return { review: request === undefined ? review : { ...review, request: request.number }, isEnding: false };
    }
    const opened = await this.#describe(group, what, fingerprint);
    const shown = new Map(proposal.map(({ path, want }) => [path, want]));
    this.#parts.requests.note(opened, shown);
    const known = { ...review, request: opened.number, head: pushed, shown };
    if (opened.number !== review.request) {
      this.#marks.expect(opened.number);
      await group.remember(known);
    }
    const isEnding = await this.#marks.put(opened, pushed, { proposal, isHeld: held !== undefined });
    return { review: known, isEnding };
  }

  /**
   * A merge is on the target before the forge has it on record. Meanwhile the request counts as open, and must neither be
   * closed nor given anything more.
   */
  async #isBeingMerged({ review, request, head }: Group, { target }: Surroundings): Promise<boolean> {
    if (request === undefined || isTakenOver(head)) return false;
    const { git, clock } = this.#parts;
    if (!(await isAllOnTarget(git, review, target.tree, this.#options))) {
      this.#landed.delete(request.number);
      return false;
    }
    const now = clock.monotonic();
    const since = this.#landed.get(request.number) ?? now;
    this.#landed.set(request.number, since);
    return now - since < recordMsMax;
  }

  /** Nothing is left to propose: a request that nobody has touched is closed. */
  async #finish({ review, request, head }: Group): Promise<Published> {
    const { group, rejected, rejectedIn } = review;
    const finished = { group, shown: new Map(), rejected, ...(rejectedIn === undefined ? {} : { rejectedIn }) };
    if (request === undefined) return { review: finished, isEnding: false };
    if (isTakenOver(head)) return { review, isEnding: false };
    const { host, log, texts } = this.#parts;
    const current = await host.readRequest(request.number);
    if (current?.state !== "open") return { review, isEnding: true };
    await host.keepComment(request.number, commentMarker, texts.comment("empty", group));
    await host.closeRequest(request.number);
    this.#landed.delete(request.number);
    log.info("closed a request that proposed nothing any more", { group, request: request.number });
    return { review: finished, isEnding: false };
  }

  /** People have taken over. */
  async #stop(group: string, request: ReviewRequest, head: ReviewHead): Promise<void> {
    if (this.#told.get(`people ${group}`) === head.id) return;
    const { host, log, texts } = this.#parts;
    const branch = reviewBranch(group);
    await host.keepComment(request.number, commentMarker, texts.comment("people", group, head.id));
    await this.#marks.say(head.id, "Has commits by people: Sluice does not update it");
    log.problem({
      code: "REVIEW_STOPPED",
      severity: "warning",
      message: `branch ${branch} has commits by people: request ${request.number} is not updated any more`,
      hint: "Merge or close it, or delete the branch to have it made afresh.",
    });
    this.#told.set(`people ${group}`, head.id);
  }

  /** What an approved request shows, where more has come since; undefined: nothing is held back. */
  async #heldProposal(
    { review, request, head, proposal }: Group,
    { target }: Surroundings,
  ): Promise<readonly FileDifference[] | undefined> {
    if (this.#options.hold !== "approved" || request === undefined || head === undefined) return undefined;
    // Of a head that is not on record, what it shows is not known.
    if (review.head !== head.id || head.fingerprint === fingerprintProposal(proposal)) return undefined;
    const { git, host, log } = this.#parts;
    if (!(await host.isApproved(request.number))) return undefined;
    const { shown } = review;
    const rest = restOf(shown, await readContents(git, target.tree, this.#options, shown.keys()));
    if (rest.length === 0) return undefined;
    if (this.#isNews(`hold ${review.group}`, head.id)) {
      const fields = { group: review.group, request: request.number };
      log.info("a request is approved: what has come since waits for the next one", fields);
    }
    return rest;
  }

  /** Whether the branch has to be brought up to date because the forge does not merge it otherwise. */
  async #isBehind({ request, head }: Group, { target }: Surroundings): Promise<boolean> {
    if (request === undefined || head === undefined || head.isCurrent) return false;
    const { clock, host } = this.#parts;
    const about = `${target.id} ${head.id}`;
    const asked = this.#askedBehind.get(request.number);
    const now = clock.monotonic();
    if (asked?.about === about && now - asked.at < behindMsMin) return false;
    const isBehind = await host.isBehind(request.number);
    if (isBehind !== undefined) this.#askedBehind.set(request.number, { about, at: now });
    return isBehind === true;
  }

  /** Undefined: the branch is somewhere else by now, or the server does not want it. */
  async #push({ review, head }: Group, what: Proposed, { state, target }: Surroundings): Promise<ObjectId | undefined> {
    const { git, clock, log, texts } = this.#parts;
    const { proposal } = what;
    const text = texts.commitMessage(review.group, proposal, await what.events());
    // As every commit that comes to the target it says which state it was made from.
    const checkpoint = (await git.readFiles(state, [checkpointPath])).get(checkpointPath) ?? "";
    const message = addStateTrailer(text, readStateMark(checkpoint));
    const to = await writeProjection(git, target, this.#options, proposal, message, clock.now());
    const branch = reviewBranch(review.group);
    const outcome = (await git.push([{ branch, from: head?.id, to, mayRewind: true }])).get(branch);
    if (outcome?.kind === "pushed") return to;
    if (outcome !== undefined) log.problem(outcome.problem);
    return undefined;
  }

  #sidesOf({ state, target }: Surroundings): ProposalSides {
    return {
      have: { tree: target.tree, folders: this.#options },
      want: { tree: state, folders: stateFolders },
    };
  }

  /** Opens the request, or makes an open one say what it proposes now. */
  async #describe({ review: { group }, request }: Group, what: Proposed, fingerprint: string): Promise<ReviewRequest> {
    if (request !== undefined && describes(request.body, fingerprint)) return request;
    const { git, host, log, texts } = this.#parts;
    const { proposal, sides } = what;
    const text = await texts.requestText(git, group, proposal, await what.events(), sides);
    if (request !== undefined) {
      await host.updateRequest(request, text);
      return request;
    }
    const { target: base, isDraft } = this.#options;
    const opened = await host.createRequest({ head: reviewBranch(group), base, ...text, isDraft });
    log.info("opened a request", { group, request: opened.number, url: opened.url, files: proposal.length });
    if (isDraft && !opened.isDraft) {
      const message = `request ${opened.number} is no draft: the forge has none for this repository`;
      log.problem({ code: "FORGE_REFUSED", severity: "warning", message, hint: "Set review.draft to false." });
    }
    return opened;
  }

  #isNews(topic: string, said: string): boolean {
    if (this.#told.get(topic) === said) return false;
    this.#told.set(topic, said);
    return true;
  }
}

/** What is proposed, and what it comes of: read once, and only where it has to be said. */
class Proposed {
  readonly proposal: readonly FileDifference[];
  readonly sides: ProposalSides;
  readonly #reader: ProposalReader;
  #events: Promise<ProposalEvents> | undefined;

  constructor(proposal: readonly FileDifference[], sides: ProposalSides, reader: ProposalReader) {
    this.proposal = proposal;
    this.sides = sides;
    this.#reader = reader;
  }

  events(): Promise<ProposalEvents> {
    this.#events ??= this.#reader.read(this.proposal, this.sides);
    return this.#events;
  }
}

function isTakenOver(head: ReviewHead | undefined): head is ReviewHead {
  return head !== undefined && head.fingerprint === undefined;
}
