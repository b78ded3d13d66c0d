/**
 * What of the settings shapes a catalog: as text that the checkpoint keeps, so that a service which starts compares with
 * it; and setting by setting, so that each is held by itself.
 */
import type { CatalogSettings } from "../../model/catalog.ts";
import type { LabelSelector } from "../../model/cluster.ts";
import { limitsOf, stricterLimits } from "../../model/mass-change.ts";

export function catalogSettings(settings: CatalogSettings): string {
  const { compatibility, connectionClusters, checks, policy, secrets, guard, recipients } = settings;
  const clusters = [...connectionClusters].sort(([a], [b]) => (a < b ? -1 : 1));
  const others = recipients === undefined ? [] : [recipients];
  return JSON.stringify([compatibility, clusters, checks, policy, secrets, limitsOf(guard), ...others]);
}

/** What the checkpoint says of them; what it does not know is left out. */
export function readCatalogSettings(text: string | undefined): Partial<CatalogSettings> {
  if (text === undefined) return {};
  const [compatibility, clusters, checks, policy, secrets, guard, recipients] = JSON.parse(text) as [
    CatalogSettings["compatibility"],
    [string, LabelSelector][],
    CatalogSettings["checks"]?,
    CatalogSettings["policy"]?,
    CatalogSettings["secrets"]?,
    CatalogSettings["guard"]?,
    CatalogSettings["recipients"]?,
  ];
  return {
    compatibility,
    connectionClusters: new Map(clusters),
    ...(checks === undefined ? {} : { checks }),
    ...(policy === undefined ? {} : { policy }),
    ...(secrets === undefined ? {} : { secrets }),
    ...(guard === undefined ? {} : { guard }),
    ...(recipients === undefined ? {} : { recipients }),
  };
}

const prefix = "Settings//";
const clustersKey = /^Settings\/\/connections\[(.*)\]\.clusters$/;

/** By key, beside the keys of documents, what each says; the guard, which renders nothing, is not among them. */
export function settingEntries(settings: CatalogSettings): ReadonlyMap<string, string> {
  const { compatibility, connectionClusters, checks, policy, secrets } = settings;
  return new Map([
    [`${prefix}output.secrets`, secrets],
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

/**
 * The wanted settings, with those that are held as they are in force. While anything is held, so is a limit of the guard
 * that is looser than before: it would let through what it came with. One that is stricter counts at once.
 */
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
    // Whom Secrets are encrypted for takes nothing away.
    ...(wanted.recipients === undefined ? {} : { recipients: wanted.recipients }),
    compatibility: chosen("compatibility").compatibility,
    checks: chosen("checks.kubernetes").checks,
    policy: chosen("policy").policy,
    secrets: chosen("output.secrets").secrets,
    guard: stricterLimits(wanted.guard, inForce.guard),
    connectionClusters,
  };
}
