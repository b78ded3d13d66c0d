/** Tells what has become of requests: in the log, and on the request itself, where whoever ended it will look. */
import { countOf } from "../../model/count-of.ts";
import { SluiceError } from "../../model/problem.ts";
import type { FileContents, ReviewRecord } from "../../model/review.ts";
import { type ProposalFolders, placeIn } from "../../plan/proposal-path.ts";
import type { CodeHost, ReviewRequest } from "../../ports/code-host.ts";
import type { Log } from "../../ports/system.ts";
import { type CommentReason, commentMarker, type ReviewTexts } from "./review-texts.ts";

const namesMax = 20;

export interface TellingParts {
  readonly host: CodeHost;
  readonly log: Log;
  readonly texts: ReviewTexts;
  readonly folders: ProposalFolders;
}

/** What people did not want is a warning with names: it is left out from now on. */
export async function tellTurnedDown(
  { group }: ReviewRecord,
  request: ReviewRequest,
  turnedDown: FileContents,
  parts: TellingParts,
): Promise<void> {
  const { number, endedBy, state } = request;
  const by = endedBy === undefined ? "" : ` by ${endedBy}`;
  const how = state === "merged" ? `was merged with changes${by}` : `was closed without merging${by}`;
  if (turnedDown.size === 0) {
    parts.log.info(`request ${number} ${state === "merged" ? `was merged${by}` : how}`, { group, request: number });
    return;
  }
  const what = countOf(turnedDown.size, "manifest is", "manifests are");
  parts.log.problem(
    {
      code: "REVIEW_TURNED_DOWN",
      severity: "warning",
      message: `request ${number} ${how}: ${what} not proposed again: ${nameFiles(turnedDown, parts.folders)}`,
      hint: `Reopen the request, or run \`sluice propose ${group}\`, to have them proposed again.`,
    },
    { group, request: number, files: turnedDown.size },
  );
  await comment(request, state === "merged" ? "changed" : "closed", group, parts);
}

/** A request that counts for another branch. */
export async function tellElsewhere(
  { group }: ReviewRecord,
  request: ReviewRequest,
  target: string,
  parts: TellingParts,
): Promise<void> {
  const { number, base, state } = request;
  const what = { open: "is", merged: "was merged", closed: "was closed" }[state];
  parts.log.problem(
    {
      code: "REVIEW_ELSEWHERE",
      severity: "warning",
      message: `request ${number} ${what} for branch ${base}, not for ${target}: it counts for nothing here`,
      hint: `What it has for ${target} is proposed in a request of its own.`,
    },
    { group, request: number },
  );
  if (state === "open") await comment(request, "elsewhere", group, parts);
}

/** The request is settled without its comment: trouble is told, and no more. */
async function comment(
  { number }: ReviewRequest,
  reason: CommentReason,
  group: string,
  { host, log, texts }: TellingParts,
): Promise<void> {
  try {
    await host.keepComment(number, commentMarker, texts.comment(reason, group));
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    log.problem({ ...error.problem, severity: "warning" }, { request: number });
  }
}

function nameFiles(files: FileContents, folders: ProposalFolders): string {
  const names = [...files].sort(([a], [b]) => (a < b ? -1 : 1)).slice(0, namesMax);
  const shown = names.map(
    ([path, content]) => `${placeIn(folders, path)}${content === undefined ? " (its removal)" : ""}`,
  );
  const more = files.size - names.length;
  return shown.join(", ") + (more > 0 ? `, and ${more} more` : "");
}
