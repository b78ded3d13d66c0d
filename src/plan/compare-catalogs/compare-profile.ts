/**
 * What a change of the catalog may change for one profile: everything, or what it has on some clusters. It depends on
 * `.Cluster` as a trigger does; its clusters are those that it selects, and those of all that depend on it.
 */
import type { Profile } from "../../model/catalog.ts";
import type { ClusterKey } from "../../model/cluster.ts";
import { documentKeyOf, ownerKey } from "../../model/owner.ts";
import { profileClusters } from "../../model/profile-clusters.ts";
import type { FieldChain } from "../../model/template.ts";
import {
  type Comparison,
  compareSpecs,
  everywhere,
  findChangedConstant,
  hasRenderedPartChanged,
  isReadDifferently,
  isReferredChanged,
  isResumed,
  type OwnerChange,
} from "./compare-owner.ts";
import { specChains } from "./owner-reads.ts";

/** Undefined: nothing that the profile renders can be different. */
export function compareProfile(before: Profile, after: Profile, scope: Comparison): OwnerChange | undefined {
  if (after.isPaused === true) return undefined;
  if (before.isPaused === true) return everywhere("it is paused no more");
  const everything = compareSpecs(before, after, scope);
  if (everything !== undefined) return everything;
  const own = documentKeyOf(after.owner);
  const change = scope.changedDocuments.get(own);
  if (change !== undefined && hasRenderedPartChanged(change, selectionFields)) return everywhere(`${own} changed`);
  const named = findChangedConstant(after, scope);
  if (named !== undefined) return everywhere(`${named} changed`);
  const isChanged = profileClusterChange(after, scope);
  const clusters = scope.allClusters.filter((key) => {
    if (isChanged(key)) return true;
    const cluster = isChanged.has(key) ? scope.wanted.clusters.get(key) : undefined;
    return cluster !== undefined && isReferredChanged(after, cluster, scope);
  });
  return clusters.length === 0 ? undefined : { clusters, reason: "clusters changed, or what they name" };
}

/** Fields that only say which clusters it is for, or what becomes of objects where it is for none. */
const selectionFields = new Set(["clusterSelector", "clusterRefs", "setRefs", "dependsOn", "stopMatchingBehavior"]);

interface ProfileClusterChange {
  /** Whether the cluster itself changed for the profile: one of the values that it reads, or whether it is one of its own. */
  (key: ClusterKey): boolean;
  readonly has: (key: ClusterKey) => boolean;
}

export function profileClusterChange(profile: Profile, scope: Comparison): ProfileClusterChange {
  const { inForce, wanted } = scope;
  const key = ownerKey(profile.owner);
  const [had, has] = [inForce, wanted].map((catalog) => profileClusters(catalog).get(key));
  let chains: readonly FieldChain[] | undefined;
  const isChanged = (cluster: ClusterKey): boolean => {
    if (wanted.clusters.get(cluster)?.isPaused === true) return false;
    if (isResumed(cluster, scope)) return true;
    const isOwn = has?.has(cluster) === true;
    if ((had?.has(cluster) === true) !== isOwn) return true;
    if (!isOwn || !scope.changedClusters.has(cluster)) return false;
    const [was, is] = [inForce.clusters.get(cluster), wanted.clusters.get(cluster)];
    chains ??= specChains(profile, wanted.contents);
    return was === undefined || is === undefined || isReadDifferently(chains, was, is);
  };
  return Object.assign(isChanged, { has: (cluster: ClusterKey) => has?.has(cluster) === true });
}
