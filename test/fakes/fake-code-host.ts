/** A forge in memory over a {@link FakeGitRemote}: requests, and what people do with them. */
import { SluiceError } from "../../src/model/problem.ts";
import type {
  CodeHost,
  CommitStatus,
  Decoration,
  ForgeRights,
  MergeMethod,
  MergeOutcome,
  NewRequest,
  ReviewRequest,
} from "../../src/ports/code-host.ts";
import type { ObjectId } from "../../src/ports/git.ts";
import type { FakeGitRemote } from "./fake-git-remote.ts";

export interface FakeRequest {
  readonly number: number;
  state: "open" | "merged" | "closed";
  readonly head: string;
  base: string;
  title: string;
  body: string;
  readonly isDraft: boolean;
  isClosedByDeletion: boolean;
  readonly comments: string[];
  /** Of the comments those that people wrote. */
  readonly strangers: Set<string>;
  readonly decorations: Decoration[];
  /** Merged, and the forge has not noticed yet. */
  isMergeUnrecorded?: boolean;
  isApproved?: boolean;
  autoMerge?: { readonly head: ObjectId; readonly method: MergeMethod };
}

/** Called around every operation; what it throws, the operation throws. `after` its effect is there. */
export type ForgeFault = (operation: keyof CodeHost, when: "before" | "after") => void;

export class FakeCodeHost implements CodeHost {
  bodyCharactersMax = 10_000;
  fault: ForgeFault = () => undefined;
  readonly requests: FakeRequest[] = [];
  readonly statuses = new Map<ObjectId, CommitStatus>();
  /** Operations, in order. */
  readonly calls: (keyof CodeHost)[] = [];
  /** What of decorations it does not know. */
  unknown: readonly string[] = [];
  isClosed = false;
  /** Whether a branch has to be up to date before it is merged. */
  isStrict = false;
  /** Whether there is something to wait for before a request is merged. */
  hasChecks = true;
  /** Whether what is approved stays so when its head moves. */
  dismissesStaleApprovals = false;
  /** What it answers for drafts where it has none. */
  hasDrafts = true;
  readonly #remote: FakeGitRemote;

  constructor(remote: FakeGitRemote) {
    this.#remote = remote;
  }

  /** What a forge does by itself: it follows the branches of open requests, and closes those whose branch is gone. */
  follow(): void {
    for (const request of this.requests) {
      if (request.state !== "open") continue;
      const head = this.#remote.branches.get(request.head);
      const ref = `refs/pull/${request.number}/head`;
      if (head !== undefined) {
        const isMoved = this.#remote.branches.get(ref) !== head;
        if (isMoved && this.dismissesStaleApprovals) request.isApproved = false;
        this.#remote.branches.set(ref, head);
      } else if (request.isMergeUnrecorded !== true) {
        request.state = "closed";
        request.isClosedByDeletion = true;
      }
    }
  }

  get open(): readonly FakeRequest[] {
    this.follow();
    return this.requests.filter(({ state }) => state === "open");
  }

  /** Merges as a person does: what the branch changed since it left the target. */
  merge(number: number): void {
    this.mergeUnrecorded(number);
    this.record(number);
  }

  /** The same, before the forge has noticed. */
  mergeUnrecorded(number: number): void {
    this.follow();
    const request = this.#find(number);
    const changes = this.#changesOf(this.#remote.branches.get(request.head)!, request.base);
    this.#remote.commitAsPerson(request.base, changes, `Merge ${number}\n`);
    request.isMergeUnrecorded = true;
  }

  record(number: number): void {
    const request = this.#find(number);
    request.isMergeUnrecorded = false;
    request.state = "merged";
  }

  /** What a branch has other than the base that it left. */
  #changesOf(head: ObjectId, base: string): Record<string, string | undefined> {
    const before = this.#remote.filesOf(this.#leftTarget(head, base));
    const after = this.#remote.filesOf(head);
    const paths = [...new Set([...before.keys(), ...after.keys()])];
    const changed = paths.filter((path) => before.get(path) !== after.get(path));
    return Object.fromEntries(changed.map((path) => [path, after.get(path)]));
  }

  /** As the button: a merge of the base into the branch, or with `rebase` its changes again on top of the base. */
  updateBranch(number: number, how: "merge" | "rebase" = "merge"): void {
    this.follow();
    const { head, base } = this.#find(number);
    const ours = this.#remote.branches.get(head)!;
    const theirs = this.#remote.branches.get(base)!;
    const changes = this.#changesOf(ours, base);
    this.#remote.branches.set(head, theirs);
    if (how === "rebase") this.#remote.commitAsPerson(head, changes, this.#remote.commit(ours).message);
    else this.#remote.mergeAsPerson(head, [ours, theirs], changes, `Merge branch '${base}' into ${head}\n`);
  }

  approve(number: number): void {
    this.follow();
    this.#find(number).isApproved = true;
  }

  /** As a person does who edits what a request is for. */
  retarget(number: number, base: string): void {
    this.#find(number).base = base;
  }

  closeAsPerson(number: number): void {
    this.follow();
    this.#find(number).state = "closed";
  }

  /** The commit below the branch's own ones. */
  #leftTarget(head: ObjectId, base: string): ObjectId {
    const onTarget = new Set(this.#remote.history(base).map(({ id }) => id));
    let commit = head;
    // Where the base was merged into it, it left it there.
    while (!onTarget.has(commit)) commit = this.#remote.commit(commit).parents.at(-1)!;
    return commit;
  }

  #find(number: number): FakeRequest {
    const request = this.requests[number - 1];
    if (request === undefined) throw new Error(`there is no request ${number}`);
    return request;
  }

  async readRequest(number: number): Promise<ReviewRequest | undefined> {
    return this.#perform("readRequest", () => {
      const request = this.requests[number - 1];
      return request === undefined ? undefined : toRequest(request);
    });
  }

  async listOpenRequests(headPrefix: string): Promise<readonly ReviewRequest[]> {
    return this.#perform("listOpenRequests", () =>
      this.requests.filter(({ state, head }) => state === "open" && head.startsWith(headPrefix)).map(toRequest),
    );
  }

  async createRequest({ head, base, title, body, isDraft }: NewRequest): Promise<ReviewRequest> {
    return this.#perform("createRequest", () => {
      const isTwice = this.requests.some((one) => one.state === "open" && one.head === head && one.base === base);
      if (isTwice || !this.#remote.branches.has(head) || !this.#remote.branches.has(base)) {
        throw new SluiceError({ code: "FORGE_REFUSED", message: `no request can be made for ${head}` });
      }
      const number = this.requests.length + 1;
      const nothing = { isClosedByDeletion: false, comments: [], strangers: new Set<string>(), decorations: [] };
      const request: FakeRequest = {
        number,
        state: "open",
        head,
        base,
        title,
        body,
        isDraft: isDraft && this.hasDrafts,
        ...nothing,
      };
      this.requests.push(request);
      return toRequest(request);
    });
  }

  async updateRequest({ number }: ReviewRequest, text: { title: string; body: string }): Promise<void> {
    return this.#perform("updateRequest", () => {
      Object.assign(this.#find(number), text);
    });
  }

  async closeRequest(number: number): Promise<void> {
    return this.#perform("closeRequest", () => {
      this.#find(number).state = "closed";
    });
  }

  async decorateRequest(number: number, decoration: Decoration) {
    return this.#perform("decorateRequest", () => {
      this.#find(number).decorations.push(decoration);
      const all = [...decoration.labels, ...decoration.reviewers, ...decoration.assignees];
      return all
        .filter((name) => this.unknown.includes(name))
        .map((name) => ({ code: "FORGE_REFUSED", severity: "warning", message: `${name} is unknown` }) as const);
    });
  }

  async mergeWhenAllowed({ number }: ReviewRequest, head: ObjectId, method: MergeMethod): Promise<MergeOutcome> {
    return this.#perform("mergeWhenAllowed", () => {
      const request = this.#find(number);
      if (this.#remote.branches.get(request.head) !== head) return "later";
      request.autoMerge = { head, method };
      if (this.hasChecks) return "scheduled";
      this.merge(number);
      return "merged";
    });
  }

  async isBehind(number: number): Promise<boolean | undefined> {
    return this.#perform("isBehind", () => {
      const { head, base } = this.#find(number);
      const isOn = this.#remote.isAncestor(this.#remote.branches.get(base)!, this.#remote.branches.get(head)!);
      return this.isStrict && !isOn;
    });
  }

  async isApproved(number: number): Promise<boolean> {
    return this.#perform("isApproved", () => this.#find(number).isApproved === true);
  }

  async wasClosedByDeletion(number: number): Promise<boolean> {
    return this.#perform("wasClosedByDeletion", () => this.#find(number).isClosedByDeletion);
  }

  async keepComment(number: number, marker: string, text: string): Promise<void> {
    return this.#perform("keepComment", () => {
      const { comments, strangers } = this.#find(number);
      const index = comments.findIndex((comment) => comment.startsWith(marker) && !strangers.has(comment));
      comments.splice(index < 0 ? comments.length : index, 1, text);
    });
  }

  commentAsPerson(number: number, text: string): void {
    const { comments, strangers } = this.#find(number);
    comments.push(text);
    strangers.add(text);
  }

  async setStatus(commit: ObjectId, status: CommitStatus): Promise<void> {
    return this.#perform("setStatus", () => {
      this.statuses.set(commit, status);
    });
  }

  async readRights(): Promise<ForgeRights> {
    return this.#perform("readRights", () => ({ mayPush: true, isProtected: false }));
  }

  close(): void {
    this.isClosed = true;
  }

  #perform<T>(operation: keyof CodeHost, work: () => T): T {
    if (this.isClosed) throw new SluiceError({ code: "FORGE_UNAVAILABLE", message: "the fake is closed" });
    this.fault(operation, "before");
    this.calls.push(operation);
    this.follow();
    const result = work();
    this.fault(operation, "after");
    return result;
  }
}

function toRequest({ number, state, head, base, title, body, isDraft, autoMerge }: FakeRequest): ReviewRequest {
  return {
    number,
    url: `https://forge.example.com/${number}`,
    state,
    head,
    base,
    title,
    body,
    isDraft,
    hasAutoMerge: autoMerge !== undefined,
    headRef: `refs/pull/${number}/head`,
  };
}
