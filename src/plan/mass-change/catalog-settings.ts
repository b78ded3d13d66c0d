/**
 * What of the settings shapes a catalog: as text that the checkpoint keeps, so that a service which starts compares with
 * it; and setting by setting, so that each is held by itself.
 */
import type { CatalogSettings } from "../../model/catalog.ts";
import type { LabelSelector } from "../../model/cluster.ts";

export function catalogSettings({ compatibility, connectionClusters, checks, policy }: CatalogSettings): string {
  const clusters = [...connectionClusters].sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([compatibility, clusters, checks, policy]);
}

/** What the checkpoint says of them; what it does not know is left out. */
export function readCatalogSettings(text: string | undefined): Partial<CatalogSettings> {
  if (text === undefined) return {};
  const [compatibility, clusters, checks, policy] = JSON.parse(text) as [
    CatalogSettings["compatibility"],
    [string, LabelSelector][],
    CatalogSettings["checks"]?,
    CatalogSettings["policy"]?,
  ];
  return {
    compatibility,
    connectionClusters: new Map(clusters),
    ...(checks === undefined ? {} : { checks }),
    ...(policy === undefined ? {} : { policy }),
  };
}

const prefix = "Settings//";
const clustersKey = /^Settings\/\/connections\[(.*)\]\.clusters$/;

/** By key, beside the keys of documents, what each says. */
export function settingEntries(settings: CatalogSettings): ReadonlyMap<string, string> {
  const { compatibility, connectionClusters, checks, policy } = settings;
  return new Map([
    [`${prefix}policy`, JSON.stringify(policy)],
    [`${prefix}checks.kubernetes`, checks],
    [`${prefix}compatibility`, compatibility],
    ...[...connectionClusters].map(
      ([name, selector]) => [`${prefix}connections[${name}].clusters`, JSON.stringify(selector)] as const,
    ),
  ]);
}

/** Keys of settings that differ, sorted. */
export function changedSettings(before: CatalogSettings, after: CatalogSettings): readonly string[] {
  const [was, is] = [settingEntries(before), settingEntries(after)];
  return [...new Set([...was.keys(), ...is.keys()])].filter((key) => was.get(key) !== is.get(key)).sort();
}

/** Whether only the clusters that a connection serves are concerned. */
export function isOfClusters(key: string): boolean {
  return clustersKey.test(key);
}

/** The wanted settings, with those that are held as they are in force. */
export function keepSettings(
  wanted: CatalogSettings,
  inForce: CatalogSettings,
  held: ReadonlySet<string>,
): CatalogSettings {
  const connectionClusters = new Map(wanted.connectionClusters);
  for (const key of held) {
    const [, name] = clustersKey.exec(key) ?? [];
    if (name === undefined) continue;
    const selector = inForce.connectionClusters.get(name);
    if (selector === undefined) connectionClusters.delete(name);
    else connectionClusters.set(name, selector);
  }
  const chosen = (key: string) => (held.has(prefix + key) ? inForce : wanted);
  return {
    compatibility: chosen("compatibility").compatibility,
    checks: chosen("checks.kubernetes").checks,
    policy: chosen("policy").policy,
    connectionClusters,
  };
}
