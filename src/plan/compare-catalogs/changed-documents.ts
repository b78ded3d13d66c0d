/** Which documents differ between two catalogs, in a way that counts, and which clusters do with them. */
import type { Catalog, RawDocument } from "../../model/catalog.ts";
import type { ClusterKey } from "../../model/cluster.ts";
import { significantText } from "./significant.ts";

/** Of one document; undefined: it is not there. */
export interface ChangedDocument {
  readonly before: RawDocument | undefined;
  readonly after: RawDocument | undefined;
}

/** By `<kind>/<namespace>/<name>`, in that order. */
export function findChangedDocuments(inForce: Catalog, wanted: Catalog): ReadonlyMap<string, ChangedDocument> {
  const changed = new Map<string, ChangedDocument>();
  const keys = new Set([...inForce.documents.keys(), ...wanted.documents.keys()]);
  for (const key of [...keys].sort()) {
    const [before, after] = [inForce.documents.get(key), wanted.documents.get(key)];
    // Of an owner that is withdrawn now the last version is still there.
    const trigger = key.startsWith("EventTrigger//") ? key.slice("EventTrigger//".length) : undefined;
    const [was, is] = [isThere(inForce, trigger), isThere(wanted, trigger)];
    if (!isSameDocument(was ? before : undefined, is ? after : undefined)) {
      changed.set(key, { before: was ? before : undefined, after: is ? after : undefined });
    }
  }
  return changed;
}

function isThere({ eventTriggers }: Catalog, trigger: string | undefined): boolean {
  return trigger === undefined || eventTriggers.get(trigger)?.withdrawn !== true;
}

function isSameDocument(before: RawDocument | undefined, after: RawDocument | undefined): boolean {
  if (before === after) return true;
  if (before === undefined || after === undefined) return false;
  return before.text === after.text || significantText(before.value) === significantText(after.value);
}

/** Clusters that came, went, or are described otherwise, also by another document. */
export function findChangedClusters(inForce: Catalog, wanted: Catalog): ReadonlySet<ClusterKey> {
  const changed = new Set<ClusterKey>();
  for (const [key, before] of inForce.clusters) {
    const after = wanted.clusters.get(key);
    const isSame =
      after !== undefined &&
      (before === after ||
        (significantText(before.document) === significantText(after.document) &&
          sortedText(before.labels) === sortedText(after.labels)));
    if (!isSame) changed.add(key);
  }
  for (const key of wanted.clusters.keys()) if (!inForce.clusters.has(key)) changed.add(key);
  return changed;
}

function sortedText(labels: ReadonlyMap<string, string>): string {
  return JSON.stringify([...labels].sort(([a], [b]) => (a < b ? -1 : 1)));
}
