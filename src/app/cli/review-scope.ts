/** What commands that tell of reviews read them from. */
import { deliversReleases, hubDeliveryOf, type Settings } from "../../model/settings.ts";
import type { ReviewScopeOfBranches } from "../../pipeline/review/review-overview.ts";
import type { OpenHeads } from "../compose/state.ts";

/** In push mode there is nothing that waits for anybody: the answer is empty. */
export function reviewScope(settings: Settings, { git, state, target }: OpenHeads): ReviewScopeOfBranches {
  const { name, review, output } = settings;
  const outputPath = output.path;
  if (review.mode !== "pull-request") return { git, state: undefined, target: undefined, outputPath, grouping: "all" };
  const hub = hubDeliveryOf(settings);
  const delivery = hub === undefined ? {} : { deliveryPath: hub.path };
  const folders = { outputPath, ...delivery, hasReleases: deliversReleases(settings) };
  return { git, state: state?.tree, target: target?.tree, ...folders, instance: name, grouping: review.grouping };
}
