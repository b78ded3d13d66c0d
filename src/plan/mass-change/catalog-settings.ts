/** What of the settings shapes a catalog, as text that the checkpoint keeps: a restarted service compares with it. */
import type { Catalog } from "../../model/catalog.ts";
import type { LabelSelector } from "../../model/cluster.ts";

export function catalogSettings({ compatibility, connectionClusters }: Catalog): string {
  return JSON.stringify([compatibility, [...connectionClusters].sort(([a], [b]) => (a < b ? -1 : 1))]);
}

/** A catalog as the state keeps it, with the settings that it was in force with; unknown: as it is. */
export function withCatalogSettings(catalog: Catalog, text: string | undefined): Catalog {
  if (text === undefined) return catalog;
  const [compatibility, clusters] = JSON.parse(text) as [Catalog["compatibility"], [string, LabelSelector][]];
  return { ...catalog, compatibility, connectionClusters: new Map(clusters) };
}
