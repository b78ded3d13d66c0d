/** Which clusters a ClusterSet, a Set or a profile means by itself: by labels, and by name. */
import type { ClusterName, LabelSelector } from "../model/cluster.ts";
import type { Json } from "../model/json.ts";
import type { Checked, Problem } from "../model/problem.ts";
import { readLabelSelector } from "./label-selector.ts";
import { memberList, memberObject, memberText, type YamlDocument } from "./yaml-document.ts";

export interface ClusterSelection {
  readonly clusterSelector?: LabelSelector;
  readonly clusterRefs: readonly ClusterName[];
}

/** Reads `spec` of a document of checked shape. `namespace`: the only one that its clusters may be in; empty: any. */
export function readClusterSelection(document: YamlDocument, namespace: string): Checked<ClusterSelection> {
  const spec = memberObject(document.value, "spec");
  const path = ["spec", "clusterSelector"];
  const selector = readLabelSelector(document, path, spec?.get("clusterSelector"), "DOCUMENT_INVALID");
  const problems: Problem[] = [...selector.problems];
  const clusterRefs = memberList(spec, "clusterRefs").flatMap((ref, index) => {
    const named = readClusterName(ref, namespace);
    if (namespace === "" || named.namespace === namespace) return [named];
    const at = document.placeOf(["spec", "clusterRefs", index]);
    const message = `the cluster ${named.namespace}/${named.name} is not in namespace ${namespace}, so it has no effect`;
    problems.push(document.warning("FIELD_WITHOUT_EFFECT", message, at));
    return [];
  });
  const value = { ...(selector.value === undefined ? {} : { clusterSelector: selector.value }), clusterRefs };
  return { value, problems };
}

function readClusterName(ref: Json, namespace: string): ClusterName {
  return { namespace: memberText(ref, "namespace") ?? (namespace || "default"), name: memberText(ref, "name") ?? "" };
}
