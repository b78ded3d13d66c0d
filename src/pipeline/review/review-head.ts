/**
 * Whose the head of a review branch is. It is Sluice's own where Sluice made the commit, or where a forge only brought it
 * up to date with the target, as the button "Update branch" does: then it has what Sluice had put there, and nothing of
 * anybody else's.
 */
import { folderMode } from "../../model/folder-mode.ts";
import type { ReviewRecord } from "../../model/review.ts";
import { restOf } from "../../plan/plan-review.ts";
import { fingerprintProposal, readProjection } from "../../plan/projection-trailer.ts";
import { type ProposalFolders, placeIn } from "../../plan/proposal-path.ts";
import type { CommitInfo, GitReader, ObjectId } from "../../ports/git.ts";
import { type CommitWithTree, readContents } from "./review-branch.ts";

/** `fingerprint`: of the proposal that it holds; undefined: people have committed to the branch. */
export interface ReviewHead extends CommitWithTree {
  readonly fingerprint: string | undefined;
  /** Whether it stands on the target as that is now. */
  readonly isCurrent: boolean;
}

/** What a head is looked at against. */
export interface HeadScope extends ProposalFolders {
  readonly review: ReviewRecord;
  /** The branch that requests are for, and where it is. */
  readonly branch: string;
  readonly target: CommitWithTree;
}

export async function readReviewHead(
  git: GitReader,
  commit: ObjectId | undefined,
  scope: HeadScope,
): Promise<ReviewHead | undefined> {
  if (commit === undefined) return undefined;
  const info = await git.readCommit(commit);
  const isCurrent = info.parents.includes(scope.target.id);
  const own = readProjection(info);
  if (own !== undefined) return { id: commit, tree: info.tree, fingerprint: own, isCurrent };
  const isUpdated = await isBroughtUpToDate(git, info, scope);
  return { id: commit, tree: info.tree, fingerprint: isUpdated ? await proposalOf(git, scope) : undefined, isCurrent };
}

async function proposalOf(git: GitReader, { review, target, ...folders }: HeadScope): Promise<string> {
  const { shown } = review;
  return fingerprintProposal(restOf(shown, await readContents(git, target.tree, folders, shown.keys())));
}

async function isBroughtUpToDate(git: GitReader, info: CommitInfo, scope: HeadScope): Promise<boolean> {
  const { review, branch, target } = scope;
  const { shown, head } = review;
  if (info.id === head) return true;
  if (shown.size === 0) return false;
  const there = await readContents(git, info.tree, scope, shown.keys());
  if ([...shown].some(([path, content]) => there.get(path) !== content)) return false;
  // Merged or rebased: where nothing but what was shown sets it apart from the target, how it came about does not count.
  const own = new Set([...shown.keys()].map((path) => placeIn(scope, path)));
  if (await isEqualBut(git, target.tree, info.tree, own)) return true;
  // The target has moved on since. What it was then is not here to compare with, but the merge says what it merged.
  const [first, second, ...others] = info.parents;
  const isMerge = head !== undefined && first === head && second !== undefined && others.length === 0;
  return isMerge && mergedBranch(info.message) === branch;
}

/** What `git merge`, and forges likewise, say first: "Merge branch 'main' into sluice/review/all". */
function mergedBranch(message: string): string | undefined {
  return /^Merge (?:remote-tracking )?branch '(?:origin\/)?([^']+)'(?: of \S+)? into /.exec(message)?.[1];
}

/** Whether two trees have the same in them but at those paths. */
async function isEqualBut(
  git: GitReader,
  one: ObjectId | undefined,
  other: ObjectId | undefined,
  except: ReadonlySet<string>,
  folder = "",
): Promise<boolean> {
  if (one === other) return true;
  const read = async (tree: ObjectId | undefined) =>
    new Map((tree === undefined ? [] : await git.readTree(tree)).map((entry) => [entry.name, entry]));
  const [here, there] = [await read(one), await read(other)];
  for (const name of new Set([...here.keys(), ...there.keys()])) {
    const [a, b] = [here.get(name), there.get(name)];
    if (a?.id === b?.id && a?.mode === b?.mode) continue;
    const path = folder === "" ? name : `${folder}/${name}`;
    const isFolder = [a, b].every((entry) => entry === undefined || entry.mode === folderMode);
    if (!isFolder && !except.has(path)) return false;
    if (isFolder && !(await isEqualBut(git, a?.id, b?.id, except, path))) return false;
  }
  return true;
}
