/**
 * What is proposed for review, and what counts as turned down (design 9).
 *
 * The desired tree is what events ask for; the target is what people agreed to. A group's proposal is all that differs,
 * less what people have seen and not taken. So nothing needs to be remembered of a request but what it showed: once it
 * has ended, merged or not, whatever it showed and the target does not have is what they did not want.
 *
 * Groups are merged one without the other, and each must leave a cluster's folder whole: with its own file, with the
 * namespaces that objects need, and with no object in it twice.
 *
 * So it is with what a hub applies: all units of a cluster come with whatever puts an object there, so that none ever
 * stands where nothing is applied from; and they go behind all that goes from the cluster, because they would take
 * along what people have not agreed to lose. One alone goes from the state when the target has nothing left in it.
 */
import type { FileContents, FileDifference, ReviewGrouping, ReviewRecord } from "../model/review.ts";
import { baseFolder, type OwnedPath, readOwnedPath } from "./paths.ts";
import { belowDelivery, clusterOfProposal } from "./proposal-path.ts";

/** The one group of `all`. */
const wholeGroup = "all";
/** Stands for objects whose going people have turned down: no group is called so. */
const nobody = "";
/** Folder of charts in what a hub applies. */
const chartsRoot = "charts";
/** For what no trigger owns and no trigger's proposal needs; no trigger can be called so. */
const sharedGroup = "_clusters";

type Reviews = ReadonlyMap<string, ReviewRecord>;

/** By group what it proposes, sorted by path; groups that have nothing to propose are absent. */
export function planReview(
  differences: readonly FileDifference[],
  grouping: ReviewGrouping,
  reviews: Reviews,
): ReadonlyMap<string, readonly FileDifference[]> {
  const proposals = new Collected<FileDifference>();
  const objects: ObjectDifference[] = [];
  const shared: SharedDifference[] = [];
  for (const difference of differences) {
    const placed = placeDifference(difference, grouping);
    if (placed.kind === "object") objects.push(placed);
    else shared.push(placed);
  }

  // An object that passes to another owner goes from the one file to the other in one request, or not at all.
  const arrivals = new Map(
    objects.filter(({ difference: { have } }) => have === undefined).map((object) => [object.identity, object]),
  );
  const users = new Collected<string>();
  const leavers = new Collected<string>();
  for (const object of objects) {
    const { difference, identity, cluster, namespace, renderedNamespace } = object;
    const arrival = difference.want === undefined ? arrivals.get(identity) : undefined;
    const { group } = arrival ?? object;
    const isOut = isRejected(reviews.get(group), difference);
    if (isOut && renderedNamespace !== undefined) leavers.add(`${cluster}/${renderedNamespace}`, nobody);
    if (difference.want === undefined) leavers.add(`${cluster}/${namespace}`, isOut ? nobody : group);
    if (isOut || (arrival !== undefined && isRejected(reviews.get(group), arrival.difference))) continue;
    proposals.add(group, difference);
    if (renderedNamespace !== undefined) users.add(`renderer of ${cluster}/${renderedNamespace}`, group);
    if (difference.want === undefined) continue;
    users.add(cluster, group);
    users.add(wholeHub, group);
    users.add(`${cluster}/${namespace}`, group);
  }

  /** By cluster what changes its units without taking them all. */
  const changing = new Map(
    shared.filter(isUnitsChange).map(({ cluster, difference }) => [cluster, difference] as const),
  );
  // Files of units that an older version wrote give way to the cluster's own.
  const isEnding = (one: SharedDifference) => isUnitGoing(one) && !changing.has(one.cluster);
  const ending = new Set(shared.filter(isEnding).map(({ cluster }) => cluster));
  const unready = new Set([
    ...objects.filter(({ difference: { want } }) => want === undefined).map(({ cluster }) => cluster),
    ...shared.filter((one) => one.isOfHub && one.difference.want !== undefined).map(({ cluster }) => cluster),
  ]);

  for (const { difference, cluster, namespace } of shared) {
    const isGoing = difference.want === undefined;
    // A unit goes with what keeps its folder, and that with the unit.
    if (isGoing && namespace === undefined && ending.has(cluster) && unready.has(cluster)) continue;
    // What keeps a folder goes with the change that takes its unit from the cluster's, or stays with it.
    const change = isGoing && namespace === undefined ? changing.get(cluster) : undefined;
    const isRefused = (one: FileDifference) => [...reviews.values()].some((review) => isRejected(review, one));
    if (change !== undefined && users.at(cluster) === undefined && isRefused(change)) continue;
    // A generated Namespace gives way to a rendered one and comes back after it: with that and not without.
    const renderers = namespace === undefined ? undefined : users.at(`renderer of ${cluster}/${namespace}`);
    if (isGoing && namespace !== undefined && renderers === undefined) {
      // It goes with the last object in it: with the one group that takes them all, else behind them.
      const [last, ...others] = leavers.at(`${cluster}/${namespace}`) ?? [];
      if (others.length > 0 || last === nobody) continue;
      if (last !== undefined) proposals.add(last, difference);
      if (last !== undefined) continue;
    }
    const needed =
      isGoing && change === undefined
        ? undefined
        : users.at(namespace === undefined ? cluster : `${cluster}/${namespace}`);
    const groups = renderers ?? needed;
    if (groups !== undefined) for (const group of groups) proposals.add(group, difference);
    else if (!isRefused(difference)) {
      proposals.add(grouping === "all" ? wholeGroup : sharedGroup, difference);
    }
  }
  const byPath = (a: FileDifference, b: FileDifference) => (a.path < b.path ? -1 : 1);
  return new Map([...proposals].map(([group, proposal]) => [group, [...proposal].sort(byPath)]));
}

interface ObjectDifference {
  readonly kind: "object";
  readonly difference: FileDifference;
  readonly group: string;
  /** Of its cluster, `<namespace>/<name>`. */
  readonly cluster: string;
  readonly namespace: string;
  /** The same for one object under all owners of a cluster. */
  readonly identity: string;
  /** Its name, where the object is a Namespace. */
  readonly renderedNamespace: string | undefined;
}

interface SharedDifference {
  readonly kind: "shared";
  readonly difference: FileDifference;
  readonly cluster: string;
  /** Of the Namespace that nobody renders; undefined: the cluster's own file, a unit, or what keeps its folder. */
  readonly namespace: string | undefined;
  /** It stands in what a hub applies. */
  readonly isOfHub: boolean;
}

/** In place of a cluster, for what the hub has whatever clusters there are: no cluster can be called so. */
const wholeHub = "";

function isUnitGoing({ difference, isOfHub, cluster }: SharedDifference): boolean {
  return isOfHub && difference.want === undefined && cluster !== wholeHub;
}

function isUnitsChange({ difference, isOfHub, cluster }: SharedDifference): boolean {
  const isHubs = isOfHub && cluster !== wholeHub && belowDelivery(difference.path)?.startsWith("hub/") === true;
  return isHubs && difference.want !== undefined;
}

/** As paths are made in {@link import("./paths.ts").objectPath} and its neighbours. */
function placeDifference(difference: FileDifference, grouping: ReviewGrouping): ObjectDifference | SharedDifference {
  const delivered = belowDelivery(difference.path);
  if (delivered !== undefined) return placeDelivered(difference, delivered, grouping);
  const [clusterNamespace = "", clusterName = "", ...below] = difference.path.split("/");
  const cluster = `${clusterNamespace}/${clusterName}`;
  const owned = readOwnedPath(below.join("/"));
  if (owned === undefined) {
    const name = below[0] === baseFolder && below.length === 3 ? below[2]?.replace(/\.yaml$/, "") : undefined;
    return { kind: "shared", difference, cluster, namespace: name, isOfHub: false };
  }
  const [namespace = "", kind = "", file = ""] = owned.file.split("/");
  const ownerGroup = groupOf(owned, clusterNamespace);
  return {
    kind: "object",
    difference,
    group: grouping === "all" ? wholeGroup : ownerGroup,
    cluster,
    namespace,
    identity: `${cluster}/${namespace}/${kind}/${file}`,
    renderedNamespace: kind === "namespace" ? file.replace(/\.yaml$/, "") : undefined,
  };
}

/** Of what a hub applies: charts are their owners', the rest is clusters'. */
function placeDelivered(
  difference: FileDifference,
  path: string,
  grouping: ReviewGrouping,
): ObjectDifference | SharedDifference {
  const cluster = clusterOfProposal(difference.path) ?? wholeHub;
  const [root = "", clusterNamespace = "", , ...below] = path.split("/");
  const [area, owner] = below;
  // A source and its releases stand one folder below their owner's, as no other file does.
  const isOwned = root === chartsRoot && below.length >= 4;
  const owned = isOwned ? readOwnedPath([area, owner, ...below.slice(-3)].join("/")) : undefined;
  if (owned === undefined) return { kind: "shared", difference, cluster, namespace: undefined, isOfHub: true };
  return {
    kind: "object",
    difference,
    group: grouping === "all" ? wholeGroup : groupOf(owned, clusterNamespace),
    cluster,
    // They are in no Namespace of the cluster's.
    namespace: difference.path,
    identity: difference.path,
    renderedNamespace: undefined,
  };
}

/** A trigger's group is called as it is; a profile's says so, and no trigger can be called so. */
function groupOf({ kind, ownerFolder }: OwnedPath, clusterNamespace: string): string {
  if (kind === "EventTrigger") return ownerFolder;
  return kind === "ClusterProfile" ? `_clusterprofile.${ownerFolder}` : `_profile.${clusterNamespace}.${ownerFolder}`;
}

/** Sets by key. */
class Collected<T> implements Iterable<[string, ReadonlySet<T>]> {
  readonly #sets = new Map<string, Set<T>>();

  add(key: string, value: T): void {
    const set = this.#sets.get(key);
    if (set === undefined) this.#sets.set(key, new Set([value]));
    else set.add(value);
  }

  at(key: string): ReadonlySet<T> | undefined {
    return this.#sets.get(key);
  }

  [Symbol.iterator](): Iterator<[string, ReadonlySet<T>]> {
    return this.#sets[Symbol.iterator]();
  }
}

function isRejected(review: ReviewRecord | undefined, { path, want }: FileDifference): boolean {
  return review?.rejected.has(path) === true && review.rejected.get(path) === want;
}

/**
 * What people took out of a request before they merged it: what their head has otherwise, and the target too. What is
 * just not on the target was put there by nobody's decision: somebody else has changed it since, or the merge went
 * elsewhere. All three have the contents of all paths that were shown.
 */
export function rejectChanged(shown: FileContents, head: FileContents, target: FileContents): FileContents {
  return new Map([...shown].filter(([path, content]) => head.get(path) !== content && target.get(path) !== content));
}

/** What people did not want of a request that they closed: all that it showed and the target does not have. */
export function rejectShown(shown: FileContents, target: FileContents): FileContents {
  return new Map([...shown].filter(([path, content]) => target.get(path) !== content));
}

/** Without what is desired otherwise by now: that may be proposed, and what was turned down too if it comes again. */
export function keepRejected(rejected: FileContents, desired: FileContents): FileContents {
  return new Map([...rejected].filter(([path, content]) => desired.get(path) === content));
}

/** What a request still has to bring to the target: that of what it shows which is not there. */
export function restOf(shown: FileContents, target: FileContents): readonly FileDifference[] {
  return [...shown]
    .map(([path, want]) => ({ path, have: target.get(path), want }))
    .filter(({ have, want }) => have !== want)
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}
