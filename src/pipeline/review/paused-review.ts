/**
 * Hand-overs and reviews don't go together: a step has to be on the target whole before the next one may come, and a request
 * is merged in part, late or not at all.
 */
import { type Problem, SluiceError } from "../../model/problem.ts";
import type { ProposalFolders } from "../../plan/proposal-path.ts";

export interface DeliveredFolders {
  /** Where things stand on the target by what is in force. */
  readonly inForce: ProposalFolders;
  readonly isHandingOver: boolean;
}

const hint =
  "Set it back; or set review.mode: push until the hand-over is done, which pushes what waits in requests too.";

/** Why requests stay as they are; `reviewed`: the folders that settings name. */
export function explainPause(
  reviewed: ProposalFolders,
  { inForce, isHandingOver }: DeliveredFolders,
): Problem | undefined {
  const held = { code: "CHANGE_HELD", severity: "error", hint } as const;
  if (isHandingOver)
    return { ...held, message: "units are being handed over: requests stay as they are until that is done" };
  const text = ({ outputPath, deliveryPath, hasReleases }: ProposalFolders) =>
    JSON.stringify([outputPath, deliveryPath, hasReleases === true]);
  if (text(reviewed) === text(inForce)) return undefined;
  const message =
    "output.path, delivery.path or delivery is another than is in force, and nothing is handed over by review: requests stay as they are";
  return { ...held, message };
}

/** Throws a SluiceError (CHANGE_HELD) where what goes to the target goes by review. */
export function refuseHandOver(isReviewed: boolean | undefined): void {
  if (isReviewed !== true) return;
  const message = "that is a hand-over in steps, and none goes with review.mode: pull-request";
  throw new SluiceError({ code: "CHANGE_HELD", message, hint });
}
