/** Clusters and how documents select them. */
import type { JsonObject } from "./json.ts";

export interface Cluster {
  readonly namespace: string;
  readonly name: string;
  readonly labels: ReadonlyMap<string, string>;
  /** The whole document: `.Cluster` in templates. */
  readonly document: JsonObject;
  /** `spec.paused`: nothing is rendered for it. */
  readonly isPaused?: true;
  /** It is the hub itself, and in no document. */
  readonly isHub?: true;
  /** Of the document that describes it: `<kind>/<namespace>/<name>`. */
  readonly documentKey: string;
}

/** How documents name a cluster. */
export interface ClusterName {
  readonly namespace: string;
  readonly name: string;
}

/** `<namespace>/<name>`: the identity of a cluster wherever one is needed as a key. */
export type ClusterKey = string;

export function clusterKey(cluster: ClusterName): ClusterKey {
  return `${cluster.namespace}/${cluster.name}`;
}

/** Whether a person means the cluster: by its key, or by its name alone. */
export function isNamedCluster(named: string, key: ClusterKey): boolean {
  return named === key || (!named.includes("/") && key.endsWith(`/${named}`));
}

/** The folder of what `deploymentType: Local` puts on the hub itself; no document describes it. */
export const managementCluster: ClusterKey = "mgmt/mgmt";

/** A Kubernetes label selector; all requirements must hold. `matchLabels` is read as `In` with one value. */
export interface LabelSelector {
  readonly requirements: readonly LabelRequirement[];
}

export interface LabelRequirement {
  readonly key: string;
  readonly operator: "In" | "NotIn" | "Exists" | "DoesNotExist";
  readonly values: readonly string[];
}
