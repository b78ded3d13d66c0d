/** What stands on clusters and who asked for it: the rows of `sveltosctl show addons`, made of records. */
import { isChart } from "../model/chart.ts";
import { type ClusterKey, isNamedCluster } from "../model/cluster.ts";
import { siteOf } from "../model/local-object.ts";
import type { ObjectIdentity } from "../model/manifest.ts";
import { type Owner, type OwnerKey, ownerKey } from "../model/owner.ts";
import type { EntityRecord } from "../model/record.ts";

/** An object on a cluster. */
export interface Addon {
  /** Where it stands. */
  readonly cluster: ClusterKey;
  readonly identity: ObjectIdentity;
  /** When the latest of those who want it asked for it: RFC 3339; empty: not told. */
  readonly time: string;
  /** Everybody whose record has it: several share an object where they want it alike. */
  readonly owners: ReadonlyMap<OwnerKey, Owner>;
}

/** Which of them are wanted; what is not given does not matter. */
export interface AddonFilter {
  /** `<name>` or `<namespace>/<name>` of a cluster. */
  readonly cluster?: string;
  /** Of the cluster. */
  readonly namespace?: string;
  readonly objectNamespace?: string;
  readonly isOwner?: (owner: Owner) => boolean;
}

/** By cluster; charts before objects, what profiles ask for before what events do; by kind, namespace and name. */
export async function listAddons(
  records: AsyncIterable<EntityRecord> | Iterable<EntityRecord>,
  filter: AddonFilter = {},
): Promise<readonly Addon[]> {
  const addons = new Map<string, { -readonly [key in keyof Addon]: Addon[key] } & { owners: Map<OwnerKey, Owner> }>();
  for await (const { owner, clusters, changedAt } of records) {
    if (filter.isOwner?.(owner) === false) continue;
    for (const [renderedFor, { objects, renderedAt: time = changedAt }] of clusters) {
      for (const { identity } of objects.values()) {
        const cluster = siteOf(renderedFor, identity);
        if (!isWantedCluster(cluster, filter)) continue;
        if (filter.objectNamespace !== undefined && identity.namespace !== filter.objectNamespace) continue;
        const key = sortKey(cluster, identity);
        const known = addons.get(key);
        if (known === undefined)
          addons.set(key, { cluster, identity, time, owners: new Map([[ownerKey(owner), owner]]) });
        else {
          known.owners.set(ownerKey(owner), owner);
          if (time > known.time) known.time = time;
        }
      }
    }
  }
  const inOrder = (addon: Addon) => [addon.cluster, rankOf(addon), sortKey(addon.cluster, addon.identity)].join("\0");
  const sorted = [...addons.values()].map((addon) => [inOrder(addon), addon] as const);
  return sorted.sort(([a], [b]) => (a < b ? -1 : 1)).map(([, addon]) => addon);
}

function isWantedCluster(key: ClusterKey, { cluster, namespace }: AddonFilter): boolean {
  if (namespace !== undefined && !key.startsWith(`${namespace}/`)) return false;
  return cluster === undefined || isNamedCluster(cluster, key);
}

function rankOf({ identity, owners }: Addon): number {
  const isOfProfile = [...owners.values()].some(({ kind }) => kind !== "EventTrigger");
  return (isChart(identity) ? 0 : 2) + (isOfProfile ? 0 : 1);
}

function sortKey(cluster: ClusterKey, { group, kind, namespace, name }: ObjectIdentity): string {
  return [cluster, `${group}:${kind}`, namespace, name].join("\0");
}
