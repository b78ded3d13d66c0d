/** What claims go by: the catalog's owners with their tiers, the layout, and whose Sluice it is. */
import type { Layout } from "../model/change-set.ts";
import type { ClusterKey } from "../model/cluster.ts";
import { type Owner, type OwnerKey, type OwnerKind, ownerKey } from "../model/owner.ts";

export interface ClaimRules {
  readonly layout: Layout;
  /** Settings' `name`: the label `sluice.dev/instance` of what Sluice adds of its own. */
  readonly instance: string;
  /** The owners of the catalog. */
  readonly owners: ReadonlyMap<OwnerKey, { readonly owner: Owner; readonly tier: number }>;
  /** The owner whose folder's name had to be cut, of a cluster; undefined: none of the catalog. */
  ownerOfCutFolder(kind: OwnerKind, folderName: string, cluster: ClusterKey): Owner | undefined;
}

/** Owners that are not in the catalog any more get Sveltos' default. */
const defaultTier = 100;

export function tierOf({ owners }: ClaimRules, owner: Owner): number {
  return owners.get(ownerKey(owner))?.tier ?? defaultTier;
}

/** A Namespace that nobody renders; who prunes is told to leave it in the cluster. */
export function generatedNamespace(name: string, instance: string): string {
  return `apiVersion: v1
kind: Namespace
metadata:
  name: ${JSON.stringify(name)}
  labels:
    app.kubernetes.io/managed-by: sluice
    sluice.dev/instance: ${JSON.stringify(instance)}
  annotations:
    argocd.argoproj.io/sync-options: Prune=false
    kustomize.toolkit.fluxcd.io/prune: disabled
`;
}
