/**
 * Where things stand on the target: as the settings say it, but for what something is delivered from. That moves by
 * hand-overs alone, so the state says where it is.
 */
import { readDelivered } from "../../delivery/delivery-in-force.ts";
import { movesFolder, readHandOvers } from "../../delivery/hand-over/hand-over.ts";
import type { JsonObject } from "../../model/json.ts";
import type { BranchNames } from "./branch-parts.ts";

/** `names`: as the settings have them; `parts`: the checkpoint's. */
export function namesInForce(names: BranchNames, parts: JsonObject): BranchNames {
  const { delivery, outputPath } = readDelivered(parts, names.outputPath);
  const handOver = readHandOvers(parts).find(({ change }) => change.kind === "delivery");
  const change = handOver?.change.kind === "delivery" ? handOver.change : undefined;
  const from = change?.from.delivery?.path;
  // The last that was delivered is still to be taken off the target.
  const path = delivery?.path ?? from ?? names.deliveryPath;
  const hasMoved = change !== undefined && handOver?.step !== "release" && movesFolder(change);
  const { deliveryPath: _, formerDeliveryPath: __, hasReleases, ...rest } = names;
  return {
    ...rest,
    // As long as a hub has units, it would apply them as well.
    ...(hasReleases === true && path === undefined ? { hasReleases } : {}),
    outputPath,
    ...(path === undefined ? {} : { deliveryPath: path }),
    ...(hasMoved && from !== undefined ? { formerDeliveryPath: from } : {}),
  };
}
