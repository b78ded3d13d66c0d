/**
 * The event that a workflow runs for, and whether what it brings is the base repository's own.
 *
 * Many events run with the base's secrets while the working folder may hold anybody's commits: a workflow that answers
 * comments, or another workflow's end, checks out the head that it is about. So it is not asked what may be a fork's,
 * but what can't be one: only that is trusted.
 */

/** Of the payload what counts here; anything may be missing. */
export interface WorkflowEvent {
  readonly repository?: Repository;
  readonly pull_request?: {
    readonly number?: number;
    readonly base?: { readonly sha?: string; readonly repo?: Repository };
    readonly head?: { readonly repo?: Repository | null };
  };
  readonly merge_group?: { readonly base_sha?: string };
  readonly workflow_run?: {
    readonly event?: string;
    readonly head_branch?: string;
    readonly head_sha?: string;
    readonly head_repository?: Repository & { readonly owner?: { readonly login?: string } };
  };
}

interface Repository {
  readonly full_name?: string;
}

/** Their commits were pushed to the repository itself, by whoever may write there. */
const ownEvents: ReadonlySet<string> = new Set(["push", "schedule", "workflow_dispatch", "repository_dispatch"]);
/** Their payload tells whose the head is. */
const requestEvents: ReadonlySet<string> = new Set([
  ...["pull_request", "pull_request_target", "pull_request_review", "pull_request_review_comment"],
]);

/**
 * Whether everything in the working folder can be taken for the base repository's. `name`: of the event, as the runner
 * gives it in GITHUB_EVENT_NAME. A head whose repository was deleted meanwhile counts as a fork's; so does a merge group,
 * which says nothing of where its requests came from.
 */
export function isOfTheBase(
  name: string | undefined,
  { repository, pull_request, workflow_run }: WorkflowEvent,
): boolean {
  if (name === undefined) return false;
  if (ownEvents.has(name)) return pull_request === undefined && workflow_run === undefined;
  if (requestEvents.has(name)) return isSame(pull_request?.base?.repo, pull_request?.head?.repo);
  // The run before may have been about a request or a comment; then its head says nothing.
  const isOwnRun = ownEvents.has(workflow_run?.event ?? "") || workflow_run?.event === "pull_request";
  return name === "workflow_run" && isOwnRun && isSame(repository, workflow_run?.head_repository);
}

/** The commit that the event says to be the base; undefined: it says nothing of one. */
export function baseOf({ pull_request, merge_group }: WorkflowEvent): string | undefined {
  return pull_request?.base?.sha ?? merge_group?.base_sha;
}

function isSame(one: Repository | null | undefined, other: Repository | null | undefined): boolean {
  return typeof one?.full_name === "string" && one.full_name !== "" && one.full_name === other?.full_name;
}
