/**
 * What is written and not pushed: commits, each with the objects that writing it named. A push takes the object graph of its branches'
 * new heads, as far as the server is not known to have it: what the server is not asked to keep must not count as arrived, and what it
 * is asked to keep must be whole.
 */
import type { ObjectId } from "../../ports/git.ts";
import { Arena } from "./arena.ts";
import { type ObjectSet, withBases } from "./object-writer.ts";
import { moveData } from "./pack-bytes.ts";

/**
 * So many pushes may leave a commit behind. By then it is one that nobody wants (a target that somebody else's push has made worthless),
 * and goes along, whole: it must not stay for ever, and is none to lose.
 */
const leftBehindMax = 16;

/** Bases of deltas that go with one push and the next. */
const shared = new Arena();

export interface WrittenCommit {
  readonly id: ObjectId;
  readonly tree: ObjectId;
  readonly parents: readonly ObjectId[];
  /** The tree that it was made from: what is in that need not be named again. */
  readonly base: ObjectId | undefined;
  /** Its own objects, and those that were there already. */
  readonly objects: readonly ObjectId[];
  /** What was put into its tree as it was, files and folders; some other commit has written them, perhaps one that no branch reaches. */
  readonly placed: readonly ObjectId[];
  /** How many pushes have left it behind. */
  readonly leftBehind: number;
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
 * that is still being written; they stay. `childrenOf`: what a tree of the batch names.
 */
export function partBatch(
  batch: WrittenBatch,
  tips: readonly ObjectId[],
  begun: readonly ObjectId[],
  childrenOf: (tree: ObjectId) => readonly ObjectId[],
): { readonly taken: WrittenBatch; readonly left: WrittenBatch } {
  const reached = findReached(batch.commits, tips);
  const staying = batch.commits.filter((commit) => !reached.has(commit) && commit.leftBehind < leftBehindMax);
  if (staying.length === 0 && begun.length === 0) return { taken: batch, left: emptyBatch() };
  const stays = new Set(staying);
  const going = batch.commits.filter((commit) => !stays.has(commit));
  const taken = pick(batch.objects, idsOf(batch.objects, going, childrenOf));
  const left = pick(batch.objects, [...staying.flatMap(({ objects }) => objects), ...begun]);
  // The memory of what goes is free once that is stored.
  for (const object of left.values()) if (taken.has(object.id)) moveData(object, shared);
  return {
    taken: { objects: taken, commits: going },
    left: {
      objects: left,
      commits: staying.map((commit) => ({ ...commit, leftBehind: commit.leftBehind + 1 })),
    },
  };
}

/** The commits' own objects, and all that is below what was placed in them or what they were made from. */
function idsOf(
  objects: ObjectSet,
  commits: readonly WrittenCommit[],
  childrenOf: (tree: ObjectId) => readonly ObjectId[],
): readonly ObjectId[] {
  const ids = new Set(commits.flatMap((commit) => commit.objects));
  const open = commits.flatMap(({ placed, base }) => (base === undefined ? placed : [...placed, base]));
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    const object = objects.get(id);
    // What is not in the batch the server has; what is counted already is there with all that is below it.
    if (object === undefined || ids.has(id)) continue;
    ids.add(id);
    if (object.type === "tree") open.push(...childrenOf(id));
  }
  return [...ids];
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

function pick(objects: ObjectSet, ids: readonly ObjectId[]): ObjectSet {
  return withBases(ids.flatMap((id) => objects.get(id) ?? []));
}
