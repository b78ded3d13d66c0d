/**
 * What is written and not pushed: commits, each with the objects that writing it named. A push takes those that its
 * branches reach, and no more: what the server is not asked to keep must not count as arrived.
 */
import type { ObjectId } from "../../ports/git.ts";
import { type ObjectSet, withBases } from "./object-writer.ts";

export interface WrittenCommit {
  readonly id: ObjectId;
  readonly tree: ObjectId;
  readonly parents: readonly ObjectId[];
  /** The tree that it was made from: what is in that need not be named again. */
  readonly base: ObjectId | undefined;
  /** Its own objects, and those that were there already. */
  readonly objects: readonly ObjectId[];
  /** Whether a push has left it behind once. */
  readonly wasLeft: boolean;
}

export interface WrittenBatch {
  readonly objects: ObjectSet;
  /** Oldest first. */
  readonly commits: WrittenCommit[];
}

export function emptyBatch(): WrittenBatch {
  return { objects: new Map(), commits: [] };
}

/**
 * Parts a batch into what goes with a push of those tips and what stays for a later one. `begun`: objects of a commit
 * that is still being written; they stay. What a push has left behind before goes too: perhaps nobody wants it any more,
 * and it must not stay for ever.
 */
export function partBatch(
  batch: WrittenBatch,
  tips: readonly ObjectId[],
  begun: readonly ObjectId[],
): { readonly taken: WrittenBatch; readonly left: WrittenBatch } {
  const reached = findReached(batch.commits, tips);
  const staying = batch.commits.filter((commit) => !reached.has(commit) && !commit.wasLeft);
  if (staying.length === 0 && begun.length === 0) return { taken: batch, left: emptyBatch() };
  const going = batch.commits.filter((commit) => !staying.includes(commit));
  return {
    taken: { objects: pick(batch.objects, going, []), commits: going },
    left: {
      objects: pick(batch.objects, staying, begun),
      commits: staying.map((commit) => ({ ...commit, wasLeft: true })),
    },
  };
}

/** By their parents, and by the trees that they were made from. */
function findReached(commits: readonly WrittenCommit[], tips: readonly ObjectId[]): ReadonlySet<WrittenCommit> {
  const byId = new Map(commits.map((commit) => [commit.id, commit]));
  const byTree = new Map<ObjectId, WrittenCommit[]>();
  for (const commit of commits) byTree.set(commit.tree, [...(byTree.get(commit.tree) ?? []), commit]);
  const reached = new Set<WrittenCommit>();
  const open = tips.map((id) => byId.get(id));
  while (open.length > 0) {
    const commit = open.pop();
    if (commit === undefined || reached.has(commit)) continue;
    reached.add(commit);
    for (const parent of commit.parents) open.push(byId.get(parent));
    if (commit.base !== undefined) open.push(...(byTree.get(commit.base) ?? []));
  }
  return reached;
}

function pick(objects: ObjectSet, commits: readonly WrittenCommit[], more: readonly ObjectId[]): ObjectSet {
  const ids = [...commits.flatMap((commit) => commit.objects), ...more];
  return withBases(ids.flatMap((id) => objects.get(id) ?? []));
}
