/** ClusterSets and Sets. */
import type { ClusterSet } from "../model/catalog.ts";
import type { Checked } from "../model/problem.ts";
import { readClusterSelection } from "./read-cluster-selection.ts";
import { memberObject, type YamlDocument } from "./yaml-document.ts";

/** Reads a document of checked shape. `namespace`: a Set's; empty for a ClusterSet. */
export function readClusterSet(document: YamlDocument, namespace: string, name: string): Checked<ClusterSet> {
  const selection = readClusterSelection(document, namespace);
  const maxReplicas = Math.max(0, Number(memberObject(document.value, "spec")?.get("maxReplicas") ?? 0));
  const value: ClusterSet = { namespace, name, ...selection.value, maxReplicas, at: document.placeOf([]) };
  return { value, problems: selection.problems };
}

/** How the catalog keeps it, and how references name it. */
export function clusterSetKey({ namespace, name }: Pick<ClusterSet, "namespace" | "name">): string {
  return namespace === "" ? name : `${namespace}/${name}`;
}
