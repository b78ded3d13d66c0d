/** The revision of a catalog: equal ones render equally. */
import { createHash } from "node:crypto";
import type { Catalog } from "../model/catalog.ts";
import type { LabelSelector } from "../model/cluster.ts";
import type { DocumentKey } from "../model/document-key.ts";
import type { Problem } from "../model/problem.ts";
import type { Compatibility } from "./compile-pattern.ts";
import type { ReadDocument } from "./read-document.ts";

export interface RevisionParts {
  readonly compatibility: Compatibility;
  readonly connectionClusters: ReadonlyMap<string, LabelSelector>;
  readonly broken: ReadonlyMap<string, Problem>;
  /** Which clusters those with maxReplicas have chosen. */
  readonly sets: Catalog["clusterSets"];
}

/** A hash over everything that is in force. */
export function revisionOf(
  inForce: ReadonlyMap<DocumentKey, ReadDocument>,
  { compatibility, connectionClusters, broken, sets }: RevisionParts,
): string {
  const documents = [...inForce].map(([key, { hash }]) => `${key} ${hash}`).sort();
  const connections = [...connectionClusters].map(([name, selector]) => `${name} ${JSON.stringify(selector)}`).sort();
  const choices = [...sets].flatMap(([key, { chosen }]) =>
    chosen === undefined ? [] : [JSON.stringify([key, chosen])],
  );
  // Records say why their owner does not render: another reason is another catalog.
  const faults = [...broken].map(([key, { code, message }]) => JSON.stringify([key, code, message])).sort();
  const parts = [compatibility, ...documents, "", ...connections, "", ...faults, ...choices.sort()];
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex");
}
