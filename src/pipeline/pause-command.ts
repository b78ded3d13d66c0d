/** `pause` and `resume`: of deliveries as a whole, of an owner, of a cluster, or of an owner on a cluster. */
import type { Pause } from "../model/change-set.ts";
import { type ClusterKey, clusterKey } from "../model/cluster.ts";
import { isSameOwner, type Owner, ownerKey, parseOwnerKey, triggerOwner } from "../model/owner.ts";
import { describePause, partialPauses } from "../model/pauses.ts";
import { SluiceError } from "../model/problem.ts";
import { nameUnknown, nameUnknownOwner } from "./name-unknown.ts";
import type { StateKeeper } from "./state-keeper.ts";

export interface PauseCommand {
  readonly command: "pause" | "resume";
  /** An EventTrigger by its name, another owner as `<kind>/[<namespace>/]<name>`; absent: any. */
  readonly owner?: string;
  /** `<namespace>/<name>`, or a name that one cluster has; absent: any. */
  readonly cluster?: string;
}

/** Throws a SluiceError (NOT_FOUND, USAGE) for what is none of the catalog's. What is paused already may be gone from it. */
export async function executePause(command: PauseCommand, keeper: StateKeeper): Promise<string> {
  const { pauses } = keeper.checkpoint;
  const isResuming = command.command === "resume";
  const pause: Pause = {
    ...(command.owner === undefined ? {} : { owner: findOwner(command.owner, keeper, isResuming) }),
    ...(command.cluster === undefined ? {} : { cluster: findCluster(command.cluster, keeper, isResuming) }),
  };
  const others = pauses.filter((other) => !isSamePause(other, pause));
  const wasPaused = others.length < pauses.length;
  const isWhole = pause.owner === undefined && pause.cluster === undefined;
  const what = isWhole ? "" : `${describePause(pause)}: `;
  if (isResuming !== wasPaused) return `${what}${isResuming ? "was not paused" : "was paused already"}`;
  await keeper.setPauses(isResuming ? others : [...others, pause]);
  if (isResuming) await resumed(pause, keeper);
  if (!isResuming && isWhole) return "paused: events are received and wait";
  if (!isResuming) return `${what}paused: it stays as it is, and remembers the last event of each entity`;
  const left = partialPauses(keeper.checkpoint).map(describePause);
  return `${what}resumed${left.length === 0 ? "" : `; still paused: ${left.join(", ")}`}`;
}

/** What came, or changed, meanwhile is rendered now. */
async function resumed({ owner, cluster }: Pause, keeper: StateKeeper): Promise<void> {
  if (owner === undefined && cluster === undefined) return;
  const { eventTriggers, profiles } = keeper.catalog;
  const all = [...[...eventTriggers.keys()].map(triggerOwner), ...[...profiles.values()].map((one) => one.owner)];
  const owners = owner === undefined ? all : [owner];
  const clusters = cluster === undefined ? {} : { clusters: [cluster] };
  await keeper.addPasses(owners.map((one) => ({ owner: one, ...clusters })));
}

function isSamePause(one: Pause, other: Pause): boolean {
  const isOwnerSame =
    one.owner === undefined || other.owner === undefined
      ? one.owner === other.owner
      : isSameOwner(one.owner, other.owner);
  return isOwnerSame && one.cluster === other.cluster;
}

function findOwner(name: string, { catalog, checkpoint }: StateKeeper, isResuming: boolean): Owner {
  const owner = parseOwnerKey(name) ?? triggerOwner(name);
  const isPaused = checkpoint.pauses.some((one) => one.owner !== undefined && isSameOwner(one.owner, owner));
  const { eventTriggers, profiles } = catalog;
  const isThere = owner.kind === "EventTrigger" ? eventTriggers.has(owner.name) : profiles.has(ownerKey(owner));
  if (isThere || (isResuming && isPaused)) return owner;
  throw nameUnknownOwner(owner, catalog);
}

function findCluster(name: string, { catalog, checkpoint }: StateKeeper, isResuming: boolean): ClusterKey {
  const paused = isResuming ? checkpoint.pauses.flatMap(({ cluster }) => cluster ?? []) : [];
  const known = [...new Set([...[...catalog.clusters.values()].map(clusterKey), ...paused])];
  const found = known.filter((key) => key === name || key.endsWith(`/${name}`));
  if (found.length === 1) return found[0]!;
  if (found.length > 1) {
    throw new SluiceError({ code: "USAGE", message: `several clusters are called ${name}: ${found.join(", ")}` });
  }
  throw nameUnknown("cluster", name, known);
}
