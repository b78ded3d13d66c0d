/**
 * Another place on the target, by `output.path` or `repository.branch`: clusters are synced from the one of before, which
 * nobody keeps up once manifests stand elsewhere. So all objects count as what the change concerns, and beyond the limits of
 * the guard they stay where they are until somebody approves it.
 */
import type { Checkpoint } from "../../model/change-set.ts";
import {
  type GuardLimits,
  type HeldChange,
  type LimitExceeded,
  shareRemovalsMin,
  type TargetPlace,
} from "../../model/mass-change.ts";
import { changeId } from "../../plan/mass-change/change-id.ts";
import { namesMax } from "../../plan/mass-change/group-held.ts";
import { readGuardState } from "../../plan/mass-change/guard-state.ts";
import { sumOfHour } from "../../plan/mass-change/removals-of-hour.ts";
import { readPlaces } from "../../plan/target-place.ts";
import type { GitReader, ObjectId } from "../../ports/git.ts";
import { walkObjects } from "./walk-objects.ts";

export interface PlaceScope {
  readonly git: GitReader;
  /** Of the state branch; undefined: there is none yet. */
  readonly tree: ObjectId | undefined;
  readonly checkpoint: Pick<Checkpoint, "parts" | "minutes">;
  /** Those in force. */
  readonly limits: GuardLimits;
}

/** A place that is wanted and held, and where manifests stay meanwhile. */
export interface HeldPlace {
  readonly change: HeldChange;
  readonly stays: TargetPlace;
}

/** Undefined: it may be taken, as where nothing has stood anywhere yet. An approval of it is not looked for here. */
export async function judgePlace(scope: PlaceScope, wanted: TargetPlace): Promise<HeldPlace | undefined> {
  const { git, tree, checkpoint, limits } = scope;
  const { now } = readPlaces(checkpoint.parts);
  if (now === undefined || tree === undefined) return undefined;
  const documents = [
    { key: "Settings//output.path", before: now.path, after: wanted.path },
    { key: "Settings//repository.branch", before: now.branch, after: wanted.branch },
  ].filter(({ before, after }) => before !== after);
  if (documents.length === 0) return undefined;
  let objects = 0;
  const [owners, clusters] = [new Set<string>(), new Set<string>()];
  await walkObjects(git, tree, ({ owner, cluster }, names) => {
    objects += names.length;
    owners.add(owner);
    clusters.add(cluster);
    return true;
  });
  const past = sumOfHour(readGuardState(checkpoint.parts).hour, checkpoint.minutes).total;
  const exceeded: LimitExceeded[] = [];
  if (past + objects > limits.removals) {
    exceeded.push({ limit: "removals", counted: past + objects, allowed: limits.removals });
  }
  if (objects >= shareRemovalsMin && limits.share < 1) {
    exceeded.push({ limit: "share", counted: objects, allowed: Math.floor(limits.share * objects) });
  }
  if (exceeded.length === 0) return undefined;
  const first = (names: ReadonlySet<string>) => [...names].sort().slice(0, namesMax);
  return {
    change: {
      id: changeId(documents),
      documents: documents.map(({ key }) => key),
      removals: 0,
      additions: 0,
      moves: { objects, from: now, to: wanted },
      owners: first(owners),
      clusters: first(clusters),
      exceeded,
    },
    stays: now,
  };
}
