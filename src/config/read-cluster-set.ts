/** ClusterSets and Sets. */
import type { ClusterSet } from "../model/catalog.ts";
import type { Checked } from "../model/problem.ts";
import { warnOfFields } from "./fields-without-effect.ts";
import { readClusterSelection } from "./read-cluster-selection.ts";
import type { YamlDocument } from "./yaml-document.ts";

/** Reads a document of checked shape. `namespace`: a Set's; empty for a ClusterSet. */
export function readClusterSet(document: YamlDocument, namespace: string, name: string): Checked<ClusterSet> {
  const selection = readClusterSelection(document, namespace);
  const value: ClusterSet = { namespace, name, ...selection.value, at: document.placeOf([]) };
  const kind = namespace === "" ? "ClusterSet" : "Set";
  return { value, problems: [...selection.problems, ...warnOfFields(document, kind)] };
}

/** How the catalog keeps it, and how references name it. */
export function clusterSetKey({ namespace, name }: Pick<ClusterSet, "namespace" | "name">): string {
  return namespace === "" ? name : `${namespace}/${name}`;
}
