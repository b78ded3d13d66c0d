/** What becomes of a group whose request has ended. */
import type { FileContents, ReviewRecord } from "../../model/review.ts";
import { rejectShown } from "../../plan/plan-review.ts";
import type { GitReader, ObjectId } from "../../ports/git.ts";
import { readContents, readReviewHead } from "./review-branch.ts";

/** The record without the request, and with what people did not want of it. `head`: what it had when it ended. */
export async function settleRequest(
  git: GitReader,
  review: ReviewRecord,
  head: ObjectId | undefined,
  target: ObjectId,
  outputPath: string,
): Promise<ReviewRecord> {
  const shown = await shownAt(git, review, head, outputPath);
  const rejected = rejectShown(shown, await readContents(git, target, outputPath, shown.keys()));
  return { group: review.group, shown: new Map(), rejected: new Map([...review.rejected, ...rejected]) };
}

/**
 * Whether a merge has left nothing of what was shown on the target: people who merge want some of it, so the target that
 * was fetched is probably one from before.
 */
export async function isMergeMissing(
  git: GitReader,
  review: ReviewRecord,
  head: ObjectId | undefined,
  target: ObjectId,
  outputPath: string,
): Promise<boolean> {
  const shown = await shownAt(git, review, head, outputPath);
  const rejected = rejectShown(shown, await readContents(git, target, outputPath, shown.keys()));
  return shown.size > 0 && rejected.size === shown.size;
}

/**
 * What Sluice had proposed when the request ended. A head of Sluice's own says it, where a push came later than the end;
 * where people had taken over, it is what was pushed before.
 */
async function shownAt(
  git: GitReader,
  { shown }: ReviewRecord,
  head: ObjectId | undefined,
  outputPath: string,
): Promise<FileContents> {
  const last = await readReviewHead(git, head);
  if (last?.fingerprint === undefined) return shown;
  const there = await readContents(git, last.tree, outputPath, shown.keys());
  return new Map([...shown].filter(([path, content]) => there.get(path) === content));
}
