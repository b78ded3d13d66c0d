/** The revision of a catalog: equal ones render equally. */
import { createHash } from "node:crypto";
import type { LabelSelector } from "../model/cluster.ts";
import type { DocumentKey } from "../model/document-key.ts";
import type { Problem } from "../model/problem.ts";
import type { Compatibility } from "./compile-pattern.ts";
import type { ReadDocument } from "./read-document.ts";

/** A hash over everything that is in force. */
export function revisionOf(
  inForce: ReadonlyMap<DocumentKey, ReadDocument>,
  compatibility: Compatibility,
  connectionClusters: ReadonlyMap<string, LabelSelector>,
  broken: ReadonlyMap<string, Problem>,
): string {
  const documents = [...inForce].map(([key, { hash }]) => `${key} ${hash}`).sort();
  const connections = [...connectionClusters].map(([name, selector]) => `${name} ${JSON.stringify(selector)}`).sort();
  const parts = [compatibility, ...documents, "", ...connections, "", ...[...broken.keys()].sort()];
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex");
}
