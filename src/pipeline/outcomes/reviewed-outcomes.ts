/** Under review: which outcomes people have decided on. What they did is on the target by now, or was turned down. */
import type { Outcome } from "../../model/outcome.ts";
import { desiredFolder, reviewsFolder } from "../../plan/paths.ts";
import { parseReview } from "../../plan/review-file.ts";
import type { GitReader, ObjectId } from "../../ports/git.ts";
import { readFolder } from "../read-folder.ts";

export interface ReviewedTrees {
  readonly git: GitReader;
  readonly state: ObjectId | undefined;
  readonly target: ObjectId | undefined;
  readonly outputPath: string;
}

/**
 * Of those that are decided, how many of their manifests were turned down. A manifest counts as decided where the target
 * has it as it is desired now: a later event's is merged instead of an earlier one's.
 */
export async function readDecided(
  outcomes: readonly Outcome[],
  { git, state, target, outputPath }: ReviewedTrees,
): Promise<ReadonlyMap<Outcome, number>> {
  const paths = [...new Set(outcomes.flatMap(({ paths: changed = [] }) => changed))];
  const wanted = await findContents(git, state, desiredFolder, paths);
  const there = await findContents(git, target, outputPath, paths);
  const open = new Set(paths.filter((path) => wanted.get(path) !== there.get(path)));
  const rejected = open.size === 0 ? new Set<string>() : await readRejected(git, state, wanted);
  const decided = new Map<Outcome, number>();
  for (const outcome of outcomes) {
    const missing = (outcome.paths ?? []).filter((path) => open.has(path));
    if (missing.every((path) => rejected.has(path))) decided.set(outcome, missing.length);
  }
  return decided;
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

/** What people did not want, as it is desired now. */
async function readRejected(
  git: GitReader,
  state: ObjectId | undefined,
  wanted: ReadonlyMap<string, string>,
): Promise<ReadonlySet<string>> {
  const paths = new Set<string>();
  for await (const [file, text] of readFolder(git, state, reviewsFolder)) {
    for (const [path, id] of parseReview(text, file).rejected) if (wanted.get(path) === id) paths.add(path);
  }
  return paths;
}
