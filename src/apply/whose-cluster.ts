/**
 * Whose folder is applied in a cluster. The clusters of one Sluice have sets of one name, so that a kubeconfig that leads to
 * another one of them would have all that is there pruned. The set's parent says whose it is, and beside it the Lease, for
 * when the parent is deleted.
 */
import type { ClusterKey } from "../model/cluster.ts";
import { ClusterRefusal } from "../model/cluster-refusal.ts";
import { SluiceError } from "../model/problem.ts";
import type { ClusterReader, LiveMetadata, ResourceKind } from "../ports/cluster.ts";
import { clusterAnnotation, managersOf, parentNamespace, parentRef } from "./applied-parent.ts";
import type { GroupKind } from "./apply-set.ts";
import { listMembers } from "./list-members.ts";

export interface ClusterQuestion {
  /** The cluster that the kubeconfig is said to lead to. */
  readonly cluster: ClusterKey;
  /** Of the set's parent, and of the Lease. */
  readonly name: string;
  readonly setId: string;
  readonly manager: string;
}

const leaseKind: ResourceKind = {
  group: "coordination.k8s.io",
  version: "v1",
  kind: "Lease",
  plural: "leases",
  isNamespaced: true,
};

/**
 * Asked before the Lease is taken, which says it from then on. Returns the set's parent, if there is one. `readKinds`: those of
 * the folder. Throws CLUSTER_MISTAKEN where another cluster's folder is applied there, or where there are objects of the set
 * and nobody can tell whose folder they are.
 */
export async function refuseMistaken(
  reader: ClusterReader,
  { cluster, name, setId, manager }: ClusterQuestion,
  readKinds: () => Promise<Iterable<GroupKind>>,
): Promise<LiveMetadata | undefined> {
  const [parent, saidByLease] = await Promise.all([
    reader.readMetadata(parentRef(name)),
    readLeaseSaying(reader, name),
  ]);
  const said = parent?.annotations.get(clusterAnnotation) ?? saidByLease;
  if (said === cluster) return parent;
  if (said !== undefined) {
    throw mistaken(`the kubeconfig of ${cluster} leads to the cluster that has the folder of ${said}`, cluster, name);
  }
  const owner = { setId, managers: managersOf(parent, manager) };
  const { members } = await listMembers(reader, await readKinds(), owner);
  if (members.size === 0) return parent;
  const what = parent === undefined ? "is gone" : `has no annotation ${clusterAnnotation}`;
  throw mistaken(
    `the cluster that the kubeconfig of ${cluster} leads to has objects of a folder (${members.size}), and nobody can ` +
      `tell of whose: the ConfigMap ${parentNamespace}/${name} ${what}`,
    cluster,
    name,
    parent === undefined,
  );
}

async function readLeaseSaying(reader: ClusterReader, name: string): Promise<string | undefined> {
  try {
    const lease = await reader.readMetadata({ kind: leaseKind, namespace: parentNamespace, name });
    return lease?.annotations.get(clusterAnnotation);
  } catch (error) {
    // Who may not look at it can't take it either, and only asks what would be.
    if (error instanceof ClusterRefusal) return undefined;
    throw error;
  }
}

function mistaken(message: string, cluster: ClusterKey, name: string, isGone = false): SluiceError {
  const kubectl = `kubectl -n ${parentNamespace}`;
  const make = isGone ? `${kubectl} create configmap ${name}; ` : "";
  return new SluiceError({
    code: "CLUSTER_MISTAKEN",
    message,
    hint:
      `Nothing is changed in it. If it is ${cluster} from now on: ` +
      `${make}${kubectl} annotate --overwrite configmap ${name} ${clusterAnnotation}=${cluster}`,
  });
}
