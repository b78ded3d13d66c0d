/** A forge in memory over a {@link FakeGitRemote}: requests, and what people do with them. */
import { SluiceError } from "../../src/model/problem.ts";
import type {
  CodeHost,
  CommitStatus,
  Decoration,
  MergeMethod,
  NewRequest,
  ReviewRequest,
} from "../../src/ports/code-host.ts";
import type { ObjectId } from "../../src/ports/git.ts";
import type { FakeGitRemote } from "./fake-git-remote.ts";

export interface FakeRequest {
  readonly number: number;
  state: "open" | "merged" | "closed";
  readonly head: string;
  readonly base: string;
  title: string;
  body: string;
  readonly isDraft: boolean;
  isClosedByDeletion: boolean;
  readonly comments: string[];
  /** Of the comments those that people wrote. */
  readonly strangers: Set<string>;
  readonly decorations: Decoration[];
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
  readonly #remote: FakeGitRemote;

  constructor(remote: FakeGitRemote) {
    this.#remote = remote;
  }

  /** What a forge does by itself: it follows the branches of open requests, and closes those whose branch is gone. */
  follow(): void {
    for (const request of this.requests) {
      if (request.state !== "open") continue;
      const head = this.#remote.branches.get(request.head);
      if (head !== undefined) this.#remote.branches.set(`refs/pull/${request.number}/head`, head);
      else {
        request.state = "closed";
        request.isClosedByDeletion = true;
      }
    }
  }

  get open(): readonly FakeRequest[] {
    this.follow();
    return this.requests.filter(({ state }) => state === "open");
  }

  /** Merges as a person does: what the branch changed since it left the target, with the person's last word. */
  merge(number: number, edits: Readonly<Record<string, string | undefined>> = {}): void {
    this.follow();
    const request = this.#find(number);
    const head = this.#remote.branches.get(request.head)!;
    const start = this.#leftTarget(head, request.base);
    const before = this.#remote.filesOf(start);
    const after = this.#remote.filesOf(head);
    const changed = [...new Set([...before.keys(), ...after.keys()])].filter(
      (path) => before.get(path) !== after.get(path),
    );
    const files = Object.fromEntries(changed.map((path) => [path, after.get(path)]));
    this.#remote.commitAsPerson(request.base, { ...files, ...edits }, `Merge ${number}\n`);
    request.state = "merged";
  }

  closeAsPerson(number: number): void {
    this.follow();
    this.#find(number).state = "closed";
  }

  /** The commit below the branch's own ones. */
  #leftTarget(head: ObjectId, base: string): ObjectId {
    const onTarget = new Set(this.#remote.history(base).map(({ id }) => id));
    let commit = head;
    while (!onTarget.has(commit)) commit = this.#remote.commit(commit).parents[0]!;
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

  async findOpenRequest(head: string, base: string): Promise<ReviewRequest | undefined> {
    return this.#perform("findOpenRequest", () => {
      const request = this.requests.find((one) => one.state === "open" && one.head === head && one.base === base);
      return request === undefined ? undefined : toRequest(request);
    });
  }

  async createRequest({ head, base, title, body, isDraft }: NewRequest): Promise<ReviewRequest> {
    return this.#perform("createRequest", () => {
      const isTwice = this.requests.some((request) => request.state === "open" && request.head === head);
      if (isTwice || !this.#remote.branches.has(head) || !this.#remote.branches.has(base)) {
        throw new SluiceError({ code: "FORGE_REFUSED", message: `no request can be made for ${head}` });
      }
      const number = this.requests.length + 1;
      const nothing = { isClosedByDeletion: false, comments: [], strangers: new Set<string>(), decorations: [] };
      const request: FakeRequest = { number, state: "open", head, base, title, body, isDraft, ...nothing };
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

  async enableAutoMerge({ number }: ReviewRequest, head: ObjectId, method: MergeMethod): Promise<void> {
    return this.#perform("enableAutoMerge", () => {
      this.#find(number).autoMerge = { head, method };
    });
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

function toRequest({ number, state, title, body, isDraft, autoMerge }: FakeRequest): ReviewRequest {
  return {
    number,
    url: `https://forge.example.com/${number}`,
    state,
    title,
    body,
    isDraft,
    hasAutoMerge: autoMerge !== undefined,
    headRef: `refs/pull/${number}/head`,
  };
}
