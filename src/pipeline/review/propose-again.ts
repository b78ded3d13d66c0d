/** `sluice propose`: what was turned down is proposed again, because somebody asks for it. */
import { countOf } from "../../model/count-of.ts";
import { SluiceError } from "../../model/problem.ts";
import type { ReviewPublisher } from "./review-publisher.ts";

/** What there is to tell. Throws a SluiceError (NOT_FOUND) where nothing is turned down, or nothing reviewed. */
export async function proposeAgain(review: ReviewPublisher | undefined, group: string | undefined): Promise<string> {
  if (review === undefined) {
    throw new SluiceError({
      code: "NOT_FOUND",
      message: "there are no reviews: changes go to the target",
      hint: "With review.mode: pull-request they are proposed.",
    });
  }
  const proposed = await review.propose(group);
  const lines = [...proposed].sort(([a], [b]) => (a < b ? -1 : 1));
  if (lines.length === 0) return "nothing is turned down";
  const what = lines.map(([name, files]) => `${countOf(files, "manifest")} of ${name}`);
  return `proposed again: ${what.join(", ")}`;
}
