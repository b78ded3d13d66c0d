/**
 * Which Secret on the hub holds a cluster's kubeconfig, by the conventions of who registered the cluster (libsveltos
 * v1.14 `clusterproxy`, Cluster API). Flux looks for it in the namespace of its own object, which is the cluster's.
 */
import type { Cluster } from "./cluster.ts";
import { isJsonObject, type Json } from "./json.ts";

export type KubeconfigReference =
  /** `isGuessed`: the cluster's document does not name the key, and Sveltos takes whichever is first. */
  | { readonly kind: "secret"; readonly name: string; readonly key: string; readonly isGuessed: boolean }
  /** Why a hub can't reach the cluster, as the end of a sentence. */
  | { readonly kind: "none"; readonly reason: string };

/** sveltosctl's `register cluster` writes it. */
const sveltosKey = "kubeconfig";
const clusterApiKey = "value";

export function findKubeconfig({ name, document }: Pick<Cluster, "name" | "document">): KubeconfigReference {
  const spec = memberOf(document, "spec");
  switch (memberOf(document, "kind")) {
    case "SveltosCluster": {
      if (memberOf(spec, "pullMode") === true) return none("it is in pull mode, so nothing outside reaches it");
      if (isJsonObject(memberOf(spec, "workloadIdentity"))) return none("it has a workload identity and no kubeconfig");
      const key = textOf(memberOf(spec, "kubeconfigKeyName"));
      const secret = textOf(memberOf(spec, "kubeconfigName")) ?? `${name}-sveltos-kubeconfig`;
      return { kind: "secret", name: secret, key: key ?? sveltosKey, isGuessed: key === undefined };
    }
    case "Cluster":
      return { kind: "secret", name: `${name}-kubeconfig`, key: clusterApiKey, isGuessed: false };
    default:
      return none("it is a cluster Secret of Argo CD, which holds no kubeconfig");
  }
}

function none(reason: string): KubeconfigReference {
  return { kind: "none", reason };
}

function memberOf(value: Json | undefined, key: string): Json | undefined {
  return isJsonObject(value) ? value.get(key) : undefined;
}

function textOf(value: Json | undefined): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
