/**
 * Takes over a state branch of format 1. Records, owners and documents move by subtree and keep their bytes until something
 * changes them; manifests move within the tree; claims and what several want are written anew, since their ranks decide
 * who stands where from now on. Nothing is rendered.
 */
import type { Checkpoint } from "../model/change-set.ts";
import type { ClusterKey } from "../model/cluster.ts";
import { folderMode } from "../model/folder-mode.ts";
import { identityKey, type ObjectIdentity } from "../model/manifest.ts";
import type { EntityRecord, RankedObjects } from "../model/record.ts";
import { behindPassRank, nextPassRank } from "../plan/claims-file.ts";
import { type FirstClaims, parseFirstClaims, writeFirstClaims } from "../plan/claims-version-1.ts";
import { namespaceIdentity, neededNamespaces } from "../plan/entity-on-cluster.ts";
import {
  claimsFolder,
  clusterOfFolder,
  decodePathPart,
  desiredFolder,
  encodePathPart,
  generatedNamespacePath,
  objectClaimsFolder,
  ownersFolder,
  recordPath,
  recordsFolder,
  reviewsFolder,
} from "../plan/paths.ts";
import { parseRecord, writeRecord } from "../plan/record-file.ts";
import { parseReview, writeReview } from "../plan/review-file.ts";
import type { GitRepository, ObjectId, TreeChange } from "../ports/git.ts";
import { readFolder } from "./read-folder.ts";
import { clusterFolders, layOut } from "./reshard-tree.ts";

/** Files that are written at a time, so that memory does not grow with the repository. */
const chunk = 20_000;

export interface TakenOver {
  readonly tree: ObjectId;
  readonly checkpoint: Checkpoint;
}

/** `checkpoint`: as it was read from the state; `time` in milliseconds since 1970. */
export async function takeOverVersion1(
  git: GitRepository,
  tree: ObjectId,
  checkpoint: Checkpoint,
  time: number,
): Promise<TakenOver> {
  const writer = new TreeWriter(git, time);
  await writer.start(await moveSubtrees(git, tree, checkpoint, time));
  const rankMax = await takeOverClaims(git, tree, writer);
  for await (const [path, text] of readFolder(git, tree, reviewsFolder)) {
    const review = parseReview(text, path);
    const moved = (contents: typeof review.shown) => new Map([...contents].map(([file, id]) => [moveShown(file), id]));
    const after = writeReview({ ...review, shown: moved(review.shown), rejected: moved(review.rejected) });
    if (after !== undefined) await writer.add({ path, action: "write", text: after });
  }
  const catalogRank = nextPassRank(rankMax + 1);
  return {
    tree: await writer.end(),
    checkpoint: { ...checkpoint, catalogRank, nextRank: behindPassRank(catalogRank) },
  };
}

/** Writes changes onto a tree in bounded chunks. The commits on the way are nobody's: what counts of them is their trees. */
class TreeWriter {
  readonly #git: GitRepository;
  readonly #time: number;
  #tree: ObjectId | undefined;
  #changes: TreeChange[] = [];

  constructor(git: GitRepository, time: number) {
    this.#git = git;
    this.#time = time;
  }

  async start(changes: readonly TreeChange[]): Promise<void> {
    this.#changes.push(...changes);
    await this.#write();
  }

  async add(change: TreeChange): Promise<void> {
    this.#changes.push(change);
    if (this.#changes.length >= chunk) await this.#write();
  }

  async end(): Promise<ObjectId> {
    if (this.#changes.length > 0) await this.#write();
    return this.#tree!;
  }

  async #write(): Promise<void> {
    const changes = this.#changes.splice(0);
    const request = { base: this.#tree, changes, parents: [], message: "Take over\n", time: this.#time };
    this.#tree = (await this.#git.writeCommit(request)).tree;
  }
}

/** The tree of the new layout, without claims: they are written anew. */
async function moveSubtrees(
  git: GitRepository,
  tree: ObjectId,
  { layout }: Checkpoint,
  time: number,
): Promise<readonly TreeChange[]> {
  const changes: TreeChange[] = [];
  const moves: Readonly<Record<string, string>> = {
    [recordsFolder]: `${recordsFolder}/eventtrigger`,
    [ownersFolder]: `${ownersFolder}/eventtrigger`,
  };
  for (const { name, mode, id } of await git.readTree(tree)) {
    // The review branches' records are written anew as well: their paths are the target's.
    if (name === desiredFolder || name === claimsFolder || name === reviewsFolder) continue;
    changes.push({ path: moves[name] ?? name, action: "place", id, mode });
  }
  for (const cluster of await clusterFolders(git, tree)) {
    for (const { name, mode, id } of await git.readTree(cluster.id)) {
      if (name !== "triggers") changes.push({ path: `${cluster.path}/base/${name}`, action: "place", id, mode });
      else {
        const laidOut = await layOut(git, name, id, layout, time, encodeAnew);
        changes.push({ path: `${cluster.path}/${name}`, action: "place", id: laidOut, mode: folderMode });
      }
    }
  }
  return changes;
}

/** A path as it is encoded now: more names than before mean something to somebody. */
function encodeAnew(path: string): string {
  const end = /\.yaml$/.test(path) ? ".yaml" : "";
  const parts = path.slice(0, path.length - end.length).split("/");
  return parts.map((part) => (part.includes("~") ? part : encodePathPart(decodePathPart(part)))).join("/") + end;
}

/** A path below the output folder. */
function moveShown(path: string): string {
  const [namespace, cluster, ...below] = path.split("/");
  if (below[0] === "triggers") return `${namespace}/${cluster}/${encodeAnew(below.join("/"))}`;
  return `${namespace}/${cluster}/base/${below.join("/")}`;
}

/** Writes all claims, and the records of who has some; returns the highest rank. */
async function takeOverClaims(git: GitRepository, tree: ObjectId, writer: TreeWriter): Promise<number> {
  const contested: (FirstClaims & { readonly cluster: ClusterKey })[] = [];
  for await (const [path, text] of readFolder(git, tree, claimsFolder)) {
    contested.push({ cluster: clusterOf(path), ...parseFirstClaims(text, path) });
  }
  const needs = await countNeeds(git, tree, contested);
  const ranks = new Map<string, Map<string, number>>();
  let rankMax = 0;
  for (const object of contested) {
    const { cluster, identity, claims } = object;
    const needed = needs.get(`${cluster} ${identityKey(identity)}`) ?? 0;
    needs.delete(`${cluster} ${identityKey(identity)}`);
    for (const [path, text] of writeFirstClaims(objectClaimsFolder(cluster, identity), object, needed)) {
      await writer.add({ path, action: "write", text });
    }
    for (const { owner, entityHash, rank } of claims) {
      rankMax = Math.max(rankMax, rank);
      if (owner === undefined) continue;
      const path = recordPath(owner, entityHash);
      ranks.set(path, (ranks.get(path) ?? new Map()).set(`${cluster} ${identityKey(identity)}`, rank));
    }
  }
  for (const [key, count] of needs) {
    const space = key.indexOf(" ");
    const identity = namespaceIdentity(key.slice(key.lastIndexOf("/") + 1));
    const cluster = key.slice(0, space);
    // Nobody needs it any more; format 1 had no way to know.
    if (count === 0) await writer.add({ path: generatedNamespacePath(cluster, identity.name), action: "delete" });
    const folder = objectClaimsFolder(cluster, identity);
    for (const [path, text] of writeFirstClaims(folder, { identity, claims: [] }, count)) {
      await writer.add({ path, action: "write", text });
    }
  }
  await writeRanks(git, tree, writer, ranks);
  return rankMax;
}

/**
 * How many entities need each generated Namespace, by cluster and identity. All records are read for it, one chunk at a
 * time, unless there is no such Namespace.
 */
async function countNeeds(
  git: GitRepository,
  tree: ObjectId,
  contested: readonly (FirstClaims & { readonly cluster: ClusterKey })[],
): Promise<Map<string, number>> {
  const needs = new Map<string, number>();
  const keyOf = (cluster: ClusterKey, identity: ObjectIdentity) => `${cluster} ${identityKey(identity)}`;
  for (const { cluster, identity, claims } of contested) {
    if (claims.some(({ owner }) => owner === undefined)) needs.set(keyOf(cluster, identity), 0);
  }
  for (const { path } of await clusterFolders(git, tree)) {
    const folder = await git.findEntry(tree, `${path}/namespaces`);
    for (const { name } of folder?.mode === folderMode ? await git.readTree(folder.id) : []) {
      const [, namespace = "", cluster = ""] = path.split("/").map(decodePathPart);
      const identity = namespaceIdentity(decodePathPart(name.replace(/\.yaml$/, "")));
      needs.set(keyOf(`${namespace}/${cluster}`, identity), 0);
    }
  }
  if (needs.size === 0) return needs;
  for await (const [path, text] of readFolder(git, tree, recordsFolder)) {
    for (const [cluster, on] of parseRecord(text, path).clusters) {
      for (const namespace of neededNamespaces(on).values()) {
        const key = keyOf(cluster, namespace);
        const count = needs.get(key);
        if (count !== undefined) needs.set(key, count + 1);
      }
    }
  }
  return needs;
}

/** Records of who wants what others want as well say by which rank. `ranks`: by record, by cluster and object. */
async function writeRanks(
  git: GitRepository,
  tree: ObjectId,
  writer: TreeWriter,
  ranks: ReadonlyMap<string, ReadonlyMap<string, number>>,
): Promise<void> {
  const paths = [...ranks.keys()];
  for (let start = 0; start < paths.length; start += 500) {
    const some = paths.slice(start, start + 500);
    const old = new Map(some.map((path) => [path.replace("/eventtrigger/", "/"), path]));
    for (const [oldPath, text] of await git.readFiles(tree, [...old.keys()])) {
      const path = old.get(oldPath)!;
      const record = withRanks(parseRecord(text, oldPath), ranks.get(path)!);
      await writer.add({ path, action: "write", text: writeRecord(record) });
    }
  }
}

function withRanks(record: EntityRecord, ranks: ReadonlyMap<string, number>): EntityRecord {
  const ranked = (cluster: ClusterKey, objects: RankedObjects): RankedObjects =>
    new Map([...objects].map(([key, one]) => [key, { ...one, rank: ranks.get(`${cluster} ${key}`) ?? one.rank }]));
  const clusters = new Map(
    [...record.clusters].map(([cluster, on]) => [
      cluster,
      { ...on, objects: ranked(cluster, on.objects), waiting: ranked(cluster, on.waiting) },
    ]),
  );
  return { ...record, clusters };
}

function clusterOf(path: string): ClusterKey {
  const [, namespace = "", name = ""] = path.split("/");
  return clusterOfFolder(namespace, name);
}
