/** A profile rendered again with the catalog in force: for the clusters that it has now, and for those on record. */
import type { Catalog, StopMatchingBehavior } from "../model/catalog.ts";
import type { ClusterKey } from "../model/cluster.ts";
import { ownerKey } from "../model/owner.ts";
import { findPauseOn } from "../model/pauses.ts";
import { profileClusters } from "../model/profile-clusters.ts";
import type { EntityRecord } from "../model/record.ts";
import type { ReplayedCluster, ReplayInput } from "../plan/apply-replay.ts";
import { hashEntity } from "../plan/paths.ts";
import { renderProfile } from "../render/render-profile.ts";
import type { RenderSettings } from "../render/render-spec.ts";
import { type ClusterRange, cutRange, type RenderedAgain } from "./cluster-range.ts";

/** `behavior`: what becomes of the objects of a profile that is not in the catalog any more. */
export function renderProfileAgain(
  catalog: Catalog,
  record: EntityRecord,
  range: ClusterRange,
  settings: RenderSettings,
  behavior: StopMatchingBehavior,
): RenderedAgain {
  const { owner, entity } = record;
  const profile = catalog.profiles.get(ownerKey(owner));
  const own = profileClusters(catalog).get(ownerKey(owner)) ?? noClusters;
  const { keys, last } = cutRange(new Set([...record.clusters.keys(), ...own]), range);
  const matching = keys.filter((key) => own.has(key)).map((key) => catalog.clusters.get(key)!);
  const rendered = profile === undefined ? [] : renderProfile(catalog, profile, matching, hashEntity(entity), settings);
  const clusters = new Map<ClusterKey, ReplayedCluster>();
  for (const rendering of rendered)
    clusters.set(rendering.cluster, { cluster: rendering.cluster, event: undefined, rendering });
  const action = (profile?.stopMatchingBehavior ?? behavior) === "LeavePolicies" ? "leave" : "withdraw";
  for (const cluster of keys) {
    // What a broken profile would select nobody knows.
    if (own.has(cluster) || profile?.broken !== undefined) continue;
    const on = catalog.clusters.get(cluster);
    const isPaused =
      profile !== undefined && on !== undefined && findPauseOn(catalog, owner, profile, on) !== undefined;
    if (isPaused) continue;
    clusters.set(cluster, { cluster, event: undefined, rendering: { action } });
  }
  const input: ReplayInput = {
    kind: "replay",
    owner,
    entity,
    syncMode: profile?.syncMode ?? "Continuous",
    continueOnConflict: profile?.continueOnConflict ?? false,
    clusters: [...clusters.values()],
  };
  const pairs = rendered.length;
  return { input: clusters.size === 0 ? undefined : input, pairs, ...(last === undefined ? {} : { last }) };
}

const noClusters: ReadonlySet<ClusterKey> = new Set();
