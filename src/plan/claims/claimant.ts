/** Who wants an object. */
import type { ClusterKey } from "../../model/cluster.ts";
import { localEntity, readLocalEntity, siteOf } from "../../model/local-object.ts";
import { identityKey, type ObjectIdentity } from "../../model/manifest.ts";
import { type Owner, ownerKey } from "../../model/owner.ts";

/** An entity under an owner. */
export interface Claimant {
  readonly owner: Owner;
  /** Of an object on the hub: with the cluster that it is rendered for. */
  readonly entityHash: string;
}

/** Who wants the object if it is rendered for `cluster`. */
export function claimantOf(claimant: Claimant, cluster: ClusterKey, { isLocal }: ObjectIdentity): Claimant {
  return isLocal ? { ...claimant, entityHash: localEntity(claimant.entityHash, cluster) } : claimant;
}

/** A claim on an object of the hub, as a key. */
export function claimKey({ owner, entityHash }: Claimant, identity: ObjectIdentity): string {
  return `${ownerKey(owner)} ${entityHash} ${identityKey({ ...identity, isLocal: true })}`;
}

/** Where a claimant's record has the object: in which cluster's part, and by which key. */
export function onRecord(
  { entityHash }: Pick<Claimant, "entityHash">,
  site: ClusterKey,
  identity: ObjectIdentity,
): { readonly cluster: ClusterKey; readonly key: string } {
  const { cluster } = readLocalEntity(entityHash);
  if (cluster === undefined) return { cluster: site, key: identityKey(identity) };
  return { cluster, key: identityKey({ ...identity, isLocal: true }) };
}

/** The object as its cluster's folder has it, whoever put it there. */
export function onSite(
  cluster: ClusterKey,
  identity: ObjectIdentity,
): { readonly cluster: ClusterKey; readonly identity: ObjectIdentity } {
  if (!identity.isLocal) return { cluster, identity };
  const { isLocal: _, ...own } = identity;
  return { cluster: siteOf(cluster, identity), identity: own };
}
