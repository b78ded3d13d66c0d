/**
 * The port to the forge that people review on: GitHub, Gitea, Forgejo, whatever comes.
 *
 * Only what Git itself can't say goes through here: requests, comments and statuses. Branches and their contents are
 * read and pushed with Git. Every method may throw a SluiceError: FORGE_UNAVAILABLE where trying later may help,
 * FORGE_AUTH where the credentials do not do, FORGE_REFUSED where the forge does not want it. Rate limits are waited
 * out inside.
 */
import type { Problem } from "../model/problem.ts";
import type { ObjectId } from "./git.ts";

/** A pull request. */
export interface ReviewRequest {
  readonly number: number;
  /** For people. */
  readonly url: string;
  readonly state: "open" | "merged" | "closed";
  /** Who merged or closed it, where the forge tells. */
  readonly endedBy?: string;
  readonly title: string;
  readonly body: string;
  readonly isDraft: boolean;
  readonly hasAutoMerge: boolean;
  /** The branch with the changes, and the one that they are for now: people may point a request at another. */
  readonly head: string;
  readonly base: string;
  /** The ref under which the forge keeps the request's head, when the branch has moved on or is gone too. */
  readonly headRef: string;
}

export interface NewRequest {
  /** The branch with the changes, and the one that they are for. */
  readonly head: string;
  readonly base: string;
  readonly title: string;
  readonly body: string;
  readonly isDraft: boolean;
}

/** What is put on a request once; what people take away again stays away. */
export interface Decoration {
  readonly labels: readonly string[];
  /** Users, or teams as `<organization>/<team>`. */
  readonly reviewers: readonly string[];
  readonly assignees: readonly string[];
}

export type MergeMethod = "merge" | "squash" | "rebase";

/** `later`: not now, as its head has moved or the forge is still finding out; worth trying again. */
export type MergeOutcome = "merged" | "scheduled" | "later";

export interface CommitStatus {
  readonly state: "success" | "pending" | "failure";
  readonly context: string;
  /** One line, of at most 140 characters. */
  readonly description: string;
}

export interface ForgeRights {
  /** Undefined: the forge does not say. */
  readonly mayPush: boolean | undefined;
  /** Undefined: there is no such branch, or the forge does not say. */
  readonly isProtected: boolean | undefined;
}

export interface CodeHost {
  /** The most that a body or a comment may have, in UTF-16 units. */
  readonly bodyCharactersMax: number;

  /**
   * Undefined: there is none any more. Only where the repository itself answers: one that is hidden from us for a while
   * takes no request away.
   */
  readRequest(number: number): Promise<ReviewRequest | undefined>;
  /** All that are open, of branches of the repository itself whose names begin so, for whatever branch they are. */
  listOpenRequests(headPrefix: string): Promise<readonly ReviewRequest[]>;
  /** Where the forge has no drafts for this repository, the request is none, and says so. */
  createRequest(request: NewRequest): Promise<ReviewRequest>;
  updateRequest(request: ReviewRequest, text: { readonly title: string; readonly body: string }): Promise<void>;
  closeRequest(number: number): Promise<void>;
  /** Says of what the forge does not want, such as reviewers that it does not know; the rest is put on. */
  decorateRequest(number: number, decoration: Decoration): Promise<readonly Problem[]>;
  /** Has the forge merge the request as soon as it may be, if its head is still that commit. */
  mergeWhenAllowed(request: ReviewRequest, head: ObjectId, method: MergeMethod): Promise<MergeOutcome>;
  /**
   * Whether the forge refuses to merge it for no other reason than that the base has moved on; undefined where it has not
   * found out yet.
   */
  isBehind(number: number): Promise<boolean | undefined>;
  /** Whether somebody has approved it, whose word still stands, and nobody asks for changes. */
  isApproved(number: number): Promise<boolean>;
  /** Of a request that was closed: whether that was just what deleting its branch or its base did, and nobody's decision. */
  wasClosedByDeletion(number: number): Promise<boolean>;

  /** The one comment of ours that begins with the marker, written, or changed where it says something else. */
  keepComment(number: number, marker: string, text: string): Promise<void>;
  /** What the commit says already is not said again: forges bound how often. */
  setStatus(commit: ObjectId, status: CommitStatus): Promise<void>;

  /** What these credentials may do in the repository, and what protects the branch. */
  readRights(branch: string): Promise<ForgeRights>;

  /** Ends what is under way: it throws FORGE_UNAVAILABLE. */
  close(): void;
}
