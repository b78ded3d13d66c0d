/** What commands that tell of reviews read them from. */
import type { Settings } from "../../model/settings.ts";
import type { ReviewScopeOfBranches } from "../../pipeline/review/review-overview.ts";
import type { OpenHeads } from "../compose/state.ts";

/** In push mode there is nothing that waits for anybody: the answer is empty. */
export function reviewScope(
  { name, review, output }: Settings,
  { git, state, target }: OpenHeads,
): ReviewScopeOfBranches {
  const outputPath = output.path;
  if (review.mode !== "pull-request") return { git, state: undefined, target: undefined, outputPath, grouping: "all" };
  return { git, state: state?.tree, target: target?.tree, outputPath, instance: name, grouping: review.grouping };
}
