/** From a cluster to manifests: what a ClusterProfile or Profile renders for it. No event plays a part. */
import type { Catalog, Profile } from "../model/catalog.ts";
import { type Cluster, clusterKey } from "../model/cluster.ts";
import type { ClusterRendering } from "../model/manifest.ts";
import { ownerKey } from "../model/owner.ts";
import { findPauseOn } from "../model/pauses.ts";
import type { RenderContext } from "../model/template.ts";
import { problemOf, type RenderSettings, renderSpec } from "./render-spec.ts";

/**
 * What `now` and kin are in a profile's templates: nothing dates a profile, and what is rendered again must come out the
 * same. 1970, as Unix has it.
 */
const clock = 0;

/** One rendering for each cluster, in their order. `entityHash` stands for the profile in the provenance of its objects. */
export function renderProfile(
  catalog: Catalog,
  profile: Profile,
  clusters: readonly Cluster[],
  entityHash: string,
  settings: RenderSettings,
): readonly ClusterRendering[] {
  const owner = ownerKey(profile.owner);
  const provenance = { owner, entity: entityHash, instance: settings.instance };
  const draw = settings.drawBytes;
  return clusters.map((cluster): ClusterRendering => {
    const key = clusterKey(cluster);
    const stopped = profile.broken ?? findPauseOn(catalog, profile.owner, profile, cluster);
    if (stopped !== undefined) return { cluster: key, action: "fail", problem: stopped };
    const context: RenderContext = {
      clock,
      ...(draw === undefined
        ? {}
        : { drawBytes: (call: number, length: number) => draw([entityHash, owner, key], call, length) }),
    };
    const data = new Map([["Cluster", cluster.document]]);
    try {
      const { manifests } = renderSpec(profile, { catalog, cluster, data, context, provenance, settings });
      return { cluster: key, action: "Create", manifests };
    } catch (error) {
      return { cluster: key, action: "fail", problem: problemOf(error, profile.at) };
    }
  });
}
