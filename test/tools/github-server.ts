/**
 * GitHub as far as reviews need it, on 127.0.0.1: remembers requests, refuses whatever its published description does
 * not allow, and can be made to answer what goes wrong in the field.
 */
import { createVerify, type KeyObject } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type DescribedOperation, GithubDescription } from "./github-description.ts";

export interface GithubPull {
  readonly number: number;
  state: "open" | "closed";
  mergedBy: string | undefined;
  readonly head: string;
  base: string;
  title: string;
  body: string;
  readonly draft: boolean;
  sha: string;
  autoMerge: string | undefined;
  readonly labels: string[];
  readonly reviewers: string[];
  readonly teams: string[];
  readonly assignees: string[];
  /** The oldest first; `commit`: the head that it was given for. */
  readonly reviews: { readonly user: string; state: string; readonly commit: string }[];
  /** Heads that GitHub has found out about: of others it says that it does not know yet. */
  readonly examined: Set<string>;
  isQueued: boolean;
  readonly events: { readonly event: string; readonly actor: string; readonly at: string }[];
  readonly comments: GithubComment[];
}

export interface GithubComment {
  readonly id: number;
  body: string;
  readonly user: { readonly login: string; readonly type: "Bot" | "User" };
  readonly author_association: string;
}

/** Who comments: the token's owner, and somebody who has no rights here. */
export const ourselves = { user: { login: "sluice[bot]", type: "Bot" }, author_association: "NONE" } as const;
export const stranger = { user: { login: "mallory", type: "User" }, author_association: "NONE" } as const;

export interface GithubFault {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly message: string;
}

/** What a forge does with the repository itself. */
export interface GithubGit {
  isBehind(head: string, base: string): boolean;
  hasConflict(head: string, base: string): boolean;
  /** Moves the base to the merge of both. */
  merge(number: number, head: string, base: string): void;
}

export interface GithubApp {
  readonly id: string;
  readonly installationId: number;
  readonly publicKey: KeyObject;
}

/** How the repository and its target branch are set up. */
export interface GithubRules {
  hasDrafts: boolean;
  hasPullRequests: boolean;
  allowsAutoMerge: boolean;
  approvals: number;
  dismissesStaleApprovals: boolean;
  contexts: readonly string[];
  /** A branch must be up to date before it is merged. */
  isStrict: boolean;
  hasMergeQueue: boolean;
}

/** https://docs.github.com/en/rest/commits/statuses#create-a-commit-status */
const statusesMax = 1000;

const operations = [
  "repos/get",
  "repos/get-combined-status-for-ref",
  "pulls/list",
  "pulls/list-reviews",
  "pulls/merge",
  "pulls/create",
  "pulls/get",
  "pulls/update",
  "pulls/request-reviewers",
  "issues/add-labels",
  "issues/add-assignees",
  "issues/list-events",
  "issues/list-comments",
  "issues/create-comment",
  "issues/update-comment",
  "repos/create-commit-status",
  "apps/get-repo-installation",
  "apps/create-installation-access-token",
];

export class GithubServer {
  /** Whatever was not as GitHub describes it; a test that leaves something here has failed. */
  readonly violations: string[] = [];
  /** Ids of operations in order. */
  readonly calls: string[] = [];
  readonly pulls: GithubPull[] = [];
  readonly statuses: {
    readonly sha: string;
    readonly state: string;
    readonly context: string;
    readonly description: string;
  }[] = [];
  readonly rules: GithubRules = {
    ...{ hasDrafts: true, hasPullRequests: true, allowsAutoMerge: true, approvals: 0, dismissesStaleApprovals: false },
    ...{ contexts: [], isStrict: false, hasMergeQueue: false },
  };
  /** The token's owner may not see the repository (any more). */
  isHidden = false;
  /** Branches and where they are. */
  branches = new Map<string, string>();
  /** Where there are commits behind the branches, what is known of them. */
  git: GithubGit | undefined;
  readonly users = new Set(["ada", "bob"]);
  /** Tokens that are accepted. */
  readonly tokens = new Set<string>();
  app: GithubApp | undefined;
  /** Asked for each request; undefined: all is well. */
  fault: (operation: string) => GithubFault | undefined = () => undefined;
  readonly #description = new GithubDescription(operations);
  readonly #server: Server;
  readonly #prefix: string;
  #ids = 0;

  private constructor(prefix: string) {
    this.#prefix = prefix;
    this.#server = createServer((request, response) => void this.#handle(request, response));
  }

  /** `prefix`: of all paths, as GitHub Enterprise has `/api/v3`. */
  static async start(prefix = ""): Promise<GithubServer> {
    const server = new GithubServer(prefix);
    await new Promise<void>((resolve) => server.#server.listen(0, "127.0.0.1", resolve));
    return server;
  }

  get apiUrl(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}${this.#prefix}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  pull(number: number): GithubPull {
    return this.pulls[number - 1]!;
  }

  /** What GitHub does by itself: it follows branches, closes what has none, and dismisses what protection says. */
  follow(): void {
    for (const pull of this.pulls) {
      if (pull.state !== "open") continue;
      const head = this.branches.get(pull.head);
      if (head === undefined) this.deleteBranch(pull.head, "sluice");
      else if (head !== pull.sha) {
        pull.sha = head;
        if (this.rules.dismissesStaleApprovals) {
          for (const review of pull.reviews) if (review.state === "APPROVED") review.state = "DISMISSED";
        }
      }
      if (head !== undefined && this.git !== undefined) this.branches.set(`refs/pull/${pull.number}/head`, head);
      const isReady = pull.autoMerge !== undefined || pull.isQueued;
      if (head !== undefined && isReady && this.#stateOf(pull) === "clean") this.#merge(pull, "sluice[bot]");
    }
  }

  /** As a person's review, of the head as it is. */
  review(number: number, user: string, state: "APPROVED" | "CHANGES_REQUESTED" | "COMMENTED"): void {
    this.follow();
    const pull = this.pull(number);
    pull.reviews.push({ user, state, commit: pull.sha });
    this.follow();
  }

  /** https://docs.github.com/en/graphql/reference/enums#mergestatestatus */
  #stateOf(pull: GithubPull): "draft" | "dirty" | "blocked" | "behind" | "unstable" | "clean" {
    const { rules, git } = this;
    if (pull.draft) return "draft";
    if (git?.hasConflict(pull.head, pull.base) === true) return "dirty";
    const verdicts = new Map(
      pull.reviews.filter(({ state }) => state !== "COMMENTED").map((one) => [one.user, one.state]),
    );
    const given = [...verdicts.values()];
    const isApproved = given.filter((state) => state === "APPROVED").length >= rules.approvals;
    const checks = this.#checksOf(pull.sha);
    const areChecked = rules.contexts.every((context) => checks.get(context) === "success");
    if (!isApproved || given.includes("CHANGES_REQUESTED") || !areChecked) return "blocked";
    if (rules.isStrict && git?.isBehind(pull.head, pull.base) === true) return "behind";
    return [...checks.values()].every((state) => state === "success") ? "clean" : "unstable";
  }

  #checksOf(sha: string): ReadonlyMap<string, string> {
    return new Map(this.statuses.filter((one) => one.sha === sha).map(({ context, state }) => [context, state]));
  }

  #merge(pull: GithubPull, actor: string): void {
    this.git?.merge(pull.number, pull.head, pull.base);
    this.end(pull.number, "merged", actor);
  }

  /** Ends a request as a person does; at that time, in seconds since 1970. */
  end(number: number, event: "closed" | "merged", actor: string, second = 0): void {
    const pull = this.pull(number);
    pull.state = "closed";
    if (event === "merged") pull.mergedBy = actor;
    pull.events.push({ event, actor, at: new Date(second * 1000).toISOString() });
  }

  deleteBranch(branch: string, actor: string, second = 0): void {
    this.branches.delete(branch);
    for (const pull of this.pulls.filter(({ head }) => head === branch)) {
      if (pull.state === "open") this.end(pull.number, "closed", actor, second);
      pull.events.push({ event: "head_ref_deleted", actor, at: new Date(second * 1000).toISOString() });
    }
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString();
    const body = text === "" ? undefined : (JSON.parse(text) as Record<string, unknown>);
    const { pathname, searchParams } = new URL(request.url ?? "/", "http://localhost");
    const answer = (status: number, value: unknown, headers: Readonly<Record<string, string>> = {}) =>
      response
        .writeHead(status, { "content-type": "application/json; charset=utf-8", ...headers })
        .end(JSON.stringify(value));
    const violate = (what: string) => {
      this.violations.push(`${request.method} ${request.url}: ${what}`);
      answer(500, { message: what });
    };

    if (pathname === this.#graphqlPath) return this.#handleGraphql(request, body, answer, violate);
    if (!pathname.startsWith(`${this.#prefix}/`)) return void violate("outside the API");
    const path = pathname.slice(this.#prefix.length);
    const operation = this.#description.match({
      method: request.method ?? "GET",
      path,
      query: searchParams,
      headers: request.headers,
      body,
    });
    if (operation === undefined) return void violate("no such operation");
    this.calls.push(operation.id);
    if (operation.faults.length > 0) return void violate(operation.faults.join("; "));
    this.follow();
    const fault = this.fault(operation.id);
    if (fault !== undefined) return void answer(fault.status, { message: fault.message }, fault.headers);
    if (!this.#isAllowed(request, operation)) return void answer(401, { message: "Bad credentials" });
    if (this.isHidden && path.startsWith("/repos/")) return void answer(404, { message: "Not Found" });
    this.#perform(operation, body ?? {}, searchParams, path, answer);
  }

  /** Enterprise has it beside the REST API. */
  get #graphqlPath(): string {
    return this.#prefix === "" ? "/graphql" : "/api/graphql";
  }

  #isAllowed(request: IncomingMessage, { id }: DescribedOperation): boolean {
    const authorization = request.headers.authorization ?? "";
    if (id.startsWith("apps/")) return this.#isApp(authorization);
    return this.tokens.has(authorization.replace(/^token /, ""));
  }

  /** A JSON web token signed by the App, valid for ten minutes at most. */
  #isApp(authorization: string): boolean {
    const [, head, claims, signature] = /^bearer ([^.]+)\.([^.]+)\.([^.]+)$/i.exec(authorization) ?? [];
    if (head === undefined || claims === undefined || signature === undefined || this.app === undefined) return false;
    const { iss, iat, exp } = JSON.parse(Buffer.from(claims, "base64url").toString()) as Record<
      string,
      number | string
    >;
    const isSigned = createVerify("RSA-SHA256")
      .update(`${head}.${claims}`)
      .verify(this.app.publicKey, Buffer.from(signature, "base64url"));
    return isSigned && String(iss) === this.app.id && Number(exp) - Number(iat) <= 660;
  }

  #handleGraphql(
    request: IncomingMessage,
    body: Record<string, unknown> | undefined,
    answer: (status: number, value: unknown) => unknown,
    violate: (what: string) => void,
  ): void {
    this.calls.push("graphql");
    const { query, variables } = (body ?? {}) as { query?: string; variables?: Record<string, string> };
    const [, mutation] =
      /mutation\([^)]*\) \{\s*(enablePullRequestAutoMerge|enqueuePullRequest)\(input: \{/.exec(query ?? "") ?? [];
    const { id, how, head } = variables ?? {};
    this.follow();
    const pull = this.pulls.find(({ number }) => id === `node-${number}`);
    const refuse = (message: string) => answer(200, { data: null, errors: [{ type: "UNPROCESSABLE", message }] });
    if (mutation === undefined) return void violate(`unknown query ${query}`);
    if (!this.tokens.has((request.headers.authorization ?? "").replace(/^token /, ""))) {
      answer(401, { message: "Bad credentials" });
    } else if (pull === undefined || pull.sha !== head) {
      refuse("Head oid is not current");
    } else if (mutation === "enqueuePullRequest") {
      if (!this.rules.hasMergeQueue) return void refuse("The merge queue is not enabled on this branch");
      pull.isQueued = true;
      answer(200, { data: { enqueuePullRequest: { clientMutationId: null } } });
    } else if (!["MERGE", "SQUASH", "REBASE"].includes(how ?? "")) {
      violate(`no method of merging: ${how}`);
    } else if (!this.rules.allowsAutoMerge) {
      refuse("Pull request Auto merge is not allowed for this repository");
    } else if (["clean", "unstable", "draft"].includes(this.#stateOf(pull))) {
      refuse(`Pull request Pull request is in ${this.#stateOf(pull)} status`);
    } else {
      pull.autoMerge = how;
      answer(200, { data: { enablePullRequestAutoMerge: { clientMutationId: null } } });
    }
  }

  #perform(
    { id, parameters, status, example }: DescribedOperation,
    body: Record<string, unknown>,
    query: URLSearchParams,
    path: string,
    answer: (status: number, value: unknown, headers?: Readonly<Record<string, string>>) => unknown,
  ): void {
    const number = Number(parameters.pull_number ?? parameters.issue_number);
    const pull = this.pulls[number - 1];
    const isMissing = (parameters.pull_number ?? parameters.issue_number) !== undefined && pull === undefined;
    if (isMissing) {
      answer(404, { message: "Not Found" });
      return;
    }
    const page = <T>(items: readonly T[]) => {
      const size = Number(query.get("per_page") ?? 30);
      const at = Number(query.get("page") ?? 1);
      const shown = items.slice((at - 1) * size, at * size);
      const next = new URLSearchParams([...query].filter(([key]) => key !== "page"));
      next.set("page", String(at + 1));
      const link = `<${this.apiUrl}${path}?${next}>; rel="next"`;
      answer(200, shown, items.length > at * size ? { link } : {});
    };
    const refuse = (message: string) => answer(422, { message });
    switch (id) {
      case "repos/get":
        answer(200, { ...(example as object), has_pull_requests: this.rules.hasPullRequests });
        break;
      case "repos/get-combined-status-for-ref": {
        const latest = new Map(
          this.statuses.filter(({ sha }) => sha === parameters.ref).map((one) => [one.context, one]),
        );
        answer(200, { ...(example as object), statuses: [...latest.values()] });
        break;
      }
      case "pulls/list": {
        const branch = query.get("head")?.split(":")[1];
        const isWanted = (value: string, wanted: string | null | undefined) => wanted == null || wanted === value;
        const found = this.pulls.filter(
          (one) =>
            isWanted(one.state, query.get("state") ?? "open") &&
            isWanted(one.head, branch) &&
            isWanted(one.base, query.get("base")),
        );
        const [simple] = example as readonly object[];
        page(found.map((one) => this.#render(one, simple!)));
        break;
      }
      case "pulls/list-reviews":
        page(pull!.reviews.map(({ user, state, commit }) => ({ user: { login: user }, state, commit_id: commit })));
        break;
      case "pulls/merge": {
        const state = this.#stateOf(pull!);
        if (body.sha !== undefined && body.sha !== pull!.sha) {
          answer(409, { message: "Head branch was modified. Review and try the merge again." });
        } else if (this.rules.hasMergeQueue) {
          answer(405, {
            message: "Repository rule violations found\n\nChanges must be made through the merge queue\n\n",
          });
        } else if (state !== "clean" && state !== "unstable") {
          answer(405, {
            message: state === "blocked" ? "At least 1 approving review is required" : "Pull Request is not mergeable",
          });
        } else {
          this.#merge(pull!, "sluice[bot]");
          answer(status, { ...(example as object), merged: true });
        }
        break;
      }
      case "pulls/get":
        answer(200, this.#render(pull!, example as object));
        break;
      case "pulls/create": {
        const { head, base, title, body: text, draft } = body as Record<string, string>;
        if (draft && !this.rules.hasDrafts) {
          refuse("Draft pull requests are not supported in this repository.");
          break;
        }
        const sha = this.branches.get(head!);
        const isTwice = this.pulls.some((one) => one.state === "open" && one.head === head && one.base === base);
        if (isTwice || sha === undefined || !this.branches.has(base!)) {
          refuse("Validation Failed: A pull request already exists, or there is no such branch.");
          break;
        }
        if (text!.length > 65_536) {
          refuse("Validation Failed: body is too long (maximum is 65536 characters)");
          break;
        }
        const people = { reviewers: [], teams: [], assignees: [], reviews: [] };
        const lists = { ...people, labels: [], events: [], comments: [], examined: new Set<string>() };
        const made: GithubPull = {
          ...{
            number: this.pulls.length + 1,
            state: "open",
            mergedBy: undefined,
            autoMerge: undefined,
            isQueued: false,
          },
          ...{ head: head!, base: base!, title: title!, body: text!, draft: Boolean(draft), sha },
          ...lists,
        };
        this.pulls.push(made);
        answer(status, this.#render(made, example as object));
        break;
      }
      case "pulls/update":
        Object.assign(pull!, body);
        if (body.state === "closed")
          pull!.events.push({ event: "closed", actor: "sluice", at: new Date(0).toISOString() });
        answer(status, this.#render(pull!, example as object));
        break;
      case "pulls/request-reviewers": {
        const { reviewers = [], team_reviewers = [] } = body as Record<string, string[]>;
        if (reviewers.some((name) => !this.users.has(name))) {
          refuse("Reviews may only be requested from collaborators.");
          break;
        }
        pull!.reviewers.push(...reviewers);
        pull!.teams.push(...team_reviewers);
        answer(status, example);
        break;
      }
      case "issues/add-labels":
        pull!.labels.push(...(body.labels as string[]));
        answer(status, example);
        break;
      case "issues/add-assignees":
        pull!.assignees.push(...(body.assignees as string[]).filter((name) => this.users.has(name)));
        answer(status, example);
        break;
      case "issues/list-events":
        page(pull!.events.map(({ event, actor, at }) => ({ event, actor: { login: actor }, created_at: at })));
        break;
      case "issues/list-comments":
        page(pull!.comments);
        break;
      case "issues/create-comment": {
        const comment = { id: ++this.#ids, body: String(body.body), ...ourselves };
        pull!.comments.push(comment);
        answer(status, { ...(example as object), ...comment });
        break;
      }
      case "issues/update-comment": {
        const comment = this.pulls
          .flatMap(({ comments }) => comments)
          .find((one) => one.id === Number(parameters.comment_id));
        if (comment === undefined) {
          answer(404, { message: "Not Found" });
          break;
        }
        comment.body = String(body.body);
        answer(status, { ...(example as object), ...comment });
        break;
      }
      case "repos/create-commit-status": {
        const made = {
          sha: parameters.sha!,
          context: String(body.context),
          description: String(body.description ?? ""),
        };
        const alike = this.statuses.filter(({ sha, context }) => sha === made.sha && context === made.context);
        if (alike.length >= statusesMax) {
          refuse("Validation Failed: This SHA and context has reached the maximum number of statuses.");
          break;
        }
        if (made.description.length > 140) {
          refuse("Validation Failed: description is too long (maximum is 140 characters)");
          break;
        }
        this.statuses.push({ ...made, state: String(body.state) });
        answer(status, example);
        break;
      }
      case "apps/get-repo-installation":
        answer(status, { ...(example as object), id: this.app!.installationId });
        break;
      case "apps/create-installation-access-token": {
        if (Number(parameters.installation_id) !== this.app?.installationId) {
          answer(404, { message: "Not Found" });
          break;
        }
        const token = `ghs_${++this.#ids}`;
        this.tokens.add(token);
        answer(status, { token, expires_at: new Date(Date.now() + 3_600_000).toISOString(), permissions: {} });
        break;
      }
    }
  }

  /** The description's example with what a request of ours has. */
  #render(pull: GithubPull, example: object): object {
    const { number, state, title, body, draft, sha, head, base, mergedBy, autoMerge } = pull;
    const branch = (ref: string) => ({ ...(example as { head: object }).head, ref, label: `acme:${ref}` });
    // What has not been looked at since its head moved is still being found out.
    const isKnown = pull.examined.has(sha);
    pull.examined.add(sha);
    return {
      ...example,
      number,
      node_id: `node-${number}`,
      html_url: `https://github.com/acme/fleet/pull/${number}`,
      state,
      title,
      body,
      draft,
      head: { ...branch(head), sha },
      base: branch(base),
      merged_at: mergedBy === undefined ? null : new Date(0).toISOString(),
      ...("merged_by" in example ? { merged_by: mergedBy === undefined ? null : { login: mergedBy } } : {}),
      ...("mergeable_state" in example ? { mergeable_state: isKnown ? this.#stateOf(pull) : "unknown" } : {}),
      auto_merge: autoMerge === undefined ? null : { merge_method: autoMerge.toLowerCase() },
    };
  }
}
