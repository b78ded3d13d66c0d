/** How reviews stand, read from both branches: what is proposed, what waits, what people turned down. */
import type { FileDifference, ReviewGrouping, ReviewRecord } from "../../model/review.ts";
import { reviewsFolder } from "../../plan/paths.ts";
import { planReview } from "../../plan/plan-review.ts";
import { type ProposalFolders, placeIn } from "../../plan/proposal-path.ts";
import { parseReview } from "../../plan/review-file.ts";
import type { GitReader, ObjectId } from "../../ports/git.ts";
import { readFolder } from "../read-folder.ts";
import { readDifferences } from "./review-branch.ts";

export interface ReviewScopeOfBranches extends ProposalFolders {
  readonly git: GitReader;
  /** Trees; undefined: there is no such branch. */
  readonly state: ObjectId | undefined;
  readonly target: ObjectId | undefined;
  /** Settings' `name`: whose files on the target are ours. Absent: the first's. */
  readonly instance?: string;
  readonly grouping: ReviewGrouping;
}

/** A file that is not on the target as events ask for. */
export interface UnmergedFile {
  /** On the target. */
  readonly path: string;
  readonly change: "create" | "update" | "delete";
}

export interface TurnedDownFile extends UnmergedFile {
  /** The request in which it was turned down, where that is known. */
  readonly request?: number;
}

export interface GroupOverview {
  readonly group: string;
  /** `waits`: there is something to propose, and no request for it yet. */
  readonly state: "open" | "waits" | "turned down";
  readonly request?: number;
  readonly proposed: readonly UnmergedFile[];
  readonly turnedDown: readonly TurnedDownFile[];
}

/** How a file stands that is not on the target as it should be. */
export interface FileReview extends UnmergedFile {
  readonly group: string;
  readonly state: "proposed" | "waits" | "turned down";
  readonly request?: number;
}

/** By group, sorted; groups of which nothing is open, proposed or turned down are absent. */
export async function listReviews(scope: ReviewScopeOfBranches): Promise<readonly GroupOverview[]> {
  const { git, state, target, grouping } = scope;
  if (state === undefined) return [];
  const reviews = new Map<string, ReviewRecord>();
  for await (const [path, text] of readFolder(git, state, reviewsFolder)) {
    const review = parseReview(text, path);
    reviews.set(review.group, review);
  }
  const differences = target === undefined ? [] : (await readDifferences(git, target, scope, state)).differences;
  const byPath = new Map(differences.map((difference) => [difference.path, difference]));
  const proposals = planReview(differences, grouping, reviews);
  const overviews: GroupOverview[] = [];
  for (const group of [...new Set([...reviews.keys(), ...proposals.keys()])].sort()) {
    const review = reviews.get(group);
    const fileOf = ({ path, have, want }: FileDifference): UnmergedFile => ({
      path: placeIn(scope, path),
      change: have === undefined ? "create" : want === undefined ? "delete" : "update",
    });
    const proposed = (proposals.get(group) ?? []).map(fileOf);
    const turnedDown = [...(review?.rejected ?? [])]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([path, want]) => {
        const request = review?.rejectedIn?.get(path);
        const difference = byPath.get(path) ?? { path, have: want === undefined ? "" : undefined, want };
        return { ...fileOf(difference), ...(request === undefined ? {} : { request }) };
      });
    if (review?.request === undefined && proposed.length + turnedDown.length === 0) continue;
    const request = review?.request === undefined ? {} : { request: review.request };
    const stand = review?.request !== undefined ? "open" : proposed.length > 0 ? "waits" : "turned down";
    overviews.push({ group, state: stand, ...request, proposed, turnedDown });
  }
  return overviews;
}

/** By path on the target, how each file stands that is not there as it should be. */
export function filesUnderReview(groups: readonly GroupOverview[]): ReadonlyMap<string, FileReview> {
  const files = new Map<string, FileReview>();
  for (const { group, request, proposed, turnedDown } of groups) {
    for (const file of turnedDown) files.set(file.path, { ...file, group, state: "turned down" });
    const stand = request === undefined ? ({ state: "waits" } as const) : ({ state: "proposed", request } as const);
    for (const file of proposed) files.set(file.path, { ...file, group, ...stand });
  }
  return files;
}

/** In a few words, for tables: `turned down in 3`, `update proposed in 4`, `waits for a request`. */
export function describeFileReview({ state, change, request }: FileReview): string {
  const what = change === "create" ? "" : change === "update" ? "update " : "removal ";
  const where = request === undefined ? "" : ` in ${request}`;
  return state === "waits" ? `${what}waits for a request` : `${what}${state}${where}`;
}
