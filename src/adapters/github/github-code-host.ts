/** The port to the forge, over GitHub's REST API; auto-merge is GraphQL's alone. */
import { retry } from "@octokit/plugin-retry";
import { throttling } from "@octokit/plugin-throttling";
import { Octokit, type RestEndpointMethodTypes } from "@octokit/rest";
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
import type { Log } from "../../ports/system.ts";
import { isApproval } from "../review-verdict.ts";
import { explainGithubError, statusOf } from "./github-error.ts";
import { boundedFetch, type GithubAuth, type GithubPlace, openGithubTokens, silentLog } from "./github-tokens.ts";

export interface GithubCodeHostOptions extends GithubPlace {
  readonly auth: GithubAuth;
  readonly log: Log;
  readonly limits?: Partial<GithubLimits>;
}

export interface GithubLimits {
  /** A rate limit that lasts longer is not waited out: GitHub counts as unavailable. */
  readonly waitSecondsMax: number;
  readonly retriesMax: number;
  /** What Octokit takes for a second of waiting, in milliseconds. */
  readonly secondMs: number;
}

type Pull = RestEndpointMethodTypes["pulls"]["get"]["response"]["data"];
/** As lists have it: without who merged it. */
type ListedPull = RestEndpointMethodTypes["pulls"]["list"]["response"]["data"][number];

const defaultLimits: GithubLimits = { waitSecondsMax: 300, retriesMax: 3, secondMs: 1000 };
const PatientOctokit = Octokit.plugin(retry, throttling);
/** GitHub refuses longer bodies, counted in characters. */
const bodyCharactersMax = 65_536;
const deletionMsMax = 1000;
const deletions: ReadonlySet<string> = new Set(["head_ref_deleted", "base_ref_deleted"]);

export class GithubCodeHost implements CodeHost {
  readonly bodyCharactersMax = bodyCharactersMax;
  readonly #octokit: InstanceType<typeof PatientOctokit>;
  readonly #options: GithubCodeHostOptions;
  readonly #closed = new AbortController();
  readonly #repo: { readonly owner: string; readonly repo: string };

  constructor(options: GithubCodeHostOptions) {
    const { apiUrl, owner, repository, auth } = options;
    this.#options = options;
    this.#repo = { owner, repo: repository };
    const { waitSecondsMax, retriesMax, secondMs } = { ...defaultLimits, ...options.limits };
    const wait = (kind: string) => (seconds: number, _: unknown, __: unknown, tries: number) => {
      const mayWait = seconds <= waitSecondsMax && tries < retriesMax;
      options.log.warn("GitHub limits the rate", { kind, seconds, waits: mayWait });
      return mayWait;
    };
    this.#octokit = new PatientOctokit({
      baseUrl: apiUrl,
      userAgent: "sluice",
      log: silentLog,
      request: { fetch: boundedFetch(options, this.#closed.signal) },
      retry: {
        doNotRetry: [400, 401, 403, 404, 405, 409, 410, 422, 429, 451],
        retries: retriesMax,
        retryAfterBaseValue: secondMs,
      },
      throttle: {
        // Of its own: limits are an account's, and waiting on behalf of another helps nobody.
        id: `${apiUrl} ${owner}/${repository}`,
        retryAfterBaseValue: secondMs,
        onRateLimit: wait("primary"),
        onSecondaryRateLimit: wait("secondary"),
      },
    });
    const tokens = openGithubTokens(auth, options, this.#closed.signal);
    this.#octokit.hook.wrap("request", async (request, requestOptions) => {
      const send = async (isStale: boolean) => {
        requestOptions.headers.authorization = `token ${await tokens(isStale)}`;
        return request(requestOptions);
      };
      try {
        return await send(false);
      } catch (error) {
        // An App's token may be taken back before it expires.
        if (auth.kind !== "app" || statusOf(error) !== 401) throw error;
        return send(true);
      }
    });
  }

  readRequest(number: number): Promise<ReviewRequest | undefined> {
    return this.#ask(async ({ rest }) => {
      try {
        return toRequest((await rest.pulls.get({ ...this.#repo, pull_number: number })).data);
      } catch (error) {
        if (statusOf(error) !== 404) throw error;
        await this.#checkIsVisible();
        return undefined;
      }
    });
  }

  /** GitHub answers 404 for all that a token may not see. Throws where that is the repository. */
  async #checkIsVisible(): Promise<void> {
    const { owner, repo } = this.#repo;
    try {
      const { data } = await this.#octokit.rest.repos.get(this.#repo);
      if ((data as { has_pull_requests?: boolean }).has_pull_requests !== false) return;
    } catch (error) {
      if (statusOf(error) !== 404) throw error;
      const message = `GitHub does not show ${owner}/${repo} to these credentials (404)`;
      const hint = "They were taken away, or it was renamed or deleted. Check review.auth and review.repository.";
      throw new SluiceError({ code: "FORGE_AUTH", message, hint }, error);
    }
    const message = `${owner}/${repo} has pull requests turned off`;
    throw new SluiceError({ code: "FORGE_REFUSED", message, hint: "Turn them on in the repository's settings." });
  }

  listOpenRequests(headPrefix: string): Promise<readonly ReviewRequest[]> {
    return this.#ask(async (octokit) => {
      const { owner } = this.#repo;
      const options = { ...this.#repo, state: "open", per_page: 100 } as const;
      try {
        const pulls = await octokit.paginate(octokit.rest.pulls.list, options);
        // A branch of a fork may have the same name.
        const isOurs = ({ head }: ListedPull) =>
          head.ref.startsWith(headPrefix) && head.label.toLowerCase() === `${owner}:${head.ref}`.toLowerCase();
        return pulls.filter(isOurs).map(toRequest);
      } catch (error) {
        if (statusOf(error) === 404) await this.#checkIsVisible();
        throw error;
      }
    });
  }

  createRequest({ head, base, title, body, isDraft }: NewRequest): Promise<ReviewRequest> {
    return this.#ask(async ({ rest }) => {
      const create = async (draft: boolean) =>
        toRequest((await rest.pulls.create({ ...this.#repo, head, base, title, body, draft })).data);
      try {
        return await create(isDraft);
      } catch (error) {
        // Private repositories of some plans have no drafts.
        if (!isDraft || statusOf(error) !== 422 || !/draft/i.test(String((error as Error).message))) throw error;
        return create(false);
      }
    });
  }

  updateRequest(
    { number }: ReviewRequest,
    { title, body }: { readonly title: string; readonly body: string },
  ): Promise<void> {
    return this.#ask(async ({ rest }) => {
      await rest.pulls.update({ ...this.#repo, pull_number: number, title, body });
    });
  }

  closeRequest(number: number): Promise<void> {
    return this.#ask(async ({ rest }) => {
      await rest.pulls.update({ ...this.#repo, pull_number: number, state: "closed" });
    });
  }

  decorateRequest(number: number, { labels, reviewers, assignees }: Decoration): Promise<readonly Problem[]> {
    return this.#ask(async ({ rest }) => {
      const problems: Problem[] = [];
      const put = async (what: string, work: () => Promise<unknown>) => {
        try {
          await work();
        } catch (error) {
          const { problem } = explainGithubError(error, this.#options.apiUrl);
          if (problem.code !== "FORGE_REFUSED") throw error;
          problems.push({ ...problem, severity: "warning", message: `${what}: ${problem.message}` });
        }
      };
      const issue = { ...this.#repo, issue_number: number };
      if (labels.length > 0) await put("labels", () => rest.issues.addLabels({ ...issue, labels: [...labels] }));
      // One by one: of several GitHub takes all or none.
      for (const reviewer of reviewers) {
        const slash = reviewer.indexOf("/");
        const asked = slash < 0 ? { reviewers: [reviewer] } : { team_reviewers: [reviewer.slice(slash + 1)] };
        const request = { ...this.#repo, pull_number: number, ...asked };
        await put(`reviewer ${reviewer}`, () => rest.pulls.requestReviewers(request));
      }
      if (assignees.length > 0) {
        await put("assignees", () => rest.issues.addAssignees({ ...issue, assignees: [...assignees] }));
      }
      return problems;
    });
  }

  mergeWhenAllowed({ number }: ReviewRequest, head: ObjectId, method: MergeMethod): Promise<MergeOutcome> {
    return this.#ask(async (octokit) => {
      const { data } = await octokit.rest.pulls.get({ ...this.#repo, pull_number: number });
      if (data.state !== "open" || data.head.sha !== head) return "later";
      if (data.auto_merge !== null) return "scheduled";
      try {
        await octokit.graphql(enableAutoMerge, { id: data.node_id, how: method.toUpperCase(), head });
        return "scheduled";
      } catch (error) {
        // GitHub waits for nothing where nothing is left to wait for: then it wants to be told to merge.
        if (!isMergeableAtOnce(error)) throw error;
        return this.#merge(data, head, method);
      }
    });
  }

  async #merge({ number, node_id: id }: Pull, head: ObjectId, method: MergeMethod): Promise<MergeOutcome> {
    const { rest, graphql } = this.#octokit;
    try {
      await rest.pulls.merge({ ...this.#repo, pull_number: number, sha: head, merge_method: method });
      return "merged";
    } catch (error) {
      const status = statusOf(error);
      const said = String((error as Error).message);
      if (status === 409) return "later";
      if (status !== 405) throw error;
      if (/merge queue/i.test(said)) {
        await graphql(enqueue, { id, head });
        return "scheduled";
      }
      if (/base branch was modified|not mergeable/i.test(said)) return "later";
      throw error;
    }
  }

  isBehind(number: number): Promise<boolean | undefined> {
    return this.#ask(async ({ rest }) => {
      const { data } = await rest.pulls.get({ ...this.#repo, pull_number: number });
      return data.mergeable_state === "unknown" ? undefined : data.mergeable_state === "behind";
    });
  }

  isApproved(number: number): Promise<boolean> {
    return this.#ask(async (octokit) => {
      const { rest } = octokit;
      const reviews = await octokit.paginate(rest.pulls.listReviews, {
        ...this.#repo,
        pull_number: number,
        per_page: 100,
      });
      return isApproval(reviews.map(({ user, state }) => [user?.login ?? "", state]));
    });
  }

  wasClosedByDeletion(number: number): Promise<boolean> {
    return this.#ask(async (octokit) => {
      const { rest } = octokit;
      const options = { ...this.#repo, issue_number: number, per_page: 100 };
      const events = await octokit.paginate(rest.issues.listEvents, options);
      // Deleting a branch closes what is open in the same breath; a person takes longer from the one button to the other.
      const closing = events.findLast(({ event }) => event === "closed");
      const deletion = events.findLast(({ event }) => deletions.has(event));
      if (closing === undefined || deletion === undefined) return false;
      const apart = Math.abs(Date.parse(deletion.created_at) - Date.parse(closing.created_at));
      return apart <= deletionMsMax && closing.actor?.login === deletion.actor?.login;
    });
  }

  keepComment(number: number, marker: string, text: string): Promise<void> {
    return this.#ask(async (octokit) => {
      const { rest } = octokit;
      const issue = { ...this.#repo, issue_number: number };
      const comments = await octokit.paginate(rest.issues.listComments, { ...issue, per_page: 100 });
      const comment = comments.find((one) => one.body?.startsWith(marker) === true && mayBeOurs(one));
      if (comment === undefined) await rest.issues.createComment({ ...issue, body: text });
      else if (comment.body !== text) {
        await rest.issues.updateComment({ ...this.#repo, comment_id: comment.id, body: text });
      }
    });
  }

  setStatus(commit: ObjectId, { state, context, description }: CommitStatus): Promise<void> {
    return this.#ask(async ({ rest }) => {
      const { data } = await rest.repos.getCombinedStatusForRef({ ...this.#repo, ref: commit, per_page: 100 });
      const known = data.statuses.find((one) => one.context === context);
      if (known?.state === state && known.description === description) return;
      await rest.repos.createCommitStatus({ ...this.#repo, sha: commit, state, context, description });
    });
  }

  readRights(branch: string): Promise<ForgeRights> {
    return this.#ask(async ({ rest }) => {
      const { data } = await rest.repos.get(this.#repo);
      const found = await rest.repos.getBranch({ ...this.#repo, branch }).catch((error: unknown) => {
        if (statusOf(error) === 404) return undefined;
        throw error;
      });
      return { mayPush: data.permissions?.push, isProtected: found?.data.protected };
    });
  }

  close(): void {
    this.#closed.abort();
    this.#options.http?.close();
  }

  /** Also what waits inside Octokit ends when this is closed. */
  async #ask<T>(work: (octokit: InstanceType<typeof PatientOctokit>) => Promise<T>): Promise<T> {
    const { signal } = this.#closed;
    let stop = () => {};
    const closed = new Promise<never>((_, reject) => {
      stop = () =>
        reject(new SluiceError({ code: "FORGE_UNAVAILABLE", message: "the connection to GitHub is closed" }));
    });
    signal.addEventListener("abort", stop, { once: true });
    if (signal.aborted) stop();
    try {
      return await Promise.race([work(this.#octokit), closed]);
    } catch (error) {
      throw explainGithubError(error, this.#options.apiUrl);
    } finally {
      signal.removeEventListener("abort", stop);
    }
  }
}

const enableAutoMerge = `mutation($id: ID!, $how: PullRequestMergeMethod!, $head: GitObjectID!) {
  enablePullRequestAutoMerge(input: {pullRequestId: $id, mergeMethod: $how, expectedHeadOid: $head}) {
    clientMutationId
  }
}`;

const enqueue = `mutation($id: ID!, $head: GitObjectID!) {
  enqueuePullRequest(input: {pullRequestId: $id, expectedHeadOid: $head}) {
    clientMutationId
  }
}`;

/** What GitHub says of a request that auto-merge has nothing to wait for. */
function isMergeableAtOnce(error: unknown): boolean {
  const { name, message } = error as Error;
  return name === "GraphqlResponseError" && /\b(?:clean|has_hooks) status/i.test(message);
}

function toRequest(pull: Pull | ListedPull): ReviewRequest {
  const mergedBy = "merged_by" in pull ? pull.merged_by : undefined;
  return {
    number: pull.number,
    url: pull.html_url,
    state: pull.merged_at === null ? (pull.state as "open" | "closed") : "merged",
    ...(mergedBy === null || mergedBy === undefined ? {} : { endedBy: mergedBy.login }),
    title: pull.title,
    body: pull.body ?? "",
    isDraft: pull.draft === true,
    hasAutoMerge: pull.auto_merge !== null,
    head: pull.head.ref,
    base: pull.base.ref,
    headRef: `refs/pull/${pull.number}/head`,
  };
}

/**
 * Whether a comment may be one of ours: of an app, or of somebody who may write here. A stranger's, with our marker in
 * it, would stay the stranger's to edit. Who we are ourselves can't be asked with every kind of token.
 */
function mayBeOurs(comment: {
  readonly user: { readonly type: string } | null;
  readonly author_association?: string;
}): boolean {
  return comment.user?.type === "Bot" || writers.has(comment.author_association ?? "NONE");
}

const writers: ReadonlySet<string> = new Set(["OWNER", "MEMBER", "COLLABORATOR"]);
