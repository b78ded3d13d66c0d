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

export interface CommitStatus {
  readonly state: "success" | "pending" | "failure";
  readonly context: string;
  /** One line. */
  readonly description: string;
}

export interface CodeHost {
  /** The most that a body or a comment may have, in UTF-16 units. */
  readonly bodyCharactersMax: number;

  /** Undefined: there is none, perhaps any more. */
  readRequest(number: number): Promise<ReviewRequest | undefined>;
  findOpenRequest(head: string, base: string): Promise<ReviewRequest | undefined>;
  createRequest(request: NewRequest): Promise<ReviewRequest>;
  updateRequest(request: ReviewRequest, text: { readonly title: string; readonly body: string }): Promise<void>;
  closeRequest(number: number): Promise<void>;
  /** Says of what the forge does not want, such as reviewers that it does not know; the rest is put on. */
  decorateRequest(number: number, decoration: Decoration): Promise<readonly Problem[]>;
  /** Merges the request when its checks allow, if its head is still that commit. */
  enableAutoMerge(request: ReviewRequest, head: ObjectId, method: MergeMethod): Promise<void>;
  /**
   * Of a request that was closed and whose branch is gone: whether closing was just what the branch's deletion did, and
   * nobody's decision.
   */
  wasClosedByDeletion(number: number): Promise<boolean>;

  /** The one comment of ours that begins with the marker, written, or changed where it says something else. */
  keepComment(number: number, marker: string, text: string): Promise<void>;
  setStatus(commit: ObjectId, status: CommitStatus): Promise<void>;

  /** Ends what is under way: it throws FORGE_UNAVAILABLE. */
  close(): void;
}
