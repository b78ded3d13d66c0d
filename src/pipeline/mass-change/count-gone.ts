/**
 * What owners and clusters that are gone take with them: counted by names in the desired tree and by heads of claims,
 * without reading a record or rendering anything. What somebody else claims too stays.
 */
import type { Catalog } from "../../model/catalog.ts";
import { findOwner, isInForce } from "../../model/catalog-owners.ts";
import type { Pass } from "../../model/change-set.ts";
import { type ClusterKey, managementCluster } from "../../model/cluster.ts";
import { isLocalOwner } from "../../model/local-object.ts";
import { type Owner, type OwnerKey, ownerKey } from "../../model/owner.ts";
import { findPause } from "../../model/pauses.ts";
import { headPath, parseHead } from "../../plan/claims-file.ts";
import { parseOwner } from "../../plan/owner-file.ts";
import { claimsFolder, clusterFolder, clusterOfFolder, ownerPath } from "../../plan/paths.ts";
import type { GitReader, ObjectId } from "../../ports/git.ts";
import { namesIn } from "../read-folder.ts";
import { walkFiles } from "../walk-files.ts";
import { folderOwner } from "./desired-folder.ts";
import { walkObjects } from "./walk-objects.ts";

/** An owner that is gone from these clusters; undefined: from all. */
export interface GoneOwner {
  readonly owner: Owner;
  readonly clusters: ReadonlySet<ClusterKey> | undefined;
}

/** Parts passes: what has to be rendered to know what it takes, and what is gone with its owner or cluster. */
export function partGone(
  wanted: Catalog,
  passes: readonly Pass[],
): { readonly rendered: readonly Pass[]; readonly gone: readonly GoneOwner[] } {
  const rendered: Pass[] = [];
  const gone: GoneOwner[] = [];
  for (const pass of passes) {
    const { owner, from, clusters } = pass;
    const spec = findOwner(wanted, owner);
    if (from === undefined && !isInForce(wanted, owner)) {
      gone.push({ owner, clusters: clusters === undefined ? undefined : new Set(clusters) });
      continue;
    }
    // What an owner that renders nothing now has on a cluster that is gone stays until it renders again.
    const isStopped =
      spec?.broken !== undefined || (spec !== undefined && findPause(wanted, owner, spec) !== undefined);
    // What it has on the hub for a cluster is told from the rest there by rendering alone.
    const isTold = !isStopped && from === undefined && !(spec !== undefined && isLocalOwner(spec));
    const isNamed = (cluster: ClusterKey) => isTold && !wanted.clusters.has(cluster);
    const away = clusters?.filter(isNamed) ?? [];
    if (away.length > 0) gone.push({ owner, clusters: new Set(away) });
    const left = clusters?.filter((cluster) => !isNamed(cluster));
    if (left === undefined) rendered.push(pass);
    else if (left.length > 0) rendered.push({ ...pass, clusters: left });
  }
  return { rendered, gone };
}

/** An object that goes, as `<scope>/<kind>/<name>.yaml`, and whose folder it stands in. */
export interface GoingObjects {
  /** Whose documents are behind it. */
  readonly owner: Owner;
  /** Whose folder they stand in, as a walk calls it. */
  readonly place: string;
  readonly cluster: ClusterKey;
  readonly files: readonly string[];
}

/** `onObjects` is told of objects that go; false ends it. */
export async function countGone(
  git: GitReader,
  tree: ObjectId,
  wanted: Catalog,
  gone: readonly GoneOwner[],
  onObjects: (going: GoingObjects) => Promise<boolean>,
): Promise<void> {
  const going = new Map<OwnerKey, GoneOwner>();
  for (const one of gone) if (await takesAway(git, tree, wanted, one.owner)) going.set(ownerKey(one.owner), one);
  if (going.size === 0) return;
  // A Profile's folders are on clusters of its namespace, and on the hub.
  const byFolder = new Map(
    [...going.values()].flatMap((one) =>
      [`${one.owner.namespace}/`, managementCluster].map((cluster) => [folderOwner(one.owner, cluster), one]),
    ),
  );
  const shared = new Map<ClusterKey, ReadonlySet<string>>();
  let isWanted = true;
  await walkObjects(git, tree, async ({ cluster, owner: place, place: below }, names) => {
    const one = byFolder.get(place);
    if (one === undefined || !isGoneFrom(one, cluster)) return true;
    let claimed = shared.get(cluster);
    if (claimed === undefined) {
      claimed = await claimedFiles(git, tree, cluster);
      shared.set(cluster, claimed);
    }
    const files = names.map((name) => `${below}/${name}`).filter((file) => !claimed.has(file));
    isWanted = files.length === 0 || (await onObjects({ owner: one.owner, place, cluster, files }));
    return isWanted;
  });
  // Those with claims on file may stand in anybody's folder.
  for (const cluster of await clustersWithClaims(git, tree)) {
    if (!isWanted) return;
    if (![...going.values()].some((one) => isGoneFrom(one, cluster))) continue;
    const files = [...(shared.get(cluster) ?? (await claimedFiles(git, tree, cluster)))];
    for (let at = 0; at < files.length && isWanted; at += headsAtOnce) {
      for (const one of await findGoing(git, tree, cluster, files.slice(at, at + headsAtOnce), going))
        isWanted = isWanted && (await onObjects(one));
    }
  }
}

/** So many heads of claims are read at a time. */
const headsAtOnce = 500;

function isGoneFrom({ clusters }: GoneOwner, cluster: ClusterKey): boolean {
  return clusters === undefined || clusters.has(cluster);
}

/** Whether an owner's objects go with it. */
async function takesAway(git: GitReader, tree: ObjectId, wanted: Catalog, owner: Owner): Promise<boolean> {
  const spec = findOwner(wanted, owner);
  if (spec !== undefined) return spec.stopMatchingBehavior === "WithdrawPolicies";
  const path = ownerPath(owner);
  const text = (await git.readFiles(tree, [path])).get(path);
  return text === undefined || parseOwner(text, path).stopMatchingBehavior === "WithdrawPolicies";
}

async function clustersWithClaims(git: GitReader, tree: ObjectId): Promise<readonly ClusterKey[]> {
  const clusters: ClusterKey[] = [];
  for (const namespace of await namesIn(git, tree, claimsFolder)) {
    for (const name of await namesIn(git, tree, `${claimsFolder}/${namespace}`))
      clusters.push(clusterOfFolder(namespace, name));
  }
  return clusters;
}

/** Objects of a cluster that have claims on file. */
async function claimedFiles(git: GitReader, tree: ObjectId, cluster: ClusterKey): Promise<ReadonlySet<string>> {
  const files = new Set<string>();
  const claims = `${claimsFolder}/${clusterFolder(cluster)}`;
  await walkFiles(git, tree, claims, (path, names) => {
    if (names.includes("head.json")) files.add(`${path.slice(claims.length + 1)}.yaml`);
    return true;
  });
  return files;
}

/** Those that nobody claims who stays, that were not left, and that nobody needs. */
async function findGoing(
  git: GitReader,
  tree: ObjectId,
  cluster: ClusterKey,
  files: readonly string[],
  going: ReadonlyMap<OwnerKey, GoneOwner>,
): Promise<readonly GoingObjects[]> {
  const claims = `${claimsFolder}/${clusterFolder(cluster)}`;
  const heads = new Map(files.map((file) => [headPath(`${claims}/${file.slice(0, -".yaml".length)}`), file]));
  const found: GoingObjects[] = [];
  for (const [path, text] of await git.readFiles(tree, [...heads.keys()])) {
    const { owners, place, needs, left, first } = parseHead(text, path);
    const isGoing = (key: OwnerKey) => {
      const one = going.get(key);
      return one !== undefined && isGoneFrom(one, cluster);
    };
    if (
      first === undefined ||
      needs > 0 ||
      left !== undefined ||
      ![...owners.values()].every(({ owner }) => isGoing(ownerKey(owner)))
    )
      continue;
    const folder = folderOwner(place ?? first.owner, cluster);
    found.push({ owner: first.owner, place: folder, cluster, files: [heads.get(path)!] });
  }
  return found;
}
