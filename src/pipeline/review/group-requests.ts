/** The requests of a repository that are Sluice's: one call tells of all that are open, whatever number of groups waits. */
import type { ReviewRecord } from "../../model/review.ts";
import type { CodeHost, ReviewRequest } from "../../ports/code-host.ts";
import { branchPrefix, reviewBranch } from "./review-branch.ts";

export class GroupRequests {
  /** By group, what has become of the request on record; undefined: there is none any more. */
  readonly known: ReadonlyMap<string, ReviewRequest | undefined>;
  readonly #open: readonly ReviewRequest[];
  readonly #target: string;

  private constructor(
    known: ReadonlyMap<string, ReviewRequest | undefined>,
    open: readonly ReviewRequest[],
    target: string,
  ) {
    this.known = known;
    this.#open = open;
    this.#target = target;
  }

  static async read(host: CodeHost, reviews: Iterable<ReviewRecord>, target: string): Promise<GroupRequests> {
    const open = await host.listOpenRequests(branchPrefix);
    const known = new Map<string, ReviewRequest | undefined>();
    for (const { group, request } of reviews) {
      if (request === undefined) continue;
      // What is not among the open ones has ended, or was opened a moment ago: its own answer tells.
      known.set(group, open.find(({ number }) => number === request) ?? (await host.readRequest(request)));
    }
    return new GroupRequests(known, open, target);
  }

  get ended(): readonly ReviewRequest[] {
    return [...this.known.values()].filter(
      (request) => request !== undefined && request.state !== "open",
    ) as ReviewRequest[];
  }

  /** The open request of the group's branch for the target. */
  openFor(group: string): ReviewRequest | undefined {
    const known = this.known.get(group);
    if (known?.state === "open" && known.base === this.#target) return known;
    return this.#openOf(group).find(({ base }) => base === this.#target);
  }

  /** One that people have pointed at another branch. */
  elsewhere(group: string): ReviewRequest | undefined {
    return this.#openOf(group).find(({ base }) => base !== this.#target);
  }

  #openOf(group: string): readonly ReviewRequest[] {
    const branch = reviewBranch(group);
    return this.#open.filter(({ head }) => head === branch);
  }
}
