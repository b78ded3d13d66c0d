/** Which clusters a document reaches: the rows of `sveltosctl show usage`, made of the catalog alone. */
import { type Catalog, type OwnerSpec, referencesOf } from "../model/catalog.ts";
import { isWithdrawn, ownersOf } from "../model/catalog-owners.ts";
import { type ClusterKey, clusterKey } from "../model/cluster.ts";
import { type DocumentKey, documentKey } from "../model/document-key.ts";
import { constantKey, type DocumentRef, mayRefer } from "../model/document-ref.ts";
import { ownerKey } from "../model/owner.ts";
import { profileClusters } from "../model/profile-clusters.ts";
import { clustersOfTrigger } from "../model/select-clusters.ts";

export interface Usage {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  /** In their order. */
  readonly clusters: readonly ClusterKey[];
}

/** Owners first, then what they refer to or may come to refer to, each by kind, namespace and name. */
export function listUsage(catalog: Catalog): readonly Usage[] {
  const owners = new Map<string, Set<ClusterKey>>();
  const documents = new Map<DocumentKey, Set<ClusterKey>>();
  const add = (to: Map<string, Set<ClusterKey>>, key: string, clusters: readonly ClusterKey[]) => {
    const known = to.get(key) ?? new Set();
    for (const cluster of clusters) known.add(cluster);
    to.set(key, known);
  };
  const ofProfiles = profileClusters(catalog);
  for (const { owner, spec } of ownersOf(catalog)) {
    if (isWithdrawn(spec)) continue;
    const trigger = owner.kind === "EventTrigger" ? catalog.eventTriggers.get(owner.name) : undefined;
    const clusters =
      trigger === undefined
        ? [...(ofProfiles.get(ownerKey(owner)) ?? [])]
        : clustersOfTrigger(trigger, catalog).map(clusterKey);
    add(owners, documentKey(owner), clusters);
    for (const key of documentsOf(spec, catalog)) add(documents, key, clusters);
  }
  return [...sorted(owners), ...sorted(documents)];
}

/** What an owner's references name, or may name: a template that an event or a cluster decides can be any that fits. */
function documentsOf(spec: OwnerSpec, { documents }: Catalog): readonly DocumentKey[] {
  return referencesOf(spec).flatMap((ref: DocumentRef) => {
    const key = constantKey(ref);
    if (key !== undefined) return documents.has(key) ? [key] : [];
    return [...documents.keys()].filter((other) => mayRefer(ref, other));
  });
}

function sorted(usage: ReadonlyMap<string, ReadonlySet<ClusterKey>>): readonly Usage[] {
  const rows = [...usage].sort(([a], [b]) => (a < b ? -1 : 1));
  return rows.map(([key, clusters]) => {
    const [kind = "", namespace = "", name = ""] = key.split("/");
    return { kind, namespace, name, clusters: [...clusters].sort() };
  });
}
