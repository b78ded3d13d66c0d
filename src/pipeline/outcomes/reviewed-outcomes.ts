/** Under review: which outcomes people have decided on. What they did is on the target by now, or was turned down. */
import type { Outcome } from "../../model/outcome.ts";
import type { FileContents, ReviewRecord } from "../../model/review.ts";
import { desiredFolder, reviewsFolder } from "../../plan/paths.ts";
import { parseReview } from "../../plan/review-file.ts";
import type { GitReader, ObjectId } from "../../ports/git.ts";
import { readFolder } from "../read-folder.ts";
import type { ShownRequests } from "../review/shown-requests.ts";

export interface ReviewedTrees {
  readonly git: GitReader;
  readonly state: ObjectId | undefined;
  readonly target: ObjectId | undefined;
  readonly outputPath: string;
  /** Absent: none is known. */
  readonly requests?: Pick<ShownRequests, "find" | "placeOf">;
}

export interface Decision {
  /** How many of the manifests people did not want. */
  readonly turnedDown: number;
  /** The last request that showed one of them, where it is known. */
  readonly request?: { readonly number: number; readonly url?: string };
}

/**
 * What became of those that are decided. A manifest counts as decided where the target has it as it is desired now: a later
 * event's is merged instead of an earlier one's.
 */
export async function readDecided(
  outcomes: readonly Outcome[],
  { git, state, target, outputPath, requests }: ReviewedTrees,
): Promise<ReadonlyMap<Outcome, Decision>> {
  const paths = [...new Set(outcomes.flatMap(({ paths: changed = [] }) => changed))];
  const wanted = await findContents(git, state, desiredFolder, paths);
  const there = await findContents(git, target, outputPath, paths);
  const open = new Set(paths.filter((path) => wanted.get(path) !== there.get(path)));
  const reviews: ReviewRecord[] = [];
  if (paths.length > 0) {
    for await (const [file, text] of readFolder(git, state, reviewsFolder)) reviews.push(parseReview(text, file));
  }
  const isRejected = (path: string) => reviews.some(({ rejected }) => hasJust(rejected, path, wanted));
  /** In which it was turned down, or is shown as far as the state knows, or was. */
  const numberOf = (path: string) =>
    reviews.find(({ rejected }) => hasJust(rejected, path, wanted))?.rejectedIn?.get(path) ??
    reviews.find(({ shown }) => hasJust(shown, path, wanted))?.request ??
    requests?.find(path, wanted.get(path))?.number;
  const decided = new Map<Outcome, Decision>();
  for (const outcome of outcomes) {
    const own = outcome.paths ?? [];
    const missing = own.filter((path) => open.has(path));
    if (!missing.every(isRejected)) continue;
    const numbers = own.map(numberOf).filter((number) => number !== undefined);
    const number = numbers.length === 0 ? undefined : numbers.reduce((most, one) => Math.max(most, one));
    const request = number === undefined ? {} : { request: requests?.placeOf(number) ?? { number } };
    decided.set(outcome, { turnedDown: missing.length, ...request });
  }
  return decided;
}

/** Whether that is said of the file as it is desired now. */
function hasJust(contents: FileContents, path: string, wanted: ReadonlyMap<string, string>): boolean {
  return contents.has(path) && contents.get(path) === wanted.get(path);
}

/** By path below the folder, the id of what stands there. */
async function findContents(
  git: GitReader,
  tree: ObjectId | undefined,
  folder: string,
  paths: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  if (tree === undefined || paths.length === 0) return new Map();
  const ids = await git.findIds(
    tree,
    paths.map((path) => `${folder}/${path}`),
  );
  return new Map([...ids].map(([path, id]) => [path.slice(folder.length + 1), id]));
}
