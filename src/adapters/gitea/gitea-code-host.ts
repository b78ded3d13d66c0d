/** The port to the forge, over the REST API of Gitea and Forgejo. */
import { type Problem, SluiceError } from "../../model/problem.ts";
import type {
  CodeHost,
  CommitStatus,
  Decoration,
  ForgeRights,
  MergeMethod,
  MergeOutcome,
  NewRequest,
  ReviewRequest,
} from "../../ports/code-host.ts";
import type { ObjectId } from "../../ports/git.ts";
import { isApproval } from "../review-verdict.ts";
import { GiteaClient, type GiteaClientOptions, GiteaError } from "./gitea-client.ts";

export interface GiteaCodeHostOptions extends GiteaClientOptions {
  readonly owner: string;
  readonly repository: string;
}

interface GiteaPull {
  readonly number: number;
  readonly html_url: string;
  readonly state: "open" | "closed";
  readonly merged: boolean;
  readonly merged_by: GiteaUser | null;
  readonly user: GiteaUser | null;
  readonly title: string;
  readonly body: string;
  readonly draft: boolean;
  readonly merge_base: string;
  readonly base: GiteaBranch;
  readonly head: GiteaBranch;
}

interface GiteaBranch {
  /** The branch's name. */
  readonly label: string;
  readonly repo_id: number;
  readonly sha: string;
}

interface GiteaReview {
  readonly user: GiteaUser | null;
  readonly state: string;
  readonly dismissed: boolean;
}

interface GiteaUser {
  readonly login: string;
}

interface GiteaComment {
  readonly id: number;
  readonly user: GiteaUser | null;
  readonly body: string;
}

interface GiteaStatus {
  readonly context: string;
  readonly status: string;
  readonly description: string;
}

interface GiteaTimelineEvent {
  readonly type: string;
  readonly created_at: string;
  readonly user: GiteaUser | null;
}

/** Gitea makes drafts of titles that begin so. */
const draftPrefix = "WIP: ";
/** It keeps bodies of any length; beyond this nobody reads them, and its pages get slow. */
const bodyCharactersMax = 200_000;
const labelColour = "#1d76db";

export class GiteaCodeHost implements CodeHost {
  readonly bodyCharactersMax = bodyCharactersMax;
  readonly #client: GiteaClient;
  readonly #repo: string;

  constructor(options: GiteaCodeHostOptions) {
    this.#client = new GiteaClient(options);
    this.#repo = `/repos/${encodeURIComponent(options.owner)}/${encodeURIComponent(options.repository)}`;
  }

  async readRequest(number: number): Promise<ReviewRequest | undefined> {
    try {
      return toRequest((await this.#client.send("GET", `${this.#repo}/pulls/${number}`)) as GiteaPull);
    } catch (error) {
      if (!isStatus(error, 404)) throw error;
      await this.#checkIsVisible();
      return undefined;
    }
  }

  /** 404 is also the answer where the token may not see the repository. Throws then. */
  async #checkIsVisible(): Promise<void> {
    try {
      const repository = (await this.#client.send("GET", this.#repo)) as { has_pull_requests?: boolean };
      if (repository.has_pull_requests !== false) return;
    } catch (error) {
      if (!isStatus(error, 404)) throw error;
      const message = `the forge does not show ${this.#repo.slice("/repos/".length)} to this token (404)`;
      const hint = "It was taken away, or the repository renamed or deleted. Check review.auth and review.repository.";
      throw new SluiceError({ code: "FORGE_AUTH", message, hint }, error);
    }
    const message = `${this.#repo.slice("/repos/".length)} has pull requests turned off`;
    throw new SluiceError({ code: "FORGE_REFUSED", message, hint: "Turn them on in the repository's settings." });
  }

  async listOpenRequests(headPrefix: string): Promise<readonly ReviewRequest[]> {
    const requests: ReviewRequest[] = [];
    try {
      for await (const item of this.#client.list(`${this.#repo}/pulls?state=open`)) {
        const pull = item as GiteaPull;
        // Of a fork it may have the same name.
        const isOurs = pull.head.label.startsWith(headPrefix) && pull.head.repo_id === pull.base.repo_id;
        if (isOurs) requests.push(toRequest(pull));
      }
    } catch (error) {
      if (isStatus(error, 404)) await this.#checkIsVisible();
      throw error;
    }
    return requests;
  }

  async createRequest({ head, base, title, body, isDraft }: NewRequest): Promise<ReviewRequest> {
    const request = { head, base, title: isDraft ? draftPrefix + title : title, body };
    return toRequest((await this.#client.send("POST", `${this.#repo}/pulls`, request)) as GiteaPull);
  }

  async updateRequest(
    { number, isDraft }: ReviewRequest,
    { title, body }: { readonly title: string; readonly body: string },
  ): Promise<void> {
    await this.#client.send("PATCH", `${this.#repo}/pulls/${number}`, {
      title: isDraft ? draftPrefix + title : title,
      body,
    });
  }

  async closeRequest(number: number): Promise<void> {
    await this.#client.send("PATCH", `${this.#repo}/pulls/${number}`, { state: "closed" });
  }

  async decorateRequest(number: number, { labels, reviewers, assignees }: Decoration): Promise<readonly Problem[]> {
    const problems: Problem[] = [];
    const put = async (what: string, work: () => Promise<unknown>) => {
      try {
        await work();
      } catch (error) {
        if (!(error instanceof GiteaError) || error.problem.code !== "FORGE_REFUSED") throw error;
        problems.push({ ...error.problem, severity: "warning", message: `${what}: ${error.problem.message}` });
      }
    };
    if (labels.length > 0) await put("labels", () => this.#addLabels(number, labels));
    // One by one: of several the forge takes all or none.
    for (const reviewer of reviewers) await put(`reviewer ${reviewer}`, () => this.#askReviewer(number, reviewer));
    if (assignees.length > 0) {
      await put("assignees", () => this.#client.send("PATCH", `${this.#repo}/pulls/${number}`, { assignees }));
    }
    return problems;
  }

  /** Names that the repository does not know would be passed over in silence. */
  async #addLabels(number: number, labels: readonly string[]): Promise<void> {
    const known = new Set<string>();
    for await (const label of this.#client.list(`${this.#repo}/labels`)) known.add((label as { name: string }).name);
    for (const name of labels) {
      if (!known.has(name)) await this.#client.send("POST", `${this.#repo}/labels`, { name, color: labelColour });
    }
    await this.#client.send("POST", `${this.#repo}/issues/${number}/labels`, { labels });
  }

  async #askReviewer(number: number, reviewer: string): Promise<void> {
    const slash = reviewer.indexOf("/");
    const body = slash < 0 ? { reviewers: [reviewer] } : { team_reviewers: [reviewer.slice(slash + 1)] };
    await this.#client.send("POST", `${this.#repo}/pulls/${number}/requested_reviewers`, body);
  }

  async mergeWhenAllowed({ number }: ReviewRequest, head: ObjectId, method: MergeMethod): Promise<MergeOutcome> {
    const form = { Do: method, head_commit_id: head, merge_when_checks_succeed: true };
    // What is scheduled is not compared with the head that is meant.
    const pull = (await this.#client.send("GET", `${this.#repo}/pulls/${number}`)) as GiteaPull;
    if (pull.state !== "open" || pull.head.sha !== head) return "later";
    try {
      await this.#client.send("POST", `${this.#repo}/pulls/${number}/merge`, form);
    } catch (error) {
      // 409: it is scheduled already, or its head has moved. 405: the forge is still finding out whether it can be merged.
      if (isStatus(error, 409)) return /already scheduled/i.test(error.problem.message) ? "scheduled" : "later";
      if (isStatus(error, 405)) return "later";
      throw error;
    }
    return "scheduled";
  }

  async isBehind(number: number): Promise<boolean | undefined> {
    const pull = (await this.#client.send("GET", `${this.#repo}/pulls/${number}`)) as GiteaPull;
    if (pull.merge_base === pull.base.sha) return false;
    try {
      const branch = `${this.#repo}/branches/${encodeURIComponent(pull.base.label)}`;
      const { effective_branch_protection_name: name = "" } = (await this.#client.send("GET", branch)) as {
        effective_branch_protection_name?: string;
      };
      if (name === "") return false;
      const path = `${this.#repo}/branch_protections/${encodeURIComponent(name)}`;
      const rule = (await this.#client.send("GET", path)) as { block_on_outdated_branch?: boolean };
      return rule.block_on_outdated_branch === true;
    } catch (error) {
      // Rules are shown to administrators of the repository only.
      if (isStatus(error, 403) || isStatus(error, 404)) return false;
      throw error;
    }
  }

  async isApproved(number: number): Promise<boolean> {
    const reviews: [string, string][] = [];
    for await (const item of this.#client.list(`${this.#repo}/pulls/${number}/reviews`)) {
      const { user, state, dismissed } = item as GiteaReview;
      reviews.push([user?.login ?? "", dismissed ? "DISMISSED" : state]);
    }
    return isApproval(reviews);
  }

  async wasClosedByDeletion(number: number): Promise<boolean> {
    const ends: GiteaTimelineEvent[] = [];
    for await (const item of this.#client.list(`${this.#repo}/issues/${number}/timeline`)) {
      const event = item as GiteaTimelineEvent;
      if (event.type === "close" || event.type === "delete_branch") ends.push(event);
    }
    // Deleting a branch closes what is open in the same breath; a person takes longer from the one button to the other.
    const closing = ends.findLast(({ type }) => type === "close");
    const deletion = ends.findLast(({ type }) => type === "delete_branch");
    if (closing === undefined || deletion === undefined) return false;
    const apart = Math.abs(Date.parse(deletion.created_at) - Date.parse(closing.created_at));
    return apart <= deletionMsMax && closing.user?.login === deletion.user?.login;
  }

  /** Who the token is; where it may not ask that, who made the request, which mostly is the same. */
  async #ownName(number: number): Promise<string | undefined> {
    try {
      return ((await this.#client.send("GET", "/user")) as GiteaUser).login;
    } catch (error) {
      if (!(error instanceof GiteaError) || error.status !== 403) throw error;
    }
    return ((await this.#client.send("GET", `${this.#repo}/pulls/${number}`)) as GiteaPull).user?.login;
  }

  async keepComment(number: number, marker: string, text: string): Promise<void> {
    const path = `${this.#repo}/issues/${number}/comments`;
    const comments = (await this.#client.send("GET", path)) as readonly GiteaComment[];
    // A comment of somebody else's, with our marker in it, would stay theirs to edit.
    const own = await this.#ownName(number);
    const comment = comments.find(({ body, user }) => body.startsWith(marker) && user?.login === own);
    if (comment === undefined) await this.#client.send("POST", path, { body: text });
    else if (comment.body !== text) {
      await this.#client.send("PATCH", `${this.#repo}/issues/comments/${comment.id}`, { body: text });
    }
  }

  async setStatus(commit: ObjectId, { state, context, description }: CommitStatus): Promise<void> {
    const path = `${this.#repo}/commits/${commit}/status`;
    const { statuses } = (await this.#client.send("GET", path)) as { statuses: readonly GiteaStatus[] | null };
    const known = statuses?.find((one) => one.context === context);
    if (known?.status === state && known.description === description) return;
    await this.#client.send("POST", `${this.#repo}/statuses/${commit}`, { state, context, description });
  }

  async readRights(branch: string): Promise<ForgeRights> {
    const { permissions } = (await this.#client.send("GET", this.#repo)) as { permissions?: { push?: boolean } };
    const path = `${this.#repo}/branches/${encodeURIComponent(branch)}`;
    const found = (await this.#client.send("GET", path).catch((error: unknown) => {
      if (isStatus(error, 404)) return undefined;
      throw error;
    })) as { protected?: boolean } | undefined;
    return { mayPush: permissions?.push, isProtected: found?.protected };
  }

  close(): void {
    this.#client.close();
  }
}

const deletionMsMax = 1000;

function isStatus(error: unknown, status: number): error is GiteaError {
  return error instanceof GiteaError && error.status === status;
}

function toRequest(pull: GiteaPull): ReviewRequest {
  const isDraft = pull.draft && pull.title.startsWith(draftPrefix);
  return {
    number: pull.number,
    url: pull.html_url,
    state: pull.merged ? "merged" : pull.state,
    ...(pull.merged_by === null || pull.merged_by === undefined ? {} : { endedBy: pull.merged_by.login }),
    title: isDraft ? pull.title.slice(draftPrefix.length) : pull.title,
    body: pull.body,
    isDraft,
    // Gitea does not tell; asking again for what is scheduled changes nothing.
    hasAutoMerge: false,
    head: pull.head.label,
    base: pull.base.label,
    headRef: `refs/pull/${pull.number}/head`,
  };
}
