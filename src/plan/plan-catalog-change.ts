/**
 * Putting a catalog in force: the copy that the state branch keeps of it, a folder for each cluster, what owners ask
 * for, and whose entities have to be rendered again.
 *
 * Nothing is removed here: entities follow one by one, from their records, in bounded chunks.
 */
import { createHash } from "node:crypto";
import type { Catalog } from "../model/catalog.ts";
import type { PendingRenderings } from "../model/change-set.ts";
import { writeKeptDocument } from "./kept-document.ts";
import { type OwnerRecord, writeOwner } from "./owner-file.ts";
import { clusterFilePath, documentPath, ownerPath } from "./paths.ts";
import type { PlanInput } from "./plan-change-set.ts";

export interface CatalogChange {
  readonly inputs: readonly PlanInput[];
  readonly pending: PendingRenderings;
}

export function planCatalogChange(
  catalog: Catalog,
  /** What the state branch keeps now of the catalog in force. */
  keptPaths: readonly string[],
  owners: readonly OwnerRecord[],
  pending: PendingRenderings,
): CatalogChange {
  const inputs: PlanInput[] = [];
  const paths = new Set<string>();
  // One document a file: of a bad one it is the last good version, which a restart has to know.
  for (const document of catalog.documents.values()) {
    const { apiVersion, kind, namespace, name } = document;
    const path = documentPath(apiVersion, kind, namespace, name);
    paths.add(path);
    inputs.push(file(path, writeKeptDocument(document)));
  }
  for (const path of keptPaths) if (!paths.has(path)) inputs.push(file(path, undefined));
  for (const cluster of catalog.clusters.keys()) inputs.push(file(clusterFilePath(cluster), clusterFile(cluster)));

  const triggers = new Map(pending.triggers.map((cursor) => [cursor.trigger, cursor]));
  const known = new Map(owners.map((owner) => [owner.trigger, owner]));
  const clusters = fingerprintClusters(catalog);
  for (const { name, fingerprint, broken, stopMatchingBehavior } of catalog.eventTriggers.values()) {
    const owner = {
      trigger: name,
      fingerprint: hash([fingerprint, broken !== undefined, clusters]),
      stopMatchingBehavior,
    };
    inputs.push(file(ownerPath(name), writeOwner(owner)));
    // A trigger that was not there before has no records: it sees later events only.
    const before = known.get(name);
    if (before !== undefined && before.fingerprint !== owner.fingerprint)
      triggers.set(name, { trigger: name, after: "" });
  }
  for (const { trigger } of owners) {
    if (!catalog.eventTriggers.has(trigger)) triggers.set(trigger, { trigger, after: "" });
  }
  return { inputs, pending: { triggers: [...triggers.values()], records: pending.records } };
}

function file(path: string, text: string | undefined): PlanInput {
  return { kind: "file", path, text };
}

/** Keeps the folder from vanishing, which Flux would take for an error and Argo CD for a reason to prune. */
function clusterFile(cluster: string): string {
  return `apiVersion: v1
kind: ConfigMap
metadata:
  name: sluice-cluster
  namespace: default
  labels:
    app.kubernetes.io/managed-by: sluice
data:
  cluster: ${JSON.stringify(cluster)}
`;
}

/** Which clusters there are, what they are like, and who serves them. */
function fingerprintClusters(catalog: Catalog): string {
  const parts: unknown[] = [];
  for (const [key, cluster] of [...catalog.clusters].sort(([a], [b]) => (a < b ? -1 : 1))) {
    parts.push([key, [...cluster.labels].sort(), plain(cluster.document)]);
  }
  for (const [name, set] of [...catalog.clusterSets].sort(([a], [b]) => (a < b ? -1 : 1))) {
    parts.push([name, set.clusterSelector ?? null, set.clusterRefs]);
  }
  parts.push([...catalog.connectionClusters].sort(([a], [b]) => (a < b ? -1 : 1)));
  return hash(parts);
}

/** For hashing only: Maps in order as pairs, bigints as text. */
function plain(value: unknown): unknown {
  if (typeof value === "bigint") return `${value}n`;
  if (value instanceof Map) return [...value].map(([key, member]) => [key, plain(member)]);
  return Array.isArray(value) ? value.map(plain) : value;
}

function hash(value: unknown): string {
  return createHash("sha256").update(JSON.stringify(value)).digest("hex").slice(0, 40);
}
