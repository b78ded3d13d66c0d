/** What becomes of a group whose request has ended. */
import type { FileContents, FileDifference, ReviewRecord } from "../../model/review.ts";
import { rejectChanged, rejectShown } from "../../plan/plan-review.ts";
import type { ProposalFolders } from "../../plan/proposal-path.ts";
import type { ReviewRequest } from "../../ports/code-host.ts";
import type { GitReader, ObjectId } from "../../ports/git.ts";
import { readContents } from "./review-branch.ts";
import { type HeadScope, type ReviewHead, readReviewHead } from "./review-head.ts";

/**
 * What people turned down of a request that has ended. `head`: the commit that it had then; undefined: nobody knows any
 * more. A request that was for another branch when it ended says nothing of the target; nor does a merge of what Sluice
 * itself had put there, whatever the target looks like since.
 */
export async function findTurnedDown(
  git: GitReader,
  request: ReviewRequest,
  head: ObjectId | undefined,
  scope: HeadScope,
): Promise<FileContents> {
  const { review, target, branch } = scope;
  if (request.base !== branch) return new Map();
  const last = await readReviewHead(git, head, scope);
  const shown = await shownAt(git, review, last, scope);
  const onTarget = await readContents(git, target.tree, scope, shown.keys());
  if (request.state === "closed") return rejectShown(shown, onTarget);
  if (last === undefined || last.fingerprint !== undefined) return new Map();
  return rejectChanged(shown, await readContents(git, last.tree, scope, shown.keys()), onTarget);
}

/**
 * The record with what the head of a request has of what is proposed still. A stop or a crash may have come between a push
 * and the record of it: people have seen the head.
 */
export async function addUnrecorded(
  git: GitReader,
  review: ReviewRecord,
  head: ObjectId | undefined,
  proposal: readonly FileDifference[],
  folders: ProposalFolders,
): Promise<ReviewRecord> {
  if (head === undefined || head === review.head) return review;
  const { tree } = await git.readCommit(head);
  const paths = proposal.map(({ path }) => path);
  const there = await readContents(git, tree, folders, paths);
  const seen = proposal.filter(({ path, want }) => there.get(path) === want);
  return { ...review, shown: new Map([...review.shown, ...seen.map(({ path, want }) => [path, want] as const)]) };
}

/** The record without the request, and with what was turned down. */
export function settleReview(review: ReviewRecord, turnedDown: FileContents): ReviewRecord {
  const { group, request, rejected, rejectedIn = new Map<string, number>() } = review;
  const settled = { group, shown: new Map(), rejected: new Map([...rejected, ...turnedDown]) };
  if (request === undefined) return { ...settled, rejectedIn };
  const numbers = [...turnedDown.keys()].map((path) => [path, request] as const);
  return { ...settled, rejectedIn: new Map([...rejectedIn, ...numbers]) };
}

/**
 * Whether a merge has left nothing of what was shown on the target: people who merge want some of it, so the target that
 * was fetched is probably one from before.
 */
export async function isMergeMissing(git: GitReader, head: ObjectId | undefined, scope: HeadScope): Promise<boolean> {
  const { review, target } = scope;
  const shown = await shownAt(git, review, await readReviewHead(git, head, scope), scope);
  const onTarget = await readContents(git, target.tree, scope, shown.keys());
  return shown.size > 0 && rejectShown(shown, onTarget).size === shown.size;
}

/** Whether all that a request shows is on the target: it was merged, and the forge may not have noticed yet. */
export async function isAllOnTarget(
  git: GitReader,
  { shown }: ReviewRecord,
  target: ObjectId,
  folders: ProposalFolders,
): Promise<boolean> {
  return shown.size > 0 && rejectShown(shown, await readContents(git, target, folders, shown.keys())).size === 0;
}

/**
 * What Sluice had proposed when the request ended. A head of Sluice's own says it, where a push came later than the end;
 * where people had taken over, it is what was pushed before.
 */
async function shownAt(
  git: GitReader,
  { shown }: ReviewRecord,
  last: ReviewHead | undefined,
  folders: ProposalFolders,
): Promise<FileContents> {
  if (last?.fingerprint === undefined) return shown;
  const there = await readContents(git, last.tree, folders, shown.keys());
  return new Map([...shown].filter(([path, content]) => there.get(path) === content));
}
